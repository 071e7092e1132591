"""The grounds: what lies under the sky, from far to near.

Law: a ground is painted from its horizon down and leaves room in front, at `FOOTING`, for an object to stand.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from babelgen.scenes.canvas import (
    HEIGHT,
    WIDTH,
    Array,
    Colour,
    X,
    Y,
    below,
    mix,
    noise,
    paint,
    profile,
    smooth,
)
from babelgen.scenes.light import Light, lit

Painter = Callable[[Array, Light, float, np.random.Generator], None]


def _slope(texture: Array, across: int = 2, down: int = 1) -> Array:
    """How much a relief faces the light from the upper left, about -1..1."""
    facing = (texture - np.roll(texture, (down, across), axis=(0, 1))) * 4
    return np.asarray(np.clip(facing, -1, 1), np.float32)


def _ridge(picture: Array, line: Array, colour: Colour, by: Light, distance: float, relief: Array) -> None:
    """One range of land under `line`, shaded by its relief and fading into haze at its foot."""
    near = lit(colour, by, distance)
    shade = near * (1 + 0.28 * relief[..., None])
    foot = smooth(10, 90, Y - line) * (0.25 + 0.45 * distance) * by.depth
    paint(picture, below(line), np.clip(mix(shade, by.haze, foot), 0, 1))


def _mountains(picture: Array, by: Light, horizon: float, rng: np.random.Generator) -> None:
    for distance, base, height, count in ((0.8, 4, 58, 4), (0.4, 14, 46, 3)):
        line, side = _peaks(horizon + base, height, count, rng)
        texture = noise(rng, 8, 9, octaves=3, gain=0.5)
        relief = np.clip(0.75 * side + 0.45 * texture, -1, 1)
        _ridge(picture, line, (0.40, 0.42, 0.52), by, distance, relief)
        snowline = horizon + base - height * 0.52 + 7 * texture
        snow = below(line) * smooth(-4, 4, snowline - Y)
        white = lit((0.97, 0.97, 1.0), by, distance * 0.5) * (0.90 + 0.14 * relief[..., None])
        paint(picture, snow, np.clip(white, 0, 1))
    _near_land(picture, by, horizon + 22, (0.24, 0.36, 0.24), rng)


def _peaks(foot: float, height: float, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """A chain of sharp peaks: its line (1, WIDTH), and which side of its peak each spot is on, (H, W), -1..1."""
    tops = (np.arange(count) + rng.uniform(0.15, 0.85, count)) * WIDTH / count
    heights = height * rng.uniform(0.65, 1.25, count)
    away = X[0][None, :] - tops[:, None].astype(np.float32)
    flanks = heights[:, None] - np.abs(away) * rng.uniform(0.65, 0.95, (count, 1))
    highest = flanks.argmax(axis=0)
    rough = 3.0 * profile(rng, 18, octaves=3, gain=0.6)
    line = foot - np.clip(flanks.max(axis=0), 0, None)[None, :] - rough
    crest = tops[highest][None, :] + 10 * profile(rng, 3) + 0.35 * (Y - line) * np.sin(Y * 0.11 + highest)
    return line.astype(np.float32), np.tanh((crest - X) / 3).astype(np.float32)


def _near_land(picture: Array, by: Light, top: float, colour: Colour, rng: np.random.Generator) -> None:
    """The strip in front: a gentle edge, grass or gravel that grows coarser towards us."""
    line = top + 5 * profile(rng, 2, octaves=3)
    grain = noise(rng, 20, 8, octaves=2, gain=0.6)
    shade = lit(colour, by) * (1 + 0.13 * grain[..., None] - 0.25 * ((Y - top) / HEIGHT)[..., None])
    paint(picture, below(line), np.clip(shade, 0, 1))


def _hills(picture: Array, by: Light, horizon: float, rng: np.random.Generator) -> None:
    greens: tuple[Colour, ...] = (
        (0.40, 0.58, 0.42),
        (0.36, 0.60, 0.30),
        (0.42, 0.66, 0.26),
        (0.34, 0.58, 0.22),
    )
    for index, green in enumerate(greens):
        distance = 1 - index / (len(greens) - 1)
        line = horizon - 8 + 24 * index - (9 + 5 * index) * profile(rng, 2, octaves=2, gain=0.4)
        fields = noise(rng, 18, 5, octaves=2)
        relief = 0.45 * fields + 0.5 * np.tanh(np.gradient(line[0])[None, :] * 3)
        _ridge(picture, line, green, by, distance, relief)


def _desert(picture: Array, by: Light, horizon: float, rng: np.random.Generator) -> None:
    for index in range(4):
        distance = 1 - index / 3
        line = horizon - 2 + 24 * index - (5 + 5 * index) * profile(rng, 2 + index % 2, octaves=2, gain=0.35)
        # The windward face is bright, the slip face dark: the edge between them wanders down the dune.
        leaning = np.gradient(profile(rng, 3, octaves=2, gain=0.35)[0])[None, :] * 30
        edge = np.tanh(1.4 * leaning + 1.1 * noise(rng, 4, 3, octaves=2) - 0.02 * (Y - line))
        ripples = 0.09 * np.sin((Y - line) * 0.7 + 3 * noise(rng, 4, 5, octaves=1)) * (1 - distance)
        _ridge(picture, line, (0.90, 0.70, 0.42), by, distance * 0.8, 0.8 * edge + ripples)


def _sea(picture: Array, by: Light, horizon: float, rng: np.random.Generator) -> None:
    depth = np.clip((Y - horizon) / (HEIGHT - horizon), 0, 1)
    deep = lit((0.10, 0.30, 0.48), by)
    water = mix(mix(by.horizon, deep, 0.35), deep, smooth(0, 0.7, depth))
    waves = noise(rng, 36, 5, octaves=2, gain=0.8) * (0.25 + depth)
    water = water * (1 + 0.20 * waves[..., None])
    crests = smooth(1.0, 1.8, waves) * 0.5 * (0.3 + depth)
    water = mix(water, np.asarray(by.glow, np.float32) * 0.9, crests)
    water = np.clip(water, 0, 1)
    paint(picture, below(np.full((1, WIDTH), horizon, np.float32)), water)


def _lake(picture: Array, by: Light, horizon: float, rng: np.random.Generator) -> None:
    for distance, height, cells, colour in (
        (0.8, 24, 3, (0.36, 0.42, 0.54)),
        (0.35, 12, 4, (0.16, 0.30, 0.22)),
    ):
        line = horizon + 4 - height * (profile(rng, cells, octaves=5) + 0.9)
        relief = _slope(noise(rng, 9, 9, octaves=2, gain=0.5), 3, 2)
        _ridge(picture, line, colour, by, distance, relief)
    _mirror(picture, by, horizon, rng)


def _mirror(picture: Array, by: Light, shore: float, rng: np.random.Generator) -> None:
    """Still water: what is above the shore, upside down, darker, broken by ripples; in place."""
    top = round(shore)
    depth = np.arange(HEIGHT - top)
    ripple = noise(rng, 48, 4, octaves=1)[top:] * (0.6 + depth[:, None] / 24)
    rows = np.clip(top - 1 - depth[:, None] - np.rint(ripple * 1.5).astype(int), 0, top - 1)
    columns = np.clip(np.arange(WIDTH)[None, :] + np.rint(ripple).astype(int), 0, WIDTH - 1)
    fade = (0.16 + 0.35 * depth / max(len(depth), 1)).astype(np.float32)
    picture[top:] = mix(
        picture[rows, columns], lit((0.12, 0.26, 0.34), by), np.repeat(fade[:, None], WIDTH, axis=1)
    )
    edge = np.exp(-(((Y - shore) / 1.3) ** 2)) * 0.45
    paint(picture, np.broadcast_to(edge, (HEIGHT, WIDTH)), by.glow)


def _snow(picture: Array, by: Light, horizon: float, rng: np.random.Generator) -> None:
    for index in range(3):
        distance = 1 - index / 2
        line = horizon - 4 + 26 * index - (8 + 4 * index) * profile(rng, 2, octaves=2, gain=0.4)
        if index < 2:
            _trees(picture, line, by, 0.75 - 0.3 * index, rng, count=9 - 3 * index, height=13 + 8 * index)
        drifts = noise(rng, 7, 3, octaves=3)
        hollow = smooth(-0.2, 1.4, -drifts + np.tanh(np.gradient(line[0])[None, :] * 4) * 0.7)
        white = mix(
            lit((0.97, 0.98, 1.0), by, distance * 0.5), lit((0.64, 0.74, 0.92), by, distance * 0.5), hollow
        )
        paint(picture, below(line), white)


def _crowns(centres: Array, heights: Array, spread: float) -> Array:
    """How high a row of firs stands above its ground, (1, WIDTH)."""
    away = np.abs(X[0][None, :] - centres[:, None])
    tips = heights[:, None] * (1 - away / (heights[:, None] * spread))
    branches = 1.6 * np.abs((away * 0.55) % 2 - 1)
    crowns = (tips - branches * (tips < heights[:, None] * 0.9)).max(axis=0)
    return np.asarray(np.clip(crowns, 0, None)[None, :], np.float32)


def _trees(
    picture: Array,
    line: Array,
    by: Light,
    distance: float,
    rng: np.random.Generator,
    count: int,
    height: float,
) -> None:
    """Scattered firs that stand on a line."""
    centres = rng.uniform(0, WIDTH, count).astype(np.float32)
    heights = (height * rng.uniform(0.7, 1.2, count)).astype(np.float32)
    top = line + 2 - _crowns(centres, heights, 0.30)
    paint(picture, below(top) * (top < line), lit((0.10, 0.22, 0.20), by, distance))


def _forest(picture: Array, by: Light, horizon: float, rng: np.random.Generator) -> None:
    for distance, base, height, count in ((0.9, 2, 38, 34), (0.55, 16, 46, 24), (0.2, 32, 42, 15)):
        centres = np.linspace(0, WIDTH, count) + rng.normal(0, 4, count)
        heights = height * rng.uniform(0.65, 1.15, count)
        line = horizon + base - _crowns(centres.astype(np.float32), heights.astype(np.float32), 0.27)
        _ridge(picture, line, (0.10, 0.32, 0.20), by, distance, 0.4 * noise(rng, 20, 24, octaves=1))
    _near_land(picture, by, horizon + 36, (0.20, 0.34, 0.14), rng)


def _city(picture: Array, by: Light, horizon: float, rng: np.random.Generator) -> None:
    for distance, base, height, width in ((0.85, 4, 62, 15), (0.45, 12, 48, 22), (0.1, 24, 34, 30)):
        edges = np.cumsum(rng.uniform(0.6, 1.4, WIDTH // width * 2) * width)
        house = np.searchsorted(edges, X[0])
        tall = (height * rng.uniform(0.35, 1.0, len(edges) + 1)).astype(np.float32)
        line = horizon + base - tall[house][None, :]
        tone = rng.uniform(0.75, 1.15, len(edges) + 1).astype(np.float32)[house][None, :, None]
        colour = np.clip(lit((0.50, 0.46, 0.48), by, distance) * tone, 0, 1)
        paint(picture, below(line), np.broadcast_to(colour, picture.shape))
        _windows(picture, line, house, by, distance, rng)
    _near_land(picture, by, horizon + 30, (0.34, 0.34, 0.36), rng)


def _windows(
    picture: Array, line: Array, house: Array, by: Light, distance: float, rng: np.random.Generator
) -> None:
    """Rows of windows: lit at dusk, at night and in storms, dark by day."""
    step = 7 if distance < 0.5 else 6
    row, column = (Y // step).astype(int), (X // step).astype(int)
    pane = ((Y % step) >= 2.5) & ((X % step) >= 3.0) & (line + 3 < Y) & (house >= 0)
    burning = rng.random((HEIGHT // step + 1, WIDTH // step + 1), dtype=np.float32)[row, column]
    if by.lamps:
        paint(picture, pane * (burning > 0.55) * (1 - 0.45 * distance), (1.0, 0.80, 0.42))
    else:
        paint(
            picture, pane * (burning > 0.25) * (0.55 - 0.4 * distance), lit((0.18, 0.22, 0.30), by, distance)
        )


def _canyon(picture: Array, by: Light, horizon: float, rng: np.random.Generator) -> None:
    for distance, base, height, cells in ((0.8, 4, 42, 4), (0.3, 16, 50, 3)):
        mesa = smooth(-0.15, 0.15, profile(rng, cells, octaves=2, gain=0.5))
        line = horizon + base - height * mesa - 3 * profile(rng, 24, octaves=2)
        strata = 0.55 * np.sin((Y + 3 * profile(rng, 5)) * (0.50 - 0.2 * distance)) + 0.35 * noise(
            rng, 4, 14, octaves=1
        )
        _ridge(picture, line, (0.80, 0.40, 0.24), by, distance, 0.6 * strata)
    _near_land(picture, by, horizon + 24, (0.70, 0.40, 0.26), rng)


# name -> (y of the horizon, painter)
PAINTERS: dict[str, tuple[float, Painter]] = {
    "mountains": (120, _mountains),
    "hills": (116, _hills),
    "desert": (116, _desert),
    "sea": (112, _sea),
    "snow": (116, _snow),
    "forest": (116, _forest),
    "city": (120, _city),
    "lake": (118, _lake),
    "canyon": (116, _canyon),
}
FOOTING = 168.0  # y where an object stands
WATERS = ("sea", "lake")
