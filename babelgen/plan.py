"""The plan: which keys of a library are still to be rendered, and in what order.

Law: done is a row in the catalog with its files in place, and nothing else; a key in two collections is
rendered once.
May import: catalog, edition, library, store; never torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from babelgen.catalog import Catalog
from babelgen.edition import Edition
from babelgen.library import Library
from babelgen.store import in_place

PAGE = 1000  # keys that the catalog is asked about at once


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


@dataclass(frozen=True)
class Work:
    """What is to be rendered with one edition, the longest schedules first, so that workers end together."""

    edition: Edition
    items: tuple[Item, ...]


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


def make_plan(library: Library, shard: Shard = WHOLE) -> Plan:
    """Compare a library's keys, or a shard of them, with its catalog."""
    seen: set[bytes] = set()
    done = failed = 0
    items: dict[Edition, list[Item]] = {}
    with Catalog.open(library.root) as catalog:
        failures = catalog.failed()
        entries = (entry for entry in library.entries() if shard.has(entry.name))
        while page := list(islice(entries, PAGE)):
            there = done_of(catalog, [entry.name for entry in page])
            for entry in page:
                if (digest := bytes.fromhex(entry.name)) in seen:
                    continue
                seen.add(digest)
                if entry.name in there:
                    done += 1
                elif entry.name in failures:
                    failed += 1
                else:
                    steps = entry.edition.codec.parse(entry.key).steps
                    items.setdefault(entry.edition, []).append(Item(entry.name, entry.key, steps))
    works = [
        Work(edition, tuple(sorted(todo, key=lambda item: -item.steps))) for edition, todo in items.items()
    ]
    return Plan(tuple(works), done, failed)


def done_of(catalog: Catalog, names: Sequence[str]) -> set[str]:
    """Those of some pictures that are done: in the catalog, with their files in place."""
    return {name for name, sizes in catalog.sizes(names).items() if in_place(catalog.root, name, sizes)}
