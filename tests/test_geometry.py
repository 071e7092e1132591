"""Geometry: norms, endpoints, symmetry and variance, for any vectors; and what is defined where directions are not."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from babelgen.geometry import cosine, lerp, lerp_way, norm, sine, slerp, slerp_way, turn_way
from babelgen.keys import page_noise

Values = NDArray[np.float64]

# Wide enough for any model, and values that underflow when they are squared.
VALUES = st.floats(-1e6, 1e6) | st.floats(-1e-200, 1e-200)
PARTS = st.floats(0, 1)
VECTORS = st.integers(1, 12).flatmap(
    lambda size: st.tuples(*[arrays.arrays(np.float64, (size,), elements=VALUES)] * 2)
)
MATRICES = st.tuples(*[arrays.arrays(np.float64, (3, 5), elements=st.floats(-100, 100))] * 2)


def size_of(*points: Values) -> float:
    return max(1e-300, *(float(np.abs(point).max(initial=0)) for point in points))


@given(VECTORS, PARTS)
def test_lengths_change_evenly_on_the_sphere(ends: tuple[Values, Values], part: float) -> None:
    start, end = ends
    here = slerp(start, end, part)
    assert np.isfinite(here).all()
    wanted = (1 - part) * norm(start) + part * norm(end)
    if len(start) > 1:  # on a line there is no way round zero
        assert norm(here) == pytest.approx(wanted, rel=1e-6, abs=1e-9 * size_of(start, end))
    assert norm(here) <= wanted * (1 + 1e-6) + 1e-300


@given(VECTORS, st.booleans())
def test_ways_begin_and_end_at_their_ends(ends: tuple[Values, Values], restore: bool) -> None:
    for way in (slerp_way(*ends), lerp_way(*ends, restore=restore)):
        assert np.array_equal(way(0), ends[0])
        assert np.array_equal(way(1), ends[1])


@given(VECTORS, PARTS, st.booleans())
def test_from_a_point_to_itself_nothing_moves(ends: tuple[Values, Values], part: float, by_row: bool) -> None:
    start = ends[0].reshape(-1, 1) if by_row else ends[0]
    assert np.array_equal(slerp(start, start, part, by_row), start)
    assert np.array_equal(lerp(start, start, part, by_row), start)


def test_what_overflowed_in_float16_stays_as_it_was() -> None:
    """A slerp in float16 of noise with itself had lengths of 1.08 to 1.41 times what they should be."""
    noise = page_noise(7, (4, 26, 40)).astype(np.float16)
    for part in np.linspace(0, 1, 11):
        assert np.array_equal(slerp(noise, noise, float(part)), noise)


@given(VECTORS, PARTS)
def test_there_and_back_are_one_way(ends: tuple[Values, Values], part: float) -> None:
    start, end = ends
    near = 1e-6 * size_of(start, end)
    assert slerp(start, end, part) == pytest.approx(slerp(end, start, 1 - part), rel=0, abs=near)
    assert lerp(start, end, part, restore=False) == pytest.approx(
        lerp(end, start, 1 - part, restore=False), rel=0, abs=near
    )


@given(MATRICES, PARTS)
def test_rows_go_their_own_ways(ends: tuple[Values, Values], part: float) -> None:
    start, end = ends
    together = slerp(start, end, part, by_row=True)
    for row in range(len(start)):
        assert np.array_equal(together[row], slerp(start[row], end[row], part))


@given(MATRICES, PARTS)
def test_a_line_keeps_the_deviation_where_it_is_asked_to(ends: tuple[Values, Values], part: float) -> None:
    start, end = ends
    restored, plain = lerp(start, end, part), lerp(start, end, part, restore=False)
    assert np.isfinite(restored).all()
    if plain.std() > 1e-9 * size_of(start, end):
        assert restored.std() == pytest.approx(
            (1 - part) * start.std() + part * end.std(), rel=1e-6, abs=1e-12
        )
        assert restored.mean() == pytest.approx(plain.mean(), abs=1e-9 * size_of(start, end))


def test_noise_stays_noise() -> None:
    """Halfway between two pages the variance is still 1 on the sphere and on the restored line, and half on the plain."""
    first, second = (page_noise(page, (4, 26, 40)) for page in (0, 1))
    assert slerp(first, second, 0.5).std() == pytest.approx(1, abs=0.02)
    assert lerp(first, second, 0.5).std() == pytest.approx(1, abs=0.02)
    assert lerp(first, second, 0.5, restore=False).std() == pytest.approx(math.sqrt(0.5), abs=0.02)


def test_the_way_on_the_sphere_is_even() -> None:
    first, second = np.array([1.0, 0.0]), np.array([0.0, 2.0])
    for part in (0.25, 0.5, 0.75):
        here = slerp(first, second, part)
        assert math.atan2(here[1], here[0]) == pytest.approx(part * math.pi / 2, abs=1e-15)
        assert norm(here) == pytest.approx(1 + part, abs=1e-15)


@given(arrays.arrays(np.float64, (6,), elements=st.floats(-100, 100)), PARTS)
def test_between_opposites_the_way_is_one_of_the_shortest(start: Values, part: float) -> None:
    here = slerp(start, -start, part)
    assert np.isfinite(here).all()
    assert norm(here) == pytest.approx(norm(start), rel=1e-9)
    if length := norm(start):
        cosine_there = float((here / length) @ (start / length))
        assert cosine_there == pytest.approx(math.cos(math.pi * part), abs=1e-7)
    assert slerp(-start, start, 1 - part) == pytest.approx(here, rel=0, abs=1e-7 * size_of(start))


@given(VECTORS, PARTS)
def test_from_zero_it_is_a_straight_line(ends: tuple[Values, Values], part: float) -> None:
    end = ends[1]
    assert slerp(np.zeros_like(end), end, part) == pytest.approx(part * end, rel=1e-12, abs=1e-300)


def test_in_one_dimension_opposites_meet_at_zero() -> None:
    assert slerp(np.array([2.0]), np.array([-2.0]), 0.5) == pytest.approx([0], abs=1e-15)


@given(VECTORS, st.floats(-1000, 1000))
def test_a_turn_keeps_the_length(points: tuple[Values, Values], angle: float) -> None:
    start, direction = points
    here = turn_way(start, direction)(angle)
    assert np.isfinite(here).all()
    if len(start) > 1:
        assert norm(here) == pytest.approx(norm(start), rel=1e-9)


@given(st.floats(0.01, 0.5), st.integers(1, 40))
def test_steps_of_a_turn_are_equally_long_and_come_round(step: float, count: int) -> None:
    start, direction = (page_noise(page, (1, 3, 5)) for page in (3, 4))
    way = turn_way(start, direction)
    assert np.array_equal(way(0), start)
    here, there = way(count * step), way((count + 1) * step)
    size = norm(start.astype(np.float64))
    assert norm(there - here) == pytest.approx(2 * size * math.sin(step / 2), rel=1e-9)
    assert way(2 * math.pi) == pytest.approx(start, abs=1e-12)


def test_a_direction_along_the_point_leads_aside_all_the_same() -> None:
    start = np.array([3.0, 4.0])
    for direction in (start, -start, np.zeros(2)):
        here = turn_way(start, direction)(math.pi / 2)
        assert norm(here) == pytest.approx(5)
        assert float(here @ start) == pytest.approx(0, abs=1e-12)


def test_zero_has_no_sphere_and_stays() -> None:
    assert not turn_way(np.zeros(3), np.ones(3))(1.0).any()


def test_points_of_other_forms_are_refused() -> None:
    with pytest.raises(ValueError, match="of its form"):
        slerp(np.zeros(3), np.zeros(4), 0.5)


@settings(max_examples=300)
@given(st.floats(-1000, 1000))
def test_sines_are_right_to_the_last_bits(angle: float) -> None:
    assert sine(angle) == pytest.approx(math.sin(angle), abs=2e-13)
    assert cosine(angle) == pytest.approx(math.cos(angle), abs=2e-13)
    small = angle / 1000
    assert sine(small) == pytest.approx(math.sin(small), rel=1e-15, abs=0)
    assert cosine(small) == pytest.approx(math.cos(small), abs=1e-15)


def test_the_bits_are_always_these() -> None:
    """Pinned, so that a library of sums or of sines that rounds otherwise is seen."""
    first, second = (page_noise(page, (4, 4, 8)) for page in (0, 1))
    here = slerp(first, second, 0.3)
    assert [float(value).hex() for value in here.ravel()[:3]] == [
        "-0x1.1876e39811e84p-1",
        "0x1.3039127aa07c0p+0",
        "-0x1.20f8bdf1c7a9cp+0",
    ]
