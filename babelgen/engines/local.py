"""The local engine: one worker process a core, or a GPU, each with one thread and a model of its own.

Law: workers ask for items, so none waits for another, and they ask before they have run out, so none waits for the
parent either; a worker whose parent is gone ends at its next word to it. Processes are spawned, never forked, since
torch does not survive a fork.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from babelgen.engines.devices import gpu_count
from babelgen.engines.engine import Order, Outcome, Ready, resolve
from babelgen.errors import BabelgenError, UserError
from babelgen.plan import Item

LARGEST_SHARE = 16  # items handed to a worker at once; it has as many in hand, enough for every slot of a GPU
PATIENCE = 10.0  # seconds that all workers together are given to end


def core_count() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class _Want:
    """A worker's word that it has room for more items."""


@dataclass(frozen=True)
class _End:
    """A worker's last word. complaint: why it stopped early, '' otherwise; expected: it is the user's error."""

    complaint: str = ""
    expected: bool = False


class _Alone(Exception):
    """A worker's parent is gone: there is nobody to work for."""


class LocalEngine:
    """Runs the backend in `workers` processes; by default one a core, or on GPUs one each."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers

    def run(self, order: Order, items: Sequence[Item]) -> Iterator[Outcome]:
        """Work on all items; one Done or Failed for each, in no fixed order.

        Raises UserError for what keeps a model from loading and for more workers than GPUs, BabelgenError when a
        worker died.
        """
        count = max(1, min(self._most(order), len(items)))
        processes: dict[Connection, BaseProcess] = {}
        try:
            for number in range(count):
                connection, process = _start(_for_worker(order, number))
                processes[connection] = process
            yield from _serve(dict(processes), deque(items), count)
        finally:
            _end(processes)

    def _most(self, order: Order) -> int:
        """How many workers there may be."""
        if not order.setting.on_gpu:
            return self._workers or core_count()
        gpus = gpu_count()
        if self._workers is not None and self._workers > gpus:
            raise UserError(f"--workers {self._workers} is more than the GPUs that are here: {gpus}.")
        return gpus if self._workers is None else self._workers


def _for_worker(order: Order, number: int) -> Order:
    """The order that one worker gets: on GPUs each has its own."""
    if not order.setting.on_gpu:
        return order
    return replace(order, setting=replace(order.setting, device=f"cuda:{number}"))


def _start(order: Order) -> tuple[Connection, BaseProcess]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(order, theirs), daemon=True)
    resource_tracker.ensure_running()  # now, since its start would let interrupts through again
    # A worker inherits this from its first moment on: the parent decides when to stop.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()  # so that the worker's end closes with the worker, and is seen here
    return ours, process


def _end(processes: Mapping[Connection, BaseProcess]) -> None:
    """Let the workers go, and kill those that take too long to notice."""
    for connection in processes:
        connection.close()
    deadline = time.monotonic() + PATIENCE
    for process in processes.values():
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _serve(processes: dict[Connection, BaseProcess], todo: deque[Item], count: int) -> Iterator[Outcome]:
    """Hand out items and pass outcomes on until every worker has said its last word."""
    slots = 1  # of every worker: they have one order
    while processes:
        for connection in wait(list(processes)):
            if not isinstance(connection, Connection):
                raise TypeError("workers are reached through connections alone")
            try:
                word = connection.recv()
            except (EOFError, OSError) as error:  # which of them depends on what it was doing
                raise _death(processes[connection]) from error
            if isinstance(word, _Want):
                with contextlib.suppress(OSError):  # it has gone since; whether it said why comes next
                    connection.send(_share(todo, count, slots))
            elif isinstance(word, _End):
                del processes[connection]
                if word.complaint:
                    raise UserError(word.complaint) if word.expected else RuntimeError(word.complaint)
            else:
                slots = word.slots if isinstance(word, Ready) else slots
                yield word


def _share(todo: deque[Item], count: int, slots: int) -> list[Item]:
    """The next items for one of `count` workers; fewer towards the end, none when there are no more.

    Whole batches: a worker with half a batch takes as long as with a whole one, while the others have nothing to do.
    """
    batches = -(-min(LARGEST_SHARE, len(todo) // (4 * count)) // slots)
    share = max(1, batches) * slots
    return [todo.popleft() for _ in range(min(share, len(todo)))]


def _death(process: BaseProcess) -> BabelgenError:
    process.join(PATIENCE)
    return BabelgenError(
        f"A render worker died (exit code {process.exitcode}); what was done is kept, run again to carry on."
    )


def _work(order: Order, connection: Connection) -> None:
    """A worker process from start to end."""
    os.environ["OMP_NUM_THREADS"] = "1"  # before torch is loaded: threads change bits
    parent = _Parent(connection)
    try:
        for outcome in resolve(order.backend)(order, parent.items()):
            parent.tell(outcome)
        end = _End()
    except _Alone:
        return
    except UserError as error:
        end = _End(str(error), expected=True)
    except Exception:
        end = _End(traceback.format_exc())
    with contextlib.suppress(_Alone):
        parent.tell(end)


class _Parent:
    """A worker's parent, as the worker sees it; a thread talks to it, too."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turn = threading.Lock()

    def items(self) -> Iterator[Item]:
        """The worker's items; while one share is worked on the next is on its way."""
        with ThreadPoolExecutor(1) as ahead:
            share = self._ask()
            while share:
                coming = ahead.submit(self._ask)
                yield from share
                share = coming.result()

    def tell(self, word: Outcome | _Want | _End) -> None:
        """Say a word; _Alone where nobody is there to hear it."""
        try:
            with self._turn:
                self._connection.send(word)
        except OSError as error:
            raise _Alone from error

    def _ask(self) -> list[Item]:
        """The next share, read as soon as it is sent, so that the parent is not held up by a long one."""
        self.tell(_Want())
        try:
            share: list[Item] = self._connection.recv()
        except (EOFError, OSError) as error:
            raise _Alone from error
        return share
