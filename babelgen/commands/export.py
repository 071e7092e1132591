"""`export`: take a library's keys, its pictures as a data set, or its site away as files that stand for themselves."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from babelgen.catalog import Catalog
from babelgen.commands.console import say, warn
from babelgen.commands.site import Publication, build
from babelgen.export import check_zip, export_dataset, export_keys, pack_site
from babelgen.export.files import telling
from babelgen.library import DEFAULT, load_library


def keys(
    folder: Path | None, out: Path, collection: str | None, flagged: bool, unprinted: bool, as_json: bool
) -> int:
    """Write the key files of a collection, or of all, to a zip file."""
    library = load_library(folder or DEFAULT)
    with Catalog.open(library.root) as catalog:
        count = export_keys(library, catalog, out, collection, flagged, unprinted)
    if as_json:
        _print(out, keys=count, bytes=out.stat().st_size)
    else:
        say(f"{_counted(count, 'key')} in {out}.")
    return 0


def dataset(folder: Path | None, out: Path, collection: str | None, flagged: bool, as_json: bool) -> int:
    """Write pictures, and a row of what is known of each, to a folder."""
    library = load_library(folder or DEFAULT)
    with Catalog.open(library.root) as catalog:
        done = export_dataset(library, catalog, out, collection, flagged)
    if as_json:
        _print(out, **asdict(done))
    else:
        say(f"{_counted(done.pictures, 'picture')} in {out}: {done.added} added, {done.removed} removed.")
    if not done.parquet:
        warn(
            "catalog.parquet is left out: it needs pyarrow (pip install pyarrow); metadata.jsonl has the same rows."
        )
    return 0


def site(folder: Path | None, out: Path, publication: Publication, place: Path | None, as_json: bool) -> int:
    """Write the site of a library to a zip file; `place`: the folder of the site, a temporary one where it is None."""
    check_zip(out)
    with ExitStack() as stack:
        if place is None:
            # Beside the zip file, not where temporary files lie: pictures can mostly be hard links here.
            with telling(out):
                out.parent.mkdir(parents=True, exist_ok=True)
                temporary = tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.")
            place = Path(stack.enter_context(temporary)) / "site"
        build(folder or DEFAULT, place, publication)
        count = pack_site(place, out)
    if as_json:
        _print(out, files=count, bytes=out.stat().st_size)
    else:
        say(f"{_counted(count, 'file')} in {out}.")
    return 0


def _print(out: Path, **facts: object) -> None:
    print(json.dumps({"out": str(out), **facts}))


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
