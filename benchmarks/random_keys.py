"""Are random keys worth looking at? Random `babel2` keys beside prompts, and beside noise drawn as `lob1` draws it.

Three groups of pictures by one model: random keys, as `key random` draws them; prompts for scenes, as captions say
them; and start noise and embeddings made of evenly drawn 15-bit words, which is what a random key of the archive
holds. Printed are the noise's median magnitude, deviation and kurtosis (a normal's are 0.674, 1 and 3) and how often
the scene reader is confident of ground and time.

    python benchmarks/random_keys.py [--edition mini] [--count 100] [--sheets FOLDER] [--json]
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from processes import spread
from scene_reader import confident, read_scenes

from babelgen.diffusion.coding import DECODE_BATCH, Conditions, decode
from babelgen.diffusion.model import load_model
from babelgen.diffusion.renderer import CPU_SLOTS
from babelgen.diffusion.sampler import Job, Sampler
from babelgen.diffusion.worker import settle_process
from babelgen.edition import Edition, load_edition
from babelgen.keys import lob1, lob1_words, page_noise
from babelgen.keys.codec import Condition
from babelgen.scenes import caption, random_scene
from babelgen.tokens import tokens_of

SEED = 2026
ACROSS, WIDTH = 10, 80  # pictures in a row of a sheet, and pixels of one


@dataclass(frozen=True)
class Start:
    """What a picture is made from: float32 noise (channels, height, width) and a condition."""

    noise: NDArray[np.float32]
    condition: Condition


def random_starts(edition: Edition, count: int) -> list[Start]:
    """Random keys of the edition."""
    rng, tokens = random.Random(f"random keys/{SEED}"), tokens_of(edition)
    words = [tokens.encode(entry).ranks for entry in tokens.entries]
    keys = [edition.codec.draw(rng, edition.steps, words, edition.lengths) for _ in range(count)]
    return [Start(key.noise(), key.condition) for key in keys]


def prompt_starts(edition: Edition, count: int) -> list[Start]:
    """Captions of random scenes, each on a page of its own."""
    rng, tokens = random.Random(f"prompts/{SEED}"), tokens_of(edition)
    shelves = [tokens.shelf(caption(random_scene(rng), rng)) for _ in range(count)]
    return [Start(page_noise(page, edition.latent_shape), shelf) for page, shelf in enumerate(shelves)]


def archive_starts(edition: Edition, count: int) -> list[Start]:
    """Noise and embeddings in the shapes of the edition, their words drawn evenly."""
    rng = np.random.default_rng(SEED)
    width = json.loads((edition.model / "text_encoder" / "config.json").read_text())["hidden_size"]

    def drawn(shape: tuple[int, ...], bias: int) -> NDArray[np.float32]:
        words = rng.integers(1 << lob1_words.BITS, size=math.prod(shape), dtype=np.uint16)
        return lob1_words.words_to_values(words, bias).astype(np.float32).reshape(shape)

    return [
        Start(
            drawn(edition.latent_shape, lob1.LATENT_BIAS), drawn((edition.length, width), lob1.EMBEDDING_BIAS)
        )
        for _ in range(count)
    ]


GROUPS: dict[str, Callable[[Edition, int], list[Start]]] = {
    "babel2": random_starts,
    "prompts": prompt_starts,
    "lob1": archive_starts,
}


def render(edition: Edition, starts: Sequence[Start]) -> list[NDArray[np.uint8]]:
    """A picture for each start, in order; one process a core."""
    return spread(_render_share, edition, starts)


def _render_share(edition: Edition, starts: list[Start]) -> list[NDArray[np.uint8]]:
    settle_process()
    model = load_model(edition)
    conditions = Conditions(model)
    negative = conditions.embedding(conditions.default_negative())
    jobs = []
    for number, start in enumerate(starts):
        rows = [negative, conditions.embedding(start.condition)][edition.guidance == 1 :]
        jobs.append(Job(number, edition.steps, torch.from_numpy(start.noise), torch.stack(rows)))
    # What is no picture, since its values are no numbers, stays black.
    pictures = [np.zeros((edition.height, edition.width, 3), np.uint8) for _ in starts]
    finished = list(Sampler[int](model, CPU_SLOTS).run(iter(jobs)))
    for first in range(0, len(finished), DECODE_BATCH):
        numbers, latents = zip(*finished[first : first + DECODE_BATCH], strict=True)
        for number, decoded in zip(numbers, decode(model, latents), strict=True):
            if decoded is not None:
                pictures[number] = decoded
    return pictures


def statistics(starts: Sequence[Start]) -> dict[str, float]:
    """Median magnitude, deviation and kurtosis of all noise values together."""
    values = np.concatenate([start.noise.ravel() for start in starts]).astype(np.float64)
    centred = values - values.mean()
    return {
        "median": round(float(np.median(np.abs(values))), 4),
        "deviation": round(float(values.std()), 4),
        "kurtosis": round(float((centred**4).mean() / (centred**2).mean() ** 2), 2),
    }


def sheet(pictures: Sequence[NDArray[np.uint8]]) -> Image.Image:
    """All pictures as one, small."""
    height, width, _ = pictures[0].shape
    size = (WIDTH, round(WIDTH * height / width))
    rows = math.ceil(len(pictures) / ACROSS)
    whole = Image.new("RGB", (ACROSS * size[0], rows * size[1]))
    for number, picture in enumerate(pictures):
        place = number % ACROSS * size[0], number // ACROSS * size[1]
        whole.paste(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS), place)
    return whole


def main() -> None:
    """Draw, render, read, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edition", default="mini", help="one of codec babel2")
    parser.add_argument("--count", type=int, default=100, help="pictures of each group")
    parser.add_argument(
        "--sheets", type=Path, metavar="FOLDER", help="write a contact sheet of each group there"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    settle_process()
    edition = load_edition(arguments.edition)
    result: dict[str, float] = {}
    rows = {}
    for name, draw in GROUPS.items():
        starts = draw(edition, arguments.count)
        pictures = render(edition, starts)
        sure = sum(map(confident, read_scenes(pictures))) / len(pictures)
        result[f"confident_{name}"] = round(sure, 4)
        rows[name] = statistics(starts)
        result |= {f"{part}_{name}": value for part, value in rows[name].items()}
        if arguments.sheets:
            arguments.sheets.mkdir(parents=True, exist_ok=True)
            sheet(pictures).save(arguments.sheets / f"random-{name}.webp", quality=75)
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"{'':10}{'median |x|':>12}{'deviation':>12}{'kurtosis':>10}{'confident':>12}")
    for name, row in rows.items():
        sure = result[f"confident_{name}"]
        print(
            f"{name:10}{row['median']:>12.3f}{row['deviation']:>12.3f}{row['kurtosis']:>10.1f}{sure:>12.1%}"
        )


if __name__ == "__main__":
    main()
