"""What a model obeys: render prompts, and read ground, time, object and place back with the scene reader.

Half of the prompts name a combination of ground, time and object that training never saw. The other half are the
same prompts with their grounds and times dealt out anew among them, so that each combination is one that was seen:
objects, places, styles, wordings, grounds and times are equally common in both halves, and only the combination
differs. All is settled by fixed seeds.

    python benchmarks/prompts.py [--edition mini] [--prompts 480] [--guidance G] [--steps N] [--sheet PNG] [--json]
"""

from __future__ import annotations

import argparse
import json
import math
import random
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from processes import spread
from scene_reader import Reading, Score, check, read_scenes, score, shares

from babelgen.diffusion.model import load_model
from babelgen.diffusion.renderer import Refused, Renderer
from babelgen.diffusion.worker import settle_process
from babelgen.edition import Edition, load_edition
from babelgen.keys import Address, format_key
from babelgen.plan import Item
from babelgen.scenes import OBJECTS, PLACES, STYLES, TIMES, Scene, Thing, all_scenes, caption, held_out
from babelgen.scenes.scene import possible
from babelgen.tokens import tokens_of

SEED = 2026
MOST = 480
MORE = 32  # further held-out prompts of each kind: drawn wordings, styles, second objects
PARTS = ("ground", "time", "object", "place")


@dataclass(frozen=True)
class Prompt:
    """A scene, the words for it, and whether training must never have seen it."""

    scene: Scene
    text: str
    held_out: bool


@dataclass(frozen=True)
class Result:
    """A prompt, its picture, what was read from it and what of that is right."""

    prompt: Prompt
    picture: NDArray[np.uint8]
    reading: Reading
    score: Score


def prompts(count: int) -> list[Prompt]:
    """The first `count` prompts: held-out ones and their seen twins in turn."""
    rng = random.Random(f"prompts/{SEED}")
    plans = list(_held_out_scenes(rng))
    twins = _dealt_anew([scene for scene, _ in plans], rng)
    pairs = [
        (Prompt(scene, _words(scene, plain, rng), True), Prompt(twin, _words(twin, plain, rng), False))
        for (scene, plain), twin in zip(plans, twins, strict=True)
    ]
    rng.shuffle(pairs)
    return [prompt for pair in pairs for prompt in pair][:count]


def _held_out_scenes(rng: random.Random) -> Iterator[tuple[Scene, bool]]:
    """240 held-out scenes, and whether to say them in the plainest words.

    Every one of a single thing in the plain style; then some of them in other words, in another style, and with
    a second thing.
    """
    single = [scene for scene in all_scenes() if held_out(scene)]
    yield from ((scene, True) for scene in single)
    chosen = rng.sample(single, 3 * MORE)
    yield from ((scene, False) for scene in chosen[:MORE])
    for number, scene in enumerate(chosen[MORE : 2 * MORE]):
        yield replace(scene, style=STYLES[1 + number % (len(STYLES) - 1)]), number % 2 == 0
    for number, scene in enumerate(chosen[2 * MORE :]):
        yield replace(scene, things=(*scene.things, _second_thing(scene, rng))), number % 2 == 0


def _second_thing(scene: Scene, rng: random.Random) -> Thing:
    (first,) = scene.things
    names = [name for name in OBJECTS if name != first.name and possible(scene.ground, scene.time, name)]
    if first.name in ("sun", "moon"):
        names = [name for name in names if name not in ("sun", "moon")]
    return Thing(rng.choice(names), rng.choice([place for place in PLACES if place != first.place]))


def _dealt_anew(scenes: Sequence[Scene], rng: random.Random) -> list[Scene]:
    """The same scenes with their pairs of ground and time exchanged until every one is possible and was seen."""
    twins = rng.sample(scenes, len(scenes))
    twins = [_moved(scene, other) for scene, other in zip(scenes, twins, strict=True)]
    while not all(map(_seen, twins)):
        first, second = rng.sample(range(len(twins)), 2)
        moved = _moved(twins[first], twins[second]), _moved(twins[second], twins[first])
        if sum(map(_seen, moved)) >= _seen(twins[first]) + _seen(twins[second]):
            twins[first], twins[second] = moved
    return twins


def _moved(scene: Scene, to: Scene) -> Scene:
    return replace(scene, ground=to.ground, time=to.time)


def _seen(scene: Scene) -> bool:
    """Whether training draws such scenes."""
    there = all(possible(scene.ground, scene.time, thing.name) for thing in scene.things)
    return there and not held_out(scene)


def _words(scene: Scene, plain: bool, rng: random.Random) -> str:
    """The plainest words, or drawn ones that leave nothing out."""
    if plain:
        return caption(scene)
    while not says_all(scene, seed := rng.getrandbits(63)):
        pass
    return caption(scene, random.Random(seed))


def says_all(scene: Scene, seed: int) -> bool:
    """Whether a drawn wording says the time and every place: had one been another, it would read differently."""
    others = [replace(scene, time=_other(scene.time, TIMES))]
    for number, thing in enumerate(scene.things):
        changed = list(scene.things)
        changed[number] = replace(thing, place=_other(thing.place, PLACES))
        others.append(replace(scene, things=tuple(changed)))
    said = caption(scene, random.Random(seed))
    return all(caption(other, random.Random(seed)) != said for other in others)


def _other(value: str, values: Sequence[str]) -> str:
    return values[(values.index(value) + 1) % len(values)]


def render(edition: Edition, texts: Sequence[str]) -> list[NDArray[np.uint8]]:
    """A picture for each text, the first on page 0, the next on page 1 and so on; one process a core."""
    space, tokens = edition.key_space(), tokens_of(edition)
    items = []
    for page, text in enumerate(texts):
        key = format_key(Address(edition.steps, tokens.shelf(text), page), space)
        items.append(Item(str(page), key, edition.steps))
    return spread(_render_share, edition, items)


def _render_share(edition: Edition, items: list[Item]) -> list[NDArray[np.uint8]]:
    settle_process()
    pictures = {}
    for result in Renderer(load_model(edition)).render(items):
        if isinstance(result, Refused):
            raise RuntimeError(result.reason)
        pictures[result.item.name] = result.pixels
    return [pictures[item.name] for item in items]


def table(results: Sequence[Result], reader: dict[str, float]) -> str:
    """How often each part was read back, for all and for parts of the prompts, and on drawn scenes."""
    rows = {"seen": [one for one in results if not one.prompt.held_out]}
    rows["held out"] = [one for one in results if one.prompt.held_out]
    rows["all"] = list(results)
    for style in STYLES:
        rows[style] = [one for one in results if one.prompt.scene.style == style]
    for name in OBJECTS:
        rows[name] = [one for one in results if name in {thing.name for thing in one.prompt.scene.things}]
    lines = [f"{'':14}{'prompts':>8}" + "".join(f"{part:>9}" for part in PARTS)]
    for label, those in rows.items():
        if those:
            lines.append(_row(label, str(len(those)), shares([one.score for one in those])))
    return "\n".join([*lines, _row("drawn scenes", "", reader)])


def _row(label: str, count: str, right: dict[str, float]) -> str:
    return f"{label:14}{count:>8}" + "".join(f"{right[part]:>9.1%}" for part in PARTS)


def summary(results: Sequence[Result], reader: dict[str, float]) -> dict[str, float]:
    """Each part over all prompts, the worst drop from seen to held-out, and the reader's worst on drawn scenes."""
    overall, seen, unseen = (
        shares([one.score for one in results if one.prompt.held_out in which])
        for which in ((True, False), (False,), (True,))
    )
    return {
        **{part: overall[part] for part in PARTS},
        "held_out_drop": max(seen[part] - unseen[part] for part in PARTS),
        "reader": min(reader[part] for part in ("ground", "time", "object")),
    }


def contact_sheet(results: Sequence[Result], across: int = 6) -> Image.Image:
    """The pictures with their prompts below, held-out ones with a star; what was read, in red, where it is wrong."""
    font, width, height, room = ImageFont.load_default(11), 320, 208, 48
    sheet = Image.new("RGB", (across * width, math.ceil(len(results) / across) * (height + room)), "white")
    pen = ImageDraw.Draw(sheet)
    for number, one in enumerate(results):
        x, y = number % across * width, number // across * (height + room)
        sheet.paste(Image.fromarray(one.picture).resize((width, height)), (x, y))
        y += height
        text = "\n".join(textwrap.wrap("* " * one.prompt.held_out + one.prompt.text, 58))
        pen.text((x + 4, y), text, "black", font, spacing=1)
        if not all(getattr(one.score, part) for part in PARTS):
            told = ", ".join(f"{thing.name} {thing.place}" for thing in one.reading.things) or "nothing"
            pen.text((x + 4, y + 30), f"{one.reading.ground}, {one.reading.time}, {told}", "red", font)
    return sheet


def examine(edition: Edition, count: int) -> list[Result]:
    """Render the first `count` prompts and read the pictures."""
    asked = prompts(count)
    pictures = render(edition, [prompt.text for prompt in asked])
    return [
        Result(prompt, picture, reading, score(reading, prompt.scene))
        for prompt, picture, reading in zip(asked, pictures, read_scenes(pictures), strict=True)
    ]


def main() -> None:
    """Render, read, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edition", default="mini")
    parser.add_argument("--prompts", type=int, default=MOST, metavar="N", help=f"how many, 2 to {MOST}")
    parser.add_argument("--guidance", type=float, help="instead of the edition's own; changes its id")
    parser.add_argument("--steps", type=int, help="instead of the edition's own")
    parser.add_argument("--sheet", type=Path, metavar="PNG", help="write the first 48 pictures as one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if not 2 <= arguments.prompts <= MOST:
        parser.error(f"--prompts must be 2 to {MOST}")
    settle_process()
    edition = load_edition(arguments.edition)
    edition = replace(
        edition,
        guidance=edition.guidance if arguments.guidance is None else arguments.guidance,
        steps=arguments.steps or edition.steps,
    )
    results, reader = examine(edition, arguments.prompts), check()
    if arguments.sheet:
        contact_sheet(results[:48]).save(arguments.sheet)
    if arguments.json:
        print(json.dumps({name: round(value, 4) for name, value in summary(results, reader).items()}))
    else:
        print(table(results, reader))


if __name__ == "__main__":
    main()
