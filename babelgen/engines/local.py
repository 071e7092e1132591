"""The local engine: one worker process a core, each with one thread and a model of its own.

Law: workers ask for items when they have room, so none waits for another; a worker whose parent is gone ends at its
next word to it. Processes are spawned, never forked, since torch does not survive a fork.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from babelgen.engines.engine import Order, Outcome, resolve
from babelgen.errors import BabelgenError, UserError
from babelgen.plan import Item

LARGEST_SHARE = 8  # items handed to a worker at once
PATIENCE = 10.0  # seconds that a worker is given to end


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


class LocalEngine:
    """Runs the backend in `workers` processes."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or core_count()

    def run(self, order: Order, items: Sequence[Item]) -> Iterator[Outcome]:
        """Work on all items; one Done or Failed for each, in no fixed order.

        Raises UserError for what keeps a model from loading, BabelgenError when a worker died.
        """
        count = max(1, min(self._workers, len(items)))
        processes = [_start(order) for _ in range(count)]
        todo = deque(items)
        try:
            yield from _serve(dict(processes), todo, count)
        finally:
            for connection, _ in processes:
                connection.close()
            for _, process in processes:
                process.join(PATIENCE)
                if process.is_alive():
                    process.kill()


def _start(order: Order) -> tuple[Connection, BaseProcess]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(order, theirs), daemon=True)
    process.start()
    theirs.close()  # so that the worker's end closes with the worker, and is seen here
    return ours, process


def _serve(processes: dict[Connection, BaseProcess], todo: deque[Item], count: int) -> Iterator[Outcome]:
    """Hand out items and pass outcomes on until every worker has said its last word."""
    while processes:
        for connection in wait(list(processes)):
            if not isinstance(connection, Connection):
                raise TypeError("workers are reached through connections alone")
            try:
                word = connection.recv()
            except EOFError:
                process = processes.pop(connection)
                process.join(PATIENCE)
                raise BabelgenError(
                    f"A render worker died (exit code {process.exitcode}); what was done is kept, run again to carry on."
                ) from None
            if isinstance(word, _Want):
                share = max(1, min(LARGEST_SHARE, len(todo) // (4 * count)))
                connection.send([todo.popleft() for _ in range(min(share, len(todo)))])
            elif isinstance(word, _End):
                del processes[connection]
                if word.complaint:
                    raise UserError(word.complaint) if word.expected else RuntimeError(word.complaint)
            else:
                yield word


def _work(order: Order, connection: Connection) -> None:
    """A worker process from start to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    os.environ["OMP_NUM_THREADS"] = "1"  # before torch is loaded: threads change bits
    try:
        for outcome in resolve(order.backend)(order, _ask(connection)):
            connection.send(outcome)
        connection.send(_End())
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the parent is gone: there is nobody to work for
    except UserError as error:
        connection.send(_End(str(error), expected=True))
    except Exception:
        connection.send(_End(traceback.format_exc()))


def _ask(connection: Connection) -> Iterator[Item]:
    """The worker's items, asked for as they are needed."""
    while True:
        connection.send(_Want())
        share: list[Item] = connection.recv()
        if not share:
            return
        yield from share
