"""One scene as a picture: sky, luminary, ground, object, weather, in that order.

Law: the same scene and seed give the same picture, byte for byte on one machine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from babelgen.scenes import grounds, things
from babelgen.scenes.canvas import HEIGHT, WIDTH, Array, X, Y, noise, paint, smooth
from babelgen.scenes.light import Light, light
from babelgen.scenes.scene import Scene
from babelgen.scenes.sky import rain, sky, veil

__all__ = ["HEIGHT", "WIDTH", "draw"]

_ACROSS = {"left": 0.20, "middle": 0.50, "right": 0.80}


def draw(scene: Scene, seed: int) -> NDArray[np.uint8]:
    """The scene's picture, (208, 320, 3) RGB; the seed settles all that the description leaves open."""
    rng = np.random.default_rng(seed)
    by = light(scene.time, rng)
    horizon, ground = grounds.PAINTERS[scene.ground]
    horizon += float(rng.uniform(-7, 7))
    picture = sky(by, horizon, rng)
    x = (_ACROSS[scene.place] + rng.uniform(-0.045, 0.045)) * WIDTH if scene.place else 0.0
    size = float(rng.uniform(0.9, 1.2))
    if scene.thing in things.LUMINARIES:
        things.PAINTERS[scene.thing](picture, by, x, rng.uniform(36, 58), size, rng)
    ground(picture, by, horizon, rng)
    if scene.thing in things.LUMINARIES and scene.ground == "sea":
        _path_of_light(picture, by, x, horizon, rng)
    if scene.thing is not None and scene.thing not in things.LUMINARIES:
        _place(picture, scene.thing, scene.ground in grounds.WATERS, by, x, size, rng)
    if by.rain:
        rain(picture, rng)
    if scene.time == "fog":
        veil(picture, by, horizon, rng)
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _place(
    picture: Array, thing: str, on_water: bool, by: Light, x: float, size: float, rng: np.random.Generator
) -> None:
    """Paint a thing in the air or on its footing: a boat afloat, others on land with a shadow, or on a rock."""
    if thing in things.FLYERS:
        things.PAINTERS[thing](picture, by, x, rng.uniform(42, 66), size, rng)
        return
    y = grounds.FOOTING + float(rng.uniform(-6, 8))
    if thing != "boat":
        if on_water:
            things.islet(picture, by, x, y, size, rng)
        else:
            things.shadow(picture, by, x, y, size)
    things.PAINTERS[thing](picture, by, x, y, size, rng)


def _path_of_light(picture: Array, by: Light, x: float, horizon: float, rng: np.random.Generator) -> None:
    """Glitter on the water under the sun or moon."""
    depth = (Y - horizon) / (HEIGHT - horizon)
    reach = 9 + 34 * np.clip(depth, 0, 1)
    glitter = noise(rng, 44, 9, octaves=2, gain=0.8)
    mask = np.exp(-(((X - x) / reach) ** 2)) * smooth(-0.2, 1.0, glitter) * (horizon < Y)
    paint(picture, (mask * 0.85).astype(np.float32), by.glow)
