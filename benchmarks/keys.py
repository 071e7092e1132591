"""Milliseconds a key: both codecs at the archive's size, and the memory that a long range takes.

python benchmarks/keys.py [--rounds 300] [--range 1000000] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from babelgen.collections.range import Range
from babelgen.edition import load_edition
from babelgen.keys import noise_page, page_noise
from babelgen.keys.lob1 import LATENT_SHAPE, LENGTH, decode_key, encode_key, random_key, step_key

HALF = LENGTH // 2
ENDS = {"next": ("/", 1), "previous": ("A", -1)}
CARRIES = (0, 1, 100, HALF, LENGTH - 1, LENGTH)  # characters; the last is the wrap from one end to the other
PAGE_BYTES = 12 * 16_640 // 8


@dataclass(frozen=True)
class Figure:
    """The best time of one thing, and the bytes of key (or of page) that it goes through."""

    milliseconds: float
    size: int

    @property
    def rate(self) -> float:
        """Megabytes a second."""
        return self.size / self.milliseconds / 1000


def best(action: Callable[[], object], rounds: int, size: int = LENGTH) -> Figure:
    """The best of many: what else a machine does can only make a round slower."""
    fastest = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        fastest = min(fastest, time.perf_counter() - start)
    return Figure(1000 * fastest, size)


def measure(rounds: int) -> dict[str, Figure]:
    """Every figure, by name."""
    key = random_key(random.Random(0))
    parts = decode_key(key)
    page = random.Random(0).getrandbits(8 * PAGE_BYTES)
    noise = page_noise(page, LATENT_SHAPE)
    figures = {
        "lob1 decode": best(lambda: decode_key(key), rounds),
        "lob1 encode": best(lambda: encode_key(parts.steps, parts.embedding, parts.latents), rounds),
        "babel2 page to noise": best(lambda: page_noise(page, LATENT_SHAPE), rounds, PAGE_BYTES),
        "babel2 noise to page": best(lambda: noise_page(noise), rounds, PAGE_BYTES),
    }
    for name, (digit, count) in ENDS.items():
        for carry in CARRIES:
            text = key[: LENGTH - carry] + digit * carry
            figures[f"lob1 {name}, carry {carry}"] = best(lambda t=text, c=count: step_key(t, 0, c), rounds)
    return figures


def list_range(count: int) -> tuple[float, float]:
    """Microseconds a key of a long range, and by how many megabytes the peak of memory rises from a short one's."""
    edition = load_edition("sd15-lob")

    def run(length: int) -> float:
        start = time.perf_counter()
        for _ in Range(None, "", 0, 20, "1000", 64**9 + 1, length).keys(edition):
            pass
        return time.perf_counter() - start

    run(min(count, 1000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = run(count)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 1e6 * seconds / count, (peak - before) / 1024


def print_table(figures: Mapping[str, Figure]) -> None:
    """For people."""
    print("what                              best ms      MB/s")
    for name, figure in figures.items():
        print(f"{name:<31}{figure.milliseconds:>10.4f}{figure.rate:>10.0f}")


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="rounds, of which the best counts")
    parser.add_argument("--range", type=int, default=1_000_000, help="keys of the long range")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    figures = measure(arguments.rounds)
    microseconds, megabytes = list_range(arguments.range)
    if not arguments.json:
        print_table(figures)
        print(
            f"a range of {arguments.range} lob1 keys: {microseconds:.1f} us each, "
            f"and the peak of memory rises by {megabytes:.1f} MB"
        )
        return
    steps = [figure.milliseconds for name, figure in figures.items() if ", carry " in name]
    result = {
        "lob1_decode_ms": figures["lob1 decode"].milliseconds,
        "lob1_encode_ms": figures["lob1 encode"].milliseconds,
        "next_ms": max(steps),
        "babel2_noise_ms": figures["babel2 page to noise"].milliseconds,
        "babel2_page_ms": figures["babel2 noise to page"].milliseconds,
        "range_us_a_key": microseconds,
        "range_peak_mb": megabytes,
    }
    print(json.dumps({name: round(value, 4) for name, value in result.items()}))


if __name__ == "__main__":
    main()
