"""Golden vectors of `lob1`: what keys of the archive's format mean, for ever.

`python -m tests.keys.golden_lob1 --write` (from the repository's root) writes golden_lob1.json again. That is
right only when vectors are added: a vector that changes is a broken codec. Keys are too long to be kept: each
has a recipe of its own, and hashes stand for what is long.
"""

import base64
import hashlib
import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from babelgen.keys.lob1 import decode_key, encode_key, random_key, step_key

FILE = Path(__file__).with_name("golden_lob1.json")
LENGTH = 189_436
SPOTS = {"embedding": (0, 1, 18, 19, 20, 680, 681, 682, 59_135), "latents": (0, 1, 2, 16_639)}
MOVES = ((0, 1), (0, -1), (0, 10**30), (4, 1), (4, -1), (1000, -(64**7)), (LENGTH - 1, 1))

Vector = dict[str, Any]

KEYS = {
    "first": "A" * LENGTH,
    "last": "/" * LENGTH,
    **{
        name: base64.b64encode(hashlib.shake_256(f"lob1/{name}".encode()).digest(142_077)).decode("ascii")
        for name in ("one", "two", "three")
    },
}


def text_hash(text: str) -> str:
    """SHA-256 of a key."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def key_vector(name: str) -> Vector:
    """What a key says: the steps, some values, the hash of all (little-endian float16)."""
    parts = decode_key(KEYS[name])
    vector: Vector = {"key": name, "sha256": text_hash(KEYS[name]), "steps": parts.steps}
    for part, spots in SPOTS.items():
        values: NDArray[np.float16] = getattr(parts, part)
        vector[part] = {str(spot): float(values[spot]) for spot in spots}
        vector[f"{part}_sha256"] = hashlib.sha256(values.astype("<f2").tobytes()).hexdigest()
    return vector


def step_vector(name: str, level: int, count: int) -> Vector:
    """A key some steps on: its hash and its last digits."""
    moved = step_key(KEYS[name], level, count)
    return {"key": name, "level": level, "count": str(count), "end": moved[-16:], "sha256": text_hash(moved)}


def encode_vector(factor: int, dtype: str) -> Vector:
    """The key of made-up values, some beyond the range of their words."""
    embedding = ((np.arange(59_136) * factor % 10_007 - 5003) / 97).astype(dtype)
    latents = ((np.arange(16_640) * factor % 2003 - 1001) / 211).astype(dtype)
    encoded = encode_key(1 + factor % 64, embedding.reshape(77, 768), latents.reshape(1, 4, 52, 80))
    said = {"saturated": encoded.saturated, "unfixed": encoded.unfixed, "sha256": text_hash(encoded.text)}
    return {"factor": factor, "dtype": dtype} | said


def draw_vector(seed: int, steps: int | None) -> Vector:
    """The key that a seed draws."""
    key = random_key(random.Random(seed), steps)
    return {"seed": seed, "steps": steps, "start": key[:16], "sha256": text_hash(key)}


def all_vectors() -> dict[str, list[Vector]]:
    """Everything that golden_lob1.json holds, as JSON gives it back (lists for tuples)."""
    vectors = {
        "keys": [key_vector(name) for name in KEYS],
        "steps": [step_vector(name, *move) for name in ("first", "last", "one") for move in MOVES],
        "encoded": [encode_vector(*which) for which in ((7919, "f2"), (7919, "f4"), (104_729, "f8"))],
        "draws": [draw_vector(*draw) for draw in ((0, None), (1, None), (1, 20))],
    }
    plain: dict[str, list[Vector]] = json.loads(json.dumps(vectors))
    return plain


def main(arguments: list[str]) -> None:
    """Write the file, only when told so by --write."""
    if arguments != ["--write"]:
        raise SystemExit("usage: python -m tests.keys.golden_lob1 --write")
    sections = [
        f"{json.dumps(name)}: [\n " + ",\n ".join(map(json.dumps, vectors)) + "\n]"
        for name, vectors in all_vectors().items()
    ]
    FILE.write_text("{" + ",\n".join(sections) + "}\n", encoding="ascii")


if __name__ == "__main__":
    main(sys.argv[1:])
