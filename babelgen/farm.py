"""The farm: plan, engine, store, in one direction.

Law: a picture is reported done when its row is in the catalog, and never before; what has failed is recorded and the
run goes on. Several runs may work on one library, on one machine or many: each picture is made by one of them, and each
ends when all pictures are there.
May import: catalog, engines, errors, library, plan, settings, store, weights; never torch.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from babelgen.catalog import Catalog, Facts, Failure
from babelgen.engines import Developed, Done, Engine, Failed, Order, Outcome, Pulse, Ready
from babelgen.engines.engine import DEVELOPING, DIFFUSION
from babelgen.errors import UserError
from babelgen.library import Library
from babelgen.plan import WHOLE, Item, Plan, Shard, done_of, make_plan, plan_stages
from babelgen.settings import ON_CPU, Setting
from babelgen.store import Run, open_run, open_store, stages_in_place
from babelgen.weights import fetch

MERGE_EVERY = 1.0  # seconds; what is done in between is in the journals, and is told of a moment later
CLAIM = "stages/"  # before the names of pictures whose stages a run has taken on
LOOK_AGAIN = 2.0  # seconds between looks at what other runs have taken on


class Progress(Protocol):
    """Who is told how a run goes; who inherits from it hears what it has a method for."""

    def planned(self, plan: Plan) -> None:
        """What there is to do."""

    def advanced(self, outcome: Outcome) -> None:
        """What has just happened, after it was recorded."""

    def shared(self, done: int, taken: int) -> None:
        """How many of the pictures of the plan other runs have made, and how many they have taken on, as far as is seen."""

    def developing(self, count: int) -> None:
        """All pictures are there; now the stages of so many of them are made, which is told of as pictures are."""

    def waiting(self, count: int) -> None:
        """This run has nothing left to do; so many pictures are still being made by others."""


@dataclass
class Tally:
    """What a run did: pictures rendered, those of them that were flagged, pictures there before, those that other runs
    made meanwhile, and the failures of this run, and of earlier and other ones.

    developed: pictures whose stages were made. undeveloped: those whose stages could not be."""

    rendered: int = 0
    flagged: int = 0
    done_before: int = 0
    done_elsewhere: int = 0
    failed_before: int = 0
    failures: tuple[Failure, ...] = ()
    developed: int = 0
    undeveloped: tuple[Failure, ...] = ()


def render_library(
    library: Library,
    engine: Engine,
    progress: Progress,
    retry_failed: bool = False,
    backend: str = DIFFUSION,
    setting: Setting = ON_CPU,
    shard: Shard = WHOLE,
) -> Tally:
    """Render what is missing from a library, or from a shard of it."""
    with open_run(library.root) as run:
        if retry_failed:
            _forgive(library, shard)
        plan = make_plan(library, shard)
        progress.planned(plan)
        tally = Tally(done_before=plan.done, failed_before=plan.failed)
        tasks = []
        for work in plan.works:
            fetch(work.edition)  # once, before there are workers
            run.journal.record(Facts("editions", work.edition.id, dict(work.edition.facts())))
            order = Order(work.edition, library.root, backend, setting, run.folder)
            tasks.append((order, _Claimed(run, work.items, tally)))
        _render_all(tasks, engine, _Teller(run, progress, tally), progress)
        _develop_all(library, run, engine, progress, tally, setting, shard)
    return tally


def _develop_all(
    library: Library,
    run: Run,
    engine: Engine,
    progress: Progress,
    tally: Tally,
    setting: Setting,
    shard: Shard,
) -> None:
    """The stages that collections ask for, of all pictures that are there."""
    works = plan_stages(library, shard)
    if not works:
        return
    progress.developing(sum(len(work.items) for work in works))
    tasks: list[tuple[Order, _Claimed]] = []
    for work in works:
        order = Order(work.edition, library.root, DEVELOPING, setting, run.folder)
        tasks.append((order, _ClaimedStages(run, work.items, tally)))
    _render_all(tasks, engine, _StagesTeller(run, progress, tally), progress)


def _forgive(library: Library, shard: Shard) -> None:
    with open_store(library.root) as store, Catalog.open(library.root) as catalog:
        store.forgive([name for name in catalog.failed() if shard.has(name)])


def _render_all(
    tasks: Sequence[tuple[Order, _Claimed]], engine: Engine, teller: _Teller, progress: Progress
) -> None:
    """Everything that no other run has; then wait for the others, and do what they leave undone."""
    teller.supplies = [supply for _, supply in tasks]
    while tasks:
        for order, supply in tasks:
            with teller, _ended(engine.run(order, supply)) as outcomes:
                for outcome in outcomes:
                    teller.hear(outcome, order)
        for _, supply in tasks:
            supply.look_again()
        tasks = [(order, supply) for order, supply in tasks if supply.elsewhere or len(supply)]
        if tasks and not any(len(supply) for _, supply in tasks):
            progress.waiting(sum(len(supply.elsewhere) for _, supply in tasks))
            teller.run.let_go()
            time.sleep(LOOK_AGAIN)
    teller.flush()


@contextlib.contextmanager
def _ended(outcomes: Iterator[Outcome]) -> Iterator[Iterator[Outcome]]:
    """Have an engine's workers end before anything else does, whatever becomes of what they tell."""
    try:
        yield outcomes
    finally:
        if isinstance(outcomes, Generator):
            outcomes.close()


class _Claimed:
    """The items of a work that no other run has taken on; they are made as they are taken.

    elsewhere: the places of those that another one has.
    """

    def __init__(self, run: Run, items: Sequence[Item], tally: Tally) -> None:
        self.elsewhere: list[int] = []
        self._run = run
        self._tally = tally
        self._items = items
        self._places = deque(range(len(items)))

    def __len__(self) -> int:
        """How many are left, of which others may have some."""
        return len(self._places)

    def take(self, most: int) -> list[Item]:
        """The next ones that are for this run; none when there are no more."""
        while self._places:
            places = [self._places.popleft() for _ in range(min(most, len(self._places)))]
            items = {place: self._items[place] for place in places}
            granted = self._claim([item.name for item in items.values()])
            self.elsewhere += [place for place, item in items.items() if item.name not in granted]
            ours = self._unsettled([item.name for item in items.values() if item.name in granted])
            if ours:
                return [item for item in items.values() if item.name in ours]
        return []

    def look_again(self) -> None:
        """See what has become of the items that others had; what nobody has now is for this run."""
        places = {self._items[place].name: place for place in self.elsewhere}
        unsettled = self._unsettled(list(places))
        free = self._claim([name for name in places if name in unsettled])
        self.elsewhere = [place for name, place in places.items() if name in unsettled and name not in free]
        self._places.extend(place for name, place in places.items() if name in free)

    def _claim(self, names: Sequence[str]) -> set[str]:
        return self._run.claim(names)

    def _unsettled(self, names: Sequence[str]) -> set[str]:
        """Those pictures that no other run has finished since the plan was made."""
        with Catalog.open(self._run.root) as catalog:
            done = done_of(catalog, names)
            failed = catalog.failed(names) - done
        self._tally.done_elsewhere += len(done)
        self._tally.failed_before += len(failed)
        return set(names) - done - failed


class _ClaimedStages(_Claimed):
    """The same for stages, which no row tells of: where they are in their place, they are made."""

    def _claim(self, names: Sequence[str]) -> set[str]:
        granted = self._run.claim([f"{CLAIM}{name}" for name in names])
        return {name.removeprefix(CLAIM) for name in granted}

    def _unsettled(self, names: Sequence[str]) -> set[str]:
        failed = {failure.name for failure in self._tally.undeveloped}
        return {name for name in names if name not in failed and not stages_in_place(self._run.root, name)}


@dataclass
class _Teller:
    """Tells of outcomes once they are in the catalog, and counts them."""

    run: Run
    progress: Progress
    tally: Tally
    supplies: Sequence[_Claimed] = ()
    untold: list[Outcome] = field(default_factory=list)
    merged: float = 0.0

    def __enter__(self) -> None:
        """Nothing is to be told yet."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """What has happened before an error is told, too, if that does not take long."""
        if kind is None:
            self.flush()
        else:
            with contextlib.suppress(UserError):  # the first error says more
                self.flush(hasty=True)

    def hear(self, outcome: Outcome, order: Order) -> None:
        """Something has happened."""
        self.untold.append(outcome)
        if isinstance(outcome, Failed):
            self._failed(outcome, order)
        if isinstance(outcome, Ready | Pulse) or time.monotonic() - self.merged >= MERGE_EVERY:
            self.flush()

    def _failed(self, outcome: Failed, order: Order) -> None:
        failure = _failure(outcome, order)
        self.run.journal.record(failure)
        self.tally.failures += (failure,)

    def flush(self, hasty: bool = False) -> None:
        """Enter in the catalog what is done, and tell of it; hasty: see `Run.merge`."""
        if any(not isinstance(outcome, Pulse) for outcome in self.untold):
            self.run.merge(hasty)
        if failed := [outcome.name for outcome in self.untold if isinstance(outcome, Failed)]:
            self.run.release(failed)
        self.merged = time.monotonic()
        self.progress.shared(
            self.tally.done_elsewhere, sum(len(supply.elsewhere) for supply in self.supplies)
        )
        for outcome in self.untold:
            if isinstance(outcome, Done):
                self.tally.rendered += 1
                self.tally.flagged += outcome.picture.flagged
            self.tally.developed += isinstance(outcome, Developed)
            self.progress.advanced(outcome)
        self.untold.clear()


class _StagesTeller(_Teller):
    """The same for stages: where there can be none of a picture, it is there all the same."""

    def _failed(self, outcome: Failed, order: Order) -> None:
        self.tally.undeveloped += (_failure(outcome, order),)


def _failure(outcome: Failed, order: Order) -> Failure:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Failure(outcome.item.name, outcome.item.key, order.edition.id, outcome.reason, now)
