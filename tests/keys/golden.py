"""Golden vectors of `babel2`: what keys mean, for ever.

`python -m tests.keys.golden --write` (from the repository's root) writes golden.json again. That is right
only when vectors are added: a vector that changes is a broken codec, and changed behaviour needs a codec of a
new name.
"""

import hashlib
import json
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np

from babelgen.keys import (
    Address,
    KeySpace,
    Level,
    Shelf,
    embedding_of_shelf,
    format_key,
    next_key,
    page_noise,
    parse_key,
    random_address,
    shelf_of_embedding,
    shelf_of_tokens,
    tokens_of_shelf,
    uniform_address,
)

from .spaces import EXAMPLE, FITTED, GOLDEN, LARGE, MEAN, POLITE, STATISTICS

FILE = Path(__file__).with_name("golden.json")
SPACES = {space.edition: space for space in (GOLDEN, POLITE, EXAMPLE, LARGE)}

Vector = dict[str, Any]


def key_vectors() -> list[Vector]:
    """Keys and what they say: tokens, page (hexadecimal), steps."""
    last = (999,) * 75
    return [
        _key_vector(GOLDEN, 1, (), 0, None),
        _key_vector(GOLDEN, 20, (0,), 1, None),
        _key_vector(GOLDEN, 20, (999,), 31, None),
        _key_vector(GOLDEN, 50, (12, 0, 345), 32, None),
        _key_vector(GOLDEN, 64, tuple(range(75)), 2**60 - 1, (1, 2)),
        _key_vector(GOLDEN, 64, last, GOLDEN.pages - 1, last),
        _key_vector(POLITE, 7, (6,), 2**64, ()),
        _key_vector(POLITE, 8, (), 2**767, (7,)),
        _key_vector(EXAMPLE, 20, tokens_of_shelf(Shelf("t", 149_417), EXAMPLE), 0, None),
        _key_vector(LARGE, 25, (49405, 0, 320), 10**100, None),
    ]


def _key_vector(
    space: KeySpace, steps: int, tokens: tuple[int, ...], page: int, negative: tuple[int, ...] | None
) -> Vector:
    shelf = shelf_of_tokens(tokens, space)
    other = None if negative is None else shelf_of_tokens(negative, space)
    text = format_key(Address(steps, shelf, page, other), space)
    said = {"steps": steps, "tokens": tokens, "page": f"{page:x}", "negative": negative}
    return {"edition": space.edition, "key": text} | said


def read_vector(vector: Vector) -> Vector:
    """A key's vector again, from its text alone."""
    space = SPACES[vector["edition"]]
    address = parse_key(vector["key"], space)
    negative = None if address.negative is None else tokens_of_shelf(address.negative, space)
    tokens = tokens_of_shelf(address.shelf, space)
    return _key_vector(space, address.steps, tokens, address.page, negative)


def noise_vectors() -> list[Vector]:
    """Pages, the first values of their noise (hexadecimal floats), and the SHA-256 of all (float32)."""
    small = [((1, 1, 1), 0), ((1, 1, 3), 1), ((3, 5, 7), 2), ((4, 4, 4), 0), ((4, 4, 4), 2**768 - 1)]
    return [_noise_vector(shape, page) for shape, page in [*small, ((4, 26, 40), 0), ((4, 52, 80), 1)]]


def _noise_vector(shape: tuple[int, int, int], page: int) -> Vector:
    noise = page_noise(page, shape).astype("<f4")
    first = [value.hex() for value in noise.ravel()[:3].tolist()]
    sha256 = hashlib.sha256(noise.tobytes()).hexdigest()
    return {"shape": shape, "page": f"{page:x}", "first": first, "sha256": sha256}


def embedding_vectors() -> list[Vector]:
    """Keys of embeddings and what they say: the values in C order (hexadecimal floats)."""
    counted = int("".join(f"{digit:03x}" for digit in (0, 1, 2, 2047, 2048, 4093, 4094, 4095)), 16)
    shelves = [Shelf("v", number) for number in (0, 1, 2**84, counted, FITTED.embeddings - 1)]
    addresses = [Address(20, shelf, page) for page, shelf in enumerate(shelves)]
    addresses.append(Address(7, Shelf("t", 0), 31, shelves[3]))
    return [_embedding_vector(address) for address in addresses]


def _embedding_vector(address: Address) -> Vector:
    shelf = address.shelf if address.shelf.kind == "v" else address.negative
    assert shelf is not None
    values = embedding_of_shelf(shelf, FITTED, STATISTICS)
    return {"key": format_key(address, FITTED), "values": [value.hex() for value in values.ravel().tolist()]}


def encoding_vectors() -> list[Vector]:
    """Embeddings in C order (hexadecimal floats), the shelves that they are written as, and what is clipped."""
    mean = np.array(MEAN, np.float32)
    odd = np.array([[-28.1, 33, 0, 1.0001, -0.999, 1.9], [0.7, 0.2, -0.03, 9.9, 0.15, -0.02]], np.float32)
    vectors = []
    for values in (mean, odd, mean + 4, np.float32(-1000) * odd):
        shelf, clipped = shelf_of_embedding(values, STATISTICS)
        key = format_key(Address(1, shelf, 0), FITTED)
        said = [value.hex() for value in values.ravel().tolist()]
        vectors.append({"values": said, "key": key, "clipped": clipped})
    return vectors


def order_vectors() -> list[Vector]:
    """Keys and the keys that follow: by level and count."""
    address = Address(64, Shelf("t", GOLDEN.shelves - 1), GOLDEN.pages - 2, Shelf("t", 5))
    moves: list[tuple[Level, int]]
    moves = [("page", 1), ("page", 2), ("page", -(2**800)), ("shelf", 3), ("steps", -70)]
    last = Address(64, Shelf("v", FITTED.embeddings - 1), FITTED.pages - 1)
    turns: list[tuple[Level, int]] = [("page", 1), ("shelf", -5)]
    return [
        *(_order_vector(address, GOLDEN, level, count) for level, count in moves),
        *(_order_vector(last, FITTED, level, count) for level, count in turns),
    ]


def _order_vector(address: Address, space: KeySpace, level: Level, count: int) -> Vector:
    following = next_key(address, space, level, count)
    key, after = format_key(address, space), format_key(following, space)
    return {"key": key, "level": level, "count": f"{count:x}", "next": after}


def draw_vectors() -> list[Vector]:
    """Seeds and the keys they draw."""
    words = [(rank, rank + 1)[: 1 + rank % 2] for rank in range(0, 900, 7)]
    vectors = []
    for seed in range(3):
        rng = random.Random(seed)
        drawn = [
            random_address(GOLDEN, rng, steps=20, words=words, lengths=[1, 2, 3, 2, 1]) for _ in range(4)
        ]
        keys = [format_key(address, GOLDEN) for address in [*drawn, uniform_address(GOLDEN, rng)]]
        vectors.append({"seed": seed, "keys": keys})
    return vectors


def all_vectors() -> dict[str, list[Vector]]:
    """Everything that golden.json holds, as JSON gives it back (lists for tuples)."""
    vectors = {
        "keys": key_vectors(),
        "noise": noise_vectors(),
        "order": order_vectors(),
        "draws": draw_vectors(),
        "embeddings": embedding_vectors(),
        "encodings": encoding_vectors(),
    }
    plain: dict[str, list[Vector]] = json.loads(json.dumps(vectors))
    return plain


def main(arguments: list[str]) -> None:
    """Write the file, only when told so by --write."""
    if arguments != ["--write"]:
        raise SystemExit("usage: python -m tests.keys.golden --write")
    sections = [f"{json.dumps(name)}: {_one_a_line(vectors)}" for name, vectors in all_vectors().items()]
    FILE.write_text("{" + ",\n".join(sections) + "}\n", encoding="ascii")


def _one_a_line(vectors: list[Vector]) -> str:
    return "[\n " + ",\n ".join(map(json.dumps, vectors)) + "\n]"


if __name__ == "__main__":
    main(sys.argv[1:])
