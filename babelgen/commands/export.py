"""`export`: take a library's keys, its pictures as a data set, or its site away as files that stand for themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from babelgen.catalog import Catalog
from babelgen.commands.console import say, warn
from babelgen.commands.site import Publication, build
from babelgen.export import SITE, export_dataset, export_keys, pack_site, workshop
from babelgen.library import DEFAULT, load_library


def keys(
    folder: Path | None, out: Path, collection: str | None, flagged: bool, unprinted: bool, as_json: bool
) -> int:
    """Write the key files of a collection, or of all, to a zip file."""
    library = load_library(folder or DEFAULT)
    with _leaving(_nothing_under(out)), Catalog.open(library.root) as catalog:
        count = export_keys(library, catalog, out, collection, flagged, unprinted)
    if as_json:
        _print(out, keys=count, bytes=out.stat().st_size)
    else:
        say(f"{_counted(count, 'key')} in {out}.")
    return 0


def dataset(folder: Path | None, out: Path, collection: str | None, flagged: bool, as_json: bool) -> int:
    """Write pictures, and a row of what is known of each, to a folder."""
    library = load_library(folder or DEFAULT)
    with (
        _leaving(f"what was done in {out} is kept, and the same command goes on from there"),
        Catalog.open(library.root) as catalog,
    ):
        done = export_dataset(library, catalog, out, collection, flagged)
    if as_json:
        _print(out, **asdict(done))
    else:
        say(f"{_counted(done.pictures, 'picture')} in {out}: {done.added} added, {done.removed} removed.")
    if not done.parquet:
        warn(
            "catalog.parquet is left out: it needs pyarrow (pip install 'babelgen[dataset]'); metadata.jsonl has the same rows."
        )
    return 0


def site(folder: Path | None, out: Path, publication: Publication, place: Path | None, as_json: bool) -> int:
    """Write the site of a library to a zip file; `place`: the folder of the site, a temporary one where it is None."""
    with workshop(out) as shop, _leaving(_nothing_under(out)):  # which takes a moment to be cleared
        # Beside the zip file, not where temporary files lie: pictures can mostly be hard links here.
        built = place or shop / SITE
        build(folder or DEFAULT, built, publication)
        count = pack_site(built, out, shop)
    if as_json:
        _print(out, files=count, bytes=out.stat().st_size)
    else:
        say(f"{_counted(count, 'file')} in {out}.")
    return 0


@contextmanager
def _leaving(words: str) -> Iterator[None]:
    """Have it told what an interrupt leaves there."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(words) from stop


def _nothing_under(out: Path) -> str:
    return f"nothing was written under the name {out}"


def _print(out: Path, **facts: object) -> None:
    print(json.dumps({"out": str(out), **facts}))


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
