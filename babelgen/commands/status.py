"""`status`: what a library has, lacks and failed, by collection, and how long what it lacks will take."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from babelgen.catalog import Catalog, Failure
from babelgen.errors import UserError
from babelgen.library import Library, load_library
from babelgen.picture import short_key
from babelgen.standing import Count, Standing, standing_of
from babelgen.store import settle

MOST_LISTED = 20
NARROW = 70  # columns of a terminal that has no room for the table
HASTE = 5.0  # seconds; whoever holds the library's lock for longer settles what there is to settle


def status(folder: Path, as_json: bool) -> int:
    """Print a table, or one JSON object; failed pictures are listed with their reasons."""
    library = load_library(folder)
    with contextlib.suppress(UserError):  # who may only read sees what is settled
        settle(folder, HASTE)
    with Catalog.open(folder) as catalog:
        standing = standing_of(library, catalog)
        failures = (replace(failure, key=short_key(failure.key)) for failure in catalog.each_failure())
        if as_json:
            print(json.dumps(_facts(folder, standing, failures)))
        else:
            _print(library, standing, failures)
    return 0


def _facts(folder: Path, standing: Standing, failures: Iterator[Failure]) -> dict[str, object]:
    left = standing.seconds_left
    return {
        "library": str(folder),
        "collections": [
            {"collection": collection.slug, "kind": collection.kind, **asdict(count)}
            for collection, count in standing.collections
        ],
        "whole": asdict(standing.whole),
        "waiting": list(standing.waiting),
        "unnamed": standing.unnamed,
        "renders": standing.renders,
        "rate": None if standing.rate is None else round(standing.rate, 3),
        "seconds_left": None if left is None else round(left),
        "failures": [asdict(failure) for failure in failures],
    }


def _print(library: Library, standing: Standing, failures: Iterator[Failure]) -> None:
    console = Console(highlight=False, emoji=False)
    if console.width < NARROW:
        for line in _narrow(standing):
            console.print(escape(line), soft_wrap=True)
    else:
        console.print(_table(library, standing))
    for line in _lines(standing):
        console.print(line, soft_wrap=True)
    for failure in islice(failures, MOST_LISTED):
        unnamed = "" if failure.name in standing.failed else " (in no collection any more)"
        console.print(escape(f"failed: {failure.key}: {failure.reason}{unnamed}"), soft_wrap=True)
    if more := sum(1 for _ in failures):
        console.print(f"... and {more} more failed; --json lists them all.", soft_wrap=True)


def _table(library: Library, standing: Standing) -> Table:
    table = Table(title=escape(library.title))
    for heading in ("collection", "kind"):
        table.add_column(heading)
    shown = 5 if standing.whole.flagged else 4  # few models have a safety checker
    for heading in ("pictures", "done", "failed", "to do", "flagged")[:shown]:
        table.add_column(heading, justify="right")
    for collection, count in standing.collections:
        table.add_row(collection.slug, collection.kind, *_numbers(count)[:shown])
    if len(standing.collections) > 1:
        table.add_section()
        table.add_row("each picture once", "", *_numbers(standing.whole)[:shown])
    return table


def _narrow(standing: Standing) -> Iterator[str]:
    """The table's rows where there is no room for columns."""
    for collection, count in standing.collections:
        flagged = f", {count.flagged} flagged" if count.flagged else ""
        yield (
            f"{collection.slug}: {count.done} of {count.total} done, {count.failed} failed, {count.todo} to do{flagged}"
        )


def _numbers(count: Count) -> list[str]:
    return [str(number) for number in (count.total, count.done, count.failed, count.todo, count.flagged)]


def _lines(standing: Standing) -> Iterator[str]:
    """What is to be said of the whole library."""
    pace = "" if standing.rate is None else f"{_digits(standing.rate)} pictures a second"
    if standing.renders:
        renders = "1 render is" if standing.renders == 1 else f"{standing.renders} renders are"
        left = "" if standing.seconds_left is None else f", {span(standing.seconds_left)} left"
        yield f"{renders} at work{f': {pace}{left}' if pace else ''}."
    elif pace:
        yield f"No render is at work; the latest pictures came at {pace}."
    if standing.waiting:
        names = ", ".join(standing.waiting)
        yield f"The keys of these collections are worked out by the next render: {names}."
    if standing.unnamed:
        pictures = "1 picture is" if standing.unnamed == 1 else f"{standing.unnamed} pictures are"
        yield f"{pictures} in no collection any more: `render.py gc` removes what no collection names."


def _digits(rate: float) -> str:
    return f"{rate:.1f}" if rate >= 1 else f"{rate:.2g}"


def span(seconds: float) -> str:
    """A time for people, in its two largest units."""
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
