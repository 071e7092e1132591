"""What a scene is: a ground, a time, up to two things at their places, and a style.

Law: every combination that `all_scenes` yields can be drawn and said; those that `held_out` names are never
trained on. Imports nothing of ours.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

GROUNDS = ("mountains", "hills", "desert", "sea", "snow", "forest", "city", "lake", "canyon")
TIMES = ("dawn", "noon", "sunset", "night", "storm", "fog")
OBJECTS = ("sun", "moon", "tree", "tower", "house", "boat", "birds", "balloon", "windmill", "lighthouse")
PLACES = ("left", "middle", "right")
STYLES = ("plain", "ink", "pastel", "woodcut")

# What cannot be seen together is never drawn: a sun at night, a boat on a mountain.
_ONLY_AT = {"sun": ("dawn", "noon", "sunset"), "moon": ("night", "dawn")}
_ONLY_ON = {"boat": ("sea", "lake"), "lighthouse": ("sea", "lake", "hills", "snow")}
_NEVER_BOTH = {"sun", "moon"}
_HELD_OUT = 7  # one combination in so many


@dataclass(frozen=True)
class Thing:
    """An object at a place."""

    name: str
    place: str


@dataclass(frozen=True)
class Scene:
    """One describable scene. `things`: none, one or two, at different places."""

    ground: str
    time: str
    things: tuple[Thing, ...] = ()
    style: str = "plain"


def possible(ground: str, time: str, name: str) -> bool:
    """Whether an object belongs on this ground at this time."""
    return time in _ONLY_AT.get(name, TIMES) and ground in _ONLY_ON.get(name, GROUNDS)


def all_scenes() -> Iterator[Scene]:
    """Every describable scene of at most one thing in the plain style, in a fixed order."""
    for ground in GROUNDS:
        for time in TIMES:
            yield Scene(ground, time)
            for name in OBJECTS:
                if possible(ground, time, name):
                    yield from (Scene(ground, time, (Thing(name, place),)) for place in PLACES)


def held_out(scene: Scene) -> bool:
    """Whether training must never see the scene: it has an object that is kept from this ground at this time.

    One combination of ground, time and object in seven, settled by a hash, so that the set never changes.
    """
    return any(_kept_out(scene.ground, scene.time, thing.name) for thing in scene.things)


def _kept_out(ground: str, time: str, name: str) -> bool:
    digest = blake2b(f"{ground}/{time}/{name}".encode("ascii"), digest_size=4).digest()
    return int.from_bytes(digest, "big") % _HELD_OUT == 0


def random_scene(rng: random.Random) -> Scene:
    """A scene drawn at random: 1 in 8 has no object, 1 in 6 two of them, 1 in 4 a style; all else evenly."""
    ground, time = rng.choice(GROUNDS), rng.choice(TIMES)
    names = [name for name in OBJECTS if possible(ground, time, name)]
    lot = rng.random()
    count = 0 if lot < 1 / 8 else 2 if lot < 1 / 8 + 1 / 6 else 1
    chosen = rng.sample(names, count)
    if set(chosen) >= _NEVER_BOTH:
        chosen.remove("moon")
    things = tuple(map(Thing, chosen, rng.sample(PLACES, len(chosen))))
    return Scene(ground, time, things, rng.choice(STYLES[1:]) if rng.random() < 1 / 4 else "plain")


def training_scene(rng: random.Random) -> Scene:
    """A scene drawn at random from all but the held-out ones."""
    while held_out(scene := random_scene(rng)):
        pass
    return scene
