"""Styles: what a finished picture becomes as an ink drawing, a pastel, a woodcut.

Law: a style changes how a scene looks, never what it shows: ground, time and things stay told.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from babelgen.scenes.canvas import Array, mix, noise, smooth

Style = Callable[[Array, np.random.Generator], Array]

_GREY = np.array([0.30, 0.59, 0.11], np.float32)


def _soften(picture: Array) -> Array:
    """A blur by (1, 2, 1) in both directions."""
    rows = np.pad(picture, ((1, 1), (0, 0)) + ((0, 0),) * (picture.ndim - 2), mode="edge")
    softer = (rows[:-2] + 2 * rows[1:-1] + rows[2:]) / 4
    columns = np.pad(softer, ((0, 0), (1, 1)) + ((0, 0),) * (picture.ndim - 2), mode="edge")
    return np.asarray((columns[:, :-2] + 2 * columns[:, 1:-1] + columns[:, 2:]) / 4, np.float32)


def _without_spots(grey: Array) -> Array:
    """Brightness without what is bright and under five pixels wide: stars, windows, rain keep their light."""
    for least in (np.minimum, np.maximum):
        for axis in (0, 1):
            grey = least.reduce([np.roll(grey, shift, axis) for shift in (-2, -1, 0, 1, 2)])
    return grey


def _outlines(grey: Array, low: float, high: float) -> Array:
    """Where brightness changes quickly, as a mask of soft lines."""
    soft = _soften(_soften(_without_spots(grey)))
    down, across = np.gradient(soft)
    return _soften(smooth(low, high, np.asarray(np.hypot(down, across), np.float32)))


def _plain(picture: Array, rng: np.random.Generator) -> Array:
    return picture


def _ink(picture: Array, rng: np.random.Generator) -> Array:
    """Washes of thin colour on warm paper, the edges drawn with a brush."""
    grey = picture @ _GREY
    wash = mix((0.10, 0.10, 0.14), (0.97, 0.95, 0.89), smooth(-0.15, 0.95, grey))
    tinted = mix(wash, picture, np.full_like(grey, 0.38))
    return mix(tinted, (0.07, 0.07, 0.10), 0.85 * _outlines(grey, 0.025, 0.09))


def _pastel(picture: Array, rng: np.random.Generator) -> Array:
    """Chalk: lighter and softer, with the grain of the paper in broad strokes."""
    chalky = mix(_soften(_soften(_soften(picture))), (0.98, 0.93, 0.90), 0.30)
    strokes = noise(rng, 24, 60, octaves=1) * 0.035
    return np.asarray(chalky * (1 + strokes[..., None]), np.float32)


def _woodcut(picture: Array, rng: np.random.Generator) -> Array:
    """A few flat tones of strong colour, printed with bold dark lines."""
    grey = picture @ _GREY
    steps = np.float32(4.0) * grey
    low = np.floor(steps)
    flat = (low + smooth(0.35, 0.65, steps - low)) / 4
    colour = picture + 0.45 * (picture - grey[..., None])  # stronger than it was
    printed = colour + (flat - grey)[..., None] * 1.1
    return mix(np.clip(printed, 0, 1), (0.09, 0.06, 0.07), 0.95 * _outlines(grey, 0.02, 0.06))


PAINTERS: dict[str, Style] = {"plain": _plain, "ink": _ink, "pastel": _pastel, "woodcut": _woodcut}
