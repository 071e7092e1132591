"""Rows: the catalog as its one writer sees it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import filelock

from babelgen import catalog
from babelgen.catalog import Facts, Failure, Picture
from babelgen.errors import UserError
from babelgen.store.files import make_folder

LOCK = "render.lock"
PATIENCE = 60.0  # seconds; nobody holds the lock for longer than it takes to write some rows
# Which facts of a table are in use.
_USED = {
    "profiles": "SELECT profile FROM pictures",
    "editions": "SELECT edition FROM pictures UNION SELECT edition FROM failures",
}


@dataclass(frozen=True)
class Entered:
    """So many bytes of a journal of a run are in the catalog."""

    run: str
    journal: str
    count: int


@dataclass(frozen=True)
class Store:
    """The catalog of the one process that holds the library's lock; see `open_store`."""

    root: Path
    connection: sqlite3.Connection

    def record(
        self,
        pictures: Sequence[Picture],
        failures: Sequence[Failure] = (),
        facts: Sequence[Facts] = (),
        source: Entered | None = None,
    ) -> None:
        """Report pictures done, or failed, in one durable transaction. source: how much of which journal is entered."""
        marks = ", ".join("?" * len(catalog.COLUMNS))
        with self._change() as change:
            for fact in facts:
                text = json.dumps(dict(fact.facts), ensure_ascii=False)
                change.execute(f"INSERT OR REPLACE INTO {fact.table} VALUES (?, ?)", (fact.id, text))
            change.executemany(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?)",
                [(f.name, f.key, f.edition, f.reason, f.failed_at) for f in failures],
            )
            change.executemany(
                f"INSERT OR REPLACE INTO pictures ({', '.join(catalog.COLUMNS)}) VALUES ({marks})",
                [catalog.as_row(p) for p in pictures],
            )
            change.executemany("DELETE FROM failures WHERE name = ?", [(p.name,) for p in pictures])
            if source is not None:
                change.execute("INSERT OR REPLACE INTO journals VALUES (?, ?, ?)", astuple(source))

    def entered(self, run: str) -> dict[str, int]:
        """How many bytes of each journal of a run have been entered."""
        return catalog.entered(self.connection, run)

    def keep_entered(self, runs: Iterable[str]) -> None:
        """Forget what was entered of all runs but these."""
        kept = set(runs)
        with self._change() as change:
            gone = {run for (run,) in change.execute("SELECT DISTINCT run FROM journals")} - kept
            change.executemany("DELETE FROM journals WHERE run = ?", [(run,) for run in gone])

    def forget(self, names: Iterable[str]) -> None:
        """Take pictures and failures out of the catalog, in one durable transaction."""
        rows = [(name,) for name in names]
        with self._change() as change:
            for table in ("pictures", "failures"):
                change.executemany(f"DELETE FROM {table} WHERE name = ?", rows)

    def forgive(self, names: Iterable[str]) -> None:
        """Take failures out of the catalog, so that they are tried again."""
        with self._change() as change:
            change.executemany("DELETE FROM failures WHERE name = ?", [(name,) for name in names])

    def forget_facts(self) -> list[tuple[str, str]]:
        """Take facts out of the catalog that no row refers to any more; table and id of each."""
        with self._change() as change:
            unused = [
                (table, fact)
                for table, used in _USED.items()
                for (fact,) in change.execute(f"SELECT id FROM {table} WHERE id NOT IN ({used}) ORDER BY id")
            ]
            for table, fact in unused:
                change.execute(f"DELETE FROM {table} WHERE id = ?", (fact,))
        return unused

    @contextlib.contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with catalog.telling(self.root), self.connection:
            yield self.connection


@contextlib.contextmanager
def locked(root: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold a library's lock; a dead process holds nothing. UserError where another process has it for too long."""
    try:
        make_folder(root)
        lock = filelock.FileLock(root / LOCK, timeout=patience)
        lock.acquire()
    except filelock.Timeout as error:
        raise UserError(f"Another process has locked the library {root}: wait for it to end.") from error
    except OSError as error:
        raise UserError(f"The library folder {root} cannot be written: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def open_store(root: Path, patience: float = PATIENCE) -> Iterator[Store]:
    """Open a library's catalog for writing, for a short while; errors as in `locked`."""
    with locked(root, patience):
        connection = _connect(root)
        try:
            yield Store(root, connection)
        finally:
            connection.close()


def _connect(root: Path) -> sqlite3.Connection:
    catalog.connect(root).close()  # refuses a damaged catalog, or one of another version
    with catalog.telling(root):
        connection = sqlite3.connect(root / catalog.FILE, timeout=60)
        connection.execute("PRAGMA synchronous = EXTRA")  # the folder too: a row is there once it is reported
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version < catalog.SCHEMA_VERSION:
            changes = "".join(catalog.UPGRADES[version:])
            now = f"PRAGMA user_version = {catalog.SCHEMA_VERSION}"
            connection.executescript(f"BEGIN IMMEDIATE; {changes} {now}; COMMIT;")
    return connection
