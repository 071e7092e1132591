"""What a scene is: a ground, a time, and perhaps an object at a place.

Law: every combination that `all_scenes` yields can be drawn and said. Imports nothing of ours.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

GROUNDS = ("mountains", "hills", "desert", "sea", "snow", "forest", "city", "lake", "canyon")
TIMES = ("dawn", "noon", "sunset", "night", "storm", "fog")
OBJECTS = ("sun", "moon", "tree", "tower", "house", "boat", "birds", "balloon", "windmill", "lighthouse")
PLACES = ("left", "middle", "right")

# What cannot be seen together is never drawn: a sun at night, a boat on a mountain.
_ONLY_AT = {"sun": ("dawn", "noon", "sunset"), "moon": ("night", "dawn")}
_ONLY_ON = {"boat": ("sea", "lake"), "lighthouse": ("sea", "lake", "hills", "snow")}


@dataclass(frozen=True)
class Scene:
    """One describable scene. `thing` and `place` are both None or both set."""

    ground: str
    time: str
    thing: str | None = None
    place: str | None = None


def possible(ground: str, time: str, thing: str) -> bool:
    """Whether `thing` belongs on this ground at this time."""
    return time in _ONLY_AT.get(thing, TIMES) and ground in _ONLY_ON.get(thing, GROUNDS)


def all_scenes() -> Iterator[Scene]:
    """Every describable scene, in a fixed order."""
    for ground in GROUNDS:
        for time in TIMES:
            yield Scene(ground, time)
            for thing in OBJECTS:
                if possible(ground, time, thing):
                    yield from (Scene(ground, time, thing, place) for place in PLACES)


def random_scene(rng: random.Random) -> Scene:
    """A scene drawn at random: one in six has no object, all else evenly."""
    ground, time = rng.choice(GROUNDS), rng.choice(TIMES)
    if rng.random() < 1 / 6:
        return Scene(ground, time)
    thing = rng.choice([thing for thing in OBJECTS if possible(ground, time, thing)])
    return Scene(ground, time, thing, rng.choice(PLACES))
