"""One scene as a picture: sky, luminaries, ground, things, weather, style, in that order.

Law: the same scene and seed give the same picture, byte for byte on one machine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from babelgen.scenes import grounds, styles, things
from babelgen.scenes.canvas import HEIGHT, WIDTH, Array, X, Y, noise, paint, smooth
from babelgen.scenes.light import Light, light
from babelgen.scenes.scene import Scene, Thing
from babelgen.scenes.sky import rain, sky, veil

__all__ = ["ACROSS", "HEIGHT", "WIDTH", "Drawing", "draw", "draw_boxed"]

# The middle of each place, as a share of the width.
ACROSS = {"left": 0.20, "middle": 0.50, "right": 0.80}


@dataclass(frozen=True)
class Drawing:
    """A picture, (208, 320, 3) uint8 RGB, and a box (left, top, right, bottom) in pixels around each thing."""

    picture: NDArray[np.uint8]
    boxes: tuple[tuple[float, float, float, float], ...]


def draw(scene: Scene, seed: int) -> NDArray[np.uint8]:
    """The scene's picture, (208, 320, 3) RGB; the seed settles all that the description leaves open."""
    return draw_boxed(scene, seed).picture


def draw_boxed(scene: Scene, seed: int) -> Drawing:
    """The scene's picture, and where its things are, in the order of `scene.things`."""
    rng = np.random.default_rng(seed)
    by = light(scene.time, rng)
    horizon, ground = grounds.PAINTERS[scene.ground]
    horizon += float(rng.uniform(-7, 7))
    picture = sky(by, horizon, rng)
    spots = [_spot(thing, rng) for thing in scene.things]
    for spot in spots:
        if spot.name in things.LUMINARIES:
            things.PAINTERS[spot.name](picture, by, spot.x, spot.y, spot.size, rng)
    ground(picture, by, horizon, rng)
    for spot in spots:
        if spot.name in things.LUMINARIES and scene.ground == "sea":
            _path_of_light(picture, by, spot.x, horizon, rng)
    for spot in sorted(spots, key=lambda spot: spot.y):  # from far to near
        if spot.name not in things.LUMINARIES:
            _place(picture, spot, scene.ground in grounds.WATERS, by, rng)
    if by.rain:
        rain(picture, rng)
    if scene.time == "fog":
        veil(picture, by, horizon, rng)
    picture = styles.PAINTERS[scene.style](picture, rng)
    pixels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    return Drawing(pixels, tuple(spot.box for spot in spots))


@dataclass(frozen=True)
class _Spot:
    """Where a thing is: its foot, or the middle of what hangs in the sky, and its size about 1."""

    name: str
    x: float
    y: float
    size: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        left, top, right, bottom = (edge * self.size for edge in things.EXTENTS[self.name])
        return self.x + left, self.y + top, self.x + right, self.y + bottom


def _spot(thing: Thing, rng: np.random.Generator) -> _Spot:
    x = (ACROSS[thing.place] + float(rng.uniform(-0.045, 0.045))) * WIDTH
    if thing.name in things.LUMINARIES:
        y = rng.uniform(34, 56)
    elif thing.name in things.FLYERS:
        y = rng.uniform(42, 62)
    else:
        y = grounds.FOOTING + rng.uniform(-6, 8)
    return _Spot(thing.name, x, float(y), float(rng.uniform(0.95, 1.25)))


def _place(picture: Array, spot: _Spot, on_water: bool, by: Light, rng: np.random.Generator) -> None:
    """Paint a thing in the air or on its footing: a boat afloat, others on land with a shadow, or on a rock."""
    if spot.name not in things.FLYERS and spot.name != "boat":
        if on_water:
            things.islet(picture, by, spot.x, spot.y, spot.size, rng)
        else:
            things.shadow(picture, by, spot.x, spot.y, spot.size)
    things.PAINTERS[spot.name](picture, by, spot.x, spot.y, spot.size, rng)


def _path_of_light(picture: Array, by: Light, x: float, horizon: float, rng: np.random.Generator) -> None:
    """Glitter on the water under the sun or moon."""
    depth = (Y - horizon) / (HEIGHT - horizon)
    reach = 9 + 34 * np.clip(depth, 0, 1)
    glitter = noise(rng, 44, 9, octaves=2, gain=0.8)
    mask = np.exp(-(((X - x) / reach) ** 2)) * smooth(-0.2, 1.0, glitter) * (horizon < Y)
    paint(picture, (mask * 0.85).astype(np.float32), by.glow)
