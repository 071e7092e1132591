"""Numbers of a matrix: which value of each list each picture takes.

Law: a grid's come from a picture's place alone, and nothing is held; draws come from one seeded stream, one after the
other, and are held in a byte or two each.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from babelgen.errors import UserError

PATIENCE = 10_000  # draws in a row that a filter may refuse


class Numbers:
    """Which values pictures take, by their place: in a grid, the last list's change fastest.

    sizes: of the lists. kept, others: see matrix.py; of a grid, which prompts it has, and how many pictures each.
    drawn: a row for each list where they were drawn.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        kept: NDArray[np.int64] | None = None,
        others: int = 1,
        drawn: list[NDArray[np.unsignedinteger]] | None = None,
    ) -> None:
        self._sizes, self._kept, self._others, self._drawn = tuple(sizes), kept, others, drawn
        self._strides = list(accumulate(reversed(sizes), lambda whole, size: whole * size, initial=1))[-2::-1]

    def __call__(self, place: int) -> tuple[int, ...]:
        """The numbers of the picture at a place."""
        if self._drawn is not None:
            return tuple(int(row[place]) for row in self._drawn)
        if self._kept is not None:
            prompt, rest = divmod(place, self._others)
            place = int(self._kept[prompt]) * self._others + rest
        return tuple(place // stride % size for stride, size in zip(self._strides, self._sizes, strict=True))

    def columns(self, places: range) -> NDArray[np.int64]:
        """The numbers of many pictures in a row: a row for each list."""
        if self._drawn is not None:
            return np.stack([row[places.start : places.stop] for row in self._drawn]).astype(np.int64)
        found = np.arange(places.start, places.stop, dtype=np.int64)
        if self._kept is not None:
            found = self._kept[found // self._others] * self._others + found % self._others
        return np.stack(
            [found // stride % size for stride, size in zip(self._strides, self._sizes, strict=True)]
        )


def draw(
    seed: int,
    length: int,
    sizes: Sequence[int],
    asked: Sequence[bool],
    weights: Sequence[Sequence[float] | None],
    allowed: Callable[[Sequence[int]], bool] | None = None,
) -> list[NDArray[np.unsignedinteger]]:
    """The numbers of `length` pictures, a row for each list.

    asked: whether a list is drawn from at all. UserError where `allowed` refuses whatever comes.
    """
    rng = random.Random(seed)
    pick = [_picker(rng, size, chosen) if at else (lambda: 0) for size, at, chosen in zip(sizes, asked, weights, strict=True)]  # fmt: skip
    rows = [np.empty(length, np.min_scalar_type(size - 1)) for size in sizes]
    for place in range(length):
        values = [one() for one in pick]
        tries = 1
        while allowed is not None and not allowed(values):
            if tries == PATIENCE:
                raise UserError(f"{PATIENCE} draws in a row were refused by without")
            values = [one() for one in pick]
            tries += 1
        for row, value in zip(rows, values, strict=True):
            row[place] = value
    return rows


def _picker(rng: random.Random, size: int, weights: Sequence[float] | None) -> Callable[[], int]:
    """What draws one of `size` values: as `sample(values, 1)` does where nothing is weighed."""
    if weights is None:
        return lambda: rng.randrange(size)
    ends = list(accumulate(weights))
    return lambda: rng.choices(range(size), cum_weights=ends)[0]
