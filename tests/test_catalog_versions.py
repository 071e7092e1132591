"""Catalogs of earlier versions: read as they are, upgraded by whoever writes, in one step or not at all."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from babelgen.catalog import COLUMNS, FILE, SCHEMA_VERSION, UPGRADES, Catalog, as_row
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
OLD = [replace(PICTURE, name=f"{n:032x}", prompt=f"number {n}") for n in range(300)]
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


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A library with a catalog of version 1."""
    make_version_1(tmp_path, [as_row(picture)[:14] for picture in OLD])
    return tmp_path


def test_an_old_catalog_is_read_by_every_query(root: Path) -> None:
    before = (root / FILE).read_bytes(), os.stat(root / FILE).st_mtime_ns
    with Catalog.open(root) as catalog:
        assert list(catalog.all()) == OLD
        assert (catalog.count(), catalog.names()) == (len(OLD), {picture.name for picture in OLD})
        assert catalog.page(OLD[9].name, 2) == OLD[10:12]
        assert catalog.pictures([OLD[5].name, "nowhere"]) == {OLD[5].name: OLD[5]}
        assert catalog.picture(OLD[7].name) == OLD[7]
        assert list(catalog.flagged()) == []
        assert catalog.failures() == {FAILURE.name: FAILURE}
        assert (catalog.profiles(), catalog.editions()) == ({}, {})
    assert ((root / FILE).read_bytes(), os.stat(root / FILE).st_mtime_ns) == before
    assert [path.name for path in root.iterdir()] == [FILE]


def test_a_reader_of_an_old_catalog_cannot_write(root: Path) -> None:
    with (
        Catalog.open(root) as catalog,
        pytest.raises(sqlite3.OperationalError, match="attempt to write a readonly database"),
    ):
        catalog._connection.execute("DELETE FROM main.pictures")


def test_a_writer_makes_it_one_of_this_version(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with open_store(root) as store:
        store.record([NEW])
    assert version_of(root) == SCHEMA_VERSION == 3
    with Catalog.open(root) as catalog:
        assert list(catalog.all()) == [*OLD, NEW]
        assert list(catalog.flagged()) == [NEW.name]
        assert catalog.failures() == {FAILURE.name: FAILURE}
    fresh = tmp_path_factory.mktemp("fresh")
    with open_store(fresh):
        pass
    assert tables(root) == tables(fresh)


def tables(root: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(root / FILE)) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()


def test_columns_are_those_of_a_picture(root: Path) -> None:
    with open_store(root) as store:
        found = store.connection.execute("PRAGMA table_info(pictures)").fetchall()
    assert sorted(row[1] for row in found) == sorted(COLUMNS)


def test_a_reader_that_was_there_before_the_upgrade_reads_on(root: Path) -> None:
    """And sees what is flagged from then on: a site that is being built must not show it."""
    with Catalog.open(root) as catalog:
        assert list(catalog.flagged()) == []
        with open_store(root) as store:
            store.record([NEW, replace(OLD[3], flagged=True)])
            assert catalog.picture(NEW.name) == NEW
            assert list(catalog.flagged()) == [OLD[3].name, NEW.name]
            assert catalog.count() == len(OLD) + 1
        assert catalog.picture(OLD[4].name) == OLD[4]


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
def test_an_upgrade_that_was_killed_is_undone(root: Path, writes: bool) -> None:
    upgrade = "".join(UPGRADES[1:])
    killed = subprocess.run([sys.executable, "-c", HALF, str(root / FILE), upgrade], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (root / f"{FILE}-journal").stat().st_size > 0
    if writes:
        with open_store(root) as store:
            store.record([NEW])
    with Catalog.open(root) as catalog:
        assert list(catalog.all()) == [*OLD, *([NEW] if writes else [])]
    assert version_of(root) == (3 if writes else 1)


def test_an_upgrade_that_fails_leaves_the_old_version(root: Path) -> None:
    """All or nothing: here the column is there already, though the file says that it is of version 1."""
    with closing(sqlite3.connect(root / FILE)) as connection, connection:
        connection.execute("ALTER TABLE failures RENAME TO pictures_2")
        connection.execute("ALTER TABLE pictures RENAME TO failures")
        connection.execute("ALTER TABLE pictures_2 RENAME TO pictures")
        connection.execute("ALTER TABLE pictures ADD COLUMN flagged INTEGER")
    before = tables(root)
    with pytest.raises(sqlite3.OperationalError, match="duplicate column"), open_store(root):
        pass
    assert (version_of(root), tables(root)) == (1, before)


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
