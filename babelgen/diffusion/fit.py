"""Fitting: how the embeddings of an edition's prompts are distributed, from a fixed sample of its shelves.

Law: the sample follows from the tokenizer, the word list and the lengths of random prompts alone, so the same model
gives the same statistics, but for the last bits, which depend on the machine as all floats of a network do. That is
why they are shipped as data.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from babelgen.diffusion.coding import Conditions
from babelgen.diffusion.model import load_model
from babelgen.diffusion.worker import settle_process
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.keys import Shelf, Statistics, normal_table, random_address, shelf_of_tokens
from babelgen.tokens import Tokens, tokens_of

SAMPLE = 4096  # shelves

Ranks = tuple[int, ...]


def fit_statistics(edition: Edition, sample: int) -> Statistics:
    """Statistics of the embeddings of the first `sample` shelves; what the edition has already plays no part.

    UserError where embeddings are not finite, or all the same.
    """
    settle_process()
    model = load_model(replace(edition, statistics=None))
    conditions, moments = Conditions(model, most=1), Moments()
    for shelf in sample_shelves(edition, tokens_of(edition), sample):
        moments.add(conditions.embedding(shelf).double().cpu().numpy())
    try:
        statistics = moments.statistics()
    except ValueError as error:
        raise UserError(f"The embeddings of edition {edition.id} have no statistics: {error}.") from error
    if not statistics.coordinates:
        raise UserError(
            f"All prompts of edition {edition.id} have one embedding, which leaves nothing to code."
        )
    return statistics


def sample_shelves(edition: Edition, tokens: Tokens, sample: int) -> Iterator[Shelf]:
    """The sample: the empty prompt, then prompts drawn from one generator each, in turn of four.

    Two are drawn as random keys are; one is of words from the list, cut at an evenly drawn number of tokens; one
    is of an evenly drawn number of tokens, each evenly drawn. The first are what people mostly write; the others
    make long and strange prompts fit too. Without a word list all are of the last sort.
    """
    words = [ranks for entry in tokens.entries if (ranks := tokens.encode(entry).ranks)]
    yield shelf_of_tokens((), edition.key_space())
    for index in range(1, sample):
        yield _draw(edition, words, index % 4, random.Random(f"babelgen/fit/{index}"))


def _draw(edition: Edition, words: Sequence[Ranks], turn: int, rng: random.Random) -> Shelf:
    space = edition.key_space()
    if words and turn < 2:
        return random_address(space, rng, steps=1, words=words, lengths=edition.lengths).shelf
    length = rng.randrange(space.capacity + 1)
    ranks: list[int] = []
    while len(ranks) < length:
        ranks.extend(rng.choices(words)[0] if words and turn == 2 else [rng.randrange(space.vocabulary)])
    return shelf_of_tokens(ranks[:length], space)


class Moments:
    """Means, deviations and extremes of arrays of one shape, in one pass and in float64."""

    def __init__(self) -> None:
        self._count = 0
        self._mean = self._squares = self._low = self._high = np.zeros(0)

    def add(self, values: NDArray[np.float64]) -> None:
        """Count one array. Equal values keep their mean and a deviation of exactly zero."""
        if not self._count:
            self._mean, self._squares = values.copy(), np.zeros_like(values)
            self._low = self._high = self._mean
        self._count += 1
        before = values - self._mean
        self._mean = self._mean + before / self._count
        self._squares = self._squares + before * (values - self._mean)
        self._low, self._high = np.minimum(self._low, values), np.maximum(self._high, values)

    def statistics(self) -> Statistics:
        """Means, and deviations that leave no value of the sample outside the table.

        A deviation is the standard deviation, or what it takes for the value farthest from the mean to lie on the
        table's end: embeddings have longer tails than the normal distribution.
        """
        mean = self._mean.astype(np.float32)
        farthest = np.maximum(self._high - mean, mean - self._low)
        spread = np.maximum(np.sqrt(self._squares / self._count), farthest / float(normal_table()[-1]))
        deviation = spread.astype(np.float32)
        deviation[deviation < np.finfo(np.float32).tiny] = 0
        return Statistics(mean, deviation)
