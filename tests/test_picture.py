"""What is said of a picture follows from its key, its edition and its pixels."""

import hashlib

import numpy as np
import pytest

from babelgen.edition import Edition
from babelgen.keys import Address, Shelf, format_key
from babelgen.picture import average_colour, describe, pixel_hash, short_page, texts
from babelgen.tokens import tokens_of


def test_an_address_in_words(words_edition: Edition) -> None:
    tokens = tokens_of(words_edition)
    address = Address(9, tokens.shelf("the sea at night"), 7, tokens.shelf("in the fog"))
    words = describe(address, words_edition, tokens)
    assert (words.steps, words.prompt, words.negative, words.page) == (
        9,
        "the sea at night",
        "in the fog",
        "7",
    )
    plain = describe(Address(9, Shelf("t", 0), 7), words_edition, tokens)
    assert (plain.prompt, plain.negative) == ("", "")


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        (0, "0"),
        (10**30 - 1, "9" * 30),
        (10**30, "s7sckk84…x9000000 (20 digits of base 32)"),
        (2**49_920 - 1, "zzzzzzzz…zzzzzzzz (9984 digits of base 32)"),
    ],
    ids=["first", "last in decimal", "first abbreviated", "longest"],
)
def test_a_page_of_any_length_is_shown_in_a_line(page: int, shown: str) -> None:
    assert short_page(page) == shown


def test_text_chunks_say_the_whole_key_and_no_time(words_edition: Edition) -> None:
    tokens = tokens_of(words_edition)
    address = Address(9, tokens.shelf("the sea"), 2**1536 - 1, tokens.shelf("fog"))
    key = format_key(address, words_edition.key_space())
    found = texts(key, describe(address, words_edition, tokens), words_edition)
    assert (found["key"], found["edition"], set(found)) == (
        key,
        words_edition.id,
        {"key", "edition", "parameters"},
    )
    assert found["parameters"].splitlines() == [
        "the sea",
        "Negative prompt: fog",
        "Steps: 9, Sampler: DDIM, CFG scale: 3, Seed: 1zzzzzzz…zzzzzzzz (308 digits of base 32), "
        f"Size: 16x8, Model: {words_edition.id}, Version: Babelgen",
    ]


def test_the_hash_is_of_values_in_reading_order() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    digest = hashlib.sha256(bytes(range(24))).hexdigest()
    assert pixel_hash(pixels) == pixel_hash(np.asfortranarray(pixels)) == digest
    assert pixel_hash(pixels[:, ::-1]) != digest


def test_the_average_colour() -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0] = (255, 30, 1)
    assert average_colour(pixels) == "#800f00"
    assert average_colour(np.full((3, 3, 3), 255, np.uint8)) == "#ffffff"
