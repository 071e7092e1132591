"""How much the pages of one prompt differ from each other, beside drawn scenes of the same description.

The distance of two pictures is the root of the mean squared difference of their values in 0..1; printed is its mean
over all pairs. A model that makes one picture over and over has a ratio near 0, one like its training set 1.

    python benchmarks/variety.py [--edition mini] [--pages 16] [--json]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from prompts import render

from babelgen.diffusion.worker import settle_process
from babelgen.edition import load_edition
from babelgen.scenes import Scene, Thing, caption, draw

SCENES = (
    Scene("mountains", "dawn"),
    Scene("sea", "sunset", (Thing("boat", "left"),)),
    Scene("city", "night"),
    Scene("hills", "noon", (Thing("tree", "right"),)),
)


def distance(pictures: Sequence[NDArray[np.uint8]]) -> float:
    """The mean over all pairs of the root mean squared difference, 0..1."""
    values = [picture.astype(np.float32) / 255 for picture in pictures]
    return float(np.mean([((a - b) ** 2).mean() ** 0.5 for a, b in combinations(values, 2)]))


def main() -> None:
    """Render, draw, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edition", default="mini")
    parser.add_argument("--pages", type=int, default=16, help="of each prompt, 2 or more")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    settle_process()
    texts = [caption(scene) for scene in SCENES for _ in range(arguments.pages)]
    pictures = render(load_edition(arguments.edition), texts)
    rows = {}
    for number, scene in enumerate(SCENES):
        made = distance(pictures[number * arguments.pages : (number + 1) * arguments.pages])
        drawn = distance([draw(scene, seed) for seed in range(arguments.pages)])
        rows[caption(scene)] = {
            "rendered": round(made, 4),
            "drawn": round(drawn, 4),
            "ratio": round(made / drawn, 3),
        }
    if arguments.json:
        print(json.dumps(rows))
        return
    print(f"{'':36}{'rendered':>10}{'drawn':>8}{'ratio':>8}")
    for text, row in rows.items():
        print(f"{text:36}{row['rendered']:>10.3f}{row['drawn']:>8.3f}{row['ratio']:>8.2f}")


if __name__ == "__main__":
    main()
