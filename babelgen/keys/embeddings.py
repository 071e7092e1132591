"""Shelves of kind `v`: embeddings as numbers.

Law: a coded coordinate is a 12-bit digit d that stands for mean + deviation x T[d], computed in float64 and
rounded once to float32. A coordinate that hardly varies is constant: it is its mean, and costs nothing. The
coded ones in C order, the first most significant, are the number. So every number below 2 ** (12 x coded
coordinates) is exactly one embedding.
May import: babelgen.errors, digits, normal, space, numpy and the standard library.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from babelgen.errors import BadKey, UserError
from babelgen.keys.digits import join_digits, split_digits
from babelgen.keys.normal import normal_table
from babelgen.keys.space import KeySpace, Shelf, shelf_complaint

HARDLY = 2.0**-11  # of its mean: the digits of what varies less could not be told apart in float32


@dataclass(frozen=True, eq=False)
class Statistics:
    """How embeddings are distributed, coordinate by coordinate.

    mean, deviation: (length, width) float32. A deviation is zero or a normal number, and no value that a digit
    stands for is infinite; ValueError otherwise.
    """

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Refuse with ValueError statistics that cannot be."""
        for values in (self.mean, self.deviation):
            if values.dtype != np.float32 or values.ndim != 2 or values.shape != self.mean.shape:
                raise ValueError("statistics are two arrays of float32 of one shape, (length, width)")
        limits = np.finfo(np.float32)
        reach = np.abs(self.mean, dtype=np.float64) + 4 * self.deviation.astype(np.float64)
        if not (reach <= limits.max).all():  # of NaN, too
            raise ValueError("a mean or a deviation is too large, or is no number")
        if ((self.deviation < limits.tiny) & (self.deviation != 0)).any():
            raise ValueError("a deviation is below zero, or too small to tell digits apart")

    @cached_property
    def coded(self) -> NDArray[np.bool_]:
        """Which coordinates have a digit, (length, width); the others are constant."""
        mean, deviation = self.mean.astype(np.float64), self.deviation.astype(np.float64)
        return (deviation >= np.abs(mean) * HARDLY) & (deviation > 0)

    @cached_property
    def coordinates(self) -> int:
        """The number of coded coordinates."""
        return int(np.count_nonzero(self.coded))

    def values_of(self, digits: NDArray[np.integer]) -> NDArray[np.float32]:
        """What digits stand for: (..., coordinates) of 0 .. 4095."""
        mean, deviation = self.coded_moments
        values: NDArray[np.float32] = (mean + deviation * _table()[digits]).astype(np.float32)
        return values

    @property
    def coded_moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The means and the deviations of the coded coordinates."""
        return self.mean[self.coded].astype(np.float64), self.deviation[self.coded].astype(np.float64)


def embedding_of_shelf(shelf: Shelf, space: KeySpace, statistics: Statistics) -> NDArray[np.float32]:
    """The embedding of a shelf of kind v, (length, width); BadKey when the space has no such shelf."""
    if shelf.kind != "v" or space.coordinates != statistics.coordinates:
        raise ValueError("a shelf of kind v is read with its own edition's statistics")
    if complaint := shelf_complaint(shelf, space):
        raise BadKey(f"The shelf {complaint}.")
    values = statistics.mean.copy()
    values[statistics.coded] = statistics.values_of(split_digits(shelf.number, statistics.coordinates))
    return values


def shelf_of_embedding(values: NDArray[np.floating], statistics: Statistics) -> tuple[Shelf, int]:
    """The shelf whose embedding is nearest, coordinate by coordinate, and the number of values that are clipped.

    values: (length, width), any floating dtype; of two digits equally near the lower is taken. Clipped is what
    lies beyond the digits' ends, or off a constant by more than 2^-11 of it. Raises UserError for NaN, infinity
    or another form of array.
    """
    form = statistics.mean.shape
    if values.shape != form or not np.issubdtype(values.dtype, np.floating):
        raise UserError(
            f"An embedding of this edition is an array of floats {form}, not {values.dtype} {values.shape}."
        )
    finite = np.isfinite(values)
    if not finite.all():
        raise UserError(f"Value {int(finite.argmin()) + 1} of the embedding is not a finite number.")
    exact = values.astype(np.float64)
    digits, clipped = _nearest(exact[statistics.coded], statistics)
    mean = statistics.mean.astype(np.float64)
    off = (np.abs(exact - mean) > np.abs(mean) * HARDLY) & ~statistics.coded
    return Shelf("v", join_digits(digits)), clipped + int(np.count_nonzero(off))


def _nearest(values: NDArray[np.float64], statistics: Statistics) -> tuple[NDArray[np.uint16], int]:
    """The nearest digits of the coded values, and how many of these lie beyond the ends.

    A digit guessed from the table is at most one off, since rounding moves what digits stand for by less than
    half of what sets them apart; so it and its neighbours are compared by what they stand for.
    """
    table = _table()
    last = table.size - 1
    mean, deviation = statistics.coded_moments
    low, high = (statistics.values_of(np.full(values.size, end)) for end in (0, last))
    inside = np.clip(values, low, high)
    guess = np.searchsorted((table[:-1] + table[1:]) / 2, (inside - mean) / deviation)
    near = np.clip(guess + np.array([[-1], [0], [1]]), 0, last)
    closest = np.abs(statistics.values_of(near) - inside).argmin(axis=0)  # the first of equal ones, the lower
    digits = np.take_along_axis(near, closest[None], axis=0)[0]
    return digits.astype(np.uint16), int(np.count_nonzero(inside != values))


def _table() -> NDArray[np.float64]:
    return normal_table().astype(np.float64)
