"""What is said of a picture: its key in words, its PNG text chunks, the hash of its pixels.

Law: all of it follows from the key, the edition and the pixels, so that files do not differ for nothing.
May import: errors, edition, keys, tokens, numpy; never torch.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.keys import Condition, Key, Shelf, tokens_of_shelf, write_number
from babelgen.keys.numerals import write_bytes
from babelgen.tokens import tokens_of

SHORT_DIGITS = 30  # a page number up to this long is shown whole
SHORT_KEY = 80  # characters of a key that is shown whole
END_DIGITS = 8  # of a longer one each end has so many


@dataclass(frozen=True)
class Words:
    """A key for people.

    prompt, negative: see `condition_words`; negative is '' for the edition's default. page: '' where none is numbered.
    """

    steps: int
    prompt: str
    negative: str
    page: str


def describe(key: Key, edition: Edition) -> Words:
    """Say what a key means."""
    return Words(
        steps=key.steps,
        prompt=condition_words(key.condition, edition),
        negative="" if key.negative is None else condition_words(key.negative, edition),
        page="" if key.page is None else short_page(key.page),
    )


def condition_words(condition: Condition, edition: Edition) -> str:
    """A condition for people: the text of its tokens, or else what to tell it from other embeddings by.

    That is 8 digits of a hash of its values, or of its number; a short number is said itself.
    """
    if not isinstance(condition, Shelf):
        values = _hashed(condition.astype("<f4").tobytes())
        return f"an embedding that no text has ({values}, {condition.size} values)"
    if condition.kind == "t":
        return _prompt(condition, edition)
    numeral, coordinates = write_number(condition.number), edition.key_space().coordinates
    # Not its two ends: those of neighbours in a walk are often the same.
    told = f"{condition.kind}{numeral}" if len(numeral) <= 8 else _hashed(numeral.encode("ascii"))
    return f"an embedding that no text has ({told}, {coordinates} coded values)"


def _hashed(data: bytes) -> str:
    return write_bytes(hashlib.blake2b(data, digest_size=5).digest())


def _prompt(shelf: Shelf, edition: Edition) -> str:
    """The text of a prompt; the number of its tokens where the edition's tokenizer is gone with its model."""
    try:
        return tokens_of(edition).text(shelf)
    except UserError:
        if not edition.retired:
            raise
        count = len(tokens_of_shelf(shelf, edition.key_space()))
        tokens = "token" if count == 1 else "tokens"
        return f"a prompt of {count} {tokens}, which only the retired edition's tokenizer can tell"


def short_page(page: int) -> str:
    """A page number in decimal, or the two ends of its numeral where it is long."""
    if page < 10**SHORT_DIGITS:
        return str(page)
    numeral = write_number(page)
    return f"{_ends(numeral)} ({len(numeral)} digits of base 32)"


def short_key(key: str) -> str:
    """A key as it is told of beside its picture's name: the two ends of a long one."""
    return key if len(key) <= SHORT_KEY else f"{key[: SHORT_KEY // 2]}…{key[-SHORT_KEY // 4 :]}"


def _ends(numeral: str) -> str:
    if len(numeral) <= 2 * END_DIGITS:
        return numeral
    return f"{numeral[:END_DIGITS]}…{numeral[-END_DIGITS:]}"


def texts(key: str, words: Words, edition: Edition) -> dict[str, str]:
    """A PNG's text chunks: the whole key, the edition, and `parameters` as other programs read them."""
    lines = [words.prompt]
    if words.negative:
        lines.append(f"Negative prompt: {words.negative}")
    seed = f"Seed: {words.page}, " if words.page else ""
    lines.append(
        f"Steps: {words.steps}, Sampler: {edition.scheduler.upper()}, CFG scale: {edition.guidance:g}, "
        f"{seed}Size: {edition.width}x{edition.height}, Model: {edition.id}, Version: Babelgen"
    )
    return {"key": key, "edition": edition.id, "parameters": "\n".join(lines)}


def pixel_hash(pixels: NDArray[np.uint8]) -> str:
    """SHA-256 of a picture's RGB values in C order."""
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()


def psnr(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """How near two pictures of one shape are: peak signal-to-noise ratio in dB, infinite for equal ones."""
    error = float(((first.astype(np.float64) - second) ** 2).mean())
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def average_colour(pixels: NDArray[np.uint8]) -> str:
    """The mean of a picture's pixels (height, width, 3), as #rrggbb."""
    red, green, blue = (round(float(value)) for value in pixels.reshape(-1, 3).mean(axis=0))
    return f"#{red:02x}{green:02x}{blue:02x}"
