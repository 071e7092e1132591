"""Painting with numpy: noise, anti-aliased masks, blending.

Law: pictures are float32 (height, width, 3) in 0..1; masks are float32 (height, width) in 0..1; x runs right
and y down, both in pixels. A mask's edge is one pixel wide, so nothing drawn has jagged borders.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 320, 208

Array = NDArray[np.float32]
Colour = tuple[float, float, float]

X: Array = np.arange(WIDTH, dtype=np.float32)[None, :] + 0.5
Y: Array = np.arange(HEIGHT, dtype=np.float32)[:, None] + 0.5


@lru_cache(maxsize=64)
def _spline(size: int, cells: int) -> Array:
    """Weights (size, cells + 3) of a uniform cubic B-spline: smooth interpolation as a matrix product."""
    position = np.linspace(0, cells, size, endpoint=False)
    start = position.astype(int)
    t = position - start
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]) / 6
    matrix = np.zeros((size, cells + 3), np.float32)
    for k in range(4):
        matrix[np.arange(size), start + k] = weights[k]
    return matrix


def noise(rng: np.random.Generator, rows: int, columns: int, octaves: int = 4, gain: float = 0.5) -> Array:
    """Smooth noise over the whole picture, (HEIGHT, WIDTH), about -1..1; `rows` x `columns` coarsest cells."""
    total = np.zeros((HEIGHT, WIDTH), np.float32)
    weight, sum_of_squares = 1.0, 0.0
    for _ in range(octaves):
        if rows > HEIGHT // 2 or columns > WIDTH // 2:
            break
        grid = rng.standard_normal((rows + 3, columns + 3), dtype=np.float32)
        total += weight * (_spline(HEIGHT, rows) @ grid @ _spline(WIDTH, columns).T)
        sum_of_squares += weight**2
        weight, rows, columns = weight * gain, rows * 2, columns * 2
    return total / np.float32(sum_of_squares**0.5)


def profile(rng: np.random.Generator, cells: int, octaves: int = 4, gain: float = 0.5) -> Array:
    """A smooth random line across the picture, (1, WIDTH), about -1..1."""
    total = np.zeros(WIDTH, np.float32)
    weight, sum_of_squares = 1.0, 0.0
    for _ in range(octaves):
        if cells > WIDTH // 2:
            break
        total += weight * (_spline(WIDTH, cells) @ rng.standard_normal(cells + 3, dtype=np.float32))
        sum_of_squares += weight**2
        weight, cells = weight * gain, cells * 2
    return (total / np.float32(sum_of_squares**0.5))[None, :]


def cover(distance: NDArray[np.floating[Any]]) -> Array:
    """A mask from a signed distance in pixels, positive inside."""
    return np.asarray(np.clip(distance + 0.5, 0.0, 1.0), np.float32)


def smooth(low: float, high: float, value: Array) -> Array:
    """0 below `low`, 1 above `high`, a smooth step between."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def below(line: Array) -> Array:
    """The mask of everything under a line (1, WIDTH) of heights y."""
    return cover(Y - line)


def circle(x: float, y: float, radius: float) -> Array:
    """The mask of a disc."""
    return cover(radius - np.hypot(X - x, Y - y))


def ellipse(x: float, y: float, across: float, down: float) -> Array:
    """The mask of an ellipse with half-axes `across` and `down` (its distance is approximate)."""
    return cover((1 - np.hypot((X - x) / across, (Y - y) / down)) * min(across, down))


def polygon(*corners: tuple[float, float]) -> Array:
    """The mask of a convex polygon, corners clockwise as seen on the picture."""
    distance: Array = np.full((HEIGHT, WIDTH), 1e9, np.float32)
    for (x0, y0), (x1, y1) in zip(corners, (*corners[1:], corners[0]), strict=True):
        length = max(float(np.hypot(x1 - x0, y1 - y0)), 1e-6)
        np.minimum(distance, ((x1 - x0) * (Y - y0) - (y1 - y0) * (X - x0)) / length, out=distance)
    return cover(distance)


def box(left: float, top: float, right: float, bottom: float) -> Array:
    """The mask of an upright rectangle."""
    across = np.clip(np.minimum(X - left, right - X) + 0.5, 0, 1)
    return np.asarray(across * np.clip(np.minimum(Y - top, bottom - Y) + 0.5, 0, 1), np.float32)


def stroke(x0: float, y0: float, x1: float, y1: float, thickness: float) -> Array:
    """The mask of a line with round ends."""
    dx, dy = x1 - x0, y1 - y0
    t = np.clip(((X - x0) * dx + (Y - y0) * dy) / max(dx * dx + dy * dy, 1e-6), 0, 1)
    return cover(thickness / 2 - np.hypot(X - x0 - t * dx, Y - y0 - t * dy))


def paint(picture: Array, mask: Array, colour: Colour | Array) -> None:
    """Lay a colour (a triple, or an array that broadcasts to the picture) over the picture, in place."""
    rows = np.flatnonzero(mask.max(axis=1) > 0)
    columns = np.flatnonzero(mask.max(axis=0) > 0)
    if not len(rows) or not len(columns):
        return
    window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    shade = np.broadcast_to(np.asarray(colour, np.float32), picture.shape)[window]
    picture[window] += np.broadcast_to(mask, picture.shape[:2])[window][..., None] * (shade - picture[window])


def mix(a: Colour | Array, b: Colour | Array, share: float | Array) -> Array:
    """The colour `share` of the way from a to b; an array of shares gets a last axis for the channels."""
    weight = np.asarray(share, np.float32)
    weight = weight[..., None] if weight.ndim else weight
    start = np.asarray(a, np.float32)
    return np.asarray(start + weight * (np.asarray(b, np.float32) - start), np.float32)
