"""The normal table: 4,096 values that stand for all of the normal distribution.

Law: T[d] is the conditional mean of the d-th of 4,096 equal-probability cells of N(0, 1), ascending, the
table scaled to unit variance. The values are float32 and shipped as data (normal_table.npy), because
libraries' quantile functions differ in their last bits. Reading noise takes the nearest value, ties to the
lower digit.
May import: babelgen.errors, numpy and the standard library.
"""

from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from babelgen.errors import UserError


@cache
def normal_table() -> NDArray[np.float32]:
    """T: (4096,) float32, ascending, T[d] == -T[4095 - d]; read-only."""
    with resources.files("babelgen.keys").joinpath("normal_table.npy").open("rb") as file:
        table: NDArray[np.float32] = np.load(file)
    table.setflags(write=False)
    return table


def nearest_digits(values: NDArray[np.floating]) -> tuple[NDArray[np.uint16], int]:
    """The digits whose table values lie nearest to `values`, and how many values lie beyond the table.

    values: any shape, any floating dtype. Digits: the same shape, 0..4095.
    Raises UserError for NaN or infinity.
    """
    finite = np.isfinite(values)
    if not finite.all():
        raise UserError(f"Value {int(finite.argmin()) + 1} of the noise is not a finite number.")
    digits = np.searchsorted(_midpoints(), values.astype(np.float64), side="left")
    clipped = np.count_nonzero(np.abs(values) > normal_table()[-1])
    return digits.astype(np.uint16), int(clipped)


@cache
def _midpoints() -> NDArray[np.float64]:
    """The borders between neighbouring table values, exact in float64; a value on one is the lower's."""
    table = normal_table().astype(np.float64)
    return (table[:-1] + table[1:]) / 2
