"""The inline engine: everything in this process. For tests, for debugging, for a single key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from babelgen.engines.engine import Order, Outcome, resolve
from babelgen.plan import Item


class InlineEngine:
    """Runs the backend here and now."""

    def run(self, order: Order, items: Sequence[Item]) -> Iterator[Outcome]:
        """Work on all items; one Done or Failed for each, in no fixed order."""
        return resolve(order.backend)(order, iter(items))
