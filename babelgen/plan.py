"""The plan: which keys of a library are still to be rendered, and in what order.

Law: done is a row in the catalog with its files in place, and nothing else; a key in two collections is
rendered once.
May import: catalog, edition, library, store; never torch.
"""

from __future__ import annotations

from dataclasses import dataclass

from babelgen.catalog import Catalog
from babelgen.edition import Edition
from babelgen.library import Library
from babelgen.store import in_place


@dataclass(frozen=True)
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


def make_plan(library: Library, retry_failed: bool = False) -> Plan:
    """Compare a library's keys with its catalog."""
    with Catalog.open(library.root) as catalog:
        rendered, failures = catalog.names(), catalog.failures()
    seen: set[str] = set()
    done = failed = 0
    items: dict[Edition, list[Item]] = {}
    for entry in library.entries():
        if entry.name in seen:
            continue
        seen.add(entry.name)
        if entry.name in rendered and in_place(library.root, entry.name):
            done += 1
        elif entry.name in failures and not retry_failed:
            failed += 1
        else:
            steps = entry.edition.codec.parse(entry.key).steps
            items.setdefault(entry.edition, []).append(Item(entry.name, entry.key, steps))
    works = [
        Work(edition, tuple(sorted(todo, key=lambda item: -item.steps))) for edition, todo in items.items()
    ]
    return Plan(tuple(works), done, failed)
