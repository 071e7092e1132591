"""The codec `lob1`: the format of the existing Stable Diffusion image archive, bit for bit.

    189,436 digits of base64 = 1,136,616 bits: steps - 1 (6 bits), embedding (59,134 words), latents (16,640)

Law: every text of that length and alphabet is a key, and every key one picture: what decodes is encoded alike.
So there is nothing to check a key by; a mistyped digit is another key. A codec's id never changes meaning.
May import: babelgen.errors, lob1_words, space, numpy and the standard library.
"""

import binascii
import math
import random
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from babelgen.errors import BadKey, UserError
from babelgen.keys.lob1_words import (
    pack_words,
    require_finite,
    unpack_words,
    values_to_words,
    words_to_values,
)
from babelgen.keys.space import MAX_STEPS

LENGTH = 189_436  # characters
EMBEDDING_SHAPE = (77, 768)
LATENT_SHAPE = (4, 52, 80)
FIXED = {19: -28.078125, 681: 33.09375}  # flat positions of the embedding that are not coded

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_FIRST, _LAST = _ALPHABET[0], _ALPHABET[-1]
_DIGIT_BITS = 6
_STEPS_BITS = 6
_STEPS_MASK = (1 << _STEPS_BITS) - 1
_BYTES = LENGTH * _DIGIT_BITS // 8
_EMBEDDING_VALUES = math.prod(EMBEDDING_SHAPE)
_LATENT_VALUES = math.prod(LATENT_SHAPE)
_EMBEDDING_WORDS = _EMBEDDING_VALUES - len(FIXED)
EMBEDDING_BIAS = 4  # magnitudes 2^-11 to 31.984375
LATENT_BIAS = 1  # magnitudes 2^-14 to 3.998046875

_FOREIGN = re.compile("[^A-Za-z0-9+/]")
_KNOWN_FOREIGN = {
    ":": "':', which no lob1 key has, and every babel2 key",
    "=": "'=', which pads base64, and a lob1 key has no padding",
    "-": "'-', of the URL-safe alphabet, which has it for the '+' of a lob1 key",
    "_": "'_', of the URL-safe alphabet, which has it for the '/' of a lob1 key",
    " ": "a space, and a key has none",
    "\t": "a tab, and a key has none",
    "\n": "a line break, and a key has none",
    "\r": "a line break, and a key has none",
}


@dataclass(frozen=True, eq=False)
class Parts:
    """What a key says. steps: 1..64. embedding: (59136,), latents: (16640,), float16, flat in C order."""

    steps: int
    embedding: NDArray[np.float16]
    latents: NDArray[np.float16]


@dataclass(frozen=True)
class Encoded:
    """A key, and what it could not keep of the values that it was made from.

    saturated: how many values lay beyond the range of their words. unfixed: the flat positions of the embedding
    that are not coded and had another value than the fixed one.
    """

    text: str
    saturated: int
    unfixed: tuple[int, ...]


def check_key(text: str) -> None:
    """Refuse with BadKey, in one sentence, a text that is no key (characters count from 1)."""
    _read_bytes(text)


def decode_key(text: str) -> Parts:
    """What a key says; BadKey for a text that is none."""
    data = _read_bytes(text)
    words = unpack_words(data, _STEPS_BITS, _EMBEDDING_WORDS + _LATENT_VALUES)
    coded = words_to_values(words[:_EMBEDDING_WORDS], EMBEDDING_BIAS)
    # np.insert counts places before anything is inserted.
    places = [position - before for before, position in enumerate(FIXED)]
    embedding = np.insert(coded, places, list(FIXED.values()))
    return Parts(steps_of(text), embedding, words_to_values(words[_EMBEDDING_WORDS:], LATENT_BIAS))


def encode_key(steps: int, embedding: NDArray[np.floating], latents: NDArray[np.floating]) -> Encoded:
    """The key of the nearest picture that has one.

    steps: 1..64. embedding: 59,136 values, (77, 768) or flat; latents: 16,640, (1, 4, 52, 80) or flat; of any
    floating dtype. How values are rounded and where they saturate: see `values_to_words`. Raises UserError for
    anything else, NaN and infinity included.
    """
    given = _flat(embedding, "embedding", _EMBEDDING_VALUES)
    start = _flat(latents, "latents", _LATENT_VALUES)
    condition, outside = values_to_words(np.delete(given, list(FIXED)), EMBEDDING_BIAS)
    noise, outside_too = values_to_words(start, LATENT_BIAS)
    data = bytearray(pack_words(np.concatenate([condition, noise]), _STEPS_BITS))
    data[0] |= _step_level(steps)
    unfixed = tuple(position for position, value in FIXED.items() if given[position] != value)
    return Encoded(_write_bytes(data), outside + outside_too, unfixed)


def steps_of(text: str) -> int:
    """The number of steps that a key (already checked) says."""
    return (binascii.a2b_base64(text[:4])[0] & _STEPS_MASK) + 1


def first_key(steps: int) -> str:
    """The first of the keys with a number of steps (1..64): all but those are zeros."""
    data = bytearray(_BYTES)
    data[0] = _step_level(steps)
    return _write_bytes(data)


def random_key(rng: random.Random, steps: int | None = None) -> str:
    """A key of which every bit is drawn; with `steps` (1..64) given, every bit but those.

    The same generator state draws the same key, on every Python that we support; golden vectors pin what.
    """
    data = bytearray(rng.getrandbits(8 * _BYTES).to_bytes(_BYTES, "little"))
    if steps is not None:
        data[0] = data[0] & ~_STEPS_MASK | _step_level(steps)
    return _write_bytes(data)


def step_key(text: str, level: int = 0, count: int = 1) -> str:
    """The key `count` steps after a key (already checked) at this level; a negative count steps back.

    A key is a number of base 64, its last character the least significant. Level k steps the number that is
    left of the last k characters, and holds those. The last number is followed by the first. The time depends
    on how far a carry goes and on nothing else; a whole key never becomes a number.
    """
    if not 0 <= level < LENGTH:
        raise UserError(f"The level must be from 0 to {LENGTH - 1} held characters, not {level}.")
    end = LENGTH - level
    size = min(end, -(-count.bit_length() // _DIGIT_BITS) or 1)  # digits, as many as the count has
    carry, low = divmod(_read_number(text[end - size : end]) + count, 1 << _DIGIT_BITS * size)
    # Growing a local string by += copies nothing; a + b would copy the whole key once more.
    moved = _carry(text, end - size, carry) if carry else text[: end - size]
    moved += _write_number(low, size)
    moved += text[end:]
    return moved


def _step_level(steps: int) -> int:
    """The step level of a number of steps; UserError for one that no key says."""
    if not 1 <= steps <= MAX_STEPS:
        raise UserError(f"The number of steps must be from 1 to {MAX_STEPS}, not {steps}.")
    return steps - 1


def _carry(text: str, end: int, carry: int) -> str:
    """The first `end` digits of a key plus a carry of 1 or -1, which is lost where it leaves the first digit."""
    full, empty = (_LAST, _FIRST) if carry > 0 else (_FIRST, _LAST)
    stop = _run_start(text, end, full)
    if stop == 0:
        return empty * end
    moved = text[: stop - 1]
    moved += _ALPHABET[_ALPHABET.index(text[stop - 1]) + carry]
    moved += empty * (end - stop)
    return moved


def _run_start(text: str, end: int, digit: str) -> int:
    """Where the run of one digit begins that ends at `end`: a search by memory comparison, large blocks first."""
    for size in (4096, 64, 1):
        run = digit * size
        while text.endswith(run, 0, end):
            end -= size
    return end


def _read_number(digits: str) -> int:
    return int.from_bytes(binascii.a2b_base64(_FIRST * (-len(digits) % 4) + digits), "big")


def _write_number(number: int, size: int) -> str:
    data = number.to_bytes(-(-size // 4) * 3, "big")
    return binascii.b2a_base64(data, newline=False).decode("ascii")[-size:]


def _read_bytes(text: str) -> bytes:
    """The bytes of a key; BadKey for a text that is none."""
    try:
        data = binascii.a2b_base64(text) if len(text) == LENGTH else b""
    except ValueError:  # it is not ASCII, or wrongly padded
        data = b""
    if len(data) != _BYTES:  # digits of another alphabet are passed over
        raise BadKey(_fault(text))
    return data


def _write_bytes(data: bytes | bytearray) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def _fault(text: str) -> str:
    """What is wrong with a text that is no key: its length, or else its first foreign character."""
    if not text:
        return "The key is empty."
    foreign = _FOREIGN.search(text, 0, LENGTH + 1)
    if foreign is None:
        return f"The key has {len(text)} characters, and a lob1 key has {LENGTH}."
    return f"Character {foreign.start() + 1} of the key is {_describe(foreign[0])}."


def _describe(character: str) -> str:
    if not character.isascii():
        return f"{character!a}, which is not ASCII"
    return _KNOWN_FOREIGN.get(character, f"{character!a}, which is no digit of base64")


def _flat(values: NDArray[np.floating], name: str, size: int) -> NDArray[np.floating]:
    """The values in C order; UserError where they are not as many floats as there must be."""
    if values.size != size or not np.issubdtype(values.dtype, np.floating):
        raise UserError(f"The {name} must be {size} floats, not {values.dtype} of shape {values.shape}.")
    return require_finite(values.ravel(), name)
