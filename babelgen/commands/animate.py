"""`animate`: the printed pictures of a collection as one moving one, with the keys of its frames beside it.

Law: only printed pictures are shown, all of them, in the collection's order; nothing is rendered here.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from babelgen.animation import FORMATS, Film, check_wishes, frame_order, write_film
from babelgen.catalog import Catalog
from babelgen.collections import Collection
from babelgen.commands.console import say
from babelgen.errors import UserError
from babelgen.library import DEFAULT, Entry, Library, load_library
from babelgen.store import encode_webp, file_of, in_place, write_atomic, writing

PAGE = 500  # pictures that the catalog is asked for at a time
LONGEST_NOTE = 2**20  # bytes of keys that go into the film itself; longer ones are in the file of keys alone


@dataclass(frozen=True)
class Show:
    """How a collection is shown. rate: frames a second. loop: how often, 0 for ever. width: None for the pictures' own."""

    rate: float
    back: bool
    loop: int
    width: int | None
    quality: int
    flagged: bool


def animate(slug: str, folder: Path | None, out: Path, show: Show) -> int:
    """Write the film of a collection, and its keys to a file beside it; UserError where a picture is not printed."""
    suffix = out.suffix.lower()
    if suffix not in FORMATS:
        raise UserError(f"The name of an animation must end in {', '.join(FORMATS)}, not {out.suffix!r}.")
    library = load_library(folder or DEFAULT)
    collection = _collection(library, slug)
    width, height = _size(collection, show.width)
    rate = Fraction(show.rate).limit_denominator(1000)
    check_wishes(suffix, rate, show.loop, (width, height))
    keys = out.with_name(f"{out.name}.keys")
    names, words = _gather(library, collection, show.flagged, keys)
    order = frame_order(len(names), show.back)
    note = "\n".join([f"Babelgen: {len(order)} frames, {float(rate):g} a second", *words])
    film = Film(width, height, len(order), rate, show.loop, note, show.quality)
    images = (_image(library.root, names[place], film) for place in order)
    with writing(out) as file:
        write_film(suffix, film, images, file)
    say(
        f"Wrote {out}: {len(order)} frames of {width} x {height}, {out.stat().st_size:,} bytes; its keys are in {keys}."
    )
    if suffix == ".mp4":
        poster = out.with_suffix(".poster.webp")
        write_atomic(poster, encode_webp(np.asarray(_image(library.root, names[0], film))))
        say(f"Wrote {poster}, for where no film can play.")
    return 0


def _collection(library: Library, slug: str) -> Collection:
    for collection in library.collections:
        if collection.slug == slug:
            return collection
    known = ", ".join(collection.slug for collection in library.collections) or "none"
    raise UserError(f"The library in {library.root} has no collection {slug[:80]!r}; it has {known}.")


def _size(collection: Collection, width: int | None) -> tuple[int, int]:
    edition = collection.edition
    if width is None or width == edition.width:
        return edition.width, edition.height
    return width, max(2, 2 * round(edition.height * width / edition.width / 2))


def _gather(
    library: Library, collection: Collection, flagged: bool, keys: Path
) -> tuple[list[str], list[str]]:
    """The names of a collection's pictures, and what the film says of them; writes the file of keys, one a line.

    UserError, and no file, where a picture is missing, or flagged and not asked for.
    """
    names, note, lacking = list[str](), _Note(), list[int]()
    with Catalog.open(library.root) as catalog, writing(keys) as file:
        left_out = frozenset[str]() if flagged else frozenset(catalog.flagged())
        for entries in _pages(library.keys(collection)):
            sizes = catalog.sizes(entry.name for entry in entries)
            for entry in entries:
                names.append(entry.name)
                if entry.name in left_out:
                    raise UserError(
                        f"Picture {len(names)} of {collection.slug!r} is flagged by the safety checker: give --flagged to show it."
                    )
                if entry.name not in sizes or not in_place(library.root, entry.name, sizes[entry.name]):
                    lacking.append(len(names))
                file.write(note.add(entry.key))
        if lacking:
            raise UserError(
                f"{collection.slug!r} lacks {len(lacking)} of its {len(names)} pictures, first number {lacking[0]}: render them before they can move."
            )
    return names, [f"edition {collection.edition.id}", *note.lines()]


def _pages(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while page := list(itertools.islice(entries, PAGE)):
        yield page


class _Note:
    """The keys of a film, whole while they are short, and their hash."""

    def __init__(self) -> None:
        self._digest, self._length = hashlib.sha256(), 0
        self._keys: list[str] = []

    def add(self, key: str) -> bytes:
        """Count a key; returns its line."""
        line = f"{key}\n".encode("ascii")
        self._digest.update(line)
        self._length += len(line)
        if self._length <= LONGEST_NOTE:
            self._keys.append(key)
        else:
            self._keys.clear()
        return line

    def lines(self) -> list[str]:
        """The hash of the file of keys, and the keys."""
        return [f"keys with SHA-256 {self._digest.hexdigest()}", *self._keys]


def _image(root: Path, name: str, film: Film) -> Image.Image:
    """A printed picture at the film's size; UserError where its file is damaged."""
    path = file_of(root, "pictures", name)
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(
            f"The picture {path} cannot be read: render.py verify says what else is damaged."
        ) from error
    if image.size == (film.width, film.height):
        return image
    return image.resize((film.width, film.height), Image.Resampling.LANCZOS)
