"""The inline engine: everything in this process. For tests, for debugging, for a single key."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

from babelgen.engines.engine import Died, Order, Outcome, Ready, Supply, resolve
from babelgen.engines.foreman import Foreman
from babelgen.errors import UserError
from babelgen.plan import Item


class InlineEngine:
    """Runs the backend here and now; where that ends with an error, it is run again, as a worker is replaced."""

    def run(self, order: Order, supply: Supply) -> Iterator[Outcome]:
        """Work on all items; one Done or Failed for each, in no fixed order."""
        foreman = Foreman(supply, 1)
        while foreman.wants_worker():
            yield from _live(order, foreman)


def _live(order: Order, foreman: Foreman) -> Iterator[Outcome]:
    """One life of the backend."""
    foreman.hire("here")
    ready = False
    try:
        for outcome in resolve(order.backend)(order, _items(foreman)):
            ready = ready or isinstance(outcome, Ready)
            foreman.heard("here", outcome)
            yield outcome
        foreman.left("here")
    except UserError:
        raise
    except Exception as error:
        if not ready:
            raise
        reason = f"{type(error).__name__}: {error}"
        yield Died(reason, traceback.format_exc())
        yield from foreman.died("here", reason, ready)


def _items(foreman: Foreman) -> Iterator[Item]:
    while share := foreman.share("here"):
        yield from share
