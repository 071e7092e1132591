"""The foreman: which worker gets which items, and what becomes of those that a dead worker had in hand.

Law: every item has one outcome in the end. One that was in a dead worker's hands is tried twice more: once beside others,
since most workers die for reasons of their own, and then alone, in a process of its own, so that it is known to be the
one. What dies there has failed.
Processes and machines are the engine's; nothing here waits or starts anything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from babelgen.engines.engine import Developed, Done, Failed, Outcome, Pulse, Ready, Supply
from babelgen.errors import BabelgenError
from babelgen.plan import Item

LARGEST_SHARE = 16  # items handed to a worker at once; it has as many in hand, enough for every slot of a GPU
TRIES = 3  # of an item, the first one included
FRUITLESS = 3  # workers in a row that die with nothing in hand, and the run is given up


@dataclass
class _Worker:
    """A worker as the foreman knows it. alone: it is here for one item only."""

    alone: bool = False
    served: bool = False
    hand: dict[str, Item] = field(default_factory=dict)


class Foreman:
    """Deals items of one order to at most `most` workers, whatever they are known by."""

    def __init__(self, supply: Supply, most: int) -> None:
        self._supply = supply
        self._most = most
        self._again: deque[Item] = deque()  # to be tried beside others
        self._alone: deque[Item] = deque()  # to be tried alone
        self._tries: dict[str, int] = {}
        self._workers: dict[Hashable, _Worker] = {}
        self._fruitless = 0
        self._slots = 1

    @property
    def pulse(self) -> Pulse:
        """How many workers there are, and how many items they have in hand."""
        return Pulse(len(self._workers), sum(len(worker.hand) for worker in self._workers.values()))

    @property
    def finished(self) -> bool:
        """Whether every item has its outcome."""
        return not (self.pulse.in_hand or len(self._supply) or self._again or self._alone)

    def wants_worker(self) -> bool:
        """Whether there is something to do for one worker more."""
        waiting = len(self._supply) + len(self._again)
        idle = sum(not worker.served for worker in self._workers.values())
        return len(self._workers) < self._most and idle < waiting + len(self._alone)

    def hire(self, worker: Hashable) -> None:
        """A new worker."""
        busy = len(self._supply) + len(self._again)
        self._workers[worker] = _Worker(alone=not busy)

    def share(self, worker: Hashable) -> list[Item]:
        """The next items for a worker; none when it is to end.

        Whole batches: with half a batch a worker takes as long as with a whole one, while others have nothing to do.
        """
        it = self._workers[worker]
        share: list[Item] = []
        if not it.alone:
            share = self._next_items()
        elif not it.served and self._alone:
            share = [self._alone.popleft()]
        it.served = True
        it.hand.update((item.name, item) for item in share)
        return share

    def _next_items(self) -> list[Item]:
        if self._again:  # few at a time, since one of them may be the one
            return [self._again.popleft() for _ in range(min(self._slots, len(self._again)))]
        batches = -(-min(LARGEST_SHARE, len(self._supply) // (4 * self._most)) // self._slots)
        return self._supply.take(max(1, batches) * self._slots)

    def heard(self, worker: Hashable, outcome: Outcome) -> None:
        """What a worker has told."""
        hand = self._workers[worker].hand
        if isinstance(outcome, Ready):
            self._slots = outcome.slots
        elif isinstance(outcome, Done | Developed | Failed):
            hand.pop(outcome.name)
            self._fruitless = 0

    def left(self, worker: Hashable) -> None:
        """A worker has ended as it should."""
        del self._workers[worker]

    def died(self, worker: Hashable, reason: str, ready: bool) -> Iterator[Failed]:
        """A worker is gone; those of its items that have failed by that. The others are dealt again.

        ready: whether it ever was. BabelgenError when one after the other dies before it has anything in hand, and
        nothing is finished meanwhile: no number of tries would end that.
        """
        hand = self._workers.pop(worker).hand
        self._fruitless += not hand
        if self._fruitless >= FRUITLESS:
            when = "with nothing in hand" if ready else "before it was ready"
            raise BabelgenError(f"{reason}, {when}, {FRUITLESS} times in a row.")
        for item in hand.values():
            tries = self._tries[item.name] = self._tries.get(item.name, 0) + 1
            if tries == TRIES:
                yield Failed(item, f"{reason}, with this picture alone, after {TRIES} tries.")
            else:
                (self._alone if tries == TRIES - 1 else self._again).append(item)
