"""Films of collections, as a library keeps them: `films/NAME.webp`, a file of the frames' keys, and a record of both.

The record says what the film was made from, so that everybody can tell whether it still shows what is printed. It is
written last, and taken away first: a film without one is none.
Law: what is read here anybody may have written: a record that is not one of ours is none.
May import: the standard library.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

FOLDER = "films"
_SUFFIX, _KEYS, _RECORD = ".webp", ".webp.keys", ".json"
_MAKING = 1  # to be changed with how films are encoded: then they are made anew
_LARGEST = 2**53
FASTEST = 100  # frames a second of WebP


@dataclass(frozen=True)
class Show:
    """How a collection is shown. rate: frames a second. loop: how often, 0 for ever. width: None for the pictures' own."""

    rate: float = 12.0
    back: bool = False
    loop: int = 0
    width: int | None = None
    quality: int = 80
    flagged: bool = False

    @property
    def exact(self) -> Fraction:
        """The rate as films have it."""
        return Fraction(self.rate).limit_denominator(1000)


@dataclass(frozen=True)
class Record:
    """A film of a library.

    pictures: how many it shows, and frames: in how many frames. made_from: see `sign_of`; shown: of how it was asked for.
    width, height: pixels. rate: frames a second, and loop: how often it plays, 0 for ever. film, keys: bytes of its files.
    """

    pictures: int
    frames: int
    made_from: str
    shown: str
    width: int
    height: int
    rate: str
    loop: int
    film: int
    keys: int

    @property
    def seconds(self) -> float:
        """How long it plays, once."""
        return float(self.frames / Fraction(self.rate))

    def text(self) -> bytes:
        """What stands in its file."""
        return (json.dumps(asdict(self)) + "\n").encode("ascii")


def sign_of(pictures: Iterable[tuple[str, str]]) -> str:
    """The sign of pictures in their order: name, and hash of the pixels."""
    digest = hashlib.blake2b(digest_size=16)
    for name, pixels in pictures:
        digest.update(f"{name} {pixels}\n".encode())
    return digest.hexdigest()


def sign_of_show(show: Show) -> str:
    """The sign of how a film is asked for."""
    said = repr((_MAKING, str(show.exact), show.back, show.loop, show.width, show.quality))
    return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()


def film_file(root: Path, slug: str) -> Path:
    """Where the film of a collection lies."""
    return root / FOLDER / f"{slug}{_SUFFIX}"


def keys_file(root: Path, slug: str) -> Path:
    """Where the keys of its pictures lie, a key a line."""
    return root / FOLDER / f"{slug}{_KEYS}"


def record_file(root: Path, slug: str) -> Path:
    """Where its record lies."""
    return root / FOLDER / f"{slug}{_RECORD}"


def slug_of(file: str) -> str:
    """The collection that a file of the folder is named by; '' where it is none of ours."""
    for suffix in (_KEYS, _SUFFIX, _RECORD):
        if file.endswith(suffix) and not file.startswith("."):
            return file.removesuffix(suffix)
    return ""


def read_record(root: Path, slug: str) -> Record | None:
    """The film of a collection; None where there is none, or its files are not those that it was recorded with."""
    try:
        data = record_file(root, slug).read_bytes()
        record = Record(**json.loads(data))
        whole = (
            record.text() == data
            and _is_sound(record)
            and film_file(root, slug).stat().st_size == record.film
            and keys_file(root, slug).stat().st_size == record.keys
        )
    except (OSError, TypeError, ValueError, ArithmeticError, RecursionError):
        return None
    return record if whole else None


def _is_sound(record: Record) -> bool:
    numbers = (record.pictures, record.frames, record.width, record.height, record.film, record.keys)
    texts = (record.made_from, record.shown, record.rate)
    return (
        all(type(one) is int and 0 < one < _LARGEST for one in numbers)
        and type(record.loop) is int
        and 0 <= record.loop < _LARGEST
        and all(isinstance(one, str) for one in texts)
        and 0 < Fraction(record.rate) <= FASTEST
    )
