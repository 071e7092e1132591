"""One round of the whole farm, for throughput.py: planning, the engine, writing and the catalog around the sampler."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rounds import Round, Task, useful_rows

from babelgen.collections import Collection
from babelgen.collections.sample import Sample
from babelgen.engines import LocalEngine, Order, Outcome, Ready
from babelgen.farm import Progress, render_library
from babelgen.library import Library
from babelgen.plan import Item, Plan
from babelgen.tokens import tokens_of

GO = "go"  # the file in a library's folder that its workers wait for
PATIENCE = 1800  # seconds


class Clock(Progress):
    """Lets the workers begin once all are ready, and adds up the time that is not the loading of models."""

    def __init__(self, root: Path, workers: int) -> None:
        self._root = root
        self._loading = workers
        self._start = self._end = time.perf_counter()
        self._planning = 0.0

    @property
    def seconds(self) -> float:
        """Planning, and from the start of the work to the last picture's row in the catalog."""
        return self._planning + self._end - self._start

    def planned(self, plan: Plan) -> None:
        """The plan is made."""
        self._planning = time.perf_counter() - self._start

    def advanced(self, outcome: Outcome) -> None:
        """A worker is ready, or a picture's row is in the catalog."""
        self._end = time.perf_counter()
        if isinstance(outcome, Ready):
            self._loading -= 1
            if not self._loading:
                self._start = self._end
                (self._root / GO).touch()


def farm_round(task: Task, workers: int, count: int) -> Round:
    """Render `count` random keys, `task.steps` steps each, into a library that is thrown away."""
    sample = Sample(seed=1, steps=task.steps, uniform=False, length=count)
    tokens_of(task.edition)  # loading is not counted, here as in the workers
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        collection = Collection("sample", "sample", "", "random", task.edition, sample)
        library = Library(root, "throughput", "throughput", "", (collection,))
        clock = Clock(root, workers)
        tally = render_library(
            library, LocalEngine(workers), clock, backend=f"{__name__}:work", setting=task.setting
        )
    if tally.failures:
        raise SystemExit(f"A picture could not be made: {tally.failures[0].reason}")
    return Round(clock.seconds, count, useful_rows([task.steps] * count, task.rows_a_slot))


def work(order: Order, items: Iterator[Item]) -> Iterator[Outcome]:
    """The farm's own backend, which waits between getting ready and beginning until all workers are ready."""
    from babelgen.diffusion.worker import work as render

    outcomes = render(order, items)
    yield next(outcomes)
    deadline = time.monotonic() + PATIENCE
    while not (order.root / GO).exists():
        if time.monotonic() > deadline:
            raise TimeoutError("the other workers are not ready")
        time.sleep(0.005)
    yield from outcomes
