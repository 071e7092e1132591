"""Codec: the one interface of all codecs, so that the rest of the program need not know which it has.

Law: a codec reads and draws the keys of one edition. A key, once read, says all that its text says, and which keys
lie beside it; its text is what was read, character for character. Each codec stands in CODECS, by the name that
editions have for it, which never changes meaning.
May import: babelgen.errors, babel2, draw, lob1, order, pages, space, numpy and the standard library.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import ClassVar, Protocol, cast, get_args

import numpy as np
from numpy.typing import NDArray

from babelgen.errors import BadKey, UserError
from babelgen.keys import babel2, lob1
from babelgen.keys.draw import random_address, uniform_address
from babelgen.keys.order import Level, next_key
from babelgen.keys.pages import noise_page, page_noise
from babelgen.keys.space import Address, KeySpace, Shelf, require_address

Condition = Shelf | NDArray[np.float32]
"""What a picture is to show: a shelf of the edition, or an embedding, (length, width)."""

Wanted = Shelf | NDArray[np.floating]
"""The condition of a key that is to be made."""


class Key(Protocol):
    """A key that was read."""

    @property
    def text(self) -> str:
        """The whole key."""

    @property
    def steps(self) -> int:
        """1 .. 64."""

    @property
    def condition(self) -> Condition:
        """What the picture is to show."""

    @property
    def negative(self) -> Condition | None:
        """What is to be kept away; None for the edition's default."""

    @property
    def page(self) -> int | None:
        """The number of the start noise; None where the codec does not number it."""

    def noise(self) -> NDArray[np.float32]:
        """The start noise, (channels, height, width)."""

    def step(self, count: int = 1, level: str | None = None) -> Key:
        """The key `count` steps after it at a level of its codec (back, where negative); they wrap round.

        Raises UserError for a level that the codec has not.
        """

    def walk(self, level: str | None = None) -> Callable[[int], str]:
        """What writes the key `count` steps after it, as `step` does, for those who want many."""


@dataclass(frozen=True)
class Encoded:
    """A key made from values. losses: sentences on what of them it could not keep; none where it says them all."""

    key: Key
    losses: tuple[str, ...] = ()


class Codec(Protocol):
    """The keys of one edition."""

    @property
    def name(self) -> str:
        """What editions call it."""

    @property
    def prompts(self) -> bool:
        """Whether a prompt can be said in a key: then shelves and pages are numbered as `babel2` does."""

    @property
    def width(self) -> int | None:
        """The width of the embeddings that keys hold; None where they hold none, and any model will do."""

    @property
    def level(self) -> str:
        """The level of the smallest step."""

    def level_complaint(self, level: str) -> str | None:
        """The rest of a sentence about a level that the codec has not; None for one that it has."""

    def parse(self, text: str) -> Key:
        """The key of that text; BadKey says in one sentence what is wrong with any other."""

    def steps_of(self, text: str) -> int:
        """The number of steps of a key that is known to be one."""

    def encode(
        self,
        steps: int,
        condition: Wanted,
        noise: NDArray[np.floating],
        negative: Wanted | None = None,
    ) -> Encoded:
        """The key of the nearest picture that has one: what a key says is encoded to that key again.

        condition, negative: as keys of this codec say them, shelves where it has prompts, else an embedding. noise:
        (channels, height, width). Raises UserError for what is not finite, or not of the edition's form.
        """

    def form(self, values: NDArray[np.float32]) -> NDArray[np.floating]:
        """Values as files of a decoded key have them."""

    def first(self, steps: int) -> Key:
        """The first key with that number of steps."""

    def draw(
        self, rng: random.Random, steps: int, words: Sequence[tuple[int, ...]], lengths: Sequence[float]
    ) -> Key:
        """A random key with that number of steps; see `random_address` for what the words are, where it has prompts."""

    def draw_evenly(self, rng: random.Random) -> Key:
        """A random key, each as likely as any other."""


@dataclass(frozen=True)
class Babel2Key:
    """A key of codec `babel2`: an address of a space."""

    address: Address
    space: KeySpace

    @cached_property
    def text(self) -> str:
        """The whole key."""
        return babel2.format_key(self.address, self.space)

    @property
    def steps(self) -> int:
        """1 .. 64."""
        return self.address.steps

    @property
    def condition(self) -> Condition:
        """The shelf."""
        return self.address.shelf

    @property
    def negative(self) -> Condition | None:
        """The negative shelf; None for the edition's default."""
        return self.address.negative

    @property
    def page(self) -> int | None:
        """The page."""
        return self.address.page

    def noise(self) -> NDArray[np.float32]:
        """The page's noise, (channels, height, width)."""
        return page_noise(self.address.page, self.space.latent_shape)

    def step(self, count: int = 1, level: str | None = None) -> Babel2Key:
        """The key `count` steps after it; level: page, shelf, steps."""
        level = _known(Babel2(self.space), level)
        return Babel2Key(next_key(self.address, self.space, cast(Level, level), count), self.space)

    def walk(self, level: str | None = None) -> Callable[[int], str]:
        """What writes the key `count` steps after it."""
        level = _known(Babel2(self.space), level)
        return babel2.format_walk(self.address, self.space, cast(Level, level))


@dataclass(frozen=True)
class Babel2:
    """The codec `babel2` of one edition."""

    space: KeySpace
    name: ClassVar[str] = "babel2"
    prompts: ClassVar[bool] = True
    width: ClassVar[int | None] = None
    level: ClassVar[str] = "page"

    def level_complaint(self, level: str) -> str | None:
        """Levels are page, shelf and steps."""
        levels = get_args(Level)
        return None if level in levels else f"must be one of {', '.join(levels)}, not {level[:80]!a}"

    def parse(self, text: str) -> Babel2Key:
        """The key of that text; BadKey for any other."""
        return Babel2Key(babel2.parse_key(text, self.space), self.space)

    def steps_of(self, text: str) -> int:
        """The number of steps of a key that is known to be one."""
        return babel2.steps_of(text)

    def encode(
        self,
        steps: int,
        condition: Wanted,
        noise: NDArray[np.floating],
        negative: Wanted | None = None,
    ) -> Encoded:
        """The key of two shelves and the nearest page; a negative shelf that is the default is left out."""
        if not isinstance(condition, Shelf) or not isinstance(negative, Shelf | None):
            raise ValueError("a key of babel2 says its conditions as shelves")
        if noise.shape != self.space.latent_shape:
            raise UserError(f"Latents of this edition are {self.space.latent_shape}, not {noise.shape}.")
        page, clipped = noise_page(noise)
        default = Shelf("t", self.space.negative)
        address = Address(steps, condition, page, None if negative == default else negative)
        require_address(address, self.space)
        losses = [f"{_values(clipped)} beyond the ends of the table of noise, and moved to them."]
        return Encoded(Babel2Key(address, self.space), tuple(losses if clipped else ()))

    def form(self, values: NDArray[np.float32]) -> NDArray[np.floating]:
        """Float32, in their own shape."""
        return values

    def first(self, steps: int) -> Babel2Key:
        """Page 0 of the empty prompt."""
        return Babel2Key(Address(steps, Shelf("t", 0), 0), self.space)

    def draw(
        self, rng: random.Random, steps: int, words: Sequence[tuple[int, ...]], lengths: Sequence[float]
    ) -> Babel2Key:
        """A prompt of whole words, and one of the first pages."""
        return Babel2Key(
            random_address(self.space, rng, steps=steps, words=words, lengths=lengths), self.space
        )

    def draw_evenly(self, rng: random.Random) -> Babel2Key:
        """Any prompt, any page, any number of steps."""
        return Babel2Key(uniform_address(self.space, rng), self.space)


@dataclass(frozen=True)
class Lob1Key:
    """A key of codec `lob1`: its text, which was checked."""

    text: str

    @property
    def steps(self) -> int:
        """1 .. 64."""
        return lob1.steps_of(self.text)

    @property
    def condition(self) -> Condition:
        """The embedding."""
        return self._parts.embedding.astype(np.float32).reshape(lob1.EMBEDDING_SHAPE)

    @property
    def negative(self) -> Condition | None:
        """None: the format says nothing of it."""
        return None

    @property
    def page(self) -> int | None:
        """None: the key holds the noise itself."""
        return None

    def noise(self) -> NDArray[np.float32]:
        """The latents that the key holds, (channels, height, width)."""
        return self._parts.latents.astype(np.float32).reshape(lob1.LATENT_SHAPE)

    def step(self, count: int = 1, level: str | None = None) -> Lob1Key:
        """The key `count` steps after it; level: the number of characters that are held."""
        return Lob1Key(lob1.step_key(self.text, int(_known(LOB1, level)), count))

    def walk(self, level: str | None = None) -> Callable[[int], str]:
        """What writes the key `count` steps after it."""
        return partial(lob1.step_key, self.text, int(_known(LOB1, level)))

    @cached_property
    def _parts(self) -> lob1.Parts:
        return lob1.decode_key(self.text)


@dataclass(frozen=True)
class Lob1:
    """The codec `lob1`, the same for each of its editions."""

    name: ClassVar[str] = "lob1"
    prompts: ClassVar[bool] = False
    width: ClassVar[int | None] = lob1.EMBEDDING_SHAPE[1]
    level: ClassVar[str] = "0"

    def level_complaint(self, level: str) -> str | None:
        """Levels are numbers of characters."""
        if level.isascii() and level.isdecimal() and len(level) < 10 and int(level) < lob1.LENGTH:
            return None
        return f"must be how many characters are held, 0 to {lob1.LENGTH - 1}, not {level[:80]!a}"

    def parse(self, text: str) -> Lob1Key:
        """The key of that text; BadKey for any other."""
        lob1.check_key(text)
        return Lob1Key(text)

    def steps_of(self, text: str) -> int:
        """The number of steps of a key that is known to be one."""
        return lob1.steps_of(text)

    def encode(
        self,
        steps: int,
        condition: Wanted,
        noise: NDArray[np.floating],
        negative: Wanted | None = None,
    ) -> Encoded:
        """The key of the nearest words; it has no negative condition."""
        if isinstance(condition, Shelf) or negative is not None:
            raise ValueError("a key of lob1 says one embedding and no shelf")
        encoded = lob1.encode_key(steps, condition, noise)
        losses = []
        if encoded.saturated:
            losses.append(f"{_values(encoded.saturated)} beyond the range of lob1, and moved to its ends.")
        losses += [
            f"Value {place + 1} of the embedding is always {lob1.FIXED[place]} in lob1, and was another."
            for place in encoded.unfixed
        ]
        return Encoded(Lob1Key(encoded.text), tuple(losses))

    def form(self, values: NDArray[np.float32]) -> NDArray[np.floating]:
        """Float16, flat; every value that a key holds is one."""
        return values.astype(np.float16).ravel()

    def first(self, steps: int) -> Lob1Key:
        """The first key of all, but for the number of steps."""
        return Lob1Key(lob1.first_key(steps))

    def draw(
        self, rng: random.Random, steps: int, words: Sequence[tuple[int, ...]], lengths: Sequence[float]
    ) -> Lob1Key:
        """Any embedding and any latents; there are no words in a key."""
        return Lob1Key(lob1.random_key(rng, steps))

    def draw_evenly(self, rng: random.Random) -> Lob1Key:
        """Any key at all."""
        return Lob1Key(lob1.random_key(rng))


LOB1 = Lob1()


def _lob1(space: KeySpace) -> Codec:
    length, _ = lob1.EMBEDDING_SHAPE
    if (space.latent_shape, space.capacity) != (lob1.LATENT_SHAPE, length - 2):
        shape = " x ".join(map(str, lob1.LATENT_SHAPE))
        raise UserError(f"Keys of codec lob1 hold latents of {shape} and {length} tokens, and no others.")
    return LOB1


CODECS: dict[str, Callable[[KeySpace], Codec]] = {"babel2": Babel2, "lob1": _lob1}


def edition_of(text: str) -> str:
    """The id of the edition that a key names, once its form and check are right.

    BadKey for any other text, and for a key of codec `lob1`, which names none.
    """
    if len(text) == lob1.LENGTH and ":" not in text:
        raise BadKey("A lob1 key names no edition: say which one it is of with --edition.")
    return babel2.edition_of(text)


def _values(count: int) -> str:
    return "1 value was" if count == 1 else f"{count} values were"


def _known(codec: Codec, level: str | None) -> str:
    level = codec.level if level is None else level
    if complaint := codec.level_complaint(level):
        raise UserError(f"The level {complaint}.")
    return level
