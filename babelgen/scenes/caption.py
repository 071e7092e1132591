"""The words for a scene: several wordings, so that people's own words work.

Law: a caption never says what is not drawn; what it leaves out is free. Imports nothing of ours but the scene.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import pairwise

from babelgen.scenes.scene import Scene, Thing, possible

# In each row the plainest wording first: half of the captions use it, and people type it first.
_GROUNDS = {
    "mountains": ("mountains", "a mountain range", "high mountains", "snowy peaks", "the mountains"),
    "hills": ("green hills", "hills", "rolling hills", "a meadow", "a green valley", "the countryside"),
    "desert": ("a desert", "the desert", "sand dunes", "dunes", "a sandy desert"),
    "sea": ("the sea", "the ocean", "a calm sea", "sea", "open water"),
    "snow": ("a snow field", "a snowy landscape", "snow", "a winter landscape", "a snowy plain"),
    "forest": ("a forest", "the woods", "a pine forest", "forest", "a dark forest"),
    "city": ("a city", "a city skyline", "a town", "city", "skyscrapers"),
    "lake": ("a lake", "a mountain lake", "a quiet lake", "lake", "still water"),
    "canyon": ("a canyon", "red rocks", "a red canyon", "canyon", "cliffs"),
}
_TIMES = {
    "dawn": ("at dawn", "at sunrise", "in the early morning", "in the morning"),
    "noon": ("at noon", "by day", "on a clear day", "on a sunny day", "at midday"),
    "sunset": ("at sunset", "in the evening", "at dusk", "in the evening light"),
    "night": ("at night", "under the stars", "by night", "on a starry night"),
    "storm": ("in a storm", "in the rain", "under dark clouds", "in stormy weather"),
    "fog": ("in the fog", "in the mist", "on a foggy day", "in fog"),
}
_MOODS = {  # a time as one word, for lists of words
    "dawn": ("dawn", "sunrise", "morning"),
    "noon": ("noon", "midday", "daylight"),
    "sunset": ("sunset", "evening", "dusk"),
    "night": ("night", "stars"),
    "storm": ("storm", "rain", "stormy"),
    "fog": ("fog", "mist", "foggy"),
}
_THINGS = {
    "sun": ("the sun", "a sun", "sun"),
    "moon": ("the moon", "a moon", "moon"),
    "tree": ("a tree", "a lone tree", "a green tree", "tree"),
    "tower": ("a tower", "a stone tower", "an old tower", "tower"),
    "house": ("a house", "a small house", "a cottage", "house"),
    "boat": ("a boat", "a sailing boat", "a sailboat", "boat"),
    "birds": ("birds", "a flock of birds", "flying birds", "some birds"),
    "balloon": ("a balloon", "a hot air balloon", "a striped balloon", "balloon"),
    "windmill": ("a windmill", "an old windmill", "a mill", "windmill"),
    "lighthouse": ("a lighthouse", "a white lighthouse", "a striped lighthouse", "lighthouse"),
}
_PLACES = {
    "left": ("on the left", "to the left", "at the left"),
    "middle": ("in the middle", "in the centre", "in the center"),
    "right": ("on the right", "to the right", "at the right"),
}
_STYLES = {
    "ink": ("an ink drawing of", "ink", "a drawing of"),
    "pastel": ("a pastel of", "pastel", "a soft pastel of"),
    "woodcut": ("a woodcut of", "woodcut", "a print of"),
}
_FRAMES = ("a picture of", "a view of", "a painting of")


def caption(scene: Scene, rng: random.Random | None = None) -> str:
    """Say a scene: in the plainest words without `rng`, else in a wording drawn from it.

    Drawn wordings sometimes leave out a place (1 in 10) or the time (1 in 12); a style is always said.
    """
    say = _Speaker(rng)
    if rng is None:
        plain = f"{say.word(_GROUNDS, scene.ground)} {say.word(_TIMES, scene.time)}"
        joined = " and ".join(map(say.thing, scene.things))
        return _styled(plain + (f" with {joined}" if joined else ""), scene.style, None)
    things = [say.thing(thing) for thing in scene.things]
    rng.shuffle(things)
    return _styled(_sentence(scene, things, say, rng), scene.style, rng)


class _Speaker:
    """Chooses words: the plainest, or at random with the plainest half of the time."""

    def __init__(self, rng: random.Random | None) -> None:
        self._rng = rng

    def word(self, table: Mapping[str, tuple[str, ...]], name: str) -> str:
        wordings = table[name]
        return wordings[0] if self._rng is None or self._rng.random() < 0.5 else self._rng.choice(wordings)

    def thing(self, thing: Thing) -> str:
        said = self.word(_THINGS, thing.name)
        if self._rng is not None and self._rng.random() < 0.1:
            return said
        return f"{said} {self.word(_PLACES, thing.place)}"


def _sentence(scene: Scene, things: list[str], say: _Speaker, rng: random.Random) -> str:
    """Put the parts together in one of several orders."""
    ground = say.word(_GROUNDS, scene.ground)
    time = "" if rng.random() < 1 / 12 else say.word(_TIMES, scene.time)
    plain = " ".join(part for part in (ground, time) if part)
    joined = " and ".join(things)
    if time and rng.random() < 0.15:  # a list of words, as people type it
        parts = [ground, say.word(_MOODS, scene.time), *things]
        rng.shuffle(parts)
        return ", ".join(parts)
    if not things:
        return plain
    orders = [f"{plain} with {joined}"] * 4 + [f"{plain}, {joined}", f"{joined}, {plain}"]
    if time:
        orders.append(f"{ground} with {joined} {time}")
    return rng.choice(orders)


def _styled(text: str, style: str, rng: random.Random | None) -> str:
    """Add the style's words, or now and then those of no style at all."""
    if style == "plain":
        return text if rng is None or rng.random() < 0.85 else f"{rng.choice(_FRAMES)} {text}"
    said = _STYLES[style][0] if rng is None or rng.random() < 0.5 else rng.choice(_STYLES[style])
    return f"{said} {text}" if said.endswith(" of") else f"{text}, {said}"


def phrases() -> tuple[str, ...]:
    """What random prompts are drawn from, in a fixed order: every ground at every time, half of them with a thing.

    Then things alone, then styles. All wordings are in it, so that a word that is not is one that no caption has.
    """
    grounds = [(ground, wording) for ground, wordings in _GROUNDS.items() for wording in wordings]
    said = [phrase for turn, ground in enumerate(grounds) for phrase in _scenes(*ground, turn)]
    things, places = _wordings(_THINGS), _wordings(_PLACES)
    said += [f"with {thing} {places[turn % len(places)]}" for turn, thing in enumerate(things)]
    scenes = [f"{grounds[0]} {times[0]}" for grounds in _GROUNDS.values() for times in _TIMES.values()]
    for turn, style in enumerate([*_wordings(_STYLES), *_FRAMES]):
        scene = scenes[turn * len(scenes) // 12]
        said.append(f"{style} {scene}" if style.endswith(" of") else f"{scene}, {style}")
    first = [wordings[0] for wordings in _THINGS.values()]
    said += [f"with {one} on the left and {two} on the right" for one, two in pairwise(first)]
    return tuple(dict.fromkeys(said))


def _wordings(table: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [wording for wordings in table.values() for wording in wordings]


def _scenes(ground: str, wording: str, turn: int) -> Iterator[str]:
    """A wording of a ground at each time; the wordings of times, things and places take turns."""
    places = [wordings[0] for wordings in _PLACES.values()]
    for at, (time, wordings) in enumerate(_TIMES.items()):
        said = [f" {said}" for said in wordings] + [f", {mood}" for mood in _MOODS[time]]
        scene = wording + said[turn % len(said)]
        names = [name for name in _THINGS if possible(ground, time, name)]
        if (turn + at) % 2 and names:
            thing = _THINGS[names[(turn * len(_TIMES) + at) % len(names)]][0]
            scene += f" with {thing} {places[(turn + at // 2) % len(places)]}"
        yield scene
