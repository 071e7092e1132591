"""The farm: plan, engine, store, in one direction.

Law: a picture is reported done when its row is in the catalog, and never before; what has failed is recorded and the
run goes on.
May import: catalog, engines, library, plan, settings, store, weights; never torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from babelgen.catalog import Failure
from babelgen.engines import Done, Engine, Failed, Order, Outcome, Ready
from babelgen.engines.engine import DIFFUSION
from babelgen.library import Library
from babelgen.plan import Plan, Work, make_plan
from babelgen.settings import ON_CPU, Setting
from babelgen.store import Store, open_store
from babelgen.weights import fetch


class Progress(Protocol):
    """Who is told how a run goes."""

    def planned(self, plan: Plan) -> None:
        """What there is to do."""
        ...

    def advanced(self, outcome: Outcome) -> None:
        """What has just happened, after it was recorded."""
        ...


@dataclass
class Tally:
    """What a run did: pictures rendered, those of them that were flagged, pictures there before, and the failures of
    this run and earlier ones."""

    rendered: int = 0
    flagged: int = 0
    done_before: int = 0
    failed_before: int = 0
    failures: tuple[Failure, ...] = ()


def render_library(
    library: Library,
    engine: Engine,
    progress: Progress,
    retry_failed: bool = False,
    backend: str = DIFFUSION,
    setting: Setting = ON_CPU,
) -> Tally:
    """Render what is missing from a library. UserError when another process has it open."""
    with open_store(library.root) as store:
        plan = make_plan(library, retry_failed)
        progress.planned(plan)
        tally = Tally(done_before=plan.done, failed_before=plan.failed)
        for work in plan.works:
            fetch(work.edition)  # once, before there are workers
            store.record_facts("editions", work.edition.id, dict(work.edition.facts()))
            order = Order(work.edition, library.root, backend, setting)
            _render_work(work, order, engine, store, progress, tally)
    return tally


def _render_work(
    work: Work, order: Order, engine: Engine, store: Store, progress: Progress, tally: Tally
) -> None:
    for outcome in engine.run(order, work.items):
        if isinstance(outcome, Ready):
            store.record_facts("profiles", outcome.profile["id"], outcome.profile)
        elif isinstance(outcome, Done):
            store.record([outcome.picture])
            tally.rendered += 1
            tally.flagged += outcome.picture.flagged
        elif isinstance(outcome, Failed):
            failure = _failure(outcome, order)
            store.record([], [failure])
            tally.failures += (failure,)
        progress.advanced(outcome)


def _failure(outcome: Failed, order: Order) -> Failure:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Failure(outcome.item.name, outcome.item.key, order.edition.id, outcome.reason, now)
