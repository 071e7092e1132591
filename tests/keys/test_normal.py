"""The normal table: the shipped data against its recipe, and reading values by it."""

import hashlib
from decimal import Decimal

import numpy as np
import pytest

from babelgen.errors import UserError
from babelgen.keys import normal_table
from babelgen.keys.normal import nearest_digits

from .normal_recipe import exact_table

TABLE = normal_table()
TABLE_SHA256 = "64ea2638f67623733440cffd363edae40741596ad4143fc1da4ced1d597fd86e"


def test_the_table_is_the_recipe_rounded_to_float32() -> None:
    half_ulps = np.spacing(np.abs(TABLE)).astype(np.float64) / 2
    for value, exact, half_ulp in zip(TABLE.tolist(), exact_table(), half_ulps.tolist(), strict=True):
        assert abs(Decimal(value) - exact) <= Decimal(half_ulp)


def test_the_table_is_frozen() -> None:
    assert (TABLE.dtype, TABLE.shape) == (np.dtype("float32"), (4096,))
    assert hashlib.sha256(TABLE.astype("<f4").tobytes()).hexdigest() == TABLE_SHA256
    with pytest.raises(ValueError, match="read-only"):
        TABLE[0] = 0


def test_the_designs_values() -> None:
    assert f"{TABLE[4095]:.6g}" == "3.73929"
    assert f"{TABLE[2048]:.6g}" == "0.00030599"


def test_antisymmetric_ascending_and_of_unit_variance() -> None:
    assert np.array_equal(TABLE, -TABLE[::-1])
    assert (np.diff(TABLE) > 0).all()
    assert np.mean(np.square(TABLE, dtype=np.float64)) == pytest.approx(1, abs=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_table_value_is_its_own_digit(dtype: type[np.floating]) -> None:
    digits, clipped = nearest_digits(TABLE.astype(dtype))
    assert np.array_equal(digits, np.arange(4096))
    assert clipped == 0


def test_ties_go_to_the_lower_digit() -> None:
    borders = (TABLE[:-1].astype(np.float64) + TABLE[1:]) / 2
    assert np.array_equal(nearest_digits(borders)[0], np.arange(4095))
    assert np.array_equal(nearest_digits(np.nextafter(borders, np.inf))[0], np.arange(1, 4096))
    assert nearest_digits(np.array([0.0, -0.0]))[0].tolist() == [2047, 2047]


def test_values_beyond_the_table_are_clipped_and_counted() -> None:
    end = TABLE[-1]
    values = np.array([-1e300, -4, -end, 0, end, np.nextafter(end, np.float32(9)), 4, 1e300])
    digits, clipped = nearest_digits(values)
    assert digits.tolist() == [0, 0, 0, 2047, 4095, 4095, 4095, 4095]
    assert clipped == 5


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(UserError, match=r"^Value 3 of the noise is not a finite number\.$"):
        nearest_digits(np.array([[0.0, 1.0], [bad, np.nan]]))


def test_encoding_costs_45_decibels_of_gaussian_noise() -> None:
    noise = np.random.default_rng(1).standard_normal(2_000_000)
    error = TABLE[nearest_digits(noise)[0]] - noise
    assert -10 * np.log10(np.mean(error**2)) == pytest.approx(45.5, abs=0.5)
