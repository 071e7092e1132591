"""`status`: what a library has, lacks and failed, by collection."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from babelgen.catalog import Catalog
from babelgen.library import Library, load_library
from babelgen.store import in_place


@dataclass(frozen=True)
class Count:
    """How a collection stands, in pictures. flagged: those of the done ones that a model's safety checker flagged."""

    collection: str
    kind: str
    total: int
    done: int
    failed: int
    todo: int
    flagged: int


def status(folder: Path, as_json: bool) -> int:
    """Print a table, or one JSON object; failed pictures are listed with their reasons."""
    library = load_library(folder)
    with Catalog.open(folder) as catalog:
        rendered, failures, marked = catalog.names(), catalog.failures(), set(catalog.flagged())
    counts = [
        _count(library, index, rendered, set(failures), marked) for index in range(len(library.collections))
    ]
    if as_json:
        result = {
            "library": str(folder),
            "collections": [asdict(count) for count in counts],
            "failures": [asdict(failure) for failure in failures.values()],
        }
        print(json.dumps(result))
        return 0
    table = Table(title=escape(library.title))
    for heading in ("collection", "kind"):
        table.add_column(heading)
    shown = 5 if marked else 4  # few models have a safety checker
    for heading in ("pictures", "done", "failed", "to do", "flagged")[:shown]:
        table.add_column(heading, justify="right")
    for count in counts:
        numbers = (count.total, count.done, count.failed, count.todo, count.flagged)
        table.add_row(count.collection, count.kind, *map(str, numbers[:shown]))
    console = Console(highlight=False, emoji=False)
    console.print(table)
    for failure in failures.values():
        console.print(escape(f"failed: {failure.key[:80]}: {failure.reason}"))
    return 0


def _count(library: Library, index: int, rendered: set[str], failures: set[str], marked: set[str]) -> Count:
    collection = library.collections[index]
    done = failed = todo = flagged = 0
    for entry in library.keys(collection):
        if entry.name in rendered and in_place(library.root, entry.name):
            done += 1
            flagged += entry.name in marked
        elif entry.name in failures:
            failed += 1
        else:
            todo += 1
    return Count(collection.slug, collection.kind, done + failed + todo, done, failed, todo, flagged)
