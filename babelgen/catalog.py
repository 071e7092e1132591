"""The catalog: the record of every rendered picture, and read-only queries of it.

Law: a row is there only when its picture file was there first (the store writes both). Reading never writes, but for
undoing the half of a change that a killed writer left behind, which SQLite does for whoever comes first. A catalog of an
earlier version is read as it is, and made one of this version by the next writer.
May import: errors and the standard library.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

from babelgen.errors import UserError

FILE = "catalog.sqlite"
# What makes a catalog of each version one of the next; an empty file is of version 0.
UPGRADES = (
    """
CREATE TABLE pictures (
    name TEXT PRIMARY KEY, key TEXT NOT NULL, edition TEXT NOT NULL, steps INTEGER NOT NULL,
    prompt TEXT NOT NULL, negative TEXT NOT NULL, page TEXT NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, sha256 TEXT NOT NULL, colour TEXT NOT NULL,
    profile TEXT NOT NULL, seconds REAL NOT NULL, rendered_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE failures (
    name TEXT PRIMARY KEY, key TEXT NOT NULL, edition TEXT NOT NULL, reason TEXT NOT NULL, failed_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE profiles (id TEXT PRIMARY KEY, facts TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE editions (id TEXT PRIMARY KEY, facts TEXT NOT NULL) WITHOUT ROWID;
""",
    "ALTER TABLE pictures ADD COLUMN flagged INTEGER NOT NULL DEFAULT 0;",
    # Rows are found by a small index of names, and end with their keys: a key may have 190,000 characters, and WITHOUT
    # ROWID each look-up would read several; whether a million pictures are in place is asked without any.
    """
ALTER TABLE pictures RENAME TO pictures_2;
CREATE TABLE pictures (
    name TEXT PRIMARY KEY NOT NULL, bytes INTEGER NOT NULL, view_bytes INTEGER NOT NULL, thumb_bytes INTEGER NOT NULL,
    flagged INTEGER NOT NULL, rendered_at TEXT NOT NULL, seconds REAL NOT NULL, edition TEXT NOT NULL,
    profile TEXT NOT NULL, steps INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
    sha256 TEXT NOT NULL, colour TEXT NOT NULL, page TEXT NOT NULL, prompt TEXT NOT NULL, negative TEXT NOT NULL,
    key TEXT NOT NULL
);
INSERT INTO pictures SELECT name, 0, 0, 0, flagged, rendered_at, seconds, edition, profile, steps, width, height,
    sha256, colour, page, prompt, negative, key FROM pictures_2;
DROP TABLE pictures_2;
CREATE INDEX flagged ON pictures (name) WHERE flagged;
CREATE INDEX latest ON pictures (rendered_at, seconds);
ALTER TABLE failures RENAME TO failures_2;
CREATE TABLE failures (
    name TEXT PRIMARY KEY NOT NULL, key TEXT NOT NULL, edition TEXT NOT NULL, reason TEXT NOT NULL,
    failed_at TEXT NOT NULL
);
INSERT INTO failures SELECT name, key, edition, reason, failed_at FROM failures_2;
DROP TABLE failures_2;
""",
    # How many bytes of the journals of runs have been entered: what was told once is never told again.
    """
CREATE TABLE journals (
    run TEXT NOT NULL, journal TEXT NOT NULL, entered INTEGER NOT NULL, PRIMARY KEY (run, journal)
) WITHOUT ROWID;
""",
)
SCHEMA_VERSION = len(UPGRADES)
# How a reader has an earlier version's tables look like this one's, for itself alone. Once a writer has upgraded the
# file, the real columns are part of the `*`, and count, since they come first.
_SIZES = "0 AS bytes, 0 AS view_bytes, 0 AS thumb_bytes"
_JOURNALS = "CREATE TEMP TABLE journals (run, journal, entered)"
_VIEWS = {
    1: f"CREATE TEMP VIEW pictures AS SELECT *, 0 AS flagged, {_SIZES} FROM main.pictures; {_JOURNALS}",
    2: f"CREATE TEMP VIEW pictures AS SELECT *, {_SIZES} FROM main.pictures; {_JOURNALS}",
    3: _JOURNALS,
}


class Sizes(NamedTuple):
    """The bytes of a picture's lossless file, its view and its thumbnail; 0 where that was not recorded."""

    pictures: int
    views: int
    thumbs: int


UNKNOWN = Sizes(0, 0, 0)


@dataclass(frozen=True)
class Picture:
    """One rendered picture.

    name: of its files. prompt, negative: decoded text, untrusted; '' for the empty prompt and for the edition's
    default negative. page: the page number in decimal, or the two ends of a long one. sha256: of the RGB bytes.
    colour: the average as #rrggbb. profile: how it was computed. seconds: from entering the batch to the file.
    rendered_at: UTC, ISO 8601. flagged: by the model's own safety checker; False where it was not asked. bytes,
    view_bytes, thumb_bytes: see `Sizes`.
    """

    name: str
    key: str
    edition: str
    steps: int
    prompt: str
    negative: str
    page: str
    width: int
    height: int
    sha256: str
    colour: str
    profile: str
    seconds: float
    rendered_at: str
    flagged: bool = False
    bytes: int = 0
    view_bytes: int = 0
    thumb_bytes: int = 0

    @property
    def sizes(self) -> Sizes:
        """Of its three files."""
        return Sizes(self.bytes, self.view_bytes, self.thumb_bytes)


COLUMNS = tuple(field.name for field in fields(Picture))
_FLAGGED = COLUMNS.index("flagged")
# What a picture's row may have otherwise when it is rendered again; all else in it follows from the key, or the pixels.
_RECORDED = ("flagged", "rendered_at", "profile", "sha256", "bytes", "view_bytes", "thumb_bytes")
# Not `astuple`, which copies each value, and takes long.
_row: Callable[[Picture], tuple[Any, ...]] = attrgetter(*COLUMNS)
_recorded: Callable[[Picture], tuple[Any, ...]] = attrgetter(*_RECORDED)


@dataclass(frozen=True)
class Failure:
    """One picture that could not be rendered, and why."""

    name: str
    key: str
    edition: str
    reason: str
    failed_at: str


@dataclass(frozen=True)
class Facts:
    """What is known of a profile or an edition. table: profiles, editions."""

    table: str
    id: str
    facts: Mapping[str, str]


_SLIPS = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISUSE}


def is_slip(error: sqlite3.DatabaseError) -> bool:
    """Whether a statement of ours is wrong; whatever else SQLite says is about the file or the disk."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or code & 0xFF in _SLIPS  # the rest of a code says more of the same


@contextmanager
def telling(root: Path) -> Iterator[None]:
    """Turn what keeps a catalog from being used (damage, a full disk) into a UserError."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if is_slip(error):
            raise
        raise UserError(f"The catalog {root / FILE} cannot be used: {error}.") from error


def connect(root: Path) -> sqlite3.Connection:
    """The database of the library in `root`; a new empty one in memory where none was written yet."""
    path = root / FILE
    if not path.exists():
        return _empty()
    with telling(root):
        # Not mode=ro, which refuses the file that a killed writer left.
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=60)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version in _VIEWS:
            connection.executescript(_VIEWS[version])
        connection.execute("PRAGMA query_only = ON")
    if version == 0:  # a file whose making was interrupted
        connection.close()
        return _empty()
    if version not in (*_VIEWS, SCHEMA_VERSION):
        connection.close()
        raise UserError(
            f"{path} is of version {version}, and this program reads versions up to {SCHEMA_VERSION}."
        )
    return connection


def entered(connection: sqlite3.Connection, run: str) -> dict[str, int]:
    """How many bytes of each journal of a run are in the catalog."""
    rows = connection.execute("SELECT journal, entered FROM journals WHERE run = ?", (run,))
    return dict(rows.fetchall())


def _empty() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.executescript("".join(UPGRADES))
    return connection


class Catalog:
    """Read-only view of a library's catalog. Use as a context manager, or call close."""

    def __init__(self, connection: sqlite3.Connection, root: Path) -> None:
        self._connection = connection
        self.root = root

    @classmethod
    def open(cls, root: Path) -> Catalog:
        """The catalog of the library in `root`; UserError when the file is damaged or of another version."""
        return cls(connect(root), root)

    def __enter__(self) -> Catalog:
        """The catalog itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def entered(self, run: str) -> dict[str, int]:
        """How many bytes of each journal of a run are in the catalog."""
        with telling(self.root):
            return entered(self._connection, run)

    def picture(self, name: str) -> Picture | None:
        """The row of one picture."""
        return self.pictures([name]).get(name)

    def pictures(self, names: Iterable[str]) -> dict[str, Picture]:
        """The rows of some pictures by name; those not rendered are left out."""
        found: dict[str, Picture] = {}
        query = f"SELECT {', '.join(COLUMNS)} FROM pictures WHERE name IN (SELECT value FROM json_each(?))"
        for row in self._rows(query, json.dumps(list(names))):
            picture = of_row(row)
            found[picture.name] = picture
        return found

    def all(self) -> Iterator[Picture]:
        """Every row, in order of name."""
        for row in self._rows(f"SELECT {', '.join(COLUMNS)} FROM pictures ORDER BY name"):
            yield of_row(row)

    def state(self) -> str:
        """Another one whenever something was recorded; '' where that cannot be told."""
        path = self.root / FILE
        try:
            with path.open("rb") as file:
                stat, counter = os.fstat(file.fileno()), file.read(28)[24:]  # SQLite's own count of changes
        except OSError:
            return ""
        if path.with_name(
            f"{FILE}-journal"
        ).exists():  # a change is under way, or was when its writer was killed
            return ""
        return f"{stat.st_ino}-{stat.st_size}-{stat.st_mtime_ns}-{counter.hex()}"

    def versions(self) -> Iterator[tuple[str, str]]:
        """Each picture's name, in order, and what tells its row from an earlier one."""
        told = " || ' ' || ".join(_RECORDED)
        return ((name, text) for name, text in self._rows(f"SELECT name, {told} FROM pictures ORDER BY name"))

    def page(self, after: str, most: int) -> list[Picture]:
        """The next rows in order of name, so that no reader keeps a writer waiting for long; `after`: the last name."""
        query = f"SELECT {', '.join(COLUMNS)} FROM pictures WHERE name > ? ORDER BY name LIMIT ?"
        return [of_row(row) for row in self._rows(query, after, most)]

    def sizes(self, names: Iterable[str]) -> dict[str, Sizes]:
        """The sizes of the files of those of some pictures that are rendered."""
        query = "SELECT name, bytes, view_bytes, thumb_bytes FROM pictures WHERE name IN (SELECT value FROM json_each(?))"
        return {name: Sizes(*sizes) for name, *sizes in self._rows(query, json.dumps(list(names)))}

    def origins(self, start: str) -> list[tuple[str, str, str]]:
        """Name, edition and profile of the pictures whose names begin like this."""
        query = "SELECT name, edition, profile FROM pictures WHERE name >= ? AND name < ?"
        return [(name, edition, profile) for name, edition, profile in self._rows(query, start, f"{start}g")]

    def failed_origins(self, start: str) -> list[tuple[str, str]]:
        """Name and edition of the failures whose names begin like this."""
        query = "SELECT name, edition FROM failures WHERE name >= ? AND name < ?"
        return [(name, edition) for name, edition in self._rows(query, start, f"{start}g")]

    def names(self) -> set[str]:
        """The names of all rendered pictures."""
        return {name for (name,) in self._rows("SELECT name FROM pictures")}

    def name_page(self, after: str, most: int) -> list[str]:
        """The next names in order; see `page`."""
        query = "SELECT name FROM pictures WHERE name > ? ORDER BY name LIMIT ?"
        return [name for (name,) in self._rows(query, after, most)]

    def latest(self, most: int) -> list[tuple[str, float]]:
        """When the latest pictures were rendered, and how many seconds each took; the very latest first."""
        query = "SELECT rendered_at, seconds FROM pictures ORDER BY rendered_at DESC LIMIT ?"
        return [(rendered_at, seconds) for rendered_at, seconds in self._rows(query, most)]

    def flagged(self) -> Iterator[str]:
        """The names of the pictures that a model's safety checker flagged, in order."""
        return (name for (name,) in self._rows("SELECT name FROM pictures WHERE flagged ORDER BY name"))

    def failures(self) -> dict[str, Failure]:
        """What could not be rendered, by name."""
        return {failure.name: failure for failure in self.each_failure()}

    def each_failure(self) -> Iterator[Failure]:
        """What could not be rendered, in order of name."""
        for row in self._rows("SELECT name, key, edition, reason, failed_at FROM failures ORDER BY name"):
            yield Failure(*row)

    def failed(self, names: Iterable[str] | None = None) -> set[str]:
        """The names of what could not be rendered, of all pictures or of some."""
        query = "SELECT name FROM failures"
        if names is None:
            return {name for (name,) in self._rows(query)}
        query += " WHERE name IN (SELECT value FROM json_each(?))"
        return {name for (name,) in self._rows(query, json.dumps(list(names)))}

    def count(self) -> int:
        """How many pictures there are."""
        ((count,),) = self._rows("SELECT count(*) FROM pictures")
        return int(count)

    def profiles(self) -> dict[str, dict[str, str]]:
        """Each profile's facts by its id."""
        return self._facts("profiles")

    def editions(self) -> dict[str, dict[str, str]]:
        """The facts of each edition that pictures were rendered with, by id, retired ones included."""
        return self._facts("editions")

    def _facts(self, table: str) -> dict[str, dict[str, str]]:
        rows = self._rows(f"SELECT id, facts FROM {table} ORDER BY id")
        return {key: json.loads(facts) for key, facts in rows}

    def _rows(self, query: str, *values: str | int) -> Iterator[tuple[Any, ...]]:
        with telling(self.root), closing(self._connection.execute(query, values)) as rows:
            yield from rows


def as_row(picture: Picture) -> tuple[object, ...]:
    """A picture as the values of its row, in the order of COLUMNS."""
    return _row(picture)


def version_of(picture: Picture) -> str:
    """What tells a picture's row from an earlier one."""
    # A flag is a bool here and a number there; half a character is never there.
    text = " ".join(str(int(value) if isinstance(value, bool) else value) for value in _recorded(picture))
    return text.encode("utf-8", "backslashreplace").decode()


def of_row(row: Sequence[Any]) -> Picture:
    """The picture of a row's values: the other way round."""
    values: list[Any] = [*row]
    values[_FLAGGED] = bool(values[_FLAGGED])
    return Picture(*values)
