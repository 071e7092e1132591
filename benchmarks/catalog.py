"""A library of a million pictures: how long its catalog's queries take, and planning, and `status`.

All of it is made up in a temporary folder: the keys are a range of `mini`'s, the rows are written as a render writes
them. Each query that planning, `status`, `verify` and the gallery make is timed with what the system still has of the
file in memory (warm), and before that without (cold, where the system lets go of it). Whatever else is timed has a process
of its own, whose peak of memory is told. Pictures in place are files of the recorded sizes, with nothing in them: three
each, so that by default there are fewer of them, and the time is told for a million, too.

    python benchmarks/catalog.py [--rows 1000000] [--files 100000] [--folder .] [--json]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from babelgen.catalog import FILE, Catalog, Facts, Failure, Picture
from babelgen.library import Entry, load_library
from babelgen.plan import PAGE, make_plan
from babelgen.standing import LATEST, standing_of
from babelgen.standing import PAGE as NAMES
from babelgen.store import SUFFIXES, file_of, open_store

MILLION = 1_000_000
BATCH = 10_000  # rows that are written at once
FLAGGED, FAILED = 100, 100  # one picture in so many is flagged, or has failed, beside those that have not
GALLERY, VERIFY = 500, 512  # rows that the gallery and `verify` read at once
LIBRARY = '[[collection]]\nname = "range"\nkind = "range"\nedition = "mini"\ncount = {}\n'
START = datetime(2026, 1, 1, tzinfo=UTC)
TIMED = ("plan_nothing_done", "plan_all_done", "status_all_done")
Given = TypeVar("Given")


def make_library(folder: Path, count: int) -> None:
    """A library of a range, of which nothing is rendered."""
    folder.mkdir()
    (folder / "library.toml").write_text(LIBRARY.format(count))


def write_rows(folder: Path) -> float:
    """Have a row for every key of a library; seconds."""
    start = time.perf_counter()
    for number, entries in enumerate(batches(load_library(folder).entries(), BATCH)):
        pictures = [picture(entry, number * BATCH + at) for at, entry in enumerate(entries)]
        facts = [Facts("profiles", "p", {"device": "made up"}), Facts("editions", pictures[0].edition, {})]
        with open_store(folder) as store:
            store.record(pictures, [failure(picture) for picture in pictures[::FAILED]], facts)
    return time.perf_counter() - start


def picture(entry: Entry, number: int) -> Picture:
    """A made-up row."""
    at = START + timedelta(seconds=number // 3)
    return Picture(
        name=entry.name, key=entry.key, edition=entry.edition.id, steps=20, prompt="a red house by the sea at night",
        negative="", page=str(number), width=320, height=208, sha256=2 * entry.name, colour="#336699", profile="p",
        seconds=1.5, rendered_at=at.isoformat(), flagged=number % FLAGGED == 0, bytes=80_000 + number % 1000,
        view_bytes=12_000, thumb_bytes=3_000,
    )  # fmt: skip


def failure(picture: Picture) -> Failure:
    """A made-up failure of a picture that no collection has."""
    return Failure(picture.name[::-1], picture.key, picture.edition, "Made up.", picture.rendered_at)


def write_files(folder: Path) -> float:
    """Have files for every row of a catalog; seconds."""
    start = time.perf_counter()
    for kind in SUFFIXES:
        for part in range(256):
            (folder / kind / f"{part:02x}").mkdir(parents=True, exist_ok=True)
    with Catalog.open(folder) as catalog:
        after = ""
        while page := catalog.page(after, BATCH):
            after = page[-1].name
            for row in page:
                for kind, size in zip(SUFFIXES, row.sizes, strict=True):
                    with file_of(folder, kind, row.name).open("wb") as file:
                        file.truncate(size)
    return time.perf_counter() - start


def time_queries(folder: Path) -> dict[str, dict[str, float]]:
    """Milliseconds of each query, cold and warm."""
    with Catalog.open(folder) as catalog:
        names = sorted(catalog.names())
    some = random.Random(0).sample(names, min(PAGE, len(names)))
    middle = names[len(names) // 2]
    queries: dict[str, Callable[[Catalog], object]] = {
        "a picture by its name": lambda catalog: catalog.picture(middle),
        f"{GALLERY} pictures by name (gallery)": lambda catalog: catalog.pictures(some[:GALLERY]),
        f"{VERIFY} pictures after a name (verify)": lambda catalog: catalog.page(middle, VERIFY),
        f"sizes of {PAGE} pictures by name (plan, status)": lambda catalog: catalog.sizes(some),
        f"which of {PAGE} failed (plan, status)": lambda catalog: catalog.failed(some),
        f"{NAMES} names after a name (status)": lambda catalog: catalog.name_page(middle, NAMES),
        f"the latest {LATEST} (status)": lambda catalog: catalog.latest(LATEST),
        "all failures (status)": lambda catalog: list(catalog.each_failure()),
        "all flagged names (gallery, status)": lambda catalog: list(catalog.flagged()),
        "profiles (gallery)": lambda catalog: catalog.profiles(),
        "editions": lambda catalog: catalog.editions(),
        "the number of pictures": lambda catalog: catalog.count(),
    }
    return {name: time_query(folder, query) for name, query in queries.items()}


def time_query(folder: Path, query: Callable[[Catalog], object]) -> dict[str, float]:
    """Milliseconds, cold and warm."""
    let_go(folder / FILE)
    found = {}
    for kind in ("cold", "warm"):
        with Catalog.open(folder) as catalog:
            start = time.perf_counter()
            query(catalog)
            found[kind] = round(1000 * (time.perf_counter() - start), 2)
    return found


def let_go(path: Path) -> None:
    """Have the system forget what it holds of a file in memory."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def time_plan(folder: Path) -> dict[str, Any]:
    """Seconds and peak of memory of planning a library."""
    start = time.perf_counter()
    plan = make_plan(load_library(folder))
    seconds = time.perf_counter() - start
    return {"to_do": plan.todo, "done": plan.done, "seconds": round(seconds, 2), "peak_mb": peak()}


def time_status(folder: Path) -> dict[str, Any]:
    """Seconds and peak of memory of what `status` reads."""
    start = time.perf_counter()
    library = load_library(folder)
    with Catalog.open(folder) as catalog:
        standing = standing_of(library, catalog)
    seconds = time.perf_counter() - start
    return {
        "to_do": standing.whole.todo,
        "done": standing.whole.done,
        "seconds": round(seconds, 2),
        "peak_mb": peak(),
    }


def peak() -> float:
    """The most memory that this process ever held, in megabytes."""
    kilo = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * kilo / 1e6, 1)


def alone(work: Callable[[Path], Given], folder: Path) -> Given:
    """What a function makes of a folder in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, (folder,))


def batches(entries: Iterator[Entry], most: int) -> Iterator[Sequence[Entry]]:
    """Entries, some at a time."""
    while batch := list(islice(entries, most)):
        yield batch


def measure(folder: Path, rows: int, files: int) -> dict[str, Any]:
    """Everything."""
    bare, whole, there = folder / "bare", folder / "whole", folder / "there"
    make_library(bare, rows)
    make_library(whole, rows)
    tell(f"writing {rows} rows ...")
    result: dict[str, Any] = {
        "rows": rows,
        "files": files,
        "write_seconds": round(alone(write_rows, whole), 1),
    }
    result["catalog_mb"] = round((whole / FILE).stat().st_size / 1e6, 1)
    tell("queries ...")
    result["queries_ms"] = alone(time_queries, whole)
    result |= slowest(result["queries_ms"])
    tell("planning ...")
    result["plan_nothing_done"] = alone(time_plan, bare)
    tell(f"making the files of {files} pictures ...")
    make_library(there, files)
    alone(write_rows, there)
    alone(write_files, there)
    tell("planning and status ...")
    for name, work in (("plan_all_done", time_plan), ("status_all_done", time_status)):
        found = alone(work, there)
        result[name] = {**found, "seconds_a_million": round(found["seconds"] * MILLION / files, 1)}
    return result


def slowest(queries: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """The slowest query, cold and warm, and whether any takes a second."""
    found: dict[str, Any] = {}
    for kind in ("cold", "warm"):
        name = max(queries, key=lambda name: queries[name][kind])
        found[f"slowest_{kind}"] = {"query": name, "ms": queries[name][kind]}
    found["under_a_second"] = all(max(times.values()) < 1000 for times in queries.values())
    return found


def tell(text: str) -> None:
    """How far it is."""
    print(text, file=sys.stderr, flush=True)


def print_tables(result: dict[str, Any]) -> None:
    """For people."""
    print(f"{result['rows']} rows were written in {result['write_seconds']} s: {result['catalog_mb']} MB.\n")
    print(f"{'milliseconds':50}{'cold':>10}{'warm':>10}")
    for name, times in result["queries_ms"].items():
        print(f"{name:50}{times['cold']:>10}{times['warm']:>10}")
    worst = result["slowest_cold"]
    verdict = "each under a second" if result["under_a_second"] else "not each under a second"
    print(f"{verdict}; the slowest: {worst['query']}, {worst['ms']} ms cold\n")
    print(f"{'':28}{'pictures':>10}{'seconds':>10}{'a million':>12}{'peak MB':>10}")
    for name in TIMED:
        found = result[name]
        pictures, million = found["to_do"] + found["done"], found.get("seconds_a_million", "")
        print(
            f"{name.replace('_', ' '):28}{pictures:>10}{found['seconds']:>10}{million:>12}{found['peak_mb']:>10}"
        )


def counting_number(text: str) -> int:
    """A number of one or more."""
    if (number := int(text)) < 1:
        raise ValueError
    return number


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=counting_number, default=MILLION)
    parser.add_argument("--files", type=counting_number, default=100_000, help="pictures that have files")
    parser.add_argument("--folder", type=Path, default=None, help="where the temporary folder is made")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        result = measure(Path(folder), arguments.rows, arguments.files)
    if arguments.json:
        print(json.dumps(result))
    else:
        print_tables(result)


if __name__ == "__main__":
    main()
