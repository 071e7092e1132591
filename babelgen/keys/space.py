"""The key space: which addresses the library of one edition has.

Law: a space is finite and known by a few numbers; every address in it is one picture, and one picture has one
address. `find_fault` alone says whether an address lies in a space; readers and writers both ask it.
May import: babelgen.errors and the standard library.
"""

import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple, get_args

from babelgen.errors import BadKey

MAX_STEPS = 64
BITS_A_VALUE = 12

Kind = Literal["t", "v"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_EDITION_ID = re.compile(r"(?=.{1,64}\Z)[0-9a-z]+(-[0-9a-z]+)*")


@dataclass(frozen=True)
class KeySpace:
    """The finite library of one edition, as far as keys need it.

    edition: the edition's id: words of a-z and 0-9 joined by single hyphens, at most 64 characters.
    vocabulary: V, the number of content tokens, 1 or more.
    capacity: the most content tokens in a prompt (the model's length less two), 0 or more.
    latent_shape: (channels, height, width) of the latents, each 1 or more.
    negative: the shelf (kind t) of the edition's default negative prompt, by number; 0 is the empty prompt.
    coordinates: the number of coded values of an embedding; 0 where the edition has no statistics, and so no
    shelves of kind v.

    Raises ValueError when a value is outside these ranges.
    """

    edition: str
    vocabulary: int
    capacity: int
    latent_shape: tuple[int, int, int]
    negative: int
    coordinates: int = 0

    def __post_init__(self) -> None:
        """Refuse with ValueError a space that cannot be."""
        if not is_edition_id(self.edition):
            raise ValueError(f"{self.edition!r} is no edition id")
        if self.vocabulary < 1 or self.capacity < 0:
            raise ValueError("a vocabulary has at least one token, and a capacity is zero or more")
        if self.coordinates < 0:
            raise ValueError("an embedding has zero or more coded values")
        check_shape(self.latent_shape)
        if not 0 <= self.negative < self.shelves:
            raise ValueError("the default negative prompt is no shelf of this vocabulary and capacity")

    @cached_property
    def shelves(self) -> int:
        """The number of shelves of kind t: of token sequences with 0 to `capacity` tokens."""
        return sum(self.vocabulary**length for length in range(self.capacity + 1))

    @cached_property
    def embeddings(self) -> int:
        """The number of shelves of kind v: 2 ** (12 x coordinates), and none where nothing is coded."""
        return 1 << BITS_A_VALUE * self.coordinates if self.coordinates else 0

    def shelves_of(self, kind: Kind) -> int:
        """The number of shelves of a kind; their numbers are all those below it."""
        return self.shelves if kind == "t" else self.embeddings

    @cached_property
    def pages(self) -> int:
        """The number of pages: 2 ** (12 x latent values)."""
        return 1 << page_bits(self.latent_shape)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A condition, by its kind and number.

    Kind `t`: a token sequence (see shelves.py); 0 is the empty prompt. Kind `v`: an embedding (see embeddings.py).
    """

    kind: Kind
    number: int


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a key: one picture of one edition.

    steps: 1..64. shelf: the condition. page: the start noise, 0 .. pages - 1.
    negative: the negative condition; None means the edition's default, which is never given otherwise.
    """

    steps: int
    shelf: Shelf
    page: int
    negative: Shelf | None = None


class Fault(NamedTuple):
    """What is wrong with an address: the part's name, and the rest of a sentence about it."""

    part: Literal["steps", "shelf", "page", "negative shelf"]
    complaint: str


def find_fault(address: Address, space: KeySpace) -> Fault | None:
    """The first thing that keeps an address out of a space, or None when it lies in it."""
    if not 1 <= address.steps <= MAX_STEPS:
        return Fault("steps", f"must be a number from 1 to {MAX_STEPS}")
    if complaint := shelf_complaint(address.shelf, space):
        return Fault("shelf", complaint)
    if not 0 <= address.page < space.pages:
        return Fault("page", page_complaint(address.page, space.latent_shape))
    if address.negative is None:
        return None
    if complaint := shelf_complaint(address.negative, space):
        return Fault("negative shelf", complaint)
    if address.negative == Shelf("t", space.negative):
        return Fault("negative shelf", "is the edition's default, which is written by leaving it out")
    return None


def require_address(address: Address, space: KeySpace) -> None:
    """Refuse with BadKey an address outside the space."""
    if fault := find_fault(address, space):
        raise BadKey(f"The {fault.part} {fault.complaint}.")


def shelf_complaint(shelf: Shelf, space: KeySpace) -> str | None:
    """The rest of a sentence about a shelf that the space has not; None for one that it has."""
    if shelf.kind not in KINDS:
        return f"is of the unknown kind {shelf.kind!a}"
    if shelf.kind == "v" and not space.coordinates:
        return f"is of kind 'v', an embedding, and edition {space.edition} has no statistics to read one with"
    if shelf.number < 0:
        return "is below zero"
    if shelf.number < space.shelves_of(shelf.kind):
        return None
    return f"is too large for edition {space.edition}, {_extent(shelf.kind, space)}"


def _extent(kind: Kind, space: KeySpace) -> str:
    if kind == "t":
        return f"whose prompts have at most {space.capacity} tokens from a vocabulary of {space.vocabulary}"
    bits = BITS_A_VALUE * space.coordinates
    return f"whose embeddings have {space.coordinates} coded values: it must be below 2^{bits}"


def page_complaint(page: int, latent_shape: tuple[int, int, int]) -> str:
    """The rest of a sentence about a page outside 0 .. 2 ** (12 x latent values) - 1."""
    if page < 0:
        return "is below zero"
    shape = "x".join(map(str, latent_shape))
    return f"is too large for latents of {shape}: it must be below 2^{page_bits(latent_shape)}"


def page_bits(latent_shape: tuple[int, int, int]) -> int:
    """The length of a page in bits: 12 for each latent value."""
    return BITS_A_VALUE * math.prod(latent_shape)


def check_shape(latent_shape: tuple[int, int, int]) -> None:
    """Refuse with ValueError a shape that is not three positive numbers."""
    if len(latent_shape) != 3 or min(latent_shape) < 1:
        raise ValueError(f"a latent shape is (channels, height, width), each 1 or more, not {latent_shape}")


def is_edition_id(text: str) -> bool:
    """Whether a text has the form of an edition id: words of a-z and 0-9 joined by hyphens, 64 at most."""
    return _EDITION_ID.fullmatch(text) is not None
