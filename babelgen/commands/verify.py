"""`verify`: check a library's files against its catalog, render a sample of it again, and take away what has faults."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from babelgen.commands.console import say, warn
from babelgen.commands.progress import LINE_EVERY
from babelgen.commands.render import MOST_LISTED, make_engine, settled
from babelgen.errors import UserError
from babelgen.library import FILE, Library, load_library
from babelgen.settings import Run
from babelgen.verify import Choice, Discarded, Report, discard, verify_library


@dataclass(frozen=True)
class Request:
    """What is asked for. collection: a name, None for every picture. sample: see `Choice`. discard: of what has faults."""

    collection: str | None
    sample: int | None
    seed: int
    discard: bool = False


def verify(folder: Path, request: Request, run: Run, as_json: bool) -> int:
    """Print a table and each fault, or one JSON object.

    Exit code 4 where there are faults; else 1 where pictures could not be rendered again; else 0.
    """
    run = settled(run)
    library, complaint = _open(folder, request)
    collection = None if request.collection is None else library.collection(request.collection)
    choice = Choice(collection, request.sample, request.seed)
    engine = make_engine(run.engine, run.workers)
    report = verify_library(library, choice, engine, _Lines(), setting=run.setting)
    if complaint and report.hashed_only and request.sample != 0:
        report.unable["*"] = complaint
    if not as_json:
        _print(library, report)
    discarded = discard(library, report.faults) if request.discard else None
    if as_json:
        print(json.dumps(_facts(folder, request, report, discarded)))
    else:
        _advise(folder, report, discarded)
    for reason in report.unable.values():
        warn(f"Not everything could be rendered again: {reason}")
    if report.hashed_only and request.sample != 0 and not complaint:
        say(
            f"No collection has the editions of {report.hashed_only} pictures: only their files were checked."
        )
    return 4 if report.faults else 1 if report.unable else 0


def _advise(folder: Path, report: Report, discarded: Discarded | None) -> None:
    """Say what to do about faults."""
    if report.faults and discarded is None:
        say(
            "With --discard, pictures with faults are taken away, so that the next `render` makes them again."
        )
    elif discarded is not None and discarded.names:
        count = len(discarded.names)
        pictures, them = ("picture", "it") if count == 1 else ("pictures", "them")
        say(f"{count} {pictures} taken away: run `render.py render --library {folder}` to make {them} again.")
    if discarded is not None:
        keys = {fault.name: fault.key for fault in report.faults}
        for name, reason in islice(discarded.left.items(), MOST_LISTED):
            warn(f"Not taken away: {keys[name]}: {reason}.")
        if (more := len(discarded.left) - MOST_LISTED) > 0:
            warn(f"{more} more were not taken away; --json lists them.")


def _open(folder: Path, request: Request) -> tuple[Library, str]:
    """The library; where its file is refused (its tokenizer may be gone), one without collections, and why.

    Files are checked against the catalog, which needs neither. What is discarded must be made again, which needs both.
    """
    try:
        return load_library(folder), ""
    except UserError as error:
        if request.collection is not None or request.discard or not (folder / FILE).is_file():
            raise
        return Library(folder, "", folder.name, "", ()), str(error)


class _Lines:
    """A line now and then on how it goes."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, report: Report) -> None:
        if time.monotonic() - self._last >= LINE_EVERY:
            self._last = time.monotonic()
            say(f"{report.checked} checked, {report.again} rendered again, {len(report.faults)} faults ...")


def _facts(folder: Path, request: Request, report: Report, discarded: Discarded | None) -> dict[str, object]:
    apart = report.decibels
    return {
        "library": str(folder),
        "collection": request.collection,
        "sample": request.sample,
        "seed": request.seed,
        "pictures": report.checked,
        "hashed_only": report.hashed_only,
        "rendered_again": report.again,
        "equal": report.equal,
        "other_profile": len(apart),
        "psnr": {"worst": round(min(apart), 2), "median": round(median(apart), 2)} if apart else None,
        "not_rendered_again": report.unable,
        "faults": [
            {"name": fault.name, "key": fault.key, "file": fault.file, "what": fault.what}
            for fault in report.faults
        ],
        **({} if discarded is None else {"discarded": discarded.names, "not_discarded": discarded.left}),
    }


def _print(library: Library, report: Report) -> None:
    table = Table(title=escape(library.title), show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("pictures checked", str(report.checked))
    table.add_row("rendered again", str(report.again))
    table.add_row("of these, the same to the pixel", str(report.equal))
    if apart := report.decibels:
        table.add_row("of another profile, and not the same", str(len(apart)))
        table.add_row("PSNR of those, worst and median", f"{min(apart):.1f} and {median(apart):.1f} dB")
    table.add_row("faults", str(len(report.faults)))
    console = Console(highlight=False, emoji=False)
    console.print(table)
    for fault in report.faults:
        console.print(escape(f"fault: {fault.key}: {fault.file}: {fault.what}"), soft_wrap=True)
