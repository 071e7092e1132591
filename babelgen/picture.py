"""What is said of a picture: its address in words, its PNG text chunks, the hash of its pixels.

Law: all of it follows from the key, the edition and the pixels, so that files do not differ for nothing.
May import: edition, keys, tokens; never torch.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from babelgen.edition import Edition
from babelgen.keys import Address, write_number
from babelgen.tokens import Tokens

SHORT_DIGITS = 30  # a page number up to this long is shown whole


@dataclass(frozen=True)
class Words:
    """An address for people. prompt, negative: decoded text; negative is '' for the edition's default."""

    steps: int
    prompt: str
    negative: str
    page: str


def describe(address: Address, edition: Edition, tokens: Tokens) -> Words:
    """Say what an address means."""
    return Words(
        steps=address.steps,
        prompt=tokens.text(address.shelf),
        negative=tokens.text(address.negative) if address.negative else "",
        page=short_page(address.page),
    )


def short_page(page: int) -> str:
    """A page number in decimal, or the two ends of its numeral where it is long."""
    if page < 10**SHORT_DIGITS:
        return str(page)
    numeral = write_number(page)
    return f"{numeral[:8]}…{numeral[-8:]} ({len(numeral)} digits of base 32)"


def texts(key: str, words: Words, edition: Edition) -> dict[str, str]:
    """A PNG's text chunks: the whole key, the edition, and `parameters` as other programs read them."""
    lines = [words.prompt]
    if words.negative:
        lines.append(f"Negative prompt: {words.negative}")
    lines.append(
        f"Steps: {words.steps}, Sampler: {edition.scheduler.upper()}, CFG scale: {edition.guidance:g}, "
        f"Seed: {words.page}, Size: {edition.width}x{edition.height}, Model: {edition.id}, Version: Babelgen"
    )
    return {"key": key, "edition": edition.id, "parameters": "\n".join(lines)}


def pixel_hash(pixels: NDArray[np.uint8]) -> str:
    """SHA-256 of a picture's RGB values in C order."""
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()


def average_colour(pixels: NDArray[np.uint8]) -> str:
    """The mean of a picture's pixels (height, width, 3), as #rrggbb."""
    red, green, blue = (round(float(value)) for value in pixels.reshape(-1, 3).mean(axis=0))
    return f"#{red:02x}{green:02x}{blue:02x}"
