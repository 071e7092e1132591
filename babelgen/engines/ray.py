"""The Ray engine: workers on all machines of a Ray cluster, each an actor with one thread, or a GPU, and its own model.

Law: workers ask for items, as those of the local engine do, and Ray carries words and nothing else; what workers make lies
in the library's folder, on a disk that all machines share. Workers alone take room in the cluster, and those that find
none there hold nobody up. Ray is loaded when there is work to do; what it would print is told in our words, or not at all.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import platform
import queue
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from babelgen.engines.engine import Died, End, Order, Outcome, Ready, Supply, run_backend
from babelgen.engines.foreman import Foreman
from babelgen.engines.local import core_count
from babelgen.errors import UserError, first_line
from babelgen.plan import Item

PATIENCE = 6.0  # seconds that all workers together are given to end; a cluster of our own takes two more
LAST_WORDS = 4.0  # seconds that a worker has to finish what it has begun
TICK = 1.0  # seconds between pulses
ANSWER = 10.0  # seconds that a cluster is given to answer


@dataclass(frozen=True)
class _Here:
    """A worker's first word: it has found room on a machine."""

    machine: str


@dataclass(frozen=True)
class _Want:
    """A worker's word that it has room for more items."""


_Word = _Here | _Want | Outcome | End


def require_ray() -> None:
    """UserError where Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        raise UserError("--engine ray needs Ray: pip install 'babelgen[ray]'.")


class RayEngine:
    """Runs the backend in `workers` actors; by default one for each CPU of the cluster, or on GPUs for each of those.

    The cluster is the one that this program is connected to, or that RAY_ADDRESS names, or that `ray start` started here;
    where there is none, one is started on this machine for the run. On device `auto` it decides: GPUs where it has any.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers

    def run(self, order: Order, supply: Supply) -> Iterator[Outcome]:
        """Work on all items; one Done or Failed for each, in no fixed order. A worker that dies is replaced.

        Raises UserError for a cluster that cannot be reached or has no room for any worker, and for what keeps a model
        from loading; BabelgenError when workers die before they are ready.
        """
        if not len(supply):
            return
        with _cluster() as ray:
            order = _anywhere(order, bool(_count(ray, "GPU")))
            most = _count(ray, "GPU" if order.setting.on_gpu else "CPU")
            if not most:
                what = "GPUs" if order.setting.on_gpu else "CPUs"
                raise UserError(f"The Ray cluster has no {what} for workers.")
            crew = _Crew(ray, order, Foreman(supply, self._workers or most))
            try:
                yield from crew.serve()
            finally:
                crew.end()


def _count(ray: Any, what: str) -> int:
    return int(ray.cluster_resources().get(what, 0))


def _anywhere(order: Order, gpus: bool) -> Order:
    """An order with its device decided, and with no path in it that hangs on where somebody works."""
    setting, edition = order.setting, order.edition
    if setting.device == "auto":
        setting = replace(setting, device="cuda" if gpus else "cpu")
    statistics = edition.statistics
    if statistics is not None:
        statistics = replace(statistics, path=statistics.path.absolute())
    edition = replace(
        edition, model=edition.model.absolute(), words=edition.words.absolute(), statistics=statistics
    )
    journals = order.journal_folder.absolute()
    return replace(order, edition=edition, root=order.root.absolute(), setting=setting, journals=journals)


@contextlib.contextmanager
def _cluster() -> Iterator[Any]:
    """Ray, connected to a cluster for a while; see `RayEngine` for which one."""
    require_ray()
    import ray

    if ray.is_initialized():  # by the program that we are a part of
        yield ray
        return
    try:
        _connect(ray)
        yield ray
    finally:
        ray.shutdown()


def _connect(ray: Any) -> None:
    """Connect, or start a cluster of our own; UserError where that fails."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        _init(ray)
    except (ray.exceptions.RayError, ImportError, OSError, RuntimeError, ValueError) as error:
        raise UserError(f"No Ray cluster can be had: {first_line(error).rstrip('.')}.") from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)  # Ray has put its own there


def _init(ray: Any) -> None:
    quiet = {"log_to_driver": False, "logging_level": logging.CRITICAL, "include_dashboard": False}
    if _is_there():
        ray.init(**quiet)
    else:
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # else one is written to the user's home
        ray.init(address="local", num_cpus=core_count(), **quiet)
    # Ray's account of what goes wrong would go to standard output. The same comes with the workers' calls.
    ray._private.worker._worker_logs_enabled = False


def _is_there() -> bool:
    """Whether Ray would connect to a cluster, rather than start one. UserError where that does not answer.

    Ray itself would try for two minutes: a file tells it of the last cluster, which may be long gone.
    """
    from ray._private.services import canonicalize_bootstrap_address

    named = os.environ.get("RAY_ADDRESS") or None
    if named and "://" in named:
        return True
    address = canonicalize_bootstrap_address(named)
    if address is None:
        return False
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER).close()
    except OSError as error:
        raise UserError(
            f"No Ray cluster answers at {address}: RAY_ADDRESS says which one is meant, and RAY_ADDRESS=local none."
        ) from error
    return True


@dataclass(eq=False)
class _Worker:
    """A worker as its parent knows it. machine: where it is, '' while it has found no room."""

    actor: Any
    machine: str = ""
    ready: bool = False


class _Crew:
    """The workers of a run, each with one call under way, which brings its news."""

    def __init__(self, ray: Any, order: Order, foreman: Foreman) -> None:
        self._ray = ray
        self._order = order
        self._foreman = foreman
        self._workers: dict[Any, _Worker] = {}  # by the call
        self._hands = ray.remote(Hand).options(
            num_cpus=0 if order.setting.on_gpu else 1,
            num_gpus=1 if order.setting.on_gpu else 0,
            max_concurrency=2,  # so that it can be told to end while it waits for news
        )

    def serve(self) -> Iterator[Outcome]:
        """Hand out items and pass outcomes on until there is nothing left to do."""
        tick = time.monotonic()
        while True:
            while self._foreman.wants_worker():
                self._hire()
            placed = sum(bool(worker.machine) for worker in self._workers.values())
            if not placed and self._foreman.finished:
                return
            if time.monotonic() - tick >= TICK:
                tick = time.monotonic()
                yield replace(self._foreman.pulse, workers=placed)
            for call in self._news():
                yield from self._listen(call)

    def end(self) -> None:
        """Let the workers go, and kill those that take too long."""
        ends = [worker.actor.end.remote() for worker in self._workers.values() if worker.machine]
        if ends:
            self._ray.wait(ends, num_returns=len(ends), timeout=PATIENCE)
        for worker in self._workers.values():
            self._ray.kill(worker.actor)
        self._workers.clear()

    def _hire(self) -> None:
        worker = _Worker(self._hands.remote(self._order))
        self._workers[worker.actor.exchange.remote(None)] = worker
        self._foreman.hire(worker)

    def _news(self) -> list[Any]:
        """The calls that have ended, after a while at most."""
        calls = list(self._workers)
        self._ray.wait(calls, timeout=TICK)
        ended, _ = self._ray.wait(calls, num_returns=len(calls), timeout=0)
        return list(ended)

    def _listen(self, call: Any) -> Iterator[Outcome]:
        """What a worker has to say, or the news that it is gone."""
        worker, share = self._workers[call], None
        try:
            words: list[_Word] = self._ray.get(call)
        except self._ray.exceptions.RayError as error:
            yield from self._lose(call, _gone(worker), str(error))
            return
        for word in words:
            if isinstance(word, _Here):
                worker.machine = word.machine
            elif isinstance(word, _Want):
                share = self._foreman.share(worker)
            elif isinstance(word, End):
                yield from self._ended(call, word)
                return
            else:
                worker.ready = worker.ready or isinstance(word, Ready)
                self._foreman.heard(worker, word)
                yield word
        self._workers[worker.actor.exchange.remote(share)] = self._workers.pop(call)

    def _ended(self, call: Any, end: End) -> Iterator[Outcome]:
        """A worker has said its last word."""
        worker = self._workers[call]
        if end.expected:
            raise UserError(end.complaint)
        if not end.complaint:
            self._foreman.left(worker)
            self._part(call)
        elif not worker.ready:
            raise RuntimeError(end.complaint)
        else:
            yield from self._lose(call, end.complaint.strip().splitlines()[-1], end.complaint)

    def _lose(self, call: Any, reason: str, traceback: str) -> Iterator[Outcome]:
        worker = self._workers[call]
        yield Died(reason, traceback)
        yield from self._foreman.died(worker, reason, worker.ready)
        self._part(call)

    def _part(self, call: Any) -> None:
        """Let go of a worker, and of its room in the cluster."""
        self._ray.kill(self._workers.pop(call).actor)


def _gone(worker: _Worker) -> str:
    return f"A render worker on {worker.machine} died" if worker.machine else "A render worker died"


class Hand:
    """A worker, as it is on its machine: an actor, whose backend runs in a thread of its own."""

    def __init__(self, order: Order) -> None:
        os.environ["OMP_NUM_THREADS"] = "1"  # before torch is loaded: threads change bits
        self._order = order
        self._words: queue.SimpleQueue[_Word] = queue.SimpleQueue()
        self._shares: queue.SimpleQueue[list[Item]] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._words.put(_Here(platform.node()))
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def exchange(self, share: list[Item] | None) -> list[_Word]:
        """Take a share, if there is one, and tell the news as soon as there are any."""
        if share is not None:
            self._shares.put(share)
        words = [self._words.get()]
        with contextlib.suppress(queue.Empty):
            while True:
                words.append(self._words.get_nowait())
        return words

    def end(self) -> None:
        """Begin no picture more, and write down those that are finished soon; the rest is dropped."""
        self._stopped.set()
        self._shares.put([])
        self._thread.join(LAST_WORDS)
        if self._thread.is_alive():
            os._exit(1)  # now, not a moment after the parent has gone on: its journal's lock goes with it

    def _work(self) -> None:
        folder = self._order.journal_folder
        if not folder.is_dir():
            told = f"{folder} is not there on {platform.node()}: the library must be on a disk that all machines share."
            self._words.put(End(told, expected=True))
            return
        try:
            for word in run_backend(self._order, self._items()):
                self._words.put(word)
        finally:
            self._words.put(End("RuntimeError: The worker ended without a last word."))  # heard if that is so

    def _items(self) -> Iterator[Item]:
        """The worker's items; while one share is worked on the next is on its way."""
        self._words.put(_Want())
        while share := self._shares.get():
            self._words.put(_Want())
            for item in share:
                if self._stopped.is_set():
                    return
                yield item
