"""Catalogs of earlier versions: read as they are, upgraded by whoever writes, in one step or not at all."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from babelgen.catalog import COLUMNS, FILE, SCHEMA_VERSION, UNKNOWN, UPGRADES, Catalog, Picture, as_row
from babelgen.errors import UserError
from babelgen.store import open_store

from .store.samples import FAILURE, PICTURE

# As the program wrote it when there was no other version.
VERSION_1 = """
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
PRAGMA user_version = 1;
"""
# And when it had none but that one, and had learnt of pictures that are flagged.
VERSION_2 = """
ALTER TABLE pictures ADD COLUMN flagged INTEGER NOT NULL DEFAULT 0;
PRAGMA user_version = 2;
"""
PICTURES = [replace(PICTURE, name=f"{n:032x}", prompt=f"number {n}") for n in range(300)]
FLAGGED = replace(PICTURES[7], flagged=True)
NEW = replace(PICTURE, name="f" * 32, flagged=True)


def make_version_1(root: Path, rows: list[tuple[object, ...]]) -> None:
    """Write a catalog as the first version had it, with a failure; rows: the values of its 14 columns."""
    with closing(sqlite3.connect(root / FILE)) as connection, connection:
        connection.executescript(VERSION_1)
        connection.executemany(f"INSERT INTO pictures VALUES ({', '.join('?' * 14)})", rows)
        failure = (FAILURE.name, FAILURE.key, FAILURE.edition, FAILURE.reason, FAILURE.failed_at)
        connection.execute("INSERT INTO failures VALUES (?, ?, ?, ?, ?)", failure)


def version_of(root: Path) -> int:
    with closing(sqlite3.connect(root / FILE)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def make_version_2(root: Path, pictures: list[Picture]) -> None:
    """Write a catalog as the second version had it, with a failure."""
    make_version_1(root, [as_row(picture)[:14] for picture in pictures])
    with closing(sqlite3.connect(root / FILE)) as connection, connection:
        connection.executescript(VERSION_2)
        flagged = [(picture.name,) for picture in pictures if picture.flagged]
        connection.executemany("UPDATE pictures SET flagged = 1 WHERE name = ?", flagged)


@pytest.fixture(params=[1, 2])
def version(request: pytest.FixtureRequest) -> int:
    """Each version that there was before this one."""
    return int(request.param)


@pytest.fixture
def old(version: int) -> list[Picture]:
    """What the old catalog has: since the second version, one that is flagged, too."""
    return PICTURES if version == 1 else [*PICTURES[:7], FLAGGED, *PICTURES[8:]]


@pytest.fixture
def root(tmp_path: Path, version: int, old: list[Picture]) -> Path:
    """A library with a catalog of that version."""
    if version == 1:
        make_version_1(tmp_path, [as_row(picture)[:14] for picture in old])
    else:
        make_version_2(tmp_path, old)
    assert version_of(tmp_path) == version
    return tmp_path


def test_every_version_is_tried_here() -> None:
    assert SCHEMA_VERSION == 3


def test_an_old_catalog_is_read_by_every_query(root: Path, old: list[Picture]) -> None:
    before = (root / FILE).read_bytes(), os.stat(root / FILE).st_mtime_ns
    names = [picture.name for picture in old]
    with Catalog.open(root) as catalog:
        assert list(catalog.all()) == old
        assert (catalog.count(), catalog.names()) == (len(old), set(names))
        assert catalog.page(names[9], 2) == old[10:12]
        assert catalog.name_page(names[9], 3) == names[10:13]
        assert catalog.pictures([names[5], "nowhere"]) == {names[5]: old[5]}
        assert catalog.picture(names[7]) == old[7]
        assert catalog.sizes([*names[:2], "nowhere"]) == dict.fromkeys(names[:2], UNKNOWN)
        assert catalog.latest(2) == [(PICTURE.rendered_at, PICTURE.seconds)] * 2
        assert list(catalog.flagged()) == [picture.name for picture in old if picture.flagged]
        assert catalog.origins("0" * 31) == [(name, PICTURE.edition, PICTURE.profile) for name in names[:16]]
        assert catalog.failed_origins("a") == [(FAILURE.name, FAILURE.edition)]
        assert catalog.failures() == {FAILURE.name: FAILURE}
        assert list(catalog.each_failure()) == [FAILURE]
        assert catalog.failed() == catalog.failed([FAILURE.name, names[0]]) == {FAILURE.name}
        assert (catalog.profiles(), catalog.editions()) == ({}, {})
    assert ((root / FILE).read_bytes(), os.stat(root / FILE).st_mtime_ns) == before
    assert [path.name for path in root.iterdir()] == [FILE]


def test_a_reader_of_an_old_catalog_cannot_write(root: Path) -> None:
    with (
        Catalog.open(root) as catalog,
        pytest.raises(sqlite3.OperationalError, match="attempt to write a readonly database"),
    ):
        catalog._connection.execute("DELETE FROM main.pictures")


def test_a_writer_makes_it_one_of_this_version(
    root: Path, old: list[Picture], tmp_path_factory: pytest.TempPathFactory
) -> None:
    with open_store(root) as store:
        store.record([NEW])
    assert version_of(root) == SCHEMA_VERSION
    with Catalog.open(root) as catalog:
        assert list(catalog.all()) == [*old, NEW]
        assert list(catalog.flagged()) == [picture.name for picture in [*old, NEW] if picture.flagged]
        assert catalog.failures() == {FAILURE.name: FAILURE}
    fresh = tmp_path_factory.mktemp("fresh")
    with open_store(fresh):
        pass
    assert tables(root) == tables(fresh)


def tables(root: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(root / FILE)) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()


def test_what_is_asked_of_a_million_pictures_is_read_without_their_keys(root: Path) -> None:
    """A row is read from its start, and without one of those that can be found by their order."""
    with open_store(root) as store:
        found = [row[1] for row in store.connection.execute("PRAGMA table_info(pictures)")]
        assert (sorted(found), found[-1]) == (sorted(COLUMNS), "key")
        for query, index in (
            ("SELECT name FROM pictures WHERE flagged ORDER BY name", "flagged"),
            ("SELECT rendered_at, seconds FROM pictures ORDER BY rendered_at DESC LIMIT 9", "latest"),
            ("SELECT name FROM pictures WHERE name > 'a' ORDER BY name", "sqlite_autoindex_pictures_1"),
            ("SELECT bytes FROM pictures WHERE name = 'a'", "sqlite_autoindex_pictures_1"),
            ("SELECT name FROM failures WHERE name = 'a'", "sqlite_autoindex_failures_1"),
        ):
            (step,) = store.connection.execute(f"EXPLAIN QUERY PLAN {query}")
            assert re.search(rf"\b{index}\b", step[-1]), query


def test_a_reader_that_was_there_before_the_upgrade_reads_on(root: Path, old: list[Picture]) -> None:
    """And sees what is flagged from then on: a site that is being built must not show it."""
    new = replace(NEW, bytes=3, view_bytes=2, thumb_bytes=1)
    with Catalog.open(root) as catalog:
        before = list(catalog.flagged())
        with open_store(root) as store:
            store.record([new, replace(old[3], flagged=True)])
            assert catalog.picture(new.name) == new
            assert catalog.sizes([new.name, old[0].name]) == {new.name: new.sizes, old[0].name: UNKNOWN}
            assert list(catalog.flagged()) == [old[3].name, *before, new.name]
            assert catalog.count() == len(old) + 1
        assert catalog.picture(old[4].name) == old[4]


HALF = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 2")  # so that the change reaches the file before it is complete
connection.execute("BEGIN IMMEDIATE")
for change in sys.argv[2].strip().strip(";").split(";"):
    connection.execute(change)
connection.execute("PRAGMA user_version = 3")
for n in range(200):
    connection.execute("INSERT INTO failures VALUES (?, ?, '', '', '')", (str(n), "k" * 500))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("writes", [False, True])
def test_an_upgrade_that_was_killed_is_undone(
    root: Path, version: int, old: list[Picture], writes: bool
) -> None:
    upgrade = "".join(UPGRADES[version:])
    killed = subprocess.run([sys.executable, "-c", HALF, str(root / FILE), upgrade], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (root / f"{FILE}-journal").stat().st_size > 0
    if writes:
        with open_store(root) as store:
            store.record([NEW])
    with Catalog.open(root) as catalog:
        assert list(catalog.all()) == [*old, *([NEW] if writes else [])]
        assert catalog.failures() == {FAILURE.name: FAILURE}
    assert version_of(root) == (3 if writes else version)


def test_an_upgrade_that_fails_leaves_the_old_version(root: Path, version: int) -> None:
    """All or nothing: here a table is there already that the last step would make."""
    with closing(sqlite3.connect(root / FILE)) as connection, connection:
        connection.execute("CREATE TABLE failures_2 (name TEXT)")
    before = tables(root)
    with pytest.raises(sqlite3.OperationalError, match="failures_2"), open_store(root):
        pass
    assert (version_of(root), tables(root)) == (version, before)


def test_a_later_version_is_refused_by_readers_and_writers(root: Path) -> None:
    with open_store(root) as store:
        store.connection.execute("PRAGMA user_version = 4")
    before = (root / FILE).read_bytes()
    for use in (Catalog.open, open_store):
        with pytest.raises(UserError) as refused, use(root):
            pass
        assert (
            str(refused.value) == f"{root / FILE} is of version 4, and this program reads versions up to 3."
        )
    assert (root / FILE).read_bytes() == before
