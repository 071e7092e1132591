"""`rank`: what works: a file of favourites, counted back against all that a library has printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from babelgen.commands.console import say, warn
from babelgen.errors import UserError
from babelgen.library import Library, load_library
from babelgen.rank import (
    Counts,
    Favourites,
    Group,
    Suggestion,
    chart,
    count,
    printable,
    rate,
    read_favourites,
    require_scipy,
    suggest,
    telling,
)
from babelgen.store import write_atomic

LETTERS = 60  # of a term on the terminal
TITLES = {"word": "words", "subject": "subjects", "action": "actions", "suffix": "suffixes", "steps": "steps",
          "negative": "negative prompts"}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What is to be shown: `top` terms of each kind; and where chart and next matrix go."""

    top: int = 10
    chart: Path | None = None
    out: Path | None = None
    as_json: bool = False


def rank(path: Path, folder: Path, wanted: Wanted) -> int:
    """Print a table and a suggested matrix, or one JSON object."""
    require_scipy()
    library = load_library(folder).known()
    favourites = _read(path, library)
    counts = count(library, favourites.names)
    missing = len(favourites.names) - counts.liked + favourites.foreign
    if not counts.liked:
        raise UserError(f"None of the favourites in {path} is printed in {folder}.")
    groups = tuple(rate(counted) for counted in counts.kinds)
    shown = tuple(group for group in groups if group.kind in TITLES)
    suggestion = suggest(library, counts, groups)
    if missing:
        are = "1 favourite is" if missing == 1 else f"{missing} favourites are"
        warn(f"{are} not printed in this library, and not counted.")
    if wanted.chart is not None:
        write_atomic(wanted.chart, chart(shown, wanted.top).encode())
        say(f"Drew {wanted.chart}.")
    if wanted.out is not None and suggestion is not None:
        write_atomic(wanted.out, suggestion.text.encode())
        say(f"Wrote a matrix to try next to {wanted.out}.")
    if suggestion is None:
        say("No favourite has a prompt, so that no matrix can be suggested.")
    if wanted.as_json:
        print(json.dumps(_facts(counts, missing, shown, suggestion)))
    else:
        _print(counts, shown, wanted, suggestion)
    return 0


def _read(path: Path, library: Library) -> Favourites:
    editions = [collection.edition for collection in library.collections]
    if str(path) == "-":
        return read_favourites(sys.stdin.buffer, "standard input", editions)
    try:
        with path.open("rb") as file:
            return read_favourites(file, str(path), editions)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error


def _facts(
    counts: Counts, missing: int, groups: Sequence[Group], suggestion: Suggestion | None
) -> dict[str, object]:
    return {
        "printed": counts.printed,
        "favourites": counts.liked,
        "missing": missing,
        "kinds": [asdict(group) for group in groups],
        "next": None if suggestion is None else dict(suggestion.fields),
    }


def _print(counts: Counts, groups: Sequence[Group], wanted: Wanted, suggestion: Suggestion | None) -> None:
    console = Console(highlight=False, emoji=False, markup=False)
    console.print(f"{counts.liked} of {counts.printed} printed pictures are favourites.")
    for group in groups:
        console.print(_table(group, wanted.top))
    if suggestion is not None and wanted.out is None:
        console.print("A matrix to try next:\n")
        print(suggestion.text)


def _table(group: Group, most: int) -> Table:
    table = Table(
        title=f"{TITLES[group.kind]}: {group.liked} of {group.shown} chosen, {group.share:.1%}",
        title_justify="left",
    )
    table.add_column(group.kind)
    for heading in ("favourites", "all", "chosen", "95 % interval", "times"):
        table.add_column(heading, justify="right")
    table.add_column("liked")
    terms = telling(group.terms, most)
    for term in terms:
        text = printable(term.text)
        table.add_row(
            text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…", str(term.liked), str(term.shown),
            f"{term.share:.1%}", f"{term.low:.1%} to {term.high:.1%}", f"{term.times:.2f}", term.verdict,
        )  # fmt: skip
    if more := len(group.terms) - len(terms) + group.more:
        table.caption = f"and {more} more"
    return table
