"""Frames: keys between and beside keys, as explorations have them.

What a key says becomes points of geometry, and points become keys again: the nearest ones, since values beyond what a
key can say are moved to the ends of it. A condition that does not move keeps its shelf, and noise its page, so that
frames without words of their own are said as shortly as other keys, and need no model.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from babelgen.collections.collection import Embeddings, check_prompt
from babelgen.edition import Edition
from babelgen.errors import BadKey, UserError
from babelgen.keys import (
    Address,
    Condition,
    Key,
    Shelf,
    Wanted,
    embedding_of_shelf,
    format_key,
    normal_table,
    shelf_of_embedding,
)
from babelgen.keys.digits import split_digits
from babelgen.statistics import statistics_of
from babelgen.tokens import tokens_of
from babelgen.toml import Table

LONGEST_SAID = 120  # characters of a prompt that other words stand around


@dataclass(frozen=True)
class Frames:
    """Reads and writes keys of one edition as points. embeddings: of the prompts whose embeddings are asked for."""

    edition: Edition
    embeddings: Embeddings

    def embedding(self, condition: Condition) -> NDArray[np.float32]:
        """The embedding of a condition, (length, width)."""
        if not isinstance(condition, Shelf):
            return condition
        if condition.kind == "v":
            return embedding_of_shelf(condition, self.edition.key_space(), statistics_of(self.edition))
        return self.embeddings[condition]

    def write(
        self, steps: int, condition: Wanted, noise: NDArray[np.floating], negative: Wanted | None
    ) -> str:
        """The nearest key; conditions are shelves, or embeddings."""
        below = None if negative is None else self._said(negative)
        return self.edition.codec.encode(steps, self._said(condition), noise, below).key.text

    def _said(self, condition: Wanted) -> Wanted:
        if isinstance(condition, Shelf) or not self.edition.codec.prompts:
            return condition
        return shelf_of_embedding(condition, statistics_of(self.edition))[0]


def prompts_among(conditions: Iterable[Condition | None]) -> tuple[Shelf, ...]:
    """Those conditions whose embeddings only the model can tell, each once."""
    shelves = [condition for condition in conditions if isinstance(condition, Shelf)]
    return tuple(dict.fromkeys(shelf for shelf in shelves if shelf.kind == "t"))


def negative_of(key: Key, edition: Edition) -> Condition | None:
    """What a key keeps away, the edition's default said out; None where keys cannot say it."""
    if key.negative is None and edition.codec.prompts:
        return Shelf("t", edition.key_space().negative)
    return key.negative


def same_condition(first: Condition, last: Condition) -> bool:
    """Whether two conditions are one."""
    if isinstance(first, Shelf) or isinstance(last, Shelf):
        return first is last or (isinstance(first, Shelf) and isinstance(last, Shelf) and first == last)
    return np.array_equal(first, last)


def is_key(text: str, edition: Edition) -> bool:
    """Whether a text is meant for a key rather than for a prompt."""
    return not edition.codec.prompts or text.startswith(f"{edition.codec.name}:")


def key_of_prompt(edition: Edition, prompt: str, page: int, steps: int, negative: str) -> Key:
    """A page of a prompt, as a key."""
    tokens, default = tokens_of(edition), Shelf("t", edition.key_space().negative)
    below = tokens.shelf(negative) if negative else default
    address = Address(steps, tokens.shelf(prompt), page, None if below == default else below)
    return edition.codec.parse(format_key(address, edition.key_space()))


def in_words(key: Key, edition: Edition) -> str:
    """A key's prompt in quotes; '' where no text says it, or none that is known here."""
    if not isinstance(key.condition, Shelf) or key.condition.kind != "t":
        return ""
    try:
        text = tokens_of(edition).text(key.condition)
    except UserError:  # of a retired edition
        return ""
    return quoted(text) if text else "the empty prompt"


def quoted(text: str) -> str:
    """A prompt in quotes, without its end where it is long."""
    short = text if len(text) <= LONGEST_SAID else f"{text[: LONGEST_SAID - 1].rstrip()}…"
    return f"“{short}”"


def check_stop(table: Table, name: str, text: str, edition: Edition) -> None:
    """Refuse a text that is neither a key of the edition nor a prompt in its tokens."""
    if not is_key(text, edition):
        return check_prompt(table, name, text, edition)
    try:
        edition.codec.parse(text)
    except BadKey as error:
        raise table.error(name, f"is refused: {str(error).rstrip('.')}") from error


def require_embeddings(table: Table, name: str, edition: Edition) -> None:
    """Refuse what moves conditions where the edition's keys cannot say embeddings."""
    if edition.codec.prompts and edition.statistics is None:
        raise table.error(
            name,
            f"needs keys of embeddings, and edition {edition.id} has no statistics to say them with:"
            " `render.py edition fit` makes some",
        )


def draw_normal(label: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Gaussian values, by the table that pages have; the same label gives the same ones on every machine."""
    count = int(np.prod(shape))
    digits = split_digits(random.Random(label).getrandbits(12 * count), count)
    return normal_table()[digits].astype(np.float64).reshape(shape)


def draw_uniform(label: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Values evenly drawn from -1 to 1, in C order."""
    rng = random.Random(label)
    return np.array([rng.uniform(-1, 1) for _ in range(int(np.prod(shape)))]).reshape(shape)
