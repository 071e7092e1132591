"""The sky: gradient, stars, clouds, rain. Everything else is painted over it."""

from __future__ import annotations

import numpy as np

from babelgen.scenes.canvas import HEIGHT, WIDTH, Array, X, Y, mix, noise, paint, smooth
from babelgen.scenes.light import Light


def sky(by: Light, horizon: float, rng: np.random.Generator) -> Array:
    """A new picture (HEIGHT, WIDTH, 3), filled with sky down to the horizon's y and beyond."""
    height = np.clip(1 - Y / horizon, 0, 1)  # 0 at the horizon, 1 at the top
    column = mix(mix(by.horizon, by.middle, smooth(0.0, 0.42, height)), by.zenith, smooth(0.3, 1.0, height))
    picture = np.ascontiguousarray(np.broadcast_to(column, (HEIGHT, WIDTH, 3)), np.float32)
    if by.stars:
        _stars(picture, horizon, rng)
    if by.clouds > 0.02:
        _clouds(picture, by, horizon, rng)
    return picture


def _stars(picture: Array, horizon: float, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(28, 48))):
        x, y = rng.uniform(2, WIDTH - 2), rng.uniform(2, horizon * 0.92)
        size = rng.choice([0.9, 1.2, 1.6], p=[0.5, 0.35, 0.15])
        left, top = max(int(x) - 3, 0), max(int(y) - 3, 0)
        window = (slice(top, top + 7), slice(left, left + 7))
        spot = np.exp(-((X[:, window[1]] - x) ** 2 + (Y[window[0]] - y) ** 2) / (2 * size**2))
        picture[window] += (spot * rng.uniform(0.5, 1.0))[..., None] * np.array([0.85, 0.9, 1.0], np.float32)
    np.clip(picture, 0, 1, out=picture)


def _clouds(picture: Array, by: Light, horizon: float, rng: np.random.Generator) -> None:
    storm = by.rain
    shape = noise(rng, 5, 3 if storm else 4, octaves=5, gain=0.55)
    # Clouds thin out towards the horizon and lie in flatter bands there.
    threshold = 1.15 - 2.1 * by.clouds
    mask = smooth(threshold, threshold + 0.9, shape) * smooth(0.02, 0.35, 1 - Y / horizon)
    relief = shape - np.roll(shape, (4, 3), axis=(0, 1))  # the side that faces the light
    shade = mix(by.middle, by.glow, np.clip(0.55 + 0.55 * relief, 0, 1))
    if storm:
        shade = mix((0.13, 0.15, 0.18), (0.46, 0.49, 0.52), np.clip(0.4 + 0.45 * relief + 0.15 * shape, 0, 1))
    paint(picture, mask * (0.9 if storm else 0.8), shade)


def rain(picture: Array, rng: np.random.Generator) -> None:
    """Slanting streaks over the finished picture, in place."""
    slant = rng.uniform(-0.45, -0.2)
    streaks = rng.random((HEIGHT + 40, WIDTH + 120), dtype=np.float32)
    seeds = (streaks > 0.9989).astype(np.float32)
    drops = np.zeros((HEIGHT, WIDTH), np.float32)
    for step in range(18):
        shift = int(60 + slant * step)
        drops += seeds[20 - step : 20 - step + HEIGHT, shift : shift + WIDTH]
    paint(picture, np.clip(drops, 0, 1) * 0.18, (0.82, 0.86, 0.9))


def veil(picture: Array, by: Light, horizon: float, rng: np.random.Generator) -> None:
    """Fog over the finished picture, thickest about the horizon, in drifting banks, in place."""
    banks = noise(rng, 6, 2, octaves=3)
    thickness = 0.48 * np.exp(-(((Y - horizon) / 60) ** 2)) + 0.10
    paint(picture, np.clip(thickness * (1 + 0.5 * banks), 0, 0.85), by.haze)
