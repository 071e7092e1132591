"""Axes: a collection's pictures as a table of two of its lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CHUNK = 1 << 18  # pictures that are looked at together
SHOWN = 4  # pictures of one cell that are named


@dataclass(frozen=True, eq=False)
class Places:
    """Where the pictures of each cell stand: how many they are, and the positions (from 1) of the first ones."""

    totals: NDArray[np.int64]
    firsts: NDArray[np.int64]

    def total(self, row: int, column: int) -> int:
        """How many pictures a cell has."""
        return int(self.totals[row, column])

    def first(self, row: int, column: int) -> tuple[int, ...]:
        """The positions of its first pictures, SHOWN at most."""
        return tuple(int(place) for place in self.firsts[row, column] if place)


@dataclass(frozen=True)
class Axes:
    """A table: `across` names its columns, `down` its rows."""

    across: str
    columns: tuple[str, ...]
    down: str
    rows: tuple[str, ...]
    places: Places


def places_of(count: int, cells_of: Callable[[range], NDArray[np.int64]], shape: tuple[int, int]) -> Places:
    """Count `count` pictures into cells. cells_of: the rows and the columns of some of them."""
    rows, columns = shape
    totals = np.zeros(rows * columns, np.int64)
    firsts = np.zeros((rows * columns, SHOWN), np.int64)
    for start in range(0, count, CHUNK):
        some = range(start, min(start + CHUNK, count))
        down, across = cells_of(some)
        cells = down * columns + across
        order = np.argsort(cells, kind="stable")
        ranked = cells[order]
        # How many of the same cell stand before each, in this chunk and in those before.
        rank = np.arange(len(ranked)) - np.searchsorted(ranked, ranked) + totals[ranked]
        early = rank < SHOWN
        firsts[ranked[early], rank[early]] = order[early] + start + 1
        totals += np.bincount(cells, minlength=rows * columns)
    return Places(totals.reshape(shape), firsts.reshape(rows, columns, SHOWN))
