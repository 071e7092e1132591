"""`animate`: the printed pictures of a collection as one moving one, with the keys of its frames beside it.

Law: only printed pictures are shown, all of them, in the collection's order; nothing is rendered here. A library's own
film has a record, which goes first and comes last, so that whoever finds one finds a whole film.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from babelgen.animation import FORMATS, Film, check_wishes, frame_order, write_film
from babelgen.catalog import Catalog
from babelgen.collections import Collection
from babelgen.commands.console import say
from babelgen.errors import UserError
from babelgen.films import (
    Record,
    Show,
    film_file,
    keys_file,
    read_record,
    record_file,
    sign_of,
    sign_of_show,
)
from babelgen.library import DEFAULT, Entry, Library, load_library
from babelgen.store import changing, encode_webp, file_of, forget_film, in_place, write_atomic, writing

PAGE = 500  # pictures that the catalog is asked for at a time
LONGEST_NOTE = 2**20  # bytes of keys that go into the film itself; longer ones are in the file of keys alone
SITE_NOTE = 2**14  # the same for a film of a site, which is loaded to be seen and has its keys beside it


def animate(slug: str, folder: Path | None, out: Path | None, show: Show) -> int:
    """Write the film of a collection, and its keys to a file beside it: to `out`, or into the library, for its site.

    UserError where a picture is not printed.
    """
    library = load_library(folder or DEFAULT)
    collection = library.collection(slug)
    if out is None:
        say(f"Wrote {keep_film(library, collection, show)}; the site shows it when it is built.")
        return 0
    suffix = out.suffix.lower()
    if suffix not in FORMATS:
        raise UserError(f"The name of an animation must end in {', '.join(FORMATS)}, not {out.suffix!r}.")
    keys = out.with_name(f"{out.name}.keys")
    film, names, _ = _write(library, collection, show, out, keys, LONGEST_NOTE)
    say(
        f"Wrote {out}: {film.frames} frames of {film.width} x {film.height}, {out.stat().st_size:,} bytes; its keys are in {keys}."
    )
    if suffix == ".mp4":
        poster = out.with_suffix(".poster.webp")
        write_atomic(poster, encode_webp(np.asarray(_image(library.root, names[0], film))))
        say(f"Wrote {poster}, for where no film can play.")
    return 0


def keep_films(library: Library) -> None:
    """Make the films that a library's collections ask for and that do not show what is printed now, or not as asked for."""
    for collection in library.collections:
        if collection.film is None:
            continue
        complaint = _stale(library, collection, collection.film)
        if complaint is None:
            continue
        if complaint:
            say(f"No film of {collection.slug!r}: {complaint}.")
        else:
            say(f"Wrote {keep_film(library, collection, collection.film)}.")


def keep_film(library: Library, collection: Collection, show: Show) -> str:
    """Make a film in the library, its record last; what was made, in words."""
    root, slug = library.root, collection.slug
    path, keys = film_file(root, slug), keys_file(root, slug)
    with changing(root):  # so that two who do the same do it one after the other
        forget_film(root, slug)
        film, names, sign = _write(library, collection, show, path, keys, SITE_NOTE)
        record = Record(
            pictures=len(names), frames=film.frames, made_from=sign, shown=sign_of_show(show), width=film.width,
            height=film.height, rate=str(film.rate), loop=film.loop, film=path.stat().st_size, keys=keys.stat().st_size,
        )  # fmt: skip
        write_atomic(record_file(root, slug), record.text())
    return f"{path}: {film.frames} frames, {record.film:,} bytes"


def _stale(library: Library, collection: Collection, show: Show) -> str | None:
    """Why there can be no film now; '' where one is to be made, None where it is there."""
    signs: list[tuple[str, str]] = []
    lacking = 0
    with Catalog.open(library.root) as catalog:
        for entries in _pages(library.keys(collection)):
            rows = catalog.pictures(entry.name for entry in entries)
            if any(row.flagged for row in rows.values()):
                return "some of its pictures are flagged by the safety checker"
            lacking += sum(entry.name not in rows for entry in entries)
            signs += [(entry.name, rows[entry.name].sha256) for entry in entries if entry.name in rows]
    if lacking:
        return f"{lacking} of its pictures are not rendered"
    record = read_record(library.root, collection.slug)
    fits = record and (record.made_from, record.shown) == (sign_of(signs), sign_of_show(show))
    return None if fits else ""


def _write(
    library: Library, collection: Collection, show: Show, out: Path, keys: Path, longest: int
) -> tuple[Film, list[str], str]:
    """Write a film and the file of its keys; the film, the names of its pictures, and the sign of these.

    longest: bytes of keys that the film says itself.
    """
    width, height = _size(collection, show.width)
    check_wishes(out.suffix.lower(), show.exact, show.loop, (width, height))
    names, words, sign = _gather(library, collection, show.flagged, keys, longest)
    order = frame_order(len(names), show.back)
    note = "\n".join([f"Babelgen: {len(order)} frames, {float(show.exact):g} a second", *words])
    film = Film(width, height, len(order), show.exact, show.loop, note, show.quality)
    images = (_image(library.root, names[place], film) for place in order)
    with writing(out) as file:
        write_film(out.suffix.lower(), film, images, file)
    return film, names, sign


def _size(collection: Collection, width: int | None) -> tuple[int, int]:
    edition = collection.edition
    if width is None or width == edition.width:
        return edition.width, edition.height
    return width, max(2, 2 * round(edition.height * width / edition.width / 2))


def _gather(
    library: Library, collection: Collection, flagged: bool, keys: Path, longest: int
) -> tuple[list[str], list[str], str]:
    """The names of a collection's pictures, what the film says of them, and their sign; writes the file of keys, one a line.

    UserError, and no file, where a picture is missing, or flagged and not asked for.
    """
    names, hashes, note, lacking = list[str](), list[str](), _Note(longest), list[int]()
    with Catalog.open(library.root) as catalog, writing(keys) as file:
        left_out = frozenset[str]() if flagged else frozenset(catalog.flagged())
        for entries in _pages(library.keys(collection)):
            rows = catalog.pictures(entry.name for entry in entries)
            for entry in entries:
                names.append(entry.name)
                if entry.name in left_out:
                    raise UserError(
                        f"Picture {len(names)} of {collection.slug!r} is flagged by the safety checker: give --flagged to show it."
                    )
                row = rows.get(entry.name)
                if row is None or not in_place(library.root, entry.name, row.sizes):
                    lacking.append(len(names))
                hashes.append("" if row is None else row.sha256)
                file.write(note.add(entry.key))
        if lacking:
            raise UserError(
                f"{collection.slug!r} lacks {len(lacking)} of its {len(names)} pictures, first number {lacking[0]}: render them before they can move."
            )
    sign = sign_of(zip(names, hashes, strict=True))
    return names, [f"edition {collection.edition.id}", *note.lines()], sign


def _pages(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    while page := list(itertools.islice(entries, PAGE)):
        yield page


class _Note:
    """The keys of a film, whole while they are short, and their hash."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._digest, self._length = hashlib.sha256(), 0
        self._keys: list[str] = []

    def add(self, key: str) -> bytes:
        """Count a key; returns its line."""
        line = f"{key}\n".encode("ascii")
        self._digest.update(line)
        self._length += len(line)
        if self._length <= self._longest:
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
