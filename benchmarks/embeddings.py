"""What shelves of kind v keep of an embedding: prompts' embeddings written as keys and read back.

The prompts are captions of drawn scenes, none of them in the sample that the statistics are fitted to. An edition
without statistics is fitted first, in a temporary folder.

    python benchmarks/embeddings.py [--edition mini] [--prompts 24] [--json]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from babelgen.diffusion.coding import Conditions
from babelgen.diffusion.fit import SAMPLE, fit_statistics, sample_shelves
from babelgen.diffusion.model import Model, load_model
from babelgen.diffusion.renderer import Rendered, Renderer
from babelgen.diffusion.worker import settle_process
from babelgen.edition import Edition, StatisticsFile, load_edition
from babelgen.keys import Address, Shelf, embedding_of_shelf, format_key, shelf_of_embedding
from babelgen.picture import psnr
from babelgen.plan import Item
from babelgen.scenes import caption, random_scene
from babelgen.statistics import statistics_of, write_statistics
from babelgen.tokens import tokens_of

LONGEST_LISTED = 16  # rows of tokens


@dataclass(frozen=True)
class Coded:
    """A prompt's shelf, that of its embedding, the two embeddings, and how many values were clipped."""

    prompt: Shelf
    shelf: Shelf
    exact: NDArray[np.float64]
    coded: NDArray[np.float64]
    clipped: int


def fitted(edition: Edition, folder: Path) -> tuple[Edition, float]:
    """The edition with statistics, and the seconds that it took to fit them."""
    if edition.statistics is not None:
        return edition, 0.0
    start = time.perf_counter()
    found = fit_statistics(edition, SAMPLE)
    seconds = time.perf_counter() - start
    data = write_statistics(found)
    path = folder / "statistics.npy"
    path.write_bytes(data)
    pinned = StatisticsFile(path, hashlib.sha256(data).hexdigest(), found.coordinates)
    return replace(edition, statistics=pinned), seconds


def fresh_shelves(edition: Edition) -> Iterator[Shelf]:
    """Shelves of captions, without end, none of them in the sample."""
    tokens, rng = tokens_of(edition), random.Random("benchmarks/embeddings")
    seen = set(sample_shelves(edition, tokens, SAMPLE))
    while True:
        shelf = tokens.shelf(caption(random_scene(rng), rng))
        if shelf not in seen:
            seen.add(shelf)
            yield shelf


def code(model: Model, count: int) -> list[Coded]:
    """That many prompts, written and read."""
    edition, conditions = model.edition, Conditions(model)
    space, table = edition.key_space(), statistics_of(edition)
    coded = []
    for prompt, _ in zip(fresh_shelves(edition), range(count), strict=False):
        exact = conditions.embedding(prompt).double().cpu().numpy()
        shelf, clipped = shelf_of_embedding(exact, table)
        values = embedding_of_shelf(shelf, space, table).astype(np.float64)
        coded.append(Coded(prompt, shelf, exact, values, clipped))
    return coded


def relative_errors(coded: list[Coded]) -> tuple[float, list[float], float]:
    """Root of error over signal: overall, by row of tokens, and of the worst prompt."""
    errors = np.stack([(one.coded - one.exact) ** 2 for one in coded])
    signals = np.stack([one.exact**2 for one in coded])
    overall = np.sqrt(errors.sum() / signals.sum())
    rows = np.sqrt(errors.sum(axis=(0, 2)) / signals.sum(axis=(0, 2)))
    worst = np.sqrt(errors.sum(axis=(1, 2)) / signals.sum(axis=(1, 2))).max()
    return float(overall), rows.tolist(), float(worst)


def decibels(model: Model, coded: list[Coded]) -> list[float]:
    """PSNR between the pictures of each prompt and of its embedding, on a page of its own."""
    edition, space = model.edition, model.edition.key_space()
    keys = [
        [format_key(Address(edition.steps, shelf, page), space) for shelf in (one.prompt, one.shelf)]
        for page, one in enumerate(coded)
    ]
    items = [Item(key, key, edition.steps) for pair in keys for key in pair]
    results = [result for result in Renderer(model).render(items) if isinstance(result, Rendered)]
    pixels = {result.item.key: result.pixels for result in results}
    return [psnr(pixels[first], pixels[second]) for first, second in keys]


def measure(edition: Edition, prompts: int) -> dict[str, object]:
    """All figures, by name."""
    with tempfile.TemporaryDirectory() as folder:
        edition, seconds = fitted(edition, Path(folder))
        model = load_model(edition)
        coded = code(model, prompts)
        overall, rows, worst = relative_errors(coded)
        psnr = decibels(model, coded)
        coordinates = statistics_of(edition).coordinates
    longest = max(len(format_key(Address(1, one.shelf, 0), edition.key_space())) for one in coded)
    return {
        "edition": edition.id,
        "prompts": prompts,
        "fit_seconds": round(seconds, 1),
        "coded_values": coordinates,
        "characters_a_key": longest,
        "relative_error": round(overall, 6),
        "relative_error_worst_prompt": round(worst, 6),
        "relative_error_by_row": [round(row, 6) for row in rows],
        "clipped_share": sum(one.clipped for one in coded) / (prompts * coordinates),
        "psnr_median": round(statistics.median(psnr), 1),
        "psnr_least": round(min(psnr), 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edition", default="mini")
    parser.add_argument("--prompts", type=int, default=24, help="how many are written, read and rendered")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    settle_process()
    result = measure(load_edition(arguments.edition), arguments.prompts)
    if arguments.json:
        print(json.dumps(result))
        return
    rows = result.pop("relative_error_by_row")
    for name, value in result.items():
        print(f"{name.replace('_', ' '):<29}{value}")
    assert isinstance(rows, list)
    print(
        f"by row, the first {LONGEST_LISTED}       {' '.join(f'{row:.4f}' for row in rows[:LONGEST_LISTED])}"
    )


if __name__ == "__main__":
    main()
