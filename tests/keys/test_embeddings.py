"""Embeddings: every number is one embedding, and every embedding has a nearest number."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from babelgen.errors import BadKey, UserError
from babelgen.keys import (
    Address,
    Shelf,
    Statistics,
    embedding_of_shelf,
    format_key,
    normal_table,
    parse_key,
    shelf_of_embedding,
)
from babelgen.keys.digits import join_digits, split_digits

from .spaces import DEVIATION, FITTED, LARGE, MEAN, STATISTICS, numbers, relaxed

TABLE = normal_table()
CODED = [(0, 3), (0, 5), *((1, column) for column in range(6))]


def stands_for(row: int, column: int, digit: int) -> np.float32:
    """What a digit of one coordinate stands for, by the definition."""
    mean, deviation = np.float32(MEAN[row][column]), np.float32(DEVIATION[row][column])
    return np.float32(float(mean) + float(deviation) * float(TABLE[digit]))


VALUES = {place: np.array([stands_for(*place, digit) for digit in range(4096)]) for place in CODED}


def digits_of(shelf: Shelf) -> list[int]:
    return split_digits(shelf.number, 8).tolist()


def test_what_hardly_varies_is_constant() -> None:
    assert list(zip(*(places.tolist() for places in STATISTICS.coded.nonzero()), strict=True)) == CODED
    assert STATISTICS.coordinates == FITTED.coordinates == 8


@relaxed
@given(numbers(FITTED.embeddings))
def test_numbers_come_back(number: int) -> None:
    embedding = embedding_of_shelf(Shelf("v", number), FITTED, STATISTICS)
    assert (embedding.dtype, embedding.shape) == (np.dtype("float32"), (2, 6))
    assert shelf_of_embedding(embedding, STATISTICS) == (Shelf("v", number), 0)


@relaxed
@given(st.lists(st.integers(0, 4095), min_size=8, max_size=8))
def test_digits_stand_for_what_is_defined(digits: list[int]) -> None:
    number = sum(digit << 12 * (7 - place) for place, digit in enumerate(digits))
    expected = np.array(MEAN, np.float32)
    for place, digit in zip(CODED, digits, strict=True):
        expected[place] = VALUES[place][digit]
    assert embedding_of_shelf(Shelf("v", number), FITTED, STATISTICS).tobytes() == expected.tobytes()


@relaxed
@given(st.lists(st.floats(-30, 30, width=32), min_size=8, max_size=8))
def test_the_nearest_of_all_4096_values_is_taken(values: list[float]) -> None:
    embedding = np.array(MEAN, np.float32)
    for place, value in zip(CODED, values, strict=True):
        embedding[place] = value
    shelf, clipped = shelf_of_embedding(embedding, STATISTICS)
    for place, value, digit in zip(CODED, values, digits_of(shelf), strict=True):
        assert digit == np.abs(VALUES[place].astype(np.float64) - value).argmin()
    beyond = [
        not VALUES[place][0] <= value <= VALUES[place][-1] for place, value in zip(CODED, values, strict=True)
    ]
    assert clipped == sum(beyond)


@pytest.mark.parametrize(
    ("mean", "deviation"),
    [(0, 1), (1, 2**-11), (-1.9999, 1.9999 * 2**-10), (1e-3, 5), (1e30, 1e28), (0, 2**-126)],
)
def test_all_digits_differ_and_ties_go_to_the_lower(mean: float, deviation: float) -> None:
    """4,095 coordinates of one kind: the d-th lies exactly between the values of the digits d and d + 1."""
    one = Statistics(np.full((1, 1), mean, np.float32), np.full((1, 1), deviation, np.float32))
    every = one.values_of(np.arange(4096)[:, None])[:, 0].astype(np.float64)
    assert (np.diff(every) > 0).all()
    many = Statistics(np.full((1, 4095), mean, np.float32), np.full((1, 4095), deviation, np.float32))
    between = (every[:-1] + every[1:]) / 2

    def digits(values: NDArray[np.float64]) -> list[int]:
        return split_digits(shelf_of_embedding(values[None], many)[0].number, 4095).tolist()

    assert digits(between) == [*range(4095)]
    assert digits(between + np.diff(every) * 2**-20) == [*range(1, 4096)]
    assert digits(every[:-1]) == [*range(4095)]
    assert digits(every[1:]) == [*range(1, 4096)]


def test_what_lies_beyond_the_ends_is_clipped_and_counted() -> None:
    first, last = (embedding_of_shelf(Shelf("v", number), FITTED, STATISTICS) for number in (0, 2**96 - 1))
    for end, away, digit in ((first, -np.inf, 0), (last, np.inf, 4095)):
        assert shelf_of_embedding(end, STATISTICS)[1] == 0
        beyond = np.where(STATISTICS.coded, np.nextafter(end, np.float32(away)), end)
        assert shelf_of_embedding(beyond, STATISTICS) == (shelf_of_embedding(end, STATISTICS)[0], 8)
        far = np.where(STATISTICS.coded, np.copysign(1e300, away), end)
        shelf, clipped = shelf_of_embedding(far, STATISTICS)
        assert (digits_of(shelf), clipped) == ([digit] * 8, 8)


def test_what_is_off_a_constant_is_lost_and_counted() -> None:
    embedding = np.array(MEAN, np.float32)
    shelf, clipped = shelf_of_embedding(embedding, STATISTICS)
    assert clipped == 0
    for column, off, lost in [(0, 0.01, 0), (0, 0.02, 1), (1, -0.02, 1), (2, 1e-30, 1), (4, 2**-11, 0)]:
        changed = embedding.astype(np.float64)
        changed[0, column] += off
        assert shelf_of_embedding(changed, STATISTICS) == (shelf, lost)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_any_floats_in_any_layout_are_read(dtype: type[np.floating]) -> None:
    values = np.array(MEAN, dtype) + dtype(0.25)
    expected = shelf_of_embedding(values.astype(np.float64), STATISTICS)
    assert shelf_of_embedding(values, STATISTICS) == expected
    assert shelf_of_embedding(np.asfortranarray(values), STATISTICS) == expected


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(bad: float) -> None:
    values = np.zeros((2, 6))
    values[1, 2] = bad
    with pytest.raises(UserError, match=r"^Value 9 of the embedding is not a finite number\.$"):
        shelf_of_embedding(values, STATISTICS)


@pytest.mark.parametrize("values", [np.zeros((6, 2)), np.zeros(12), np.zeros((2, 6), int)])
def test_other_arrays_are_refused(values: NDArray[np.floating]) -> None:
    with pytest.raises(
        UserError, match=r"^An embedding of this edition is an array of floats \(2, 6\), not "
    ):
        shelf_of_embedding(values, STATISTICS)


def test_shelves_outside_are_refused() -> None:
    for number in (-1, 2**96):
        with pytest.raises(BadKey, match=r"^The shelf is "):
            embedding_of_shelf(Shelf("v", number), FITTED, STATISTICS)
    with pytest.raises(ValueError, match="its own edition's statistics"):
        embedding_of_shelf(Shelf("t", 0), FITTED, STATISTICS)
    with pytest.raises(ValueError, match="its own edition's statistics"):
        embedding_of_shelf(Shelf("v", 0), replace(FITTED, coordinates=9), STATISTICS)


F = np.float32
IMPOSSIBLE = [
    (np.zeros((2, 2)), np.zeros((2, 2)), "float32"),
    (np.zeros((2, 2), F), np.zeros((2, 3), F), "one shape"),
    (np.zeros(2, F), np.zeros(2, F), "one shape"),
    (np.full((1, 1), np.nan, F), np.zeros((1, 1), F), "no number"),
    (np.zeros((1, 1), F), np.full((1, 1), np.nan, F), "no number"),
    (np.zeros((1, 1), F), np.full((1, 1), np.inf, F), "too large"),
    (np.zeros((1, 1), F), np.full((1, 1), 1e38, F), "too large"),
    (np.zeros((1, 1), F), np.full((1, 1), -1, F), "below zero"),
    (np.zeros((1, 1), F), np.full((1, 1), 1e-40, F), "too small"),
]


@pytest.mark.parametrize(("mean", "deviation", "told"), IMPOSSIBLE)
def test_impossible_statistics_are_refused(
    mean: NDArray[np.float32], deviation: NDArray[np.float32], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        Statistics(mean, deviation)


def test_encoding_costs_45_decibels_of_gaussian_embeddings_and_the_key_holds_them() -> None:
    """At the full size of Stable Diffusion's: 709,632 bits less those of the constant first row."""
    rng = np.random.default_rng(1)
    mean = rng.standard_normal((77, 768)).astype(np.float32)
    deviation = np.abs(rng.standard_normal((77, 768))).astype(np.float32) + F(0.1)
    deviation[0] = 0
    statistics = Statistics(mean, deviation)
    values = mean + deviation * rng.standard_normal((77, 768)).astype(np.float32)
    shelf, _ = shelf_of_embedding(values, statistics)
    space = replace(LARGE, coordinates=statistics.coordinates)
    assert space.coordinates == 76 * 768
    text = format_key(Address(20, shelf, 0), space)
    assert len(text) > 140_000
    error = embedding_of_shelf(parse_key(text, space).shelf, space, statistics) - values
    ratio = np.mean(np.square(error)) / np.mean(np.square(values - mean))
    assert -10 * np.log10(ratio) == pytest.approx(45.5, abs=0.7)


@relaxed
@given(st.lists(st.integers(0, 4095), min_size=1, max_size=9))
def test_digits_are_joined_and_split(digits: list[int]) -> None:
    number = join_digits(np.array(digits, np.uint16))
    assert number == int("".join(f"{digit:03x}" for digit in digits), 16)
    assert split_digits(number, len(digits)).tolist() == digits
