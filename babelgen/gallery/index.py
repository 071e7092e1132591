"""The index: one snapshot of what is printed, in a temporary database, that every page is made from.

Law: a build reads library and catalog once, here, so that its pages agree with each other while a
render goes on, and what it holds in memory does not grow with the library. A picture that was flagged is
not printed, and nothing names it, unless it is asked for.
May import: the standard library, babelgen.catalog, babelgen.errors, gallery.paths, gallery.source, gallery.text.
"""

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from babelgen.catalog import COLUMNS, Picture, as_row, of_row
from babelgen.errors import UserError
from babelgen.gallery import paths
from babelgen.gallery.source import C, Catalog, Edition, Entry, Library
from babelgen.gallery.text import plain

_BATCH = 500
_NAME = re.compile(r"[0-9a-f]{32}")
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class Drawer:
    """A collection's heading; `total` counts its keys, `printed` those with a picture."""

    number: int
    slug: str
    title: str
    kind: str
    description: str
    total: int
    printed: int


@dataclass(frozen=True)
class Item:
    """A printed picture at a position (from 1) of a collection, which has a slug and a title."""

    slug: str
    title: str
    position: int
    picture: Picture


@dataclass(frozen=True)
class Prompt:
    """A prompt, its rank (from 0) in the prompts index and the number of its pictures."""

    text: str
    rank: int
    pictures: int


_SCHEMA = f"""
CREATE TABLE collections (number INTEGER PRIMARY KEY, slug TEXT UNIQUE, title TEXT, kind TEXT,
                          description TEXT, total INTEGER);
CREATE TABLE pictures ({", ".join(COLUMNS)}, PRIMARY KEY (name));
CREATE TABLE items (collection INTEGER, position INTEGER, name TEXT, PRIMARY KEY (collection, position))
    WITHOUT ROWID;
CREATE TABLE withheld (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""
# Written when all items are in. NOCASE folds ASCII only, which is all an index for people needs here.
_ORDERS = """
CREATE INDEX items_name ON items (name, collection, position);
CREATE INDEX pictures_prompt ON pictures (prompt);
CREATE INDEX pictures_edition ON pictures (edition);
CREATE TABLE prompts AS SELECT prompt AS text, row_number() OVER (ORDER BY prompt COLLATE NOCASE, prompt) - 1
    AS rank, count(*) AS pictures FROM pictures GROUP BY prompt;
CREATE UNIQUE INDEX prompts_text ON prompts (text);
CREATE UNIQUE INDEX prompts_rank ON prompts (rank);
"""
_ITEMS = """SELECT c.slug, c.title, i.position, p.* FROM items i JOIN collections c ON c.number = i.collection
    JOIN pictures p ON p.name = i.name """
_FIRST = """WHERE NOT EXISTS (SELECT 1 FROM items e WHERE e.name = i.name
    AND (e.collection, e.position) < (i.collection, i.position)) """
_DRAWERS = """SELECT number, slug, title, kind, description, total,
    (SELECT count(*) FROM items WHERE collection = number) FROM collections ORDER BY number"""


class Index:
    """The snapshot. Its methods return small tuples or iterate; order is that of the library throughout."""

    def __init__(self, library: Library[C], catalog: Catalog, flagged: bool = False) -> None:
        """flagged: whether pictures that a safety checker flagged are printed like any other."""
        self._flagged = flagged
        self._db = sqlite3.connect("")  # an unnamed database lives in memory and spills to a temporary file
        self._root = library.root
        self._db.executescript(_SCHEMA)
        self.editions: dict[str, Edition] = {}
        for number, collection in enumerate(library.collections):
            self._add(number, collection, library.keys(collection), catalog)
        if not flagged:  # of all collections and of none, since any may be a neighbour of what is printed
            names = ((name,) for name in catalog.flagged())
            self._db.executemany("INSERT INTO withheld VALUES (?)", names)
        self._db.executescript(_ORDERS)
        self.drawers = tuple(Drawer(*row) for row in self._db.execute(_DRAWERS))

    def close(self) -> None:
        """Forget the snapshot."""
        self._db.close()

    def _add(self, number: int, collection: C, entries: Iterator[Entry], catalog: Catalog) -> None:
        slug, total = collection.slug, 0
        heading = (slug, plain(collection.title), plain(collection.kind), plain(collection.description))
        try:
            self._db.execute(
                "INSERT INTO collections VALUES (?, ?, ?, ?, ?, 0)", (number, fit(slug), *heading[1:])
            )
        except sqlite3.IntegrityError:
            raise UserError(f"two collections of the library are called {slug!r}") from None
        while batch := list(islice(entries, _BATCH)):
            self._add_batch(number, total, batch, catalog)
            total += len(batch)
        self._db.execute("UPDATE collections SET total = ? WHERE number = ?", (total, number))

    def _add_batch(self, number: int, before: int, batch: list[Entry], catalog: Catalog) -> None:
        for entry in batch:
            self.editions.setdefault(fit(entry.edition.id), entry.edition)
        rows = catalog.pictures([entry.name for entry in batch])
        # In the batch's order, not the rows': lists of pictures follow the order in which they were added.
        printed = {e.name for e in batch if e.name in rows and self._insert(rows[e.name])}
        places = ((number, before + at, e.name) for at, e in enumerate(batch, 1) if e.name in printed)
        self._db.executemany("INSERT INTO items VALUES (?, ?, ?)", places)

    def _insert(self, row: Picture) -> bool:
        """Add a picture once; False where it is not printed: one of its files is not in place, or it is withheld."""
        if row.flagged and not self._flagged:
            return False
        if self._db.execute("SELECT 1 FROM pictures WHERE name = ?", (row.name,)).fetchone():
            return True
        if not all(path.is_file() and path.stat().st_size for path in picture_files(self._root, row.name)):
            return False
        marks = ", ".join("?" * len(COLUMNS))
        self._db.execute(f"INSERT INTO pictures VALUES ({marks})", as_row(fit_picture(row)))
        return True

    def _items(self, rest: str, *values: str | int) -> Iterator[Item]:
        for slug, title, position, *picture in self._db.execute(_ITEMS + rest, values):
            yield Item(slug, title, position, of_row(picture))

    def names(self) -> Iterator[str]:
        """The names of all printed pictures."""
        return (name for (name,) in self._db.execute("SELECT name FROM pictures ORDER BY rowid"))

    def sheet(self, drawer: Drawer, start: int, most: int) -> tuple[Item, ...]:
        """At most `most` printed items of a collection, from the `start`-th (from 0) on."""
        order = "WHERE i.collection = ? ORDER BY i.position LIMIT ? OFFSET ?"
        return tuple(self._items(order, drawer.number, most, start))

    def at(self, drawer: Drawer, positions: Sequence[int]) -> tuple[Item, ...]:
        """Those of some positions (from 1) of a collection that are printed."""
        order = "WHERE i.collection = ? AND i.position IN (SELECT value FROM json_each(?)) ORDER BY i.position"
        return tuple(self._items(order, drawer.number, json.dumps(list(positions))))

    def walk(self, drawer: Drawer) -> Iterator[tuple[Item | None, Item, Item | None]]:
        """Each printed item of a collection between the one before and the one after."""
        before, here = None, None
        for after in self._items("WHERE i.collection = ? ORDER BY i.position", drawer.number):
            if here:
                yield before, here, after
            before, here = here, after
        if here:
            yield before, here, None

    def ends(self, drawer: Drawer) -> tuple[Item, ...]:
        """The first and the last printed item of a collection; nothing where none is printed."""
        order = "WHERE i.collection = ? ORDER BY i.position {} LIMIT 1"
        return tuple(
            item for way in ("ASC", "DESC") for item in self._items(order.format(way), drawer.number)
        )

    def spread(self, drawer: Drawer, most: int) -> tuple[Item, ...]:
        """At most `most` items, evenly spread over what is printed of a collection."""
        wanted = min(most, drawer.printed)
        return tuple(self.sheet(drawer, at * drawer.printed // wanted, 1)[0] for at in range(wanted))

    def withholds(self, name: str) -> bool:
        """Whether a picture is left out because it was flagged."""
        return self._db.execute("SELECT 1 FROM withheld WHERE name = ?", (name,)).fetchone() is not None

    def place(self, name: str, slug: str = "") -> Item | None:
        """Where a picture hangs: in the collection `slug` if it is there, else where it comes first."""
        order = "WHERE i.name = ? ORDER BY c.slug != ?, i.collection, i.position LIMIT 1"
        return next(self._items(order, name, slug), None)

    def places(self, name: str) -> tuple[Item, ...]:
        """All places of a picture."""
        return tuple(self._items("WHERE i.name = ? ORDER BY i.collection, i.position", name))

    def siblings(self, picture: Picture, slug: str, most: int) -> tuple[Item, ...]:
        """At most `most` other pictures of the same prompt, in the collection `slug` where they can be."""
        select = "SELECT name FROM pictures WHERE prompt = ? AND name != ? ORDER BY rowid LIMIT ?"
        found = self._db.execute(select, (picture.prompt, picture.name, most)).fetchall()
        return tuple(item for (name,) in found if (item := self.place(name, slug)))

    def of_edition(self, edition: str, most: int) -> tuple[Item, ...]:
        """At most `most` pictures of an edition."""
        select = "SELECT name FROM pictures WHERE edition = ? ORDER BY rowid LIMIT ?"
        found = self._db.execute(select, (edition, most)).fetchall()
        return tuple(item for (name,) in found if (item := self.place(name)))

    def prompts(self, start: int, most: int) -> tuple[Prompt, ...]:
        """At most `most` prompts in the order of the prompts index, from rank `start` on."""
        select = "SELECT text, rank, pictures FROM prompts WHERE rank >= ? ORDER BY rank LIMIT ?"
        return tuple(Prompt(*row) for row in self._db.execute(select, (start, most)))

    def prompt(self, text: str) -> Prompt:
        """The entry of a printed picture's prompt in the prompts index."""
        select = "SELECT text, rank, pictures FROM prompts WHERE text = ?"
        return Prompt(*self._db.execute(select, (text,)).fetchone())

    def prompt_items(self, text: str, most: int) -> tuple[Item, ...]:
        """At most `most` pictures of a prompt, each where it comes first."""
        select = "SELECT name FROM pictures WHERE prompt = ? ORDER BY rowid LIMIT ?"
        found = self._db.execute(select, (text, most)).fetchall()
        return tuple(item for (name,) in found if (item := self.place(name)))

    def count(self, table: str) -> int:
        """The number of rows of `pictures` or `prompts`."""
        return int(self._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def firsts(self) -> Iterator[Item]:
        """Each printed picture once, where it comes first."""
        return self._items(_FIRST + "ORDER BY i.collection, i.position")

    def positions(self, drawer: Drawer) -> Iterator[int]:
        """The printed positions of a collection, ascending."""
        select = "SELECT position FROM items WHERE collection = ? ORDER BY position"
        return (position for (position,) in self._db.execute(select, (drawer.number,)))


def picture_files(root: Path, name: str) -> tuple[Path, ...]:
    """A picture's three files, which lie in the library as they do in the site."""
    return tuple(root / where(name) for where in (paths.picture, paths.view, paths.thumb))


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
