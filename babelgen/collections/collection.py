"""A collection: a name, words for people, and a specification that becomes keys."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from babelgen.collections.axes import Axes
from babelgen.collections.tree import Tree
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.films import FASTEST, Show
from babelgen.keys import MAX_STEPS, Shelf
from babelgen.keys.numerals import write_number
from babelgen.rooms import NO_ROOM, Room, read_room
from babelgen.tokens import tokens_of
from babelgen.toml import LONGEST_SHOWN, Table

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_SLUG = 64
MOST = 10_000_000  # keys in one collection

Embeddings = Mapping[Shelf, NDArray[np.float32]]
"""Those of shelves of kind t, (length, width) each, which only the model can tell."""


@dataclass(frozen=True)
class Place:
    """Where a frame stands among others, in words. unsaid: no text says its prompt, so these are said in its stead."""

    words: str
    unsaid: bool


Places = Callable[[int], Place | None]
"""From a key's number: where it stands; None where nothing is to be said of that."""


class Spec(Protocol):
    """What every kind of collection can do."""

    @abstractmethod
    def maker(self, edition: Edition) -> Callable[[int], str]:
        """What makes a key from its number, so that nobody need hold them all; errors as in `numbered`."""
        ...

    def numbered(self, edition: Edition) -> Iterator[tuple[int, str]]:
        """The collection's keys in order, with their numbers; UserError where the edition cannot say what is asked."""
        make = self.maker(edition)
        for number in range(self.count()):
            yield number, make(number)

    def keys(self, edition: Edition) -> Iterator[str]:
        """The collection's keys in order; errors as in `numbered`."""
        for _, key in self.numbered(edition):
            yield key

    @abstractmethod
    def count(self) -> int:
        """How many keys there are."""
        ...

    @abstractmethod
    def prompts(self) -> tuple[str, ...]:
        """The prompts that people wrote for it, so that they can be warned about what they wrote."""
        ...

    def asked(self) -> tuple[tuple[str, ...], int]:
        """The prompts whose pictures its keys are, in order, and how many keys each has; none where nobody wrote some."""
        return (), 1

    def origin(self) -> str:
        """Where its keys come from, in a sentence for pages; '' where nothing is to be said beside its kind."""
        return ""

    def places(self, edition: Edition) -> Places:
        """What tells where each key stands between or beside others."""
        return lambda _: None

    def shelves(self, edition: Edition) -> tuple[Shelf, ...]:
        """The prompts whose embeddings its keys are made of; where there are any, its keys are derived: see derived.py."""
        return ()

    def making(
        self, edition: Edition, embeddings: Embeddings, known: Sequence[str] = ()
    ) -> Callable[[int], str]:
        """What makes a key from its number, given the embeddings of its `shelves`, and those keys that it has `grown` from."""
        return self.maker(edition)

    def grown(self) -> Spec | None:
        """What it was before it last grew: then its keys begin with those of that; None where it never did."""
        return None

    def axes(self) -> Axes | None:
        """The table of two lists that its pictures stand in as well, where one is asked for."""
        return None

    def tree(self) -> Tree | None:
        """How its pictures descend from one another, where they do."""
        return None


@dataclass(frozen=True)
class Collection:
    """One collection of a library.

    slug: names it in addresses. added: by a command, not by the recipe. room: what its pages have beside the pictures.
    stages: whether it is kept how each of its pictures came out of its noise. film: how they are shown as one, if they are.
    """

    slug: str
    title: str
    description: str
    kind: str
    edition: Edition
    spec: Spec
    added: bool = False
    room: Room = NO_ROOM
    stages: bool = False
    film: Show | None = None

    @property
    def origin(self) -> str:
        """Where its keys come from, in a sentence for pages."""
        return self.spec.origin()

    def places(self) -> Places:
        """What tells where each of its keys stands between or beside others."""
        return self.spec.places(self.edition)

    @property
    def axes(self) -> Axes | None:
        """The table that its pictures stand in as well; it is counted each time that it is asked for."""
        return self.spec.axes()

    @property
    def tree(self) -> Tree | None:
        """How its pictures descend from one another, where they do."""
        return self.spec.tree()


def check_slug(slug: str) -> str | None:
    """What is wrong with a collection's name, or None."""
    if not _SLUG.fullmatch(slug) or len(slug) > LONGEST_SLUG:
        return (
            f"must be words of a-z and 0-9 joined by hyphens, at most {LONGEST_SLUG} characters, not {slug!r}"
        )
    return None


def read_collection(table: Table, edition: Edition, folder: Path = Path()) -> Collection:
    """Validate one `[[collection]]` of a library file, which lies in `folder`."""
    from babelgen.collections.kinds import KINDS

    slug = table.text("name")
    if complaint := check_slug(slug):
        raise table.error("name", complaint)
    kind = table.choice("kind", KINDS)
    title, description = table.text("title", slug), table.text("description", "")
    added, _ = table.flag("added", False), table.text("edition", "")
    stages, film = table.flag("stages", False), _read_film(table)
    spec = KINDS[kind](table, edition)
    room = read_room(table, folder, spec.count(), lambda keys: _places(spec, edition, keys))
    table.refuse_others()
    room = replace(room, asked=spec.asked())
    return Collection(slug, title, description, kind, edition, spec, added, room, stages, film)


def _read_film(table: Table) -> Show | None:
    """The optional field `film`: true, or a table of fps, ping_pong, loop, width, quality."""
    fields = table.switch("film")
    if fields is None:
        return None
    rate = fields.real("fps", Show.rate)
    if not 0.01 <= rate <= FASTEST:
        raise fields.error("fps", f"must be from 0.01 to {FASTEST} frames a second, not {rate:g}")
    back, for_ever = fields.flag("ping_pong", False), fields.flag("loop", True)
    width = fields.number("width", low=2, high=16383) if "width" in fields.names() else None
    quality = fields.number("quality", Show.quality, low=0, high=100)
    fields.refuse_others()
    return Show(rate, back, 0 if for_ever else 1, width, quality)


def _places(spec: Spec, edition: Edition, keys: set[str]) -> dict[str, list[int]]:
    """The positions of some keys, by going through the collection; those that are not in it are left out."""
    found: dict[str, list[int]] = {}
    for position, key in enumerate(spec.keys(edition), 1):
        if key in keys:
            found.setdefault(key, []).append(position)
    return found


def shown(number: int) -> str:
    """A page's number in a sentence: in decimal, or where that is long as keys have it, without its middle."""
    if abs(number) < 10**12:
        return f"{number:,}"
    text = write_number(number)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def read_steps(table: Table, edition: Edition) -> int:
    """The optional field `steps` that every kind has."""
    return table.number("steps", edition.steps, low=1, high=MAX_STEPS)


def read_page(table: Table, edition: Edition, count: int = 1) -> int:
    """The optional field `page`: the first of `count` pages of one shelf."""
    page = table.number("page", 0, low=0)
    if page + count > edition.key_space().pages:
        raise table.error("page", "is beyond the last page of a shelf")
    return page


def require_prompts(table: Table, name: str, edition: Edition) -> None:
    """Refuse a field that says a prompt or one of its pages, where the edition's keys have neither."""
    if not edition.codec.prompts:
        raise table.error(
            name,
            f"cannot stand here: keys of edition {edition.id} hold an embedding and latents, not a prompt's page",
        )


def check_prompt(table: Table, name: str, prompt: str, edition: Edition) -> None:
    """Refuse a prompt that cannot be said in the edition's tokens, before anything is rendered."""
    tokens = tokens_of(edition)
    try:
        tokens.encode(prompt)
    except UserError as error:
        raise table.error(name, f"is refused: {str(error).rstrip('.')}") from error
