"""Counting: how often each part of a picture occurs among the favourites, and among all printed pictures."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Set
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from babelgen.catalog import Catalog, Picture
from babelgen.collections import Collection
from babelgen.collections.matrix import Matrix, Parts
from babelgen.library import Library

PAGE = 500  # pictures that the catalog is asked about at once
MOST_TERMS = 2000  # of one kind; those that most favourites have
# Kinds, in the order in which they are shown; the first four are of the pictures of matrices alone.
KINDS = ("subject", "action", "suffix", "negative", "steps", "word", "prompt")
_WORD = re.compile(r"[^\W\d_]+")
_SCHEMA = """
CREATE TABLE seen (whole INTEGER, name TEXT, PRIMARY KEY (whole, name)) WITHOUT ROWID;
CREATE TABLE terms (kind TEXT, text TEXT, liked INTEGER, shown INTEGER, PRIMARY KEY (kind, text)) WITHOUT ROWID;
"""
_ADD = """INSERT INTO terms VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET liked = liked + excluded.liked,
    shown = shown + excluded.shown"""


@dataclass(frozen=True)
class Term:
    """One value of a kind: `liked` favourites have it, of `shown` pictures that do."""

    text: str
    liked: int
    shown: int


@dataclass(frozen=True)
class Counted:
    """All that has a kind: the pictures, the favourites among them, and the terms. more: terms that are left out."""

    kind: str
    liked: int
    shown: int
    terms: tuple[Term, ...]
    more: int


@dataclass(frozen=True)
class Counts:
    """What was counted. printed, liked: pictures, and the favourites among them. matrices: favourites by collection."""

    printed: int
    liked: int
    kinds: tuple[Counted, ...]
    matrices: dict[str, int]


def count(library: Library, favourites: Set[str]) -> Counts:
    """Go through what a library has printed. favourites: names of pictures."""
    with closing(sqlite3.connect("")) as database, Catalog.open(library.root) as catalog:
        database.executescript(_SCHEMA)
        tally = _Tally(database, favourites)
        matrices = {
            collection.slug: _count_collection(library, collection, catalog, tally)
            for collection in library.collections
        }
        kinds = tuple(counted for kind in KINDS if (counted := tally.counted(kind)).shown)
        shown, liked = tally.totals["word"]
        of_matrices = {one.slug for one in library.collections if isinstance(one.spec, Matrix)}
        return Counts(
            shown, liked, kinds, {slug: many for slug, many in matrices.items() if slug in of_matrices}
        )


def _count_collection(library: Library, collection: Collection, catalog: Catalog, tally: _Tally) -> int:
    """Count what is printed of a collection; returns how many favourites are in it."""
    spec, liked = collection.spec, 0
    parts: Callable[[int], Parts] | None = spec.parts() if isinstance(spec, Matrix) else None
    entries = enumerate(entry.name for entry in library.keys(collection))
    while page := list(islice(entries, PAGE)):
        rows = catalog.pictures([name for _, name in page])
        printed = [(number, rows[name]) for number, name in page if name in rows]
        liked += tally.add([(picture, None) for _, picture in printed])
        if parts is not None:
            tally.add([(picture, parts(number)) for number, picture in printed])
    return liked


class _Tally:
    """The temporary database: which pictures were counted, and what they have."""

    def __init__(self, database: sqlite3.Connection, favourites: Set[str]) -> None:
        self._database, self._favourites = database, favourites
        self.totals: dict[str, list[int]] = {kind: [0, 0] for kind in KINDS}

    def add(self, pictures: list[tuple[Picture, Parts | None]]) -> int:
        """Count some pictures, each once as itself and once by its parts; returns how many favourites they are."""
        whole = not pictures or pictures[0][1] is None
        named = {picture.name: (picture, parts) for picture, parts in pictures}
        shown, liked = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for name in self._fresh(whole, list(named)):
            terms = set(_terms(*named[name]))
            is_liked = name in self._favourites
            shown.update(terms)
            liked.update(terms if is_liked else ())
            for kind in {kind for kind, _ in terms} | ({"word", "prompt"} if whole else set()):
                self.totals[kind][0] += 1
                self.totals[kind][1] += is_liked
        rows = ((kind, text, liked[kind, text], many) for (kind, text), many in shown.items())
        self._database.executemany(_ADD, rows)
        return sum(name in self._favourites for name in named)

    def _fresh(self, whole: bool, names: list[str]) -> Iterator[str]:
        """Those names that were not counted before."""
        query = "SELECT name FROM seen WHERE whole = ? AND name IN (SELECT value FROM json_each(?))"
        before = {name for (name,) in self._database.execute(query, (whole, json.dumps(names)))}
        fresh = [name for name in names if name not in before]
        self._database.executemany("INSERT INTO seen VALUES (?, ?)", ((whole, name) for name in fresh))
        yield from fresh

    def counted(self, kind: str) -> Counted:
        """What was counted of a kind."""
        query = "SELECT text, liked, shown FROM terms WHERE kind = ? ORDER BY liked DESC, shown DESC, text LIMIT ?"
        terms = tuple(Term(*row) for row in self._database.execute(query, (kind, MOST_TERMS)))
        ((all_terms,),) = self._database.execute("SELECT count(*) FROM terms WHERE kind = ?", (kind,))
        shown, liked = self.totals[kind]
        return Counted(kind, liked, shown, terms, all_terms - len(terms))


def _terms(picture: Picture, parts: Parts | None) -> Iterator[tuple[str, str]]:
    """What a picture has: its words, prompt and steps, or what its matrix put together for it."""
    if parts is None:
        yield "steps", str(picture.steps)
        yield "prompt", picture.prompt
        for word in _WORD.findall(picture.prompt.lower()):
            yield "word", word
        return
    yield "subject", parts.subject
    if parts.action is not None:
        yield "action", parts.action
    # A picture whose suffixes were all skipped has suffixes to choose from, too: that is a value of its own.
    for suffix in parts.suffixes:
        yield "suffix", "" if suffix is None else suffix
    if parts.negative is not None:
        yield "negative", parts.negative
