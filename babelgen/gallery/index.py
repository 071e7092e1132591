"""The index: what is printed, as the intake's snapshot has it, asked by every page.

Law: but for neighbours, nothing is written here, so that several processes may ask one snapshot at once; what is held in memory does not grow
with the library. Order is that of the library throughout.
May import: the standard library, babelgen.catalog, babelgen.stages, gallery.paths, gallery.signs, gallery.snapshot, gallery.source,
gallery.text.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from babelgen.catalog import COLUMNS, Picture, of_row
from babelgen.gallery import paths
from babelgen.gallery.signs import sign
from babelgen.gallery.snapshot import anchor
from babelgen.gallery.source import Edition
from babelgen.gallery.text import capitalized
from babelgen.stages import Stages, parse_record


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
    """A printed picture at a position (from 1) of a collection, which has a slug and a title.

    words: where it stands among others of its collection. unsaid: whether no text says its prompt; see `said`.
    """

    slug: str
    title: str
    position: int
    picture: Picture
    words: str = ""
    unsaid: bool = False

    @property
    def said(self) -> str:
        """Its prompt, or what is said in its stead."""
        return capitalized(self.words) if self.unsaid else self.picture.prompt


@dataclass(frozen=True)
class Prompt:
    """A prompt, the page of the prompts index that it is on, and the number of its pictures."""

    text: str
    path: str
    pictures: int

    @property
    def anchor(self) -> str:
        """Its place on that page."""
        return anchor(self.text)


class Standing(NamedTuple):
    """What an item's page is made from beside what all pages of its collection are. known: whether its neighbours are."""

    position: int
    shown: str
    edition: str
    profile: str
    stages: str
    strip: str
    ledger: str
    known: int
    before: str
    after: str


_COLUMNS = ", ".join(f"p.{name}" for name in COLUMNS)
_FIELDS = f"c.slug, c.title, i.position, i.words, i.unsaid, {_COLUMNS}"
_ITEMS = f"""SELECT {_FIELDS} FROM items i JOIN collections c ON c.number = i.collection
    JOIN pictures p ON p.name = i.name """
# Each printed picture once, where it comes first.
_FIRSTS = f"""SELECT {_FIELDS} FROM firsts f JOIN collections c ON c.number = f.collection
    JOIN items i ON (i.collection, i.position) = (f.collection, f.position) JOIN pictures p ON p.name = f.name """
_DRAWERS = """SELECT number, slug, title, kind, description, total,
    (SELECT count(*) FROM items WHERE collection = number) FROM collections ORDER BY number"""
# A neighbour that is withheld is told from one that is not there; of one whose neighbours nobody asked for yet, `known` is 0.
_STANDING = """SELECT i.position, f.shown, f.edition, f.profile, f.stages, s.strip, l.path, n.name NOT NULL,
    coalesce(b.shown, substr(n.before, 1, n.before = '-'), ''),
    coalesce(a.shown, substr(n.after, 1, n.after = '-'), '')
    FROM items i JOIN firsts f ON f.name = i.name JOIN prompts s ON s.rank = f.prompt
    JOIN ledger l ON l.number = s.page LEFT JOIN neighbours n ON n.name = i.name
    LEFT JOIN firsts b ON b.name = n.before LEFT JOIN firsts a ON a.name = n.after
    WHERE i.collection = ? ORDER BY i.position"""
_PROMPT = "SELECT text, path, pictures FROM prompts JOIN ledger ON number = page "


class Index:
    """The snapshot. Its methods return small tuples or iterate."""

    def __init__(self, place: Path, editions: Mapping[str, Edition]) -> None:
        """place: of the snapshot. editions: of its pictures, by id, in the order in which the library has them."""
        self.editions = editions
        self._db = sqlite3.connect(f"{place.resolve().as_uri()}?mode=ro", uri=True)
        self.drawers = tuple(Drawer(*row) for row in self._db.execute(_DRAWERS))
        self._withholds = self._db.execute("SELECT 1 FROM withheld LIMIT 1").fetchone() is not None
        self.ends = lru_cache(maxsize=16)(self._ends)
        self.prompt = lru_cache(maxsize=256)(self._prompt)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Lock the snapshot once for all that is asked meanwhile: by itself, each question locks it and lets go of it."""
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.rollback()  # nothing was written

    def close(self) -> None:
        """Let go of the snapshot."""
        self._db.close()

    def version(self) -> str:
        """Another one whenever something in the snapshot is other than it was."""
        return str(self._db.execute("SELECT value FROM facts WHERE name = 'version'").fetchone()[0])

    def _items(self, rest: str, *values: str | int) -> Iterator[Item]:
        return map(_item, self._db.execute(_ITEMS + rest, values))

    def _places_of(self, select: str, *values: str | int) -> tuple[Item, ...]:
        """The pictures whose names a query finds, each where it comes first."""
        found = self._db.execute(select, values).fetchall()
        return tuple(item for (name,) in found if (item := self.place(name)))

    def names(self) -> Iterator[str]:
        """The names of all printed pictures."""
        return (name for (name,) in self._db.execute("SELECT name FROM firsts ORDER BY number"))

    def sheet(self, drawer: Drawer, start: int, most: int) -> tuple[Item, ...]:
        """At most `most` printed items of a collection, from the `start`-th (from 0) on."""
        # What is passed over is counted in the index of positions alone.
        first = "SELECT position FROM items WHERE collection = ?1 ORDER BY position LIMIT 1 OFFSET ?2"
        order = f"WHERE i.collection = ?1 AND i.position >= ({first}) ORDER BY i.position LIMIT ?3"
        return tuple(self._items(order, drawer.number, start, most))

    def at(self, drawer: Drawer, position: int) -> Item | None:
        """The item at a position of a collection, where it is printed."""
        return next(self._items("WHERE (i.collection, i.position) = (?, ?)", drawer.number, position), None)

    def prompts_of(self, drawer: Drawer) -> Iterator[str]:
        """The different prompts of what is printed of a collection."""
        select = """SELECT DISTINCT p.prompt FROM items i JOIN pictures p ON p.name = i.name
            WHERE i.collection = ?"""
        return (prompt for (prompt,) in self._db.execute(select, (drawer.number,)))

    def walk(
        self, drawer: Drawer, first: int = 0, last: int = 2**32
    ) -> Iterator[tuple[Item | None, Item, Item | None]]:
        """Each printed item of a collection, from one position to another, between the one before and the one after."""
        select = "SELECT {}(position) FROM items WHERE collection = ? AND position {} ?"
        edges = (("max", "<", first), ("min", ">", last))
        low, high = (
            self._db.execute(select.format(*edge), (drawer.number, at)).fetchone()[0] for *edge, at in edges
        )
        span = (drawer.number, first if low is None else low, last if high is None else high)
        before, here = None, None
        order = "WHERE i.collection = ? AND i.position BETWEEN ? AND ? ORDER BY i.position"
        for after in self._items(order, *span):
            if here and first <= here.position:
                yield before, here, after
            before, here = here, after
        if here and first <= here.position <= last:
            yield before, here, None

    def _ends(self, drawer: Drawer) -> tuple[Item, ...]:
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
        select = "SELECT 1 FROM withheld WHERE name = ?"
        return self._withholds and self._db.execute(select, (sign(name),)).fetchone() is not None

    def place(self, name: str, slug: str = "") -> Item | None:
        """Where a picture hangs: in the collection `slug` if it is there, else where it comes first."""
        order = "WHERE i.name = ? ORDER BY c.slug != ?, i.collection, i.position LIMIT 1"
        return next(self._items(order, name, slug), None)

    @cached_property
    def has_repeats(self) -> bool:
        """Whether any picture hangs in more than one place."""
        return self.count("items") > self.count("pictures")

    def places(self, name: str, most: int) -> list[tuple[str, str, int]]:
        """At most `most` places of a picture: the slug and the title of the collection, and the position there."""
        select = "SELECT collection, position FROM items WHERE name = ? ORDER BY collection, position LIMIT ?"
        found = self._db.execute(select, (name, most)).fetchall()
        return [(self.drawers[at].slug, self.drawers[at].title, position) for at, position in found]

    def siblings(self, prompt: str, slug: str, most: int) -> tuple[Item, ...]:
        """At most `most` pictures of a prompt, in the collection `slug` where they can be."""
        select = "SELECT name FROM firsts WHERE prompt = (SELECT rank FROM prompts WHERE text = ?) ORDER BY number LIMIT ?"
        found = self._db.execute(select, (prompt, most)).fetchall()
        return tuple(item for (name,) in found if (item := self.place(name, slug)))

    def of_edition(self, edition: str, most: int) -> tuple[Item, ...]:
        """At most `most` pictures of an edition."""
        order = "WHERE f.edition = ? ORDER BY f.number LIMIT ?"
        return tuple(map(_item, self._db.execute(_FIRSTS + order, (edition, most))))

    def ledger(self) -> tuple[str, ...]:
        """The pages of the prompts index, in order."""
        return tuple(path for (path,) in self._db.execute("SELECT path FROM ledger ORDER BY number"))

    def prompts(self, number: int) -> tuple[Prompt, ...]:
        """The prompts on a page of their index; number counts from 1."""
        found = self._db.execute(
            f"{_PROMPT} WHERE page = ? AND rank BETWEEN first AND last ORDER BY rank", (number,)
        )
        return tuple(Prompt(*row) for row in found)

    def _prompt(self, text: str) -> Prompt:
        """The entry of a printed picture's prompt in the prompts index."""
        return Prompt(*self._db.execute(f"{_PROMPT} WHERE text = ?", (text,)).fetchone())

    def prompt_items(self, text: str, most: int) -> tuple[Item, ...]:
        """At most `most` pictures of a prompt, each where it comes first."""
        order = "WHERE f.prompt = (SELECT rank FROM prompts WHERE text = ?) ORDER BY f.number LIMIT ?"
        return tuple(map(_item, self._db.execute(_FIRSTS + order, (text, most))))

    def count(self, table: str) -> int:
        """The number of rows of `pictures`, `items` or `prompts`."""
        return int(self._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def firsts(self, start: int = 0, most: int = -1) -> Iterator[Item]:
        """Printed pictures where they come first, from the `start`-th (from 0) on."""
        order = "WHERE f.number > ? ORDER BY f.number LIMIT ?"
        return map(_item, self._db.execute(_FIRSTS + order, (start, most)))

    def positions(self, drawer: Drawer) -> Iterator[tuple[int, int]]:
        """The printed positions of a collection, ascending, each with its picture's number in `firsts`, from 0."""
        select = """SELECT i.position, f.number - 1 FROM items i JOIN firsts f ON f.name = i.name
            WHERE i.collection = ? ORDER BY i.position"""
        return self._db.execute(select, (drawer.number,))

    def key_lengths(self, drawer: Drawer) -> Iterator[tuple[int, int]]:
        """The printed positions of a collection, ascending, each with the length of its key."""
        select = """SELECT i.position, p.letters FROM items i JOIN pictures p ON p.name = i.name
            WHERE i.collection = ? ORDER BY i.position"""
        return self._db.execute(select, (drawer.number,))

    def keys(self, drawer: Drawer, first: int, last: int) -> Iterator[tuple[int, str, str]]:
        """Position, name and key of what is printed of a collection from one position to another."""
        select = """SELECT i.position, p.name, p.key FROM items i JOIN pictures p ON p.name = i.name
            WHERE i.collection = ? AND i.position BETWEEN ? AND ? ORDER BY i.position"""
        return self._db.execute(select, (drawer.number, first, last))

    def key(self, name: str) -> str:
        """The key of a printed picture."""
        return str(self._db.execute("SELECT key FROM pictures WHERE name = ?", (name,)).fetchone()[0])

    def files(self) -> Iterator[tuple[str, str, int]]:
        """Of each printed picture: its name, what its files are like, and how long its key is."""
        return self._db.execute("SELECT name, files, letters FROM pictures ORDER BY name")

    def pixels(self, drawer: Drawer) -> Iterator[tuple[str, str]]:
        """Of each printed item of a collection, in order, its picture's name, and the hash of the pixels."""
        select = """SELECT i.name, p.sha256 FROM items i JOIN pictures p ON p.name = i.name
            WHERE i.collection = ? ORDER BY i.position"""
        return self._db.execute(select, (drawer.number,))

    def staged(self) -> Iterator[tuple[str, str, Stages]]:
        """Of each printed picture that has stages: its name, what its files are like, and the stages."""
        select = "SELECT name, files, stages FROM pictures WHERE stages != '' ORDER BY name"
        for name, files, record in self._db.execute(select):
            yield name, files, parse_record(record.encode())

    @cached_property
    def has_stages(self) -> bool:
        """Whether any printed picture has stages."""
        return self._db.execute("SELECT 1 FROM pictures WHERE stages != '' LIMIT 1").fetchone() is not None

    def stages(self, name: str) -> Stages | None:
        """The stages of a printed picture, where it has some."""
        if not self.has_stages:
            return None
        (record,) = self._db.execute("SELECT stages FROM pictures WHERE name = ?", (name,)).fetchone()
        return parse_record(record.encode()) if record else None

    def standing(self, drawer: Drawer) -> Iterator[Standing]:
        """What the pages of a collection's printed items are made from."""
        return map(Standing._make, self._db.execute(_STANDING, (drawer.number,)))

    def lists(self, number: int) -> list[tuple[str, int, str]]:
        """What a page of the prompts index is made from: its prompts, and what is shown of their pictures."""
        span = "rank BETWEEN (SELECT first FROM ledger WHERE number = ?1) AND (SELECT last FROM ledger WHERE number = ?1)"
        return self._db.execute(
            f"SELECT text, pictures, strip FROM prompts WHERE {span} ORDER BY rank", (number,)
        ).fetchall()

    def shown(self, start: int, most: int) -> list[tuple[str]]:
        """All that is shown of pictures, in the order of `firsts`, from the `start`-th (from 0) on."""
        select = "SELECT shown FROM firsts WHERE number > ? ORDER BY number LIMIT ?"
        return self._db.execute(select, (start, most)).fetchall()

    def origins(self, start: int, most: int) -> list[tuple[str, str]]:
        """The collections and editions of those pictures, by slug and id."""
        select = """SELECT DISTINCT c.slug, f.edition FROM firsts f JOIN collections c ON c.number = f.collection
            WHERE f.number BETWEEN ? AND ? ORDER BY 1, 2"""
        return self._db.execute(select, (start + 1, start + most)).fetchall()

    def newest(self, most: int) -> Iterator[Item]:
        """The pictures that were rendered last, the last one first, each where it comes first."""
        return iter(
            self._places_of("SELECT name FROM pictures ORDER BY rendered_at DESC, name LIMIT ?", most)
        )

    def numbered(self) -> Iterator[tuple[str, int]]:
        """The names of all printed pictures in alphabetical order, each with its number in `firsts`, from 0."""
        return self._db.execute("SELECT name, number - 1 FROM firsts ORDER BY name")

    def tally(self, column: str) -> dict[str | int, int]:
        """How many pictures there are of each value of a column, `steps` or `edition`."""
        return dict(self._db.execute(f"SELECT {column}, count(*) FROM firsts GROUP BY 1 ORDER BY 1"))


def _item(row: Sequence[Any]) -> Item:
    slug, title, position, words, unsaid, *picture = row
    return Item(slug, title, position, of_row(picture), words, bool(unsaid))


def remember_neighbours(place: Path, rows: Iterable[tuple[str, str, str]]) -> None:
    """Keep in a snapshot which pictures the keys before and after some others have: name, before, after."""
    with closing(sqlite3.connect(place, timeout=60)) as db, db:
        db.executemany("INSERT OR REPLACE INTO neighbours VALUES (?, ?, ?)", rows)


def picture_files(root: Path, name: str) -> tuple[str, ...]:
    """A picture's three files, which lie in the library as they do in the site."""
    return tuple(f"{root}/{where(name)}" for where in (paths.picture, paths.view, paths.thumb))
