"""Geometry: ways between two points, and turns on a sphere.

A point is an array. It counts as one vector (start noise, the whole latent), or row by row (an embedding: a vector a
token); then every row goes its own way.
Law: all is computed in float64, by the four operations and the square root, which every machine rounds alike; sums are
rounded once, whatever their order. So the same points give the same bits everywhere. A way begins at its start and ends
at its end to the last bit, a way from a point to itself stays there, and nothing is ever NaN.
May import: numpy and the standard library.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Way = Callable[[float], Values]
"""From 0, the start, to 1, the end; of a turn: by an angle in radians."""

NEARLY_OPPOSITE = 1e-7  # the length of the sum of two unit vectors that no great circle tells apart any more
_SINE = [(-1.0) ** n / math.factorial(2 * n + 1) for n in range(11)]  # of the series, up to x^21
_ARCTANGENT = [(-1.0) ** n / (2 * n + 1) for n in range(10)]  # up to x^19
_HALVINGS = 3  # of an angle below pi / 4, so that ten terms are enough


def slerp(
    start: NDArray[np.floating], end: NDArray[np.floating], part: float, by_row: bool = False
) -> Values:
    """The point at `part` of the way on the sphere; see `slerp_way`."""
    return slerp_way(start, end, by_row)(part)


def slerp_way(start: NDArray[np.floating], end: NDArray[np.floating], by_row: bool = False) -> Way:
    """The shortest way on the sphere: directions turn evenly, lengths change evenly.

    Between opposite vectors all ways are equally short: taken is the one by the axis that both are least along. From or to
    zero, which has no direction, it is the straight line.
    """
    return _join(start, end, by_row, _arc)


def lerp(
    start: NDArray[np.floating],
    end: NDArray[np.floating],
    part: float,
    by_row: bool = False,
    restore: bool = True,
) -> Values:
    """The point at `part` of the straight line; see `lerp_way`."""
    return lerp_way(start, end, by_row, restore)(part)


def lerp_way(
    start: NDArray[np.floating], end: NDArray[np.floating], by_row: bool = False, restore: bool = True
) -> Way:
    """The straight line. restore: values are stretched about their mean until their deviation is that of the ends.

    Which is the one end's at first and the other's at last, and changes evenly. Without it noise loses contrast: halfway
    between two pages its deviation is about 0.71. Values that are all alike cannot be stretched, and are left alone.
    """
    return _join(start, end, by_row, _restored if restore else _line)


def turn_way(start: NDArray[np.floating], direction: NDArray[np.floating], by_row: bool = False) -> Way:
    """The great circle from a point towards a direction, by an angle: its length stays what it is.

    Of the direction counts what is across the point; zero has no sphere, and stays.
    """
    return _join(start, direction, by_row, _circle)


def norm(values: Values) -> float:
    """The length of a vector, rounded once but for the root; no value is too large or too small to be squared."""
    largest = float(np.abs(values).max(initial=0.0))
    if not largest:
        return 0.0
    scaled = values / largest
    return largest * math.sqrt(math.fsum((scaled * scaled).ravel().tolist()))


def _unit(values: Values) -> Values:
    """A vector other than zero at length 1; a tiny one is first made larger, since its length has few digits."""
    scaled = values / float(np.abs(values).max())
    return scaled / norm(scaled)


def _join(
    start: NDArray[np.floating],
    end: NDArray[np.floating],
    by_row: bool,
    make: Callable[[Values, Values], Way],
) -> Way:
    """The ways of all rows as one."""
    if start.shape != end.shape:
        raise ValueError(
            f"a way leads from a point to another of its form, not from {start.shape} to {end.shape}"
        )
    shape = start.shape
    rows = shape[0] if by_row else 1
    starts, ends = (values.astype(np.float64).reshape(rows, -1) for values in (start, end))
    ways = [make(first, last) for first, last in zip(starts, ends, strict=True)]
    return lambda part: np.stack([way(part) for way in ways]).reshape(shape)


def _line(start: Values, end: Values) -> Way:
    def at(part: float) -> Values:
        if part in (0, 1):
            return end if part else start
        return (1 - part) * start + part * end

    return (lambda _: start) if np.array_equal(start, end) else at


def _restored(start: Values, end: Values) -> Way:
    line = _line(start, end)
    first, last = _deviation(start), _deviation(end)

    def at(part: float) -> Values:
        values = line(part)
        deviation = _deviation(values)
        if part in (0, 1) or values is start or not deviation:
            return values
        mean = _mean(values)
        return mean + (values - mean) * (((1 - part) * first + part * last) / deviation)

    return at


def _arc(start: Values, end: Values) -> Way:
    length, other = norm(start), norm(end)
    if not length or not other or np.array_equal(start, end):
        return _line(start, end)
    here, there = _unit(start), _unit(end)
    apart, together = norm(here - there), norm(here + there)
    angle = 2 * _arctangent(apart, together)
    aside = _axis_across(here, here - there) if together < NEARLY_OPPOSITE else _across(here, there)

    def at(part: float) -> Values:
        if part in (0, 1):
            return end if part else start
        turned = cosine(part * angle) * here + sine(part * angle) * aside
        return ((1 - part) * length + part * other) * turned

    return at


def _circle(start: Values, direction: Values) -> Way:
    length = norm(start)
    if not length:
        return lambda _: start
    here = _unit(start)
    aside = _across(here, _unit(direction)) if direction.any() else np.zeros_like(here)
    if not aside.any():
        aside = _axis_across(here, here)
    return lambda angle: length * (cosine(angle) * here + sine(angle) * aside) if angle else start


def _across(here: Values, there: Values) -> Values:
    """The unit vector across one towards another; zero where they lie on one line."""
    rest = there - _dot(here, there) * here
    size = norm(rest)
    if size < NEARLY_OPPOSITE**2:
        return np.zeros_like(here)
    rest = rest / size
    rest = rest - _dot(here, rest) * here  # what rounding left of it
    return rest / norm(rest)


def _axis_across(here: Values, line: Values) -> Values:
    """The unit vector across a vector, towards the axis that its line is least along; zero in one dimension."""
    axis = np.zeros_like(here)
    axis[int(np.abs(line).argmin())] = 1
    return _across(here, axis)


def _dot(first: Values, second: Values) -> float:
    return math.fsum((first * second).tolist())


def _mean(values: Values) -> float:
    return math.fsum(values.tolist()) / values.size


def _deviation(values: Values) -> float:
    return norm(values - _mean(values)) / math.sqrt(values.size)


def sine(angle: float) -> float:
    """The sine, by its series: libraries' own differ in the last bit."""
    angle = math.fmod(angle, 2 * math.pi)
    if abs(angle) > math.pi:
        angle -= math.copysign(2 * math.pi, angle)
    if abs(angle) > math.pi / 2:
        angle = math.copysign(math.pi, angle) - angle
    return angle * _series(_SINE, angle * angle)


def cosine(angle: float) -> float:
    """The cosine, in the same way."""
    return sine(math.pi / 2 - abs(math.fmod(angle, 2 * math.pi)))


def _arctangent(high: float, wide: float) -> float:
    """The angle of a point that is so high and so wide, both zero or more: 0 .. pi / 2."""
    if high > wide:
        return math.pi / 2 - _arctangent(wide, high)
    slope = high / wide if wide else 0.0
    for _ in range(_HALVINGS):
        slope = slope / (1 + math.sqrt(1 + slope * slope))
    return float(1 << _HALVINGS) * slope * _series(_ARCTANGENT, slope * slope)


def _series(terms: list[float], square: float) -> float:
    total = 0.0
    for term in reversed(terms):
        total = total * square + term
    return total
