"""The key space: its size, and what lies in it."""

from dataclasses import replace
from typing import Any

import pytest

from babelgen.errors import BadKey
from babelgen.keys import Address, KeySpace, Shelf, format_key, is_edition_id
from babelgen.keys.space import find_fault

from .spaces import FITTED, GOLDEN, LARGE, POLITE, TINY


def test_sizes() -> None:
    assert (TINY.shelves, TINY.pages) == (3, 4096)
    assert GOLDEN.shelves == sum(1000**length for length in range(76))
    assert LARGE.pages.bit_length() == 12 * 16_640 + 1
    assert replace(TINY, capacity=0).shelves == 1
    assert replace(TINY, vocabulary=1, capacity=5).shelves == 6
    assert (FITTED.embeddings, FITTED.shelves_of("v"), FITTED.shelves_of("t")) == (
        2**96,
        2**96,
        GOLDEN.shelves,
    )
    assert GOLDEN.embeddings == 0


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"edition": "Mini"}, "no edition id"),
    ({"edition": ""}, "no edition id"),
    ({"edition": "a--b"}, "no edition id"),
    ({"edition": "mini\n"}, "no edition id"),
    ({"edition": "x" * 65}, "no edition id"),
    ({"vocabulary": 0}, "at least one token"),
    ({"capacity": -1}, "zero or more"),
    ({"latent_shape": (4, 0, 4)}, "latent shape"),
    ({"latent_shape": (4, 4)}, "latent shape"),
    ({"negative": -1}, "default negative"),
    ({"negative": 3}, "default negative"),
    ({"coordinates": -1}, "zero or more coded values"),
]


@pytest.mark.parametrize(("change", "message"), IMPOSSIBLE)
def test_impossible_spaces_are_our_bug(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(TINY, **change)


def test_edition_ids() -> None:
    assert all(map(is_edition_id, ["mini-7k3q9d2x", "sd15-lob-00000000", "x" * 64]))
    assert not any(map(is_edition_id, ["", "-a", "a-", "a_b", "a:b", "a.b", "ä", "a b", "../x"]))


OUTSIDE = [
    (GOLDEN, Address(0, Shelf("t", 0), 0), "The steps must be a number from 1 to 64."),
    (GOLDEN, Address(65, Shelf("t", 0), 0), "The steps must be a number from 1 to 64."),
    (GOLDEN, Address(1, Shelf("t", -1), 0), "The shelf is below zero."),
    (
        GOLDEN,
        Address(1, Shelf("t", GOLDEN.shelves), 0),
        "The shelf is too large for edition golden-00000000, whose prompts have at most 75 tokens "
        "from a vocabulary of 1000.",
    ),
    (GOLDEN, Address(1, Shelf("t", 0), -1), "The page is below zero."),
    (
        GOLDEN,
        Address(1, Shelf("t", 0), GOLDEN.pages),
        "The page is too large for latents of 4x4x4: it must be below 2^768.",
    ),
    (
        GOLDEN,
        Address(1, Shelf("t", 0), 0, Shelf("t", 0)),
        "The negative shelf is the edition's default, which is written by leaving it out.",
    ),
    (
        POLITE,
        Address(1, Shelf("t", 0), 0, Shelf("t", 7)),
        "The negative shelf is the edition's default, which is written by leaving it out.",
    ),
    (GOLDEN, Address(1, Shelf("t", 0), 0, Shelf("t", -5)), "The negative shelf is below zero."),
    (GOLDEN, Address(1, Shelf("w", 0), 0), "The shelf is of the unknown kind 'w'."),  # type: ignore[arg-type]
    (
        GOLDEN,
        Address(1, Shelf("v", 0), 0),
        "The shelf is of kind 'v', an embedding, and edition golden-00000000 has no statistics to read one with.",
    ),
    (
        FITTED,
        Address(1, Shelf("v", 2**96), 0),
        "The shelf is too large for edition fitted-00000000, whose embeddings have 8 coded values: "
        "it must be below 2^96.",
    ),
    (FITTED, Address(1, Shelf("v", -1), 0), "The shelf is below zero."),
]


@pytest.mark.parametrize(("space", "address", "sentence"), OUTSIDE)
def test_addresses_outside_are_not_written(space: KeySpace, address: Address, sentence: str) -> None:
    with pytest.raises(BadKey) as refusal:
        format_key(address, space)
    assert str(refusal.value) == sentence


def test_the_empty_negative_prompt_is_an_address_where_it_is_not_the_default() -> None:
    last = Address(64, Shelf("t", POLITE.shelves - 1), POLITE.pages - 1, Shelf("t", 0))
    assert find_fault(last, POLITE) is None


def test_a_negative_embedding_is_never_the_default_prompt() -> None:
    assert find_fault(Address(1, Shelf("v", 0), 0, Shelf("v", 0)), FITTED) is None
