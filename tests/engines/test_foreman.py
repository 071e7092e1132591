"""The foreman: whatever workers do, every item has one outcome, and what dies with its neighbours is told apart."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babelgen.engines import Done, Failed, Outcome, Pile, Pulse, Ready
from babelgen.engines.foreman import FRUITLESS, LARGEST_SHARE, TRIES, Foreman
from babelgen.errors import BabelgenError
from babelgen.plan import Item

from ..store.samples import picture
from .test_contract import plain_items

thorough = settings(deadline=None, max_examples=300)


class Contested(Pile):
    """A supply of which somebody else takes some, which is seen only when they are wanted."""

    def __init__(self, items: list[Item], theirs: set[str]) -> None:
        super().__init__(items)
        self._theirs = theirs

    def take(self, most: int) -> list[Item]:
        while share := super().take(most):
            if ours := [item for item in share if item.name not in self._theirs]:
                return ours
        return []


def done(item: Item) -> Done:
    return Done(picture(item.name))


@dataclass
class Worker:
    """A worker as it goes through its life. hand: what it has been dealt and has not finished, in order."""

    ready: bool = False
    ended: bool = False
    dealt: list[Item] = field(default_factory=list)
    hand: list[Item] = field(default_factory=list)


@dataclass
class Play:
    """An engine without processes: what workers do next is drawn by lot.

    poison: items that kill whoever works on them; bad: those that fail; slots: of each worker; deaths: of workers, for
    reasons of their own, that are still to come.
    """

    foreman: Foreman
    most: int
    slots: int
    lot: random.Random
    poison: set[str] = field(default_factory=set)
    bad: set[str] = field(default_factory=set)
    deaths: int = 0
    hired: int = 0
    workers: dict[int, Worker] = field(default_factory=dict)
    outcomes: list[Done | Failed] = field(default_factory=list)
    last_hands: dict[str, list[str]] = field(default_factory=dict)
    dealt: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Until there is nothing left to do."""
        while True:
            while self.foreman.wants_worker():
                self.hired += 1
                self.workers[self.hired] = Worker()
                self.foreman.hire(self.hired)
                assert len(self.workers) <= self.most
            if not self.workers:
                assert self.foreman.finished
                return
            hands = [item.name for worker in self.workers.values() for item in worker.hand]
            assert len(hands) == len(set(hands)), "two workers have the same item"
            assert self.foreman.pulse == Pulse(len(self.workers), len(hands))
            number = self.lot.choice(sorted(self.workers))
            self.act(number, self.workers[number])

    def act(self, number: int, worker: Worker) -> None:
        """One worker does one thing."""
        if self.deaths and self.lot.random() < 0.1:
            self.deaths -= 1
            self.die(number)
        elif not worker.ready:
            worker.ready = True
            self.foreman.heard(number, Ready({"id": "fake"}, self.slots))
        elif not worker.ended and (not worker.hand or self.lot.random() < 0.5):
            self.ask(number, worker)
        elif worker.hand:
            self.work(number, worker)
        else:
            self.foreman.left(number)
            del self.workers[number]

    def ask(self, number: int, worker: Worker) -> None:
        share = self.foreman.share(number)
        worker.ended = not share
        worker.hand += share
        worker.dealt += share
        self.dealt.update(item.name for item in share)
        settled = {name_of(outcome) for outcome in self.outcomes}
        assert not settled & {item.name for item in share}, "an item with an outcome is dealt again"

    def work(self, number: int, worker: Worker) -> None:
        item = worker.hand[0]
        if item.name in self.poison:
            self.die(number)
            return
        del worker.hand[0]
        outcome = Failed(item, "bad") if item.name in self.bad else done(item)
        self.foreman.heard(number, outcome)
        self.outcomes.append(outcome)

    def die(self, number: int) -> None:
        worker = self.workers.pop(number)
        self.last_hands.update((item.name, [other.name for other in worker.dealt]) for item in worker.hand)
        self.outcomes += self.foreman.died(number, "It died", worker.ready)


def name_of(outcome: Done | Failed) -> str:
    return outcome.picture.name if isinstance(outcome, Done) else outcome.item.name


def failed(play: Play) -> set[str]:
    return {outcome.item.name for outcome in play.outcomes if isinstance(outcome, Failed)}


@st.composite
def plays(draw: st.DrawFn, deaths: int = 0) -> tuple[Play, list[Item]]:
    """A play to come, and the items that will have an outcome."""
    items = plain_items(draw(st.integers(0, 70)))
    names = [item.name for item in items]
    some = st.sets(st.sampled_from(names), max_size=5) if names else st.just(set[str]())
    theirs = draw(some)
    poison = draw(some) - theirs
    most, slots = draw(st.integers(1, 4)), draw(st.sampled_from([1, 2, 4, 16, 40]))
    play = Play(
        Foreman(Contested(items, theirs), most), most, slots, draw(st.randoms(use_true_random=False)),
        poison, draw(some) - poison - theirs, draw(st.integers(0, deaths)),
    )  # fmt: skip
    return play, [item for item in items if item.name not in theirs]


@thorough
@given(plays())
def test_every_item_has_one_outcome_and_only_poison_fails(made: tuple[Play, list[Item]]) -> None:
    play, items = made
    play.run()
    assert sorted(map(name_of, play.outcomes)) == sorted(item.name for item in items)
    assert failed(play) == play.poison | play.bad
    assert all(play.dealt[name] == TRIES for name in play.poison)
    assert max(play.dealt.values(), default=0) <= TRIES
    assert play.hired <= play.most + 4 * len(items)


@thorough
@given(plays(deaths=8))
def test_what_fails_by_a_death_died_alone_at_last(made: tuple[Play, list[Item]]) -> None:
    """Also where workers die of something else, at any moment."""
    play, items = made
    try:
        play.run()
    except BabelgenError:  # three in a row that had nothing in hand
        return
    assert sorted(map(name_of, play.outcomes)) == sorted(item.name for item in items)
    assert max(play.dealt.values(), default=0) <= TRIES
    for name in failed(play) - play.bad:
        assert play.dealt[name] == TRIES
        assert play.last_hands[name] == [name]
    assert play.poison <= failed(play)


def outcomes_of(foreman: Foreman, worker: str, share: list[Item]) -> None:
    for item in share:
        foreman.heard(worker, done(item))


def start(count: int, most: int = 1, slots: int = 1) -> Foreman:
    """A foreman whose worker `first` is ready."""
    foreman = Foreman(Pile(plain_items(count)), most)
    foreman.hire("first")
    foreman.heard("first", Ready({"id": "fake"}, slots))
    return foreman


@pytest.mark.parametrize(
    ("count", "most", "slots", "shares"),
    [
        (0, 1, 4, [0]),
        (3, 1, 4, [3, 0]),
        (9, 1, 4, [4, 4, 1, 0]),
        (40, 1, 4, [12, 8, 8, 4, 4, 4, 0]),
        (40, 2, 4, [8, 4, 4, 4, 4, 4, 4, 4, 4, 0]),
        (400, 1, 4, [LARGEST_SHARE] * 22),
        (400, 1, 40, [40] * 10 + [0]),
        (3, 1, 1, [1, 1, 1, 0]),
    ],
)
def test_shares_are_whole_batches_and_grow_smaller(
    count: int, most: int, slots: int, shares: list[int]
) -> None:
    foreman = start(count, most, slots)
    assert [len(foreman.share("first")) for _ in shares] == shares


def test_there_are_no_more_workers_than_items() -> None:
    foreman = Foreman(Pile(plain_items(2)), 4)
    hired = 0
    while foreman.wants_worker():
        foreman.hire(hired)
        hired += 1
    assert hired == 2


def test_what_a_dead_worker_had_is_tried_beside_others_and_then_alone() -> None:
    foreman = start(6, slots=4)
    first = foreman.share("first")
    assert list(foreman.died("first", "It died", True)) == []
    foreman.hire("second")
    foreman.heard("second", Ready({"id": "fake"}, 4))
    assert foreman.share("second") == first
    outcomes_of(foreman, "second", first[1:])
    assert len(foreman.share("second")) == 2
    assert list(foreman.died("second", "It died", True)) == []
    foreman.hire("third")  # for the two that have died once
    assert len(foreman.share("third")) == 2
    assert foreman.share("third") == []
    outcomes_of(foreman, "third", plain_items(6)[4:])
    foreman.left("third")
    foreman.hire("fourth")
    assert foreman.share("fourth") == first[:1]
    assert foreman.share("fourth") == []
    assert list(foreman.died("fourth", "It died", True)) == [
        Failed(first[0], f"It died, with this picture alone, after {TRIES} tries.")
    ]
    assert not foreman.wants_worker()
    assert foreman.finished


def test_who_works_on_one_item_alone_gets_no_other_even_when_there_are_some() -> None:
    foreman = start(2, most=2)
    shares = [foreman.share("first")]
    foreman.hire("second")
    shares.append(foreman.share("second"))
    for name in ("second", "third"):  # the second item dies twice
        if name == "third":
            foreman.hire(name)
            assert foreman.share(name) == shares[1]
        list(foreman.died(name, "It died", True))
    foreman.hire("alone")
    list(foreman.died("first", "It died", True))  # and now there is one to be tried beside others
    assert foreman.share("alone") == shares[1]
    assert foreman.share("alone") == []
    assert foreman.wants_worker()
    foreman.hire("fifth")
    assert foreman.share("fifth") == shares[0]


@pytest.mark.parametrize(("ready", "when"), [(False, "before it was ready"), (True, "with nothing in hand")])
def test_workers_that_die_in_a_row_with_nothing_in_hand_are_given_up(ready: bool, when: str) -> None:
    """It would go on for ever, since no item is tried."""
    foreman = Foreman(Pile(plain_items(3)), 1)

    def one() -> Iterator[Outcome]:
        foreman.hire("worker")
        if ready:
            foreman.heard("worker", Ready({"id": "fake"}))
        return foreman.died("worker", "It died", ready)

    for _ in range(FRUITLESS - 1):
        assert list(one()) == []
        assert foreman.wants_worker()
    with pytest.raises(BabelgenError, match=rf"^It died, {when}, {FRUITLESS} times in a row\.$"):
        list(one())


@pytest.mark.parametrize("end", ["done", "failed"])
def test_what_is_finished_meanwhile_gives_new_hope(end: str) -> None:
    foreman = start(20, most=2)
    for _ in range(2 * FRUITLESS):
        foreman.hire("second")
        assert list(foreman.died("second", "It died", False)) == []
        item = foreman.share("first")[0]
        foreman.heard("first", done(item) if end == "done" else Failed(item, "bad"))
