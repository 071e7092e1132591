"""The plan: which keys of a library are still to be rendered, and in what order.

Law: done is a row in the catalog with its files in place, and nothing else; a key in two collections is
rendered once. A key may be long and a library large, so of each some twenty bytes are held, from which its collection
makes it again.
May import: catalog, collections, edition, library, store, numpy; never torch.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, islice
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from babelgen.catalog import Catalog
from babelgen.collections import Collection
from babelgen.edition import Edition
from babelgen.library import Library, picture_name
from babelgen.store import in_place, stages_in_place

PAGE = 1000  # keys that the catalog is asked about at once
TODO, FAILED, DONE = range(3)


@dataclass(frozen=True)
class Shard:
    """The `index`-th of `count` parts of all pictures, counted from 1: of each picture its name alone tells which."""

    index: int
    count: int

    def has(self, name: str) -> bool:
        """Whether a picture is in it."""
        return int(name[:8], 16) % self.count == self.index - 1


WHOLE = Shard(1, 1)


@dataclass(frozen=True, slots=True)
class Item:
    """One picture to render, as it travels to a worker."""

    name: str
    key: str
    steps: int


@dataclass(frozen=True, eq=False)
class Stretch:
    """Items of one collection with the same number of steps; numbers: from which it makes their keys, in order."""

    collection: Collection
    steps: int
    numbers: NDArray[np.uint64]

    def items(self, start: int = 0) -> Iterator[Item]:
        """From the `start`-th on."""
        for number in self.numbers[start:]:
            yield self._make(int(number))

    @cached_property
    def _make(self) -> Callable[[int], Item]:
        edition, steps = self.collection.edition.id, self.steps
        make = self.collection.spec.maker(self.collection.edition)

        def item(number: int) -> Item:
            key = make(number)
            return Item(picture_name(edition, key), key, steps)

        return item


class Items(Sequence[Item]):
    """Items of some stretches, one stretch after the other; each is made when it is asked for, and not held."""

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self._stretches = stretches
        self._ends = list(accumulate(len(stretch.numbers) for stretch in stretches))

    def __len__(self) -> int:
        """How many they are."""
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[Item]:
        """All of them."""
        for stretch in self._stretches:
            yield from stretch.items()

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> list[Item]: ...

    def __getitem__(self, place: int | slice) -> Item | list[Item]:
        """The item at a place, or those at some."""
        if isinstance(place, slice):
            return [self[at] for at in range(len(self))[place]]
        at = range(len(self))[place]
        stretch = bisect_right(self._ends, at)
        return next(self._stretches[stretch].items(at - self._ends[stretch]))  # counted from its end


@dataclass(frozen=True)
class Work:
    """What is to be rendered with one edition, the longest schedules first, so that workers end together."""

    edition: Edition
    items: Sequence[Item]


@dataclass(frozen=True)
class Plan:
    """What a render has to do. `done`, `failed`: pictures that are left alone."""

    works: tuple[Work, ...]
    done: int
    failed: int

    @property
    def todo(self) -> int:
        """How many pictures are to be rendered."""
        return sum(len(work.items) for work in self.works)


@dataclass(frozen=True, eq=False)
class Survey:
    """How the items of a collection stand, in order.

    names: 16 bytes each. numbers, steps: of their keys. states: TODO, FAILED or DONE. fresh: whether the picture is not
    also an earlier item's, of this or another collection.
    """

    collection: Collection
    names: NDArray[np.bytes_]
    numbers: NDArray[np.uint64]
    steps: NDArray[np.uint8]
    states: NDArray[np.uint8]
    fresh: NDArray[np.bool_]

    def count(self, state: int) -> int:
        """How many pictures stand so that no earlier item has."""
        return int(np.count_nonzero(self.fresh & (self.states == state)))


def make_plan(library: Library, shard: Shard = WHOLE) -> Plan:
    """Compare a library's keys, or a shard of them, with its catalog."""
    with Catalog.open(library.root) as catalog:
        surveys = survey(library, catalog, shard)
    works = _works((found, found.fresh & (found.states == TODO)) for found in surveys)
    done, failed = (sum(found.count(state) for found in surveys) for state in (DONE, FAILED))
    return Plan(works, done, failed)


def plan_stages(library: Library, shard: Shard = WHOLE) -> tuple[Work, ...]:
    """What stages are to be made: of pictures that are there, in collections that ask for them."""
    asking = tuple(collection for collection in library.collections if collection.stages)
    if not asking:
        return ()
    with Catalog.open(library.root) as catalog:
        surveys = survey(replace(library, collections=asking), catalog, shard)
    return _works((found, _lacks_stages(found, library.root)) for found in surveys)


def _lacks_stages(found: Survey, root: Path) -> NDArray[np.bool_]:
    lacks: NDArray[np.bool_] = found.fresh & (found.states == DONE)
    for at in np.flatnonzero(lacks):
        lacks[at] = not stages_in_place(root, bytes(found.names[at]).ljust(16, b"\0").hex())
    return lacks


def _works(surveys: Iterable[tuple[Survey, NDArray[np.bool_]]]) -> tuple[Work, ...]:
    """Those of the surveyed items that are to be worked on."""
    stretches: dict[Edition, list[Stretch]] = {}
    for found, todo in surveys:
        for steps in np.unique(found.steps[todo]):
            numbers = found.numbers[todo & (found.steps == steps)]
            stretch = Stretch(found.collection, int(steps), numbers)
            stretches.setdefault(found.collection.edition, []).append(stretch)
    return tuple(
        Work(edition, Items(sorted(those, key=lambda stretch: -stretch.steps)))
        for edition, those in stretches.items()
    )


def survey(library: Library, catalog: Catalog, shard: Shard = WHOLE) -> list[Survey]:
    """How a library's items stand, or those of a shard, collection by collection."""
    columns = [_columns(collection, catalog, shard) for collection in library.collections]
    names = np.concatenate([np.empty(0, "S16"), *(column[0] for column in columns)])
    fresh = np.zeros(len(names), np.bool_)
    fresh[np.unique(names, return_index=True)[1]] = True
    ends = list(accumulate(len(column[0]) for column in columns))
    return [
        Survey(collection, *column, fresh[end - len(column[0]) : end])
        for collection, column, end in zip(library.collections, columns, ends, strict=True)
    ]


def _columns(
    collection: Collection, catalog: Catalog, shard: Shard
) -> tuple[NDArray[np.bytes_], NDArray[np.uint64], NDArray[np.uint8], NDArray[np.uint8]]:
    """Names, numbers, steps and states of a collection's items."""
    names, numbers, steps, states = bytearray(), array("Q"), bytearray(), bytearray()
    items = _items(collection, shard)
    while page := list(islice(items, PAGE)):
        asked = [name for name, _, _ in page]
        done = done_of(catalog, asked)
        failed = catalog.failed(asked)
        names += bytes.fromhex("".join(asked))
        numbers.extend(number for _, number, _ in page)
        steps += bytes(count for _, _, count in page)
        states += bytes(DONE if name in done else FAILED if name in failed else TODO for name in asked)
    return (
        np.frombuffer(names, "S16"),
        np.frombuffer(numbers, np.uint64),
        np.frombuffer(steps, np.uint8),
        np.frombuffer(states, np.uint8),
    )


def _items(collection: Collection, shard: Shard) -> Iterator[tuple[str, int, int]]:
    """Name, number and steps of the items of a collection that are in a shard."""
    edition, steps_of = collection.edition.id, collection.edition.codec.steps_of
    for number, key in collection.spec.numbered(collection.edition):
        if shard.has(name := picture_name(edition, key)):
            yield name, number, steps_of(key)


def done_of(catalog: Catalog, names: Sequence[str]) -> set[str]:
    """Those of some pictures that are done: in the catalog, with their files in place."""
    return {name for name, sizes in catalog.sizes(names).items() if in_place(catalog.root, name, sizes)}
