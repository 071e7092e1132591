"""The intake: library and catalog into the snapshot that all pages are made from.

Law: a build reads library and catalog once, here, so that its pages agree with each other while a render goes on, and what
it holds in memory does not grow with the library. The snapshot is kept beside the site: of what is as it was the keys are
not made again, the rows not read, the files not looked at. A picture that was flagged is not printed, and nothing names
it, unless it is asked for.
May import: the standard library, babelgen.catalog, babelgen.errors, babelgen.stages, gallery.index, gallery.signs, gallery.snapshot,
gallery.source, gallery.text.
"""

import json
import os
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Generic

from babelgen.catalog import COLUMNS, UNKNOWN, Picture, Sizes, as_row, version_of
from babelgen.errors import UserError
from babelgen.gallery import snapshot
from babelgen.gallery.index import Index, picture_files
from babelgen.gallery.signs import sign, stamp
from babelgen.gallery.source import C, Catalog, Edition, Entry, Library, Place
from babelgen.gallery.text import plain
from babelgen.stages import FOLDER as STAGES
from babelgen.stages import RECORD, folder_of, read_stages

_BATCH = 500
_NAME = re.compile(r"[0-9a-f]{32}")
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_SHOWN = tuple(name for name in COLUMNS if name not in ("bytes", "view_bytes", "thumb_bytes", "seconds"))
_INSERT = f"""INSERT OR REPLACE INTO pictures (version, files, digest, stages, letters, {", ".join(COLUMNS)})
    VALUES ({", ".join("?" * (len(COLUMNS) + 5))})"""


def take(
    place: Path, library: Library[C], catalog: Catalog, flagged: bool, made_by: str, moved: set[str] | None
) -> Index:
    """The snapshot of a library, in the file `place`: the one that is there, brought up to date.

    flagged: whether pictures that a safety checker flagged are printed like any other. made_by: the program's sign.
    moved: the library's folders in which files may have changed since; None where nothing is known of them.
    """
    facts = {"made by": sign(made_by, flagged, str(library.root), snapshot.STRIP)}
    try:
        editions = _Intake(place, library, catalog, flagged, facts, moved).run()
    except sqlite3.DatabaseError:  # a file that is none, or a damaged one: all that is in it can be had again
        place.unlink(missing_ok=True)
        editions = _Intake(place, library, catalog, flagged, facts, None).run()
    return Index(place, editions)


class _Intake(Generic[C]):
    def __init__(
        self,
        place: Path,
        library: Library[C],
        catalog: Catalog,
        flagged: bool,
        facts: dict[str, str],
        moved: set[str] | None,
    ) -> None:
        self._library, self._catalog, self._flagged = library, catalog, flagged
        self._facts, self._moved = facts, moved
        self._changed = False
        self._place = place
        self._staged = (library.root / STAGES).is_dir()

    def run(self) -> dict[str, Edition]:
        """Bring the snapshot up to date; the editions of the library's keys by id, in the order in which they come."""
        with closing(sqlite3.connect(self._place)) as self._db:
            self._db.execute("PRAGMA synchronous = OFF")  # what a crash damages is made anew
            self._db.execute(
                "PRAGMA secure_delete = ON"
            )  # what is left out is to be nowhere in a site's folder
            if not self._known() or self._moved is None:
                snapshot.create(self._db)
                self._moved, self._changed = set(), True
            state = self._catalog.state()
            if not state or state != self._fact("catalog"):
                self._compare_rows()
                self._withhold()
            self._look_at_files()
            editions: dict[str, Edition] = {}
            for number, collection in enumerate(self._library.collections):
                self._add(number, collection, editions)
            self._prune()
            if self._changed:
                snapshot.arrange(self._db)
                self._facts["version"] = str(int(self._fact("version") or 0) + 1)
            self._facts["catalog"] = state
            for name, value in self._facts.items():
                if self._fact(name) != value:
                    self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))
            self._db.commit()
        return editions

    def _fact(self, name: str) -> str:
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return row[0] if row else ""

    def _known(self) -> bool:
        """Whether the snapshot is one of this program and this library, each of its collections in its old place."""
        if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'ledger'").fetchone():
            return False
        if self._fact("made by") != self._facts["made by"]:
            return False
        old = dict(self._db.execute("SELECT number, slug FROM collections"))
        return all(
            old.get(number, one.slug) == one.slug for number, one in enumerate(self._library.collections)
        )

    def _compare_rows(self) -> None:
        """Have the pictures that the catalog has otherwise, or no more, as it has them."""
        ours = self._db.execute("SELECT name, version FROM pictures ORDER BY name")
        mine = next(ours, None)
        wrong: list[str] = []
        for name, version in self._catalog.versions():
            while mine and mine[0] < name:
                wrong.append(mine[0])
                mine = next(ours, None)
            if mine and mine[0] == name:
                if mine[1] != version:
                    wrong.append(name)
                mine = next(ours, None)
        while mine:
            wrong.append(mine[0])
            mine = next(ours, None)
        for start in range(0, len(wrong), _BATCH):
            self._renew(wrong[start : start + _BATCH])

    def _renew(self, names: list[str]) -> None:
        """Read some pictures again, which are dropped where they are not printed any more."""
        rows = self._catalog.pictures(names)
        for name in names:
            if name not in rows or not self._insert(rows[name]):
                self._db.execute("DELETE FROM pictures WHERE name = ?", (name,))
                self._db.execute("DELETE FROM items WHERE name = ?", (name,))
            self._changed = True

    def _withhold(self) -> None:
        # Of all collections and of none, since any may be a neighbour of what is printed. Not by name: see `snapshot`.
        wanted = set() if self._flagged else {sign(name) for name in self._catalog.flagged()}
        there = {name for (name,) in self._db.execute("SELECT name FROM withheld")}
        if wanted != there:
            self._db.execute("DELETE FROM withheld")
            self._db.executemany("INSERT INTO withheld VALUES (?)", [(name,) for name in wanted])
            self._db.execute("DELETE FROM neighbours")

    def _look_at_files(self) -> None:
        """Look at the files of pictures in folders where something moved."""
        for start in sorted({folder.rpartition("/")[2] for folder in self._moved or ()}):
            select = "SELECT name, files FROM pictures WHERE name >= ? AND name < ?"
            rows = self._db.execute(select, (start, f"{start}g")).fetchall()
            wrong = [name for name, files in rows if self._files(name) != files]
            for at in range(0, len(wrong), _BATCH):
                self._renew(wrong[at : at + _BATCH])

    def _add(self, number: int, collection: C, editions: dict[str, Edition]) -> None:
        slug = fit(collection.slug)
        heading = (plain(collection.title), plain(collection.kind), plain(collection.description))
        row = (slug, *heading, sign(slug, heading[0])[:12])
        old = self._db.execute(
            "SELECT slug, title, kind, description, mark, total, keys FROM collections WHERE number = ?",
            (number,),
        ).fetchone()
        if old is None:
            self._db.execute("INSERT INTO collections VALUES (?, ?, '', '', '', -1, '', '')", (number, slug))
        if old is None or old[:5] != row:
            set_ = "UPDATE collections SET title = ?, kind = ?, description = ?, mark = ? WHERE number = ?"
            self._db.execute(set_, (*row[1:], number))
            self._changed = True
        keys = self._library.keys_state(collection)
        total, known = old[5:] if old else (-1, "")
        edition = self._library.edition_of(collection)
        if edition and keys and keys == known and total == self._printed(number):
            editions.setdefault(fit(edition.id), edition)
            return
        total, before = self._hang(number, collection, editions), (total, known)
        if before != (total, keys):
            self._db.execute(
                "UPDATE collections SET total = ?, keys = ? WHERE number = ?", (total, keys, number)
            )
            self._changed = True

    def _printed(self, number: int) -> int:
        select = "SELECT count(*) FROM items WHERE collection = ?"
        return int(self._db.execute(select, (number,)).fetchone()[0])

    def _hang(self, number: int, collection: C, editions: dict[str, Edition]) -> int:
        """Go through the keys of a collection and hang what is printed of them; how many keys there are."""
        total, entries, tell = 0, self._library.keys(collection), collection.places()
        while batch := list(islice(entries, _BATCH)):
            for entry in batch:
                if entry.edition.id not in editions:
                    editions[fit(entry.edition.id)] = entry.edition
            self._hang_batch(number, total, batch, tell)
            total += len(batch)
        beyond = "FROM items WHERE collection = ? AND position > ?"
        if self._db.execute(f"SELECT 1 {beyond} LIMIT 1", (number, total)).fetchone():
            self._db.execute(f"DELETE {beyond}", (number, total))
            self._changed = True
        return total

    def _hang_batch(
        self, number: int, before: int, batch: list[Entry], tell: Callable[[int], Place | None]
    ) -> None:
        names = [entry.name for entry in batch]
        printed = self._there(names)
        missing = [name for name in dict.fromkeys(names) if name not in printed]
        if missing:
            rows = self._catalog.pictures(missing)
            printed |= {name for name in missing if name in rows and self._insert(rows[name])}
        wanted = [
            (before + at, name, *_told(tell(before + at - 1)))
            for at, name in enumerate(names, 1)
            if name in printed
        ]
        span = (number, before + 1, before + len(batch))
        select = """SELECT position, name, words, unsaid FROM items
            WHERE collection = ? AND position BETWEEN ? AND ? ORDER BY position"""
        if self._db.execute(select, span).fetchall() == wanted:
            return
        self._db.execute("DELETE FROM items WHERE collection = ? AND position BETWEEN ? AND ?", span)
        self._db.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?)", [(number, *one) for one in wanted])
        self._changed = True

    def _there(self, names: list[str]) -> set[str]:
        select = "SELECT name FROM pictures WHERE name IN (SELECT value FROM json_each(?))"
        return {name for (name,) in self._db.execute(select, (json.dumps(names),))}

    def _insert(self, row: Picture) -> bool:
        """Add a picture; False where it is not printed: one of its files is not in place, or it is withheld."""
        files = "" if row.flagged and not self._flagged else self._files(row.name, row.sizes)
        if files:
            shown = fit_picture(row)
            digest = sign(*(getattr(shown, name) for name in _SHOWN))
            heading = (version_of(row), files, digest, self._stages(row.name), len(row.key))
            self._db.execute(_INSERT, (*heading, *as_row(shown)))
            self._changed = True
        return bool(files)

    def _files(self, name: str, sizes: Sizes = UNKNOWN) -> str:
        """What a picture's files are like; '' where one is not in place, or not of its size, where that is known."""
        found = []
        for path, size in zip(picture_files(self._library.root, name), sizes, strict=True):
            try:
                stat = os.stat(path)
            except OSError:
                return ""
            if stat.st_size != (size or stat.st_size) or not stat.st_size:
                return ""
            found.append(f"{stat.st_size}-{stat.st_mtime_ns}-{stat.st_ino}")
        if self._staged:
            found.append(stamp(folder_of(self._library.root, name) / RECORD))
        return " ".join(filter(None, found))

    def _stages(self, name: str) -> str:
        """The record of a picture's stages; '' where there are none, or not all of them."""
        stages = read_stages(folder_of(self._library.root, name)) if self._staged else None
        return stages.record().decode() if stages else ""

    def _prune(self) -> None:
        """Drop the collections that are no more, and what hangs nowhere."""
        count = (len(self._library.collections),)
        if self._db.execute("SELECT 1 FROM collections WHERE number >= ?", count).fetchone():
            self._db.execute("DELETE FROM collections WHERE number >= ?", count)
            self._db.execute("DELETE FROM items WHERE collection >= ?", count)
            self._changed = True
        if self._changed:
            for table in ("pictures", "neighbours"):
                self._db.execute(f"DELETE FROM {table} WHERE name NOT IN (SELECT name FROM items)")


def _told(place: Place | None) -> tuple[str, int]:
    """What is said of a place."""
    return ("", 0) if place is None else (plain(place.words), int(place.unsaid))


def fit_slugs(slugs: Sequence[str]) -> None:
    """Raises UserError where one of them cannot name a folder, or two are the same."""
    for slug in slugs:
        fit(slug)
        if slugs.count(slug) > 1:
            raise UserError(f"two collections of the library are called {slug!r}")


def fit(name: str) -> str:
    """A slug or edition id that may name a file; raises UserError for any other."""
    if not _SLUG.fullmatch(name):
        raise UserError(f"{name!r} cannot name a page: letters, digits, '.', '_' and '-' only, at most 100")
    return name


def fit_picture(row: Picture) -> Picture:
    """The catalog's row with its texts made fit to show; raises ValueError for a name that is not one of ours."""
    if not _NAME.fullmatch(row.name):
        raise ValueError(f"not a picture's name: {row.name!r}")
    return replace(
        row,
        prompt=plain(row.prompt),
        negative=plain(row.negative),
        page=plain(row.page),
        sha256=plain(row.sha256),
        colour=row.colour if _COLOUR.fullmatch(row.colour) else "#808080",
        profile=plain(row.profile),
        rendered_at=plain(row.rendered_at),
    )
