"""What docs/keys.md prints is what the code gives: each of its tables is read from the page and computed again."""

from __future__ import annotations

import base64
import hashlib
import math
import random
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from babelgen.errors import BadKey
from babelgen.keys import (
    Address,
    KeySpace,
    Level,
    Shelf,
    Statistics,
    embedding_of_shelf,
    format_key,
    next_key,
    normal_table,
    page_noise,
    parse_key,
    shelf_of_embedding,
    shelf_of_tokens,
    tokens_of_shelf,
)
from babelgen.keys.digits import split_digits
from babelgen.keys.lob1 import decode_key, random_key, step_key
from babelgen.keys.lob1_words import unpack_words, values_to_words, words_to_values
from babelgen.keys.numerals import read_number
from babelgen.keys.pages import scatter
from tests.keys.golden_lob1 import KEYS, text_hash
from tests.keys.spaces import DEVIATION, EXAMPLE, FITTED, GOLDEN, MEAN, POLITE, STATISTICS, TINY

PAGE = (Path(__file__).parents[1] / "docs/keys.md").read_text("utf-8")
SPACES = {space.edition: space for space in (GOLDEN, POLITE, EXAMPLE, TINY, FITTED)}
LEVELS: dict[str, Level] = {"page": "page", "shelf": "shelf", "steps": "steps"}

Head = tuple[str, ...]
Rows = list[list[str]]
Check = Callable[[Rows], None]

CHECKS: dict[Head, Check] = {}
PROSE: set[Head] = {("what", "field", "note"), ("bits", "field")}  # tables that say how things are


def read_tables() -> dict[Head, Rows]:
    """The tables of the page by their heads, which differ; cells without the marks of code."""
    tables: dict[Head, Rows] = {}
    for text in re.findall(r"^\|.*\n\|[-|]+\n(?:\|.*\n)+", PAGE, re.MULTILINE):
        lines = [line.removesuffix("|").split("|")[1:] for line in text.splitlines()]
        head, _, *rows = [[cell.strip(" `") for cell in line] for line in lines]
        assert tuple(head) not in tables, head
        tables[tuple(head)] = rows
    return tables


TABLES = read_tables()


def computes(*head: str) -> Callable[[Check], Check]:
    """Mark what computes a table again."""

    def mark(check: Check) -> Check:
        CHECKS[head] = check
        return check

    return mark


@pytest.mark.parametrize("head", sorted(TABLES.keys() - PROSE), ids=" ".join)
def test_a_table_is_what_the_code_gives(head: Head) -> None:
    assert TABLES[head]
    CHECKS[head](TABLES[head])


def test_no_table_is_missing() -> None:
    assert TABLES.keys() == CHECKS.keys() | PROSE


def test_the_example_key() -> None:
    address = parse_key("babel2:mini-7k3q9d2x:20.t4hx9.0~ddghe53z", EXAMPLE)
    assert address == Address(20, Shelf("t", 149_417), 0)
    assert tokens_of_shelf(address.shelf, EXAMPLE) == (15, 5416)


def number(text: str) -> int:
    """A whole number, or a power of two less one."""
    power = re.fullmatch(r"2\^(\d+) - 1", text)
    return 2 ** int(power[1]) - 1 if power else int(text)


def ranks(text: str) -> tuple[int, ...]:
    """Whole numbers, or none."""
    return () if text == "none" else tuple(map(int, text.split(", ")))


def floats(text: str) -> list[float]:
    """All numbers in a text."""
    return [float(part) for part in re.findall(r"-?\d[\d.e-]*", text)]


def rounded(values: list[float]) -> list[float]:
    """As float32, which the page prints as briefly as it can be read back."""
    return [float(value) for value in np.array(values, np.float32)]


def shape(text: str) -> tuple[int, int, int]:
    """A shape as pages have it."""
    channels, height, width = map(int, text.split("x"))
    return channels, height, width


def sha256(values: NDArray[np.floating], form: str) -> str:
    """The hash of values in C order."""
    return hashlib.sha256(values.astype(form).tobytes()).hexdigest()


def space_of(key: str) -> KeySpace:
    """The space of a key of the page."""
    return SPACES[key.split(":")[1]]


@computes("number", "ranks")
def shelves_of_prompts(rows: Rows) -> None:
    space = KeySpace("ten", 10, 2, (1, 1, 1), negative=0)
    assert space.shelves == 111
    for shelf, said in rows:
        assert shelf_of_tokens(ranks(said), space).number == int(shelf)


@computes("r", "SHAKE-256 is over (hexadecimal)", "its first 3 bytes", "F, 18 bits", "L", "R")
def rounds(rows: Rows) -> None:
    halves = [0, 0]
    for r, over, output, mixed, *after in rows:
        side = int(r) % 2
        given = b"babel2/page/1x1x3/" + r.encode() + b"/" + halves[1 - side].to_bytes(3, "big")
        assert over == given.hex()
        assert output == hashlib.shake_256(given).hexdigest(3)
        assert int(mixed, 16) == int(output, 16) >> 6
        halves[side] ^= int(mixed, 16)
        assert after == [f"{half:05x}" for half in halves]
    permuted = halves[0] << 18 | halves[1]
    assert permuted == scatter(0, (1, 1, 3))
    assert f"`{permuted:09x}`" in PAGE


@computes("shape", "page", "digits")
def digits_of_pages(rows: Rows) -> None:
    for form, page, digits in rows:
        permuted = scatter(number(page), shape(form))
        assert split_digits(permuted, math.prod(shape(form))).tolist() == list(ranks(digits))


@computes("shape", "page", "SHA-256")
def large_pages(rows: Rows) -> None:
    for form, page, start in rows:
        size = 12 * math.prod(shape(form)) // 8
        data = scatter(number(page), shape(form)).to_bytes(size, "big")
        assert hashlib.sha256(data).hexdigest().startswith(start)


@computes("d", "T[d]")
def the_table(rows: Rows) -> None:
    assert f"`{sha256(normal_table(), '<f4')}`" in PAGE
    for digit, value in rows:
        assert normal_table()[int(digit)] == np.float32(value)


@computes("shelf", "digits", "embedding")
def shelves_of_embeddings(rows: Rows) -> None:
    mean = np.array([[0.5, -0.25], [7, 0]], np.float32)
    statistics = Statistics(mean, np.array([[1, 0.5], [0.001, 0]], np.float32))
    space = KeySpace("two", 1, 1, (1, 1, 1), negative=0, coordinates=2)
    for shelf, digits, embedding in rows:
        read = Shelf("v", read_number(shelf[1:]))
        assert split_digits(read.number, 2).tolist() == list(ranks(digits))
        values = embedding_of_shelf(read, space, statistics)
        assert values.ravel().tolist() == rounded(floats(embedding))
        assert shelf_of_embedding(values, statistics) == (read, 0)


@computes("key", "level", "count", "leads to")
def order(rows: Rows) -> None:
    for key, level, count, after in rows:
        space = space_of(key)
        moved = next_key(parse_key(key, space), space, LEVELS[level], int(count))
        assert format_key(moved, space) == after


@computes("text", "refusal")
def refusals(rows: Rows) -> None:
    for text, sentence in rows:
        with pytest.raises(BadKey) as refusal:
            parse_key(text, EXAMPLE)
        assert str(refusal.value) == sentence


@computes("edition", "V", "capacity", "shape", "default negative shelf", "statistics")
def golden_editions(rows: Rows) -> None:
    for edition, *said in rows:
        space = SPACES[edition]
        form = "x".join(map(str, space.latent_shape))
        statistics = "below" if space.coordinates else "none"
        assert said == [str(space.vocabulary), str(space.capacity), form, str(space.negative), statistics]


@computes("key", "steps", "ranks", "page", "negative ranks")
def golden_keys(rows: Rows) -> None:
    for key, steps, tokens, page, negative in rows:
        space = space_of(key)
        other = None if negative == "default" else shelf_of_tokens(ranks(negative), space)
        address = Address(int(steps), shelf_of_tokens(ranks(tokens), space), int(page), other)
        assert parse_key(key, space) == address
        assert format_key(address, space) == key


@computes("shape", "page", "first values", "SHA-256 of the noise")
def golden_noise(rows: Rows) -> None:
    for form, page, first, digest in rows:
        noise = page_noise(number(page), shape(form))
        assert noise.ravel()[:3].tolist() == rounded(floats(first))
        assert sha256(noise, "<f4") == digest


@computes("", "row 0", "row 1")
def golden_statistics(rows: Rows) -> None:
    exact = {"2^-10": 2**-10, "2^-11": 2**-11, "2^-11 - 2^-35": 2**-11 - 2**-35}
    said = {
        name: [[exact.get(part) or float(part) for part in row.split(", ")] for row in both]
        for name, *both in rows
    }
    assert said == {"mean": MEAN, "deviation": DEVIATION}


@computes("key", "SHA-256 of the embedding")
def golden_embeddings(rows: Rows) -> None:
    for key, digest in rows:
        address = parse_key(key, FITTED)
        shelf = address.shelf if address.shelf.kind == "v" else address.negative
        assert shelf is not None
        assert sha256(embedding_of_shelf(shelf, FITTED, STATISTICS), "<f4") == digest


@computes("k", "word", "s, e, m", "stands for")
def words_of_a_key(rows: Rows) -> None:
    start = random_key(random.Random(1), 20)[:12]
    data = base64.b64decode(start)
    assert f"`{start}` has the bytes `{data.hex(' ')}`" in PAGE
    words = unpack_words(data, 6, 4)
    values = words_to_values(words, 4)
    for k, word, parts, value in rows:
        read = int(words[int(k)])
        assert word == f"{read:04x}"
        assert ranks(parts) == (read >> 14, read >> 10 & 15, read & 1023)
        assert values[int(k)] == float(value)


@computes("where", "value", "word", "stands for", "saturates")
def words(rows: Rows) -> None:
    for where, value, word, stands_for, saturates in rows:
        bias = {"embedding": 4, "latents": 1}[where]
        written, saturated = values_to_words(np.array([float(value)]), bias)
        assert word == f"{written[0]:04x}"
        assert words_to_values(written, bias)[0] == float(stands_for)
        assert saturates == ("yes" if saturated else "no")


@computes("key", "steps", "embedding at 0, 1, 20", "latents at 0, 16639")
def golden_lob1(rows: Rows) -> None:
    for name, steps, embedding, latents in rows:
        parts = decode_key(KEYS[name])
        assert parts.steps == int(steps)
        assert parts.embedding[[0, 1, 20]].tolist() == floats(embedding)
        assert parts.latents[[0, 16_639]].tolist() == floats(latents)


@computes("key", "of what", "SHA-256")
def golden_lob1_hashes(rows: Rows) -> None:
    for name, what, digest in rows:
        parts = decode_key(KEYS[name])
        hashes = {
            "text": text_hash(KEYS[name]),
            "embedding": sha256(parts.embedding, "<f2"),
            "latents": sha256(parts.latents, "<f2"),
        }
        assert hashes[what] == digest


@computes("key", "level", "count", "ends with", "leads to", "SHA-256 of the text")
def golden_lob1_steps(rows: Rows) -> None:
    for name, level, count, end, after, digest in rows:
        moved = step_key(KEYS[name], int(level), int(count))
        assert (KEYS[name][-16:], moved[-16:], text_hash(moved)) == (end, after, digest)
