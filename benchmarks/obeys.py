"""What `mini` obeys: render prompts, and read ground and time back by the nearest drawn scenes.

A picture is shrunk to 40 x 26 and compared with drawn scenes; the nearest ones vote. How often this reading is right
on fresh drawn scenes is printed beside it: it is the ceiling, and the measure of the measure.

    python benchmarks/obeys.py [--prompts 108] [--json]
"""

from __future__ import annotations

import argparse
import json
from collections import Counter

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from babelgen.diffusion.model import load_model
from babelgen.diffusion.renderer import Rendered, Renderer
from babelgen.diffusion.training import data
from babelgen.diffusion.worker import settle_process
from babelgen.edition import load_edition
from babelgen.keys import Address, format_key
from babelgen.plan import Item
from babelgen.scenes import GROUNDS, TIMES, Scene, caption
from babelgen.tokens import tokens_of

DRAWN, FRESH, VOTES = 3000, 300, 5
SEED = 2024  # none of the training set


def shrink(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A picture as a short vector, its brightness in linear steps."""
    small = Image.fromarray(picture).resize((40, 26), Image.Resampling.BOX)
    return np.asarray(small, np.float32).ravel()


class Reader:
    """Reads ground and time from a picture: the majority among the nearest drawn scenes."""

    def __init__(self) -> None:
        self._scenes = [data.scene(SEED, index) for index in range(DRAWN)]
        self._vectors = np.stack([shrink(picture) for picture in data.pictures(SEED, 0, DRAWN)])

    def read(self, picture: NDArray[np.uint8]) -> tuple[str, str]:
        """(ground, time) of a picture."""
        nearest = np.argsort(((self._vectors - shrink(picture)) ** 2).sum(axis=1))[:VOTES]
        votes = [self._scenes[index] for index in nearest]
        ground, _ = Counter(scene.ground for scene in votes).most_common(1)[0]
        time, _ = Counter(scene.time for scene in votes).most_common(1)[0]
        return ground, time


def share(pairs: list[tuple[tuple[str, str], Scene]], part: int) -> float:
    """How often what was read is what was meant; part 0 is the ground, 1 the time."""
    return sum(read[part] == (scene.ground, scene.time)[part] for read, scene in pairs) / len(pairs)


def main() -> None:
    """Render, read, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--prompts", type=int, default=108, help="how many; two pages of each ground and time by default"
    )
    parser.add_argument("--edition", default="mini")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    settle_process()
    edition = load_edition(arguments.edition)
    space, tokens = edition.key_space(), tokens_of(edition)
    everything = [Scene(ground, time) for ground in GROUNDS for time in TIMES]
    wanted = {}
    for index in range(arguments.prompts):
        scene = everything[index % len(everything)]
        address = Address(edition.steps, tokens.shelf(caption(scene)), index // len(everything))
        wanted[format_key(address, space)] = scene
    items = [Item(key, key, edition.steps) for key in wanted]
    reader = Reader()
    results = [
        result for result in Renderer(load_model(edition)).render(items) if isinstance(result, Rendered)
    ]
    rendered = [(reader.read(result.pixels), wanted[result.item.key]) for result in results]
    fresh = [
        (reader.read(data.picture(SEED, DRAWN + index)), data.scene(SEED, DRAWN + index))
        for index in range(FRESH)
    ]
    result = {
        "ground": share(rendered, 0), "time": share(rendered, 1),
        "drawn_ground": share(fresh, 0), "drawn_time": share(fresh, 1),
    }  # fmt: skip
    if arguments.json:
        print(json.dumps({name: round(value, 4) for name, value in result.items()}))
        return
    print(f"rendered: ground {result['ground']:.0%}, time {result['time']:.0%} of {len(rendered)}")
    print(f"drawn:    ground {result['drawn_ground']:.0%}, time {result['drawn_time']:.0%} of {FRESH}")


if __name__ == "__main__":
    main()
