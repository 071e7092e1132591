"""The local engine: one worker process a core, or a GPU, each with one thread and a model of its own.

Law: workers ask for items, so none waits for another, and they ask before they have run out, so none waits for the
parent either; a worker whose parent is gone ends at once. Processes are spawned, never forked, since torch does not
survive a fork.
"""

from __future__ import annotations

import _thread
import contextlib
import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from babelgen.engines.devices import gpu_count
from babelgen.engines.engine import Died, End, Order, Outcome, Ready, Supply, run_backend
from babelgen.engines.foreman import Foreman
from babelgen.errors import UserError
from babelgen.plan import Item

PATIENCE = 8.0  # seconds that all workers together are given to end, of the ten that an interrupt may take
TICK = 1.0  # seconds between pulses
LAST_WORDS = 3.0  # seconds that a worker without a parent has to write down what is finished
DEAF = {signal.SIGINT, signal.SIGTERM}  # the parent decides when to stop


def core_count() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class _Want:
    """A worker's word that it has room for more items."""


@dataclass
class _Worker:
    """A worker as its parent knows it. number: of its place, and of its GPU."""

    process: BaseProcess
    number: int
    ready: bool = False


class LocalEngine:
    """Runs the backend in `workers` processes; by default one a core, or on GPUs one each."""

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers

    def run(self, order: Order, supply: Supply) -> Iterator[Outcome]:
        """Work on all items; one Done or Failed for each, in no fixed order. A worker that dies is replaced.

        Raises UserError for what keeps a model from loading and for more workers than GPUs, BabelgenError when workers
        die before they are ready.
        """
        most = self._most(order)
        crew = _Crew(order, Foreman(supply, most), most)
        try:
            yield from crew.serve()
        finally:
            crew.end()

    def _most(self, order: Order) -> int:
        """How many workers there may be."""
        if not order.setting.on_gpu:
            return self._workers or core_count()
        gpus = gpu_count()
        if self._workers is not None and self._workers > gpus:
            raise UserError(f"--workers {self._workers} is more than the GPUs that are here: {gpus}.")
        return gpus if self._workers is None else self._workers


class _Crew:
    """The worker processes of a run, each behind a pipe."""

    def __init__(self, order: Order, foreman: Foreman, most: int) -> None:
        self._order = order
        self._foreman = foreman
        self._most = most
        self._workers: dict[Connection, _Worker] = {}
        self._told = False

    def serve(self) -> Iterator[Outcome]:
        """Hand out items and pass outcomes on until there is nothing left to do."""
        tick = time.monotonic()
        while True:
            while self._foreman.wants_worker():
                self._hire()
            if not self._workers:
                return
            heard = wait(list(self._workers), TICK)
            if time.monotonic() - tick >= TICK:
                tick = time.monotonic()
                yield self._foreman.pulse
            for connection in heard:
                if not isinstance(connection, Connection):
                    raise TypeError("workers are reached through connections alone")
                yield from self._listen(connection)

    def end(self) -> None:
        """Let the workers go, and kill those that take too long to notice."""
        for connection in self._workers:
            connection.close()
        deadline = time.monotonic() + PATIENCE
        for worker in self._workers.values():
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def _hire(self) -> None:
        number = min(set(range(self._most)) - {worker.number for worker in self._workers.values()})
        connection, process = _start(_for_worker(self._order, number))
        self._workers[connection] = _Worker(process, number)
        self._foreman.hire(connection)

    def _listen(self, connection: Connection) -> Iterator[Outcome]:
        """One word of a worker's, or the news that it is gone."""
        worker = self._workers[connection]
        try:
            word = connection.recv()
        except (EOFError, OSError):  # which of them depends on what it was doing
            worker.process.join(PATIENCE)
            yield from self._lose(
                connection, f"A render worker died (exit code {worker.process.exitcode})", ""
            )
            return
        if isinstance(word, _Want):
            share = self._foreman.share(connection)
            with contextlib.suppress(OSError):  # it has gone since; whether it said why comes next
                connection.send(share)
        elif not isinstance(word, End):
            worker.ready = worker.ready or isinstance(word, Ready)
            self._foreman.heard(connection, word)
            yield word
        elif word.expected:
            raise UserError(word.complaint)
        elif word.complaint:
            if not worker.ready:
                raise RuntimeError(word.complaint)
            yield from self._lose(connection, word.complaint.strip().splitlines()[-1], word.complaint)
        else:
            self._foreman.left(connection)
            self._part(connection)

    def _lose(self, connection: Connection, reason: str, traceback: str) -> Iterator[Outcome]:
        worker = self._workers[connection]
        yield Died(reason, traceback)
        yield from self._foreman.died(connection, reason, worker.ready)
        self._part(connection)

    def _part(self, connection: Connection) -> None:
        """Let go of a worker that has said its last word."""
        worker = self._workers.pop(connection)
        connection.close()
        worker.process.join(PATIENCE)


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
    before = signal.pthread_sigmask(signal.SIG_BLOCK, DEAF)  # a worker inherits it, from its first moment on
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()  # so that the worker's end closes with the worker, and is seen here
    return ours, process


def _work(order: Order, connection: Connection) -> None:
    """A worker process from start to end."""
    os.environ["OMP_NUM_THREADS"] = "1"  # before torch is loaded: threads change bits
    signal.signal(signal.SIGINT, signal.default_int_handler)  # some shells have their children ignore it
    try:
        parent = _Parent(connection, _give_up)
        with contextlib.closing(run_backend(order, parent.items())) as words:
            for word in words:
                parent.tell(word)
    except (OSError, KeyboardInterrupt):
        pass  # the parent is gone, or does not want more
    finally:
        os._exit(0)  # at once: taking torch apart takes seconds


def _give_up() -> None:
    """There is nobody to work for: stop, and write down what is finished."""
    _thread.interrupt_main()
    time.sleep(LAST_WORDS)
    os._exit(1)


class _Parent:
    """A worker's parent, as the worker sees it, and as threads of it do."""

    def __init__(self, connection: Connection, gone: Callable[[], None]) -> None:
        """gone: called, in a thread, when the parent is."""
        self._connection = connection
        self._gone = gone
        self._turn = threading.Lock()
        self._shares: queue.SimpleQueue[list[Item]] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def items(self) -> Iterator[Item]:
        """The worker's items; while one share is worked on the next is on its way."""
        self.tell(_Want())
        while share := self._shares.get():
            self.tell(_Want())
            yield from share

    def tell(self, word: Outcome | _Want | End) -> None:
        """Say a word; OSError where nobody is there to hear it."""
        with self._turn:
            self._connection.send(word)

    def _listen(self) -> None:
        """Take shares as soon as they are sent, so that the parent is not held up, and see when it is gone."""
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._shares.put(self._connection.recv())
        self._shares.put([])
        self._gone()
