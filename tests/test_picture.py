"""What is said of a picture follows from its key, its edition and its pixels."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from babelgen.edition import Edition, StatisticsFile, load_edition
from babelgen.keys import Address, Key, Shelf, format_key
from babelgen.picture import Words, average_colour, condition_words, describe, pixel_hash, short_page, texts
from babelgen.tokens import tokens_of


def read(address: Address, edition: Edition) -> Key:
    return edition.codec.parse(format_key(address, edition.key_space()))


def test_an_address_in_words(words_edition: Edition) -> None:
    tokens = tokens_of(words_edition)
    address = Address(9, tokens.shelf("the sea at night"), 7, tokens.shelf("in the fog"))
    words = describe(read(address, words_edition), words_edition)
    assert (words.steps, words.prompt, words.negative, words.page) == (
        9,
        "the sea at night",
        "in the fog",
        "7",
    )
    plain = describe(read(Address(9, Shelf("t", 0), 7), words_edition), words_edition)
    assert (plain.prompt, plain.negative) == ("", "")


def test_a_key_that_holds_an_embedding_in_words() -> None:
    edition = load_edition("sd15-lob")
    first = edition.codec.first(9)
    words = describe(first, edition)
    assert words == Words(9, "an embedding that no text has (zva3c85a, 59136 values)", "", "")
    assert describe(first.step(1), edition) == words  # its last characters are of the latents
    assert describe(first.step(1, "100000"), edition).prompt != words.prompt
    found = texts(first.text, words, edition)
    assert found["key"] == first.text
    assert found["parameters"].splitlines() == [
        words.prompt,
        f"Steps: 9, Sampler: DDIM, CFG scale: 1, Size: 640x416, Model: {edition.id}, Version: Babelgen",
    ]


def test_a_shelf_of_an_embedding_in_words(words_edition: Edition) -> None:
    edition = replace(words_edition, statistics=StatisticsFile(Path("s.npy"), "ab" * 32, 120))
    far, near = Shelf("v", 2**1440 - 2), Shelf("v", 33)
    words = describe(read(Address(9, far, 7, near), edition), edition)
    assert words.prompt == "an embedding that no text has (zef2jh0m, 120 coded values)"
    assert words.negative == "an embedding that no text has (v11, 120 coded values)"


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
    found = texts(key, describe(read(address, words_edition), words_edition), words_edition)
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


def test_embeddings_with_the_same_ends_are_told_apart(words_edition: Edition) -> None:
    """Frames of a walk have numbers that begin and end alike."""
    told = {condition_words(Shelf("v", 2**400 + middle * 2**200), words_edition) for middle in range(5)}
    assert len(told) == 5
