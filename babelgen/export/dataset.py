"""A data set: pictures in folders of a thousand, and a row of what is known for each, as `imagefolder` reads them.

Law: first the pictures are in place, then the rows that name them, and only then does what is no longer wanted go: so
every row's picture is there at any moment. What the export did not write, it never removes.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from babelgen.catalog import Catalog
from babelgen.errors import UserError
from babelgen.export.files import LEFT_OVER, put, telling, whole
from babelgen.export.parquet import ParquetRows, can_write
from babelgen.export.selection import chosen, items
from babelgen.library import Library
from babelgen.store import file_of

FOLDER = 1000  # pictures in a folder
ROWS, TABLE, ABOUT = "metadata.jsonl", "catalog.parquet", "about.json"
_OWN = ".babelgen-dataset"  # says that a folder is an export of ours
_ALLOWED = {_OWN, ".git", ".gitattributes", ".gitignore", "README.md", "LICENSE"}  # a fresh clone has these
_BATCH = 500
_FOLDER = re.compile(r"[0-9]{5,}")
_PICTURE = re.compile(r"([0-9a-f]{32})\.png")
_SCHEMA = """
CREATE TABLE pictures (number INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE places (name TEXT, collection TEXT, position INTEGER);
"""


@dataclass(frozen=True)
class Exported:
    """What an export did. pictures: how many there are now; parquet: whether the table was written, too."""

    pictures: int
    added: int
    removed: int
    parquet: bool


def export_dataset(
    library: Library, catalog: Catalog, out: Path, slug: str | None, flagged: bool = False
) -> Exported:
    """Write the printed pictures of a collection, or of all, and what the catalog knows of them, to a folder.

    Raises UserError for a folder with other things in it.
    """
    chosen(library, slug)  # before anything is made
    with _folder(out), closing(sqlite3.connect("")) as db:  # an unnamed database spills to a temporary file
        _note(db, library, catalog, slug, flagged)
        added = sum(
            put(file_of(library.root, "pictures", name), _made(out / _place(number, name)))
            for number, name in db.execute("SELECT number, name FROM pictures ORDER BY number")
        )
        table = can_write()
        _write_rows(db, catalog, out, table)
        if not table:
            (out / TABLE).unlink(missing_ok=True)  # an older one would tell something else
        with whole(out / ABOUT) as place:
            place.write_text(_about(library, catalog, slug), "utf-8")
        (count,) = db.execute("SELECT count(*) FROM pictures").fetchone()
        return Exported(count, added, _prune(db, out), table)


@contextmanager
def _folder(out: Path) -> Iterator[None]:
    """The folder of an export, made if it is not there, held against another export."""
    own = out / _OWN
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file: say the name of a folder.")
    if out.suffix.lower() == ".zip" and not out.exists():
        raise UserError(f"{out} would be a folder: give it a name that does not end in .zip.")
    with telling(out):
        out.mkdir(parents=True, exist_ok=True)
        strange = sorted(entry.name for entry in out.iterdir() if entry.name not in _ALLOWED)
        if strange and not own.is_dir():
            raise UserError(
                f"{out} holds what is not a data set of ours, such as {strange[0]}: choose an empty folder."
            )
        own.mkdir(exist_ok=True)
        try:
            with FileLock(own / "lock", timeout=0):
                yield
        except Timeout:
            raise UserError(f"Another export is writing {out}: wait for it to end.") from None


def _note(
    db: sqlite3.Connection, library: Library, catalog: Catalog, slug: str | None, flagged: bool
) -> None:
    """Write down which pictures are taken, in the library's order, and all the places where each hangs."""
    db.executescript(_SCHEMA)
    for collection in chosen(library, slug):
        for position, entry, picture in items(library, collection, catalog, flagged):
            if picture is not None:
                db.execute("INSERT OR IGNORE INTO pictures (name) VALUES (?)", (entry.name,))
                db.execute("INSERT INTO places VALUES (?, ?, ?)", (entry.name, collection.slug, position))
    db.execute("CREATE INDEX places_name ON places (name)")


def _place(number: int, name: str) -> str:
    """Where a picture lies; they are counted from 1."""
    return f"data/{(number - 1) // FOLDER:05d}/{name}.png"


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _write_rows(db: sqlite3.Connection, catalog: Catalog, out: Path, table: bool) -> None:
    """Write the rows as lines of JSON and, where that can be, as a table."""
    with ExitStack() as files:
        place = files.enter_context(whole(out / ROWS))
        lines = files.enter_context(place.open("w", encoding="ascii", newline="\n"))
        parquet = table and files.enter_context(ParquetRows(files.enter_context(whole(out / TABLE))))
        for row in _rows(db, catalog):
            # ASCII, since some readers take other characters than the newline for the end of a line.
            lines.write(json.dumps(row) + "\n")
            if parquet:
                parquet.add(row)


def _rows(db: sqlite3.Connection, catalog: Catalog) -> Iterator[dict[str, Any]]:
    """What is known of each picture, in order; one that has gone from the catalog meanwhile has no row."""
    found = db.execute("SELECT number, name FROM pictures ORDER BY number")
    places = "SELECT collection, position FROM places WHERE name = ? ORDER BY rowid"
    while batch := list(islice(found, _BATCH)):
        pictures = catalog.pictures([name for _, name in batch])
        for number, name in batch:
            if (picture := pictures.get(name)) is None:
                continue
            hung = db.execute(places, (name,)).fetchall()
            yield {
                "file_name": _place(number, name),
                "name": name,
                "key": picture.key,
                "edition": picture.edition,
                "prompt": picture.prompt,
                "negative": picture.negative,
                "steps": picture.steps,
                "page": picture.page,
                "width": picture.width,
                "height": picture.height,
                "sha256": picture.sha256,
                "colour": picture.colour,
                "profile": picture.profile,
                "seconds": picture.seconds,
                "rendered_at": picture.rendered_at,
                "flagged": picture.flagged,
                "collections": [collection for collection, _ in hung],
                "positions": [position for _, position in hung],
            }


def _about(library: Library, catalog: Catalog, slug: str | None) -> str:
    """What the rows' collections, editions and profiles are."""
    facts = {
        "title": library.title,
        "description": library.description,
        "collections": {
            one.slug: {"title": one.title, "kind": one.kind, "description": one.description}
            for one in chosen(library, slug)
        },
        "editions": catalog.editions(),
        "profiles": catalog.profiles(),
    }
    return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"


def _prune(db: sqlite3.Connection, out: Path) -> int:
    """Remove pictures of earlier exports that are not where this one has them, and what killed ones left behind."""
    removed = 0
    for folder in sorted((out / "data").glob("[0-9]*")):
        if not (_FOLDER.fullmatch(folder.name) and folder.is_dir()):
            continue
        gone = [path for path in folder.iterdir() if _is_stale(db, out, path)]
        for path in gone:
            path.unlink()
        removed += sum(not LEFT_OVER.fullmatch(path.name) for path in gone)
        if gone and not any(folder.iterdir()):  # one that was empty before is somebody's
            folder.rmdir()
    for name in (ROWS, TABLE, ABOUT):
        for path in out.glob(f".{name}.*.tmp"):
            path.unlink()
    return removed


def _is_stale(db: sqlite3.Connection, out: Path, path: Path) -> bool:
    """Whether a file is a picture of ours that is not wanted there, or what a killed export left of one."""
    left = LEFT_OVER.fullmatch(path.name)
    match = _PICTURE.fullmatch(left[1] if left else path.name)
    if match is None:
        return False
    row = db.execute("SELECT number FROM pictures WHERE name = ?", (match[1],)).fetchone()
    return bool(left or not row or out / _place(row[0], match[1]) != path)
