"""Likeness: how often a picture is found most like the prompt that it was made for, and a prompt most like its picture.

Pictures of some prompts are scored against each of the prompts, as `evolve --like` scores genes. By chance one in as many as
there are prompts would be right. Seconds are those of a score: eight amounts of noise, with the prompt and without it.

    python benchmarks/likeness.py [--edition mini] [--steps 12] [--page 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from babelgen.diffusion.likeness import likeness_to_prompt
from babelgen.diffusion.single import render_key
from babelgen.diffusion.worker import keeping_models
from babelgen.edition import load_edition
from babelgen.keys import Address, format_key
from babelgen.tokens import tokens_of

GROUNDS = ("the sea", "a forest", "mountains", "a city", "a desert")
TIMES = ("at noon", "at night", "at sunset", "in the fog")


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--edition", default="mini", help="a shipped edition's name, or a TOML file")
    parser.add_argument("--steps", type=int, default=12, help="of each picture")
    parser.add_argument("--page", type=int, default=3, help="the start noise that all have")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    given = parser.parse_args()
    result = measure(given.edition, given.steps, given.page)
    if given.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            print(f"{name.replace('_', ' '):32}{value:>12}")


def measure(name: str, steps: int, page: int) -> dict[str, float | int]:
    """The shares that are right, and the seconds of a score."""
    edition = load_edition(name)
    shelves = [tokens_of(edition).shelf(f"{ground} {at}") for ground in GROUNDS for at in TIMES]
    with keeping_models():
        keys = [format_key(Address(steps, shelf, page), edition.key_space()) for shelf in shelves]
        pictures = [render_key(edition, key) for key in keys]
        start = time.perf_counter()
        scores = np.array([likeness_to_prompt(edition, pictures, shelf) for shelf in shelves])
        seconds = time.perf_counter() - start
    right = np.arange(len(shelves))
    return {
        "prompts": len(shelves),
        "pictures_right": round(float((scores.argmax(axis=0) == right).mean()), 3),
        "prompts_right": round(float((scores.argmax(axis=1) == right).mean()), 3),
        "seconds_a_score": round(seconds / scores.size, 3),
    }


if __name__ == "__main__":
    main()
