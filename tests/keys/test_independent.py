"""The independent decoder and the package say the same of keys: docs/keys.md, which it was written from, says enough."""

import ast
import base64
import hashlib
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelgen.errors import BadKey
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
    tokens_of_shelf,
    uniform_address,
)
from babelgen.keys.lob1 import decode_key, random_key, step_key
from babelgen.keys.lob1_words import values_to_words
from babelgen.keys.pages import scatter

from . import independent
from .golden_lob1 import KEYS, LENGTH
from .spaces import EXAMPLE, FITTED, GOLDEN, LARGE, POLITE, STATISTICS, TINY, WIDE, addresses, relaxed, sign

SPACES = [GOLDEN, POLITE, EXAMPLE, TINY, FITTED, WIDE]


def edition(space: KeySpace) -> independent.Edition:
    """What the independent decoder must know of a space's edition."""
    shape, coordinates = space.latent_shape, space.coordinates
    return independent.Edition(
        space.edition, space.vocabulary, space.capacity, shape, space.negative, coordinates
    )


def assert_same(address: Address, space: KeySpace) -> None:
    text = format_key(address, space)
    said = independent.read_key(text, edition(space))
    shelf, negative = pair(address.shelf), address.negative
    expected = independent.Key(address.steps, shelf, address.page, pair(negative) if negative else None)
    assert said == expected
    assert independent.write_key(said, edition(space)) == text
    for part in (address.shelf, address.negative):
        if part and part.kind == "t":
            ranks = independent.ranks_of(part.number, space.vocabulary)
            assert tuple(ranks) == tokens_of_shelf(part, space)
        elif part and space == FITTED:
            assert values(part) == embedding_of_shelf(part, FITTED, STATISTICS).ravel().tolist()


def pair(shelf: Shelf) -> tuple[str, int]:
    """A shelf as the independent decoder has it."""
    return shelf.kind, shelf.number


def values(shelf: Shelf) -> list[float]:
    """What the independent decoder makes of an embedding's shelf."""
    means, deviations = STATISTICS.mean.ravel().tolist(), STATISTICS.deviation.ravel().tolist()
    return independent.embedding_of(shelf.number, means, deviations)


def test_it_knows_nothing_of_the_package() -> None:
    tree = ast.parse(Path(independent.__file__).read_text("utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    modules |= {node.module or "." for node in nodes if isinstance(node, ast.ImportFrom)}
    assert modules == {
        "base64",
        "collections.abc",
        "dataclasses",
        "hashlib",
        "math",
        "pathlib",
        "re",
        "struct",
    }


@relaxed
@given(st.sampled_from(SPACES).flatmap(lambda space: st.tuples(addresses(space), st.just(space))))
def test_keys_say_the_same(drawn: tuple[Address, KeySpace]) -> None:
    assert_same(*drawn)


@pytest.mark.parametrize("space", [GOLDEN, EXAMPLE, LARGE])
def test_keys_of_the_whole_library_say_the_same(space: KeySpace) -> None:
    rng = random.Random(20)
    for _ in range(5):
        assert_same(uniform_address(space, rng), space)


@relaxed
@given(st.sampled_from(SPACES).flatmap(lambda space: st.tuples(addresses(space), st.just(space))),
       st.sampled_from(["page", "shelf", "steps"]),
       st.integers(-(10**6), 10**6) | st.integers(-(2**900), 2**900))  # fmt: skip
def test_neighbours_are_the_same(drawn: tuple[Address, KeySpace], level: Level, count: int) -> None:
    address, space = drawn
    key = independent.read_key(format_key(address, space), edition(space))
    moved = independent.step_key(key, edition(space), level, count)
    expected = format_key(next_key(address, space, level, count), space)
    assert independent.write_key(moved, edition(space)) == expected


@relaxed
@given(st.text(alphabet="babel2:tiny-0.vn~19z", max_size=20) | st.builds(
    "{}.{}{}.{}{}".format, st.integers(-1, 70), st.sampled_from("tvnw"), st.sampled_from("0123"),
    st.sampled_from(["0", "3zz", "400", "00", ""]), st.sampled_from(["", ".nt0", ".nt1", ".nt2", ".nt3", ".n", ".x"])))  # fmt: skip
def test_the_same_is_refused(address: str) -> None:
    text = sign("babel2:tiny-00000000:" + address)
    try:
        parse_key(text, TINY)
    except BadKey:
        with pytest.raises(ValueError, match=r"\w"):
            independent.read_key(text, edition(TINY))
    else:
        independent.read_key(text, edition(TINY))


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 3), (3, 5, 7), (4, 4, 4), (4, 26, 40), (4, 52, 80)])
def test_noise_is_the_same(shape: tuple[int, int, int]) -> None:
    bits = 12 * shape[0] * shape[1] * shape[2]
    rng = random.Random(bits)
    for page in (0, 1, 2**bits - 1, rng.getrandbits(bits), rng.getrandbits(bits)):
        assert independent.permuted(page, shape) == scatter(page, shape)
        assert independent.noise_of(page, shape) == page_noise(page, shape).ravel().tolist()


def test_key_files_are_the_same() -> None:
    for data in (b"key", b"key\n", b"key\r\n"):
        assert independent.read_file(data) == "key"
    for data in (b"", b"\n", b"\r\n", b"key\r", b"key\n\n", b"key\n\r\n", b"\xef\xbb\xbfkey"):
        with pytest.raises(ValueError, match=r"\w"):
            independent.read_file(data)


@pytest.mark.parametrize("name", [*KEYS, "drawn", "drawn again"])
def test_lob1_keys_say_the_same(name: str) -> None:
    text = KEYS.get(name) or random_key(random.Random(name))
    parts = decode_key(text)
    steps, embedding, latents = independent.read_lob1(text)
    assert steps == parts.steps
    assert embedding == parts.embedding.tolist()
    assert latents == parts.latents.tolist()


@pytest.mark.parametrize("level", [0, 1, 4, 1000, LENGTH - 1])
@pytest.mark.parametrize("name", KEYS)
def test_lob1_neighbours_are_the_same(name: str, level: int) -> None:
    for count in (1, -1, 64**5 + 7, -(10**40)):
        moved = independent.step_lob1(KEYS[name], level, count)
        assert hash_of(moved) == hash_of(step_key(KEYS[name], level, count))


def hash_of(text: str) -> str:
    """A long text's hash, which a failure can print."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def test_lob1_words_are_the_same() -> None:
    rng = random.Random(15)
    drawn = [rng.choice((-1, 1)) * 2 ** rng.uniform(-17, 7) for _ in range(20)]
    tied = [1 + 2**-11, 1 + 3 * 2**-11, -(2 - 2**-11), 31.99]
    for bias in (4, 1):
        numbers = [*drawn, *tied, 0.0, -0.0, 1e9, -1e9]
        words, _ = values_to_words(np.array(numbers), bias)
        assert words.tolist() == [independent.word_of(number, bias) for number in numbers]


@pytest.mark.parametrize("text", ["", "A" * (LENGTH - 1), "A" * (LENGTH + 4), "A" * (LENGTH - 1) + "="])
def test_other_texts_are_no_lob1_keys(text: str) -> None:
    with pytest.raises(ValueError, match="not a lob1 key"):
        independent.read_lob1(text)


def test_a_lob1_key_is_plain_base64() -> None:
    assert len(base64.b64decode(KEYS["one"], validate=True)) == 142_077
