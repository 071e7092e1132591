"""Times and weathers as light: what each does to sky, haze and ground.

Law: a time is told by colour and brightness alone, so it reads the same on every ground.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from babelgen.scenes.canvas import Array, Colour


@dataclass(frozen=True)
class Light:
    """The light of a moment. Colours are RGB in 0..1."""

    zenith: Colour
    middle: Colour
    horizon: Colour
    haze: Colour  # what far things fade into
    tint: Colour  # what the ground's own colour is multiplied by
    glow: Colour  # the lit side of clouds, the path of light on water
    clouds: float  # share of the sky they cover, 0..1
    depth: float  # how fast distance fades, 0..1
    lamps: bool = False  # whether windows are lit
    stars: bool = False
    rain: bool = False


_LIGHTS = {
    "dawn": Light((0.42, 0.53, 0.80), (0.86, 0.70, 0.80), (1.00, 0.85, 0.70), (0.95, 0.79, 0.77), (0.86, 0.70, 0.74), (1.00, 0.80, 0.68), 0.35, 0.75),
    "noon": Light((0.16, 0.45, 0.86), (0.42, 0.68, 0.95), (0.80, 0.90, 0.97), (0.74, 0.86, 0.96), (1.06, 1.04, 0.98), (1.00, 1.00, 1.00), 0.30, 0.50),
    "sunset": Light((0.22, 0.16, 0.42), (0.82, 0.32, 0.34), (1.00, 0.67, 0.22), (0.86, 0.42, 0.30), (0.78, 0.42, 0.34), (1.00, 0.62, 0.25), 0.45, 0.60),
    "night": Light((0.02, 0.03, 0.10), (0.06, 0.09, 0.23), (0.15, 0.21, 0.40), (0.13, 0.18, 0.35), (0.32, 0.38, 0.58), (0.70, 0.78, 0.95), 0.10, 0.55, lamps=True, stars=True),
    "storm": Light((0.16, 0.18, 0.22), (0.30, 0.33, 0.37), (0.50, 0.53, 0.54), (0.40, 0.43, 0.46), (0.44, 0.48, 0.50), (0.62, 0.65, 0.68), 0.95, 0.60, lamps=True, rain=True),
    "fog": Light((0.72, 0.75, 0.77), (0.80, 0.82, 0.83), (0.88, 0.89, 0.88), (0.86, 0.87, 0.87), (0.70, 0.74, 0.76), (0.95, 0.95, 0.94), 0.00, 0.95),
}  # fmt: skip


def light(time: str, rng: np.random.Generator) -> Light:
    """The light of a time, its colours a little different each day."""
    base = _LIGHTS[time]
    warmth, brightness = rng.normal(0, 0.02), rng.normal(0, 0.03)

    def vary(colour: Colour) -> Colour:
        red, green, blue = colour
        return (
            float(np.clip(red * (1 + brightness) + warmth, 0, 1.1)),
            float(np.clip(green * (1 + brightness), 0, 1.1)),
            float(np.clip(blue * (1 + brightness) - warmth, 0, 1.1)),
        )

    cloudiness = float(np.clip(base.clouds + rng.uniform(-0.15, 0.2), 0, 1)) if base.clouds else 0.0
    return replace(
        base,
        zenith=vary(base.zenith),
        middle=vary(base.middle),
        horizon=vary(base.horizon),
        haze=vary(base.haze),
        clouds=cloudiness,
    )


def lit(colour: Colour, by: Light, distance: float = 0.0) -> Array:
    """A ground colour in this light, faded by distance (0 near .. 1 at the horizon). Shape (3,)."""
    near = np.asarray(colour, np.float32) * np.asarray(by.tint, np.float32)
    share = np.float32(by.depth * distance)
    return np.clip(near + share * (np.asarray(by.haze, np.float32) - near), 0, 1)
