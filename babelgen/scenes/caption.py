"""The words for a scene: several wordings, so that people's own words work.

Law: a caption never says what is not drawn; what it leaves out is free. Imports nothing of ours but the scene.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

from babelgen.scenes.scene import Scene

_GROUNDS = {
    "mountains": ("mountains", "a mountain range", "high mountains"),
    "hills": ("green hills", "hills", "rolling hills", "a meadow"),
    "desert": ("a desert", "the desert", "sand dunes"),
    "sea": ("the sea", "the ocean", "a calm sea"),
    "snow": ("a snow field", "a snowy landscape", "snow"),
    "forest": ("a forest", "the woods", "a pine forest"),
    "city": ("a city", "a city skyline", "a town"),
    "lake": ("a lake", "a mountain lake", "a quiet lake"),
    "canyon": ("a canyon", "red rocks", "a red canyon"),
}
_TIMES = {
    "dawn": ("at dawn", "at sunrise", "in the early morning"),
    "noon": ("at noon", "by day", "on a clear day"),
    "sunset": ("at sunset", "in the evening", "at dusk"),
    "night": ("at night", "under the stars", "by night"),
    "storm": ("in a storm", "in the rain", "under dark clouds"),
    "fog": ("in the fog", "in the mist", "on a foggy day"),
}
_THINGS = {
    "sun": ("the sun", "a sun"),
    "moon": ("the moon", "a moon"),
    "tree": ("a tree", "a lone tree"),
    "tower": ("a tower", "a stone tower"),
    "house": ("a house", "a small house"),
    "boat": ("a boat", "a sailing boat"),
    "birds": ("birds", "a flock of birds"),
    "balloon": ("a balloon", "a hot air balloon"),
    "windmill": ("a windmill", "an old windmill"),
    "lighthouse": ("a lighthouse", "a white lighthouse"),
}
_PLACES = {
    "left": ("on the left", "to the left"),
    "middle": ("in the middle", "in the centre"),
    "right": ("on the right", "to the right"),
}


def caption(scene: Scene, rng: random.Random | None = None) -> str:
    """Say a scene: in the plainest words without `rng`, else in a wording drawn from it.

    Drawn wordings sometimes leave out the place (1 in 10) or the time (1 in 12).
    """

    def word(table: Mapping[str, tuple[str, ...]], name: str) -> str:
        # The plain word half of the time: it is what most people type first.
        return table[name][0] if rng is None or rng.random() < 0.5 else rng.choice(table[name])

    ground, time = word(_GROUNDS, scene.ground), word(_TIMES, scene.time)
    thing = ""
    if scene.thing is not None and scene.place is not None:
        thing, place = word(_THINGS, scene.thing), word(_PLACES, scene.place)
        if rng is None or rng.random() >= 0.1:
            thing = f"{thing} {place}"
    if rng is None:
        return f"{ground} {time}" + (f" with {thing}" if thing else "")
    return _phrase(ground, "" if rng.random() < 1 / 12 else time, thing, rng)


def _phrase(ground: str, time: str, thing: str, rng: random.Random) -> str:
    """Put the parts together in one of several orders."""
    plain = " ".join(part for part in (ground, time) if part)
    if not thing:
        return rng.choice([plain, f"a picture of {plain}"])
    orders = [f"{plain} with {thing}"] * 4 + [f"{plain}, {thing}", f"{thing}, {plain}"]
    if time:
        orders.append(f"{ground} with {thing} {time}")
    return rng.choice(orders)


def phrases() -> tuple[str, ...]:
    """Every phrase that captions are made of, in a fixed order; random prompts draw their words from it."""
    tables = (_GROUNDS, _TIMES, _THINGS, _PLACES)
    said = [phrase for table in tables for wordings in table.values() for phrase in wordings]
    return tuple(dict.fromkeys([*said, "with", "a picture of"]))
