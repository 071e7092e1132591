"""The objects: each painted at a place, in the light of the moment.

Law: an object is told by its shape alone, at every time and on every ground; it is at least 40 pixels large.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from babelgen.scenes.canvas import (
    HEIGHT,
    WIDTH,
    Array,
    X,
    Y,
    box,
    circle,
    ellipse,
    mix,
    noise,
    paint,
    polygon,
    stroke,
)
from babelgen.scenes.light import Light, lit

Painter = Callable[[Array, Light, float, float, float, np.random.Generator], None]


def _halo(picture: Array, x: float, y: float, radius: float, colour: Array, strength: float) -> None:
    glow = strength * np.exp(-np.hypot(X - x, Y - y) / radius)
    paint(picture, glow, colour)


def _sun(picture: Array, by: Light, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    _halo(picture, x, y, 34 * size, np.asarray(by.glow, np.float32), 0.75)
    paint(picture, circle(x, y, 19 * size), mix(by.glow, (1.0, 0.97, 0.80), 0.7))


def _moon(picture: Array, by: Light, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    _halo(picture, x, y, 26 * size, np.array([0.70, 0.78, 0.95], np.float32), 0.45)
    disc = circle(x, y, 19 * size)
    spots = 0.10 * noise(rng, 14, 20, octaves=2)
    if rng.random() < 0.5:  # a crescent
        disc = disc * (1 - circle(x + 9 * size, y - 5 * size, 17 * size))
    paint(
        picture,
        disc,
        np.clip(np.array([0.97, 0.95, 0.86], np.float32) * (1 - np.abs(spots))[..., None], 0, 1),
    )


def _tree(picture: Array, by: Light, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    bark = lit((0.34, 0.22, 0.14), by)
    paint(
        picture,
        polygon(
            (x - 3 * size, y - 40 * size), (x + 3 * size, y - 40 * size), (x + 5 * size, y), (x - 5 * size, y)
        ),
        bark,
    )
    for side in (-1, 1):
        paint(picture, stroke(x, y - 28 * size, x + side * 15 * size, y - 46 * size, 3 * size), bark)
    mask: Array = np.zeros((HEIGHT, WIDTH), np.float32)
    for _ in range(9):
        angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(0, 1) ** 0.5
        mask = np.maximum(
            mask,
            circle(
                x + 19 * size * away * np.cos(angle),
                y + size * (-56 + 14 * away * np.sin(angle)),
                size * rng.uniform(9, 14),
            ),
        )
    leaves = 0.3 * noise(rng, 24, 36, octaves=2) + 0.012 * ((x - X) + (y - 56 * size - Y)) / size
    crown = lit((0.30, 0.48, 0.16), by)
    paint(picture, mask, np.clip(crown * (1 + leaves[..., None]), 0, 1))


def _window(picture: Array, by: Light, mask: Array) -> None:
    paint(picture, mask, (1.0, 0.82, 0.40) if by.lamps else lit((0.14, 0.14, 0.20), by))


def _tower(picture: Array, by: Light, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    stone = lit((0.62, 0.57, 0.50), by)
    courses = 0.10 * np.sin(Y * 1.4) + 0.10 * noise(rng, 26, 40, octaves=1) - 0.022 * (X - x) / size
    shade = np.clip(stone * (1 + courses[..., None]), 0, 1)
    paint(picture, box(x - 11 * size, y - 66 * size, x + 11 * size, y), shade)
    paint(picture, box(x - 14 * size, y - 74 * size, x + 14 * size, y - 64 * size), shade)
    for left in (-14, -5.5, 3, 8.5):
        paint(picture, box(x + left * size, y - 80 * size, x + (left + 5.5) * size, y - 73 * size), shade)
    for up in (50, 26):
        _window(picture, by, box(x - 3 * size, y - (up + 6) * size, x + 3 * size, y - (up - 6) * size))


def _house(picture: Array, by: Light, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    paint(
        picture, box(x + 12 * size, y - 52 * size, x + 18 * size, y - 30 * size), lit((0.45, 0.30, 0.26), by)
    )
    paint(picture, box(x - 25 * size, y - 28 * size, x + 25 * size, y), lit((0.92, 0.86, 0.74), by))
    roof = polygon(
        (x - 31 * size, y - 27 * size),
        (x - 16 * size, y - 50 * size),
        (x + 16 * size, y - 50 * size),
        (x + 31 * size, y - 27 * size),
    )
    paint(picture, roof, np.clip(lit((0.68, 0.24, 0.16), by) * (1 + 0.10 * np.sin(Y * 1.7))[..., None], 0, 1))
    paint(picture, box(x - 4 * size, y - 18 * size, x + 5 * size, y), lit((0.36, 0.24, 0.16), by))
    for left in (-18, 12):
        _window(picture, by, box(x + left * size, y - 20 * size, x + (left + 8) * size, y - 11 * size))


def _boat(picture: Array, by: Light, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    reflection = ellipse(x, y + 8 * size, 26 * size, 5 * size) * 0.5
    paint(picture, reflection, lit((0.10, 0.12, 0.18), by))
    side = 1.0 if rng.random() < 0.5 else -1.0

    def corners(*points: tuple[float, float]) -> Array:
        placed = [(x + side * px * size, y + py * size) for px, py in points]
        return polygon(*(placed if side > 0 else placed[::-1]))

    paint(picture, corners((-26, -8), (28, -8), (19, 5), (-20, 5)), lit((0.52, 0.24, 0.14), by))
    paint(picture, stroke(x, y - 62 * size, x, y - 6 * size, 2.2 * size), lit((0.30, 0.20, 0.14), by))
    paint(picture, corners((2, -60), (26, -13), (2, -13)), lit((0.97, 0.95, 0.90), by))
    paint(picture, corners((-2, -52), (-2, -13), (-18, -13)), lit((0.88, 0.84, 0.78), by))


def _birds(picture: Array, by: Light, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    ink = np.array([0.66, 0.70, 0.78], np.float32) if by.stars else lit((0.10, 0.10, 0.14), by)
    for _ in range(int(rng.integers(6, 9))):
        bx, by_ = x + size * (rng.uniform(-34, 34)), y + size * (rng.uniform(-20, 20))
        wing, lift = size * rng.uniform(7, 10), size * rng.uniform(3, 6)
        for side in (-1, 1):
            paint(picture, stroke(bx, by_, bx + side * wing * 0.55, by_ - lift, 2.4 * size), ink)
            paint(
                picture,
                stroke(bx + side * wing * 0.55, by_ - lift, bx + side * wing, by_ - lift * 0.7, 1.7 * size),
                ink,
            )


def _balloon(picture: Array, by: Light, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    skin = circle(x, y, 24 * size)
    skin = np.maximum(
        skin,
        polygon(
            (x - 22 * size, y + 9 * size),
            (x + 22 * size, y + 9 * size),
            (x + 6 * size, y + 36 * size),
            (x - 6 * size, y + 36 * size),
        ),
    )
    gores = np.cos(np.arcsin(np.clip((X - x) / (25 * size), -1, 1)) * 6) > 0
    first, second = [((0.86, 0.20, 0.16), (0.98, 0.86, 0.40)), ((0.20, 0.40, 0.76), (0.96, 0.94, 0.88))][
        int(rng.integers(2))
    ]
    stripes = np.where(np.broadcast_to(gores, (HEIGHT, WIDTH))[..., None], lit(first, by), lit(second, by))
    round_ = (1 + 0.20 * (x - X) / (24 * size))[..., None]
    paint(picture, skin, np.clip(stripes * round_ * (1.5 if by.stars else 1.0), 0, 1))
    for side in (-1, 1):
        paint(
            picture,
            stroke(x + side * 6 * size, y + 35 * size, x + side * 5 * size, y + 44 * size, 1.2),
            lit((0.2, 0.15, 0.1), by),
        )
    paint(picture, box(x - 6 * size, y + 43 * size, x + 6 * size, y + 52 * size), lit((0.45, 0.28, 0.14), by))


def _windmill(picture: Array, by: Light, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    wall = np.clip(lit((0.90, 0.86, 0.78), by) * (1 - 0.02 * (X - x) / size)[..., None], 0, 1)
    paint(
        picture,
        polygon(
            (x - 11 * size, y - 48 * size),
            (x + 11 * size, y - 48 * size),
            (x + 17 * size, y),
            (x - 17 * size, y),
        ),
        np.broadcast_to(wall, picture.shape),
    )
    paint(
        picture,
        polygon((x - 14 * size, y - 47 * size), (x, y - 62 * size), (x + 14 * size, y - 47 * size)),
        lit((0.38, 0.26, 0.22), by),
    )
    _window(picture, by, box(x - 4 * size, y - 34 * size, x + 4 * size, y - 24 * size))
    paint(picture, box(x - 5 * size, y - 14 * size, x + 5 * size, y), lit((0.36, 0.24, 0.16), by))
    start = rng.uniform(0, np.pi / 2)
    sail = lit((0.98, 0.95, 0.88), by) if by.stars else lit((0.30, 0.22, 0.18), by)
    for quarter in range(4):
        angle = start + quarter * np.pi / 2
        paint(
            picture,
            stroke(
                x,
                y - 50 * size,
                x + 40 * size * np.cos(angle),
                y + size * (-50 + 40 * np.sin(angle)),
                4.5 * size,
            ),
            sail,
        )


def _lighthouse(picture: Array, by: Light, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    if by.lamps:
        for side in (-1, 1):
            beam = np.clip(1 - np.abs(Y - (y - 78 * size)) / (3 + np.abs(X - x) * 0.16), 0, 1) * np.exp(
                -np.abs(X - x) / 90
            )
            paint(picture, 0.6 * beam * (side * (X - x) > 0), (1.0, 0.92, 0.65))
    bands = np.where((((y - Y) / size) // 14) % 2 < 1, 1.0, 0.0).astype(np.float32)
    colour = mix(
        lit((0.96, 0.95, 0.92), by), lit((0.82, 0.16, 0.14), by), np.broadcast_to(bands, (HEIGHT, WIDTH))
    )
    paint(
        picture,
        polygon(
            (x - 8 * size, y - 70 * size),
            (x + 8 * size, y - 70 * size),
            (x + 13 * size, y),
            (x - 13 * size, y),
        ),
        colour * (1 - 0.02 * (X - x) / size)[..., None].clip(0.6, 1.3).astype(np.float32),
    )
    paint(
        picture, box(x - 11 * size, y - 73 * size, x + 11 * size, y - 69 * size), lit((0.25, 0.25, 0.28), by)
    )
    paint(
        picture,
        box(x - 6 * size, y - 83 * size, x + 6 * size, y - 73 * size),
        (1.0, 0.90, 0.55) if by.lamps else lit((0.75, 0.82, 0.85), by),
    )
    paint(
        picture,
        polygon((x - 9 * size, y - 82 * size), (x, y - 92 * size), (x + 9 * size, y - 82 * size)),
        lit((0.60, 0.14, 0.12), by),
    )


PAINTERS: dict[str, Painter] = {
    "sun": _sun,
    "moon": _moon,
    "tree": _tree,
    "tower": _tower,
    "house": _house,
    "boat": _boat,
    "birds": _birds,
    "balloon": _balloon,
    "windmill": _windmill,
    "lighthouse": _lighthouse,
}
# How far each reaches from its spot at size 1, in pixels: left, top, right, bottom.
EXTENTS = {
    "sun": (-24.0, -24.0, 24.0, 24.0),
    "moon": (-24.0, -24.0, 24.0, 24.0),
    "tree": (-36.0, -88.0, 36.0, 4.0),
    "tower": (-16.0, -82.0, 16.0, 4.0),
    "house": (-33.0, -54.0, 33.0, 4.0),
    "boat": (-32.0, -66.0, 32.0, 14.0),
    "birds": (-44.0, -28.0, 44.0, 24.0),
    "balloon": (-28.0, -28.0, 28.0, 56.0),
    "windmill": (-42.0, -92.0, 42.0, 4.0),
    "lighthouse": (-16.0, -94.0, 16.0, 4.0),
}
LUMINARIES = ("sun", "moon")  # hang behind the ground
FLYERS = ("birds", "balloon")  # hang before it


def islet(picture: Array, by: Light, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    """A rock in the water for what cannot swim."""
    rock = np.maximum(
        ellipse(x, y + 4, 34 * size, 9 * size), ellipse(x - 14 * size, y + 6, 22 * size, 7 * size)
    )
    shade = (
        lit((0.40, 0.38, 0.34), by) * (1 + 0.3 * noise(rng, 26, 40, octaves=1) - 0.02 * (Y - y))[..., None]
    )
    paint(picture, rock, np.clip(shade, 0, 1))


def shadow(picture: Array, by: Light, x: float, y: float, size: float) -> None:
    """The dark patch that makes a thing stand on its ground."""
    paint(picture, ellipse(x + 6 * size, y, 28 * size, 4 * size) * 0.35, lit((0.08, 0.08, 0.12), by))
