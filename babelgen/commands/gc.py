"""`gc`: remove what nobody needs in a library, or list it."""

from __future__ import annotations

import json
import time
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from babelgen.commands.console import say, warn
from babelgen.commands.progress import LINE_EVERY
from babelgen.errors import UserError
from babelgen.gc import Garbage, Heap, collect, survey
from babelgen.library import load_library

MOST_LISTED = 5
# How people are told of each kind.
WORDS = {
    "pictures": "pictures that no collection names",
    "leftovers": "files of pictures that are not in the catalog",
    "temporary": "temporary files of writers that were killed",
    "failures": "failures of keys that no collection names",
    "runs": "folders of renders that were killed",
    "facts": "profiles and editions that nothing refers to",
    "keys": "files of keys that no collection reads",
    "stages": "stages that no collection asks for",
    "films": "files of films of collections that are no more",
}


def gc(folder: Path, dry_run: bool, as_json: bool, everything: bool = False) -> int:
    """Print a table, or one JSON object with all names; where it has to stop halfway, what was removed until then.

    dry_run: nothing is removed. everything: even where no picture would be left.
    """
    library = load_library(folder)
    garbage = Garbage(None if as_json else MOST_LISTED)
    lines = _Lines(garbage)
    try:
        (survey if dry_run else collect)(library, garbage, lines, everything)
    except UserError:
        if garbage.begun:
            _show(folder, garbage, dry_run, as_json, whole=False)
        raise
    _show(folder, garbage, dry_run, as_json)
    return 0


def _show(folder: Path, garbage: Garbage, dry_run: bool, as_json: bool, whole: bool = True) -> None:
    if as_json:
        print(json.dumps(_facts(folder, garbage, dry_run, whole)))
        return
    if any(heap.count for heap in garbage.heaps.values()):
        _print(folder, garbage, dry_run)
    elif whole:
        say(f"Nothing to remove: all that is in {folder} is needed.")
    if garbage.busy:
        warn(
            "A render is at work: gc is refused until it has ended, and files that are not in the catalog are not told of."
        )
    if garbage.unknown.count:
        warn(
            f"{garbage.unknown.count} files of pictures that collections name are left alone, though the catalog knows"
            " of none of these: it may have been lost. The next render makes them again."
        )
    if garbage.left_alone.count:
        names = ", ".join(garbage.left_alone.names[:MOST_LISTED])
        warn(
            f"{garbage.left_alone.count} files, folders or links are not the library's own and left alone: {names}"
        )


def _print(folder: Path, garbage: Garbage, dry_run: bool) -> None:
    table = Table(title=escape(str(folder)))
    table.add_column("what nobody needs" if dry_run else "removed")
    for heading in ("how many", "size"):
        table.add_column(heading, justify="right")
    for kind, heap in garbage.heaps.items():
        if heap.count:
            table.add_row(WORDS[kind], str(heap.count), decimal(heap.bytes) if heap.bytes else "")
    console = Console(highlight=False, emoji=False)
    console.print(table)
    if not dry_run:
        return
    for kind, heap in garbage.heaps.items():
        if heap.count:
            console.print(escape(f"{kind}: {_some(heap)}"), soft_wrap=True)
    say("Nothing was removed: this was a dry run.")


def _some(heap: Heap) -> str:
    more = heap.count - len(heap.names)
    return ", ".join(heap.names) + (f" and {more} more" if more else "")


def _facts(folder: Path, garbage: Garbage, dry_run: bool, whole: bool) -> dict[str, object]:
    kinds = {**garbage.heaps, "unknown": garbage.unknown, "left_alone": garbage.left_alone}
    return {
        "library": str(folder),
        "dry_run": dry_run,
        "whole": whole,
        "render_at_work": garbage.busy,
        **{
            kind: {"count": heap.count, "bytes": heap.bytes, "names": heap.names}
            for kind, heap in kinds.items()
        },
    }


class _Lines:
    """A line now and then on how it goes."""

    def __init__(self, garbage: Garbage) -> None:
        self._garbage = garbage
        self._last = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._last >= LINE_EVERY:
            self._last = time.monotonic()
            say(f"{self._garbage.pictures.count} pictures that no collection names ...")
