"""Ranges: sequential keys, at any level, in any direction, round the end of the library."""

from dataclasses import replace
from itertools import pairwise

import pytest

from babelgen.collections.range import Range
from babelgen.edition import Edition
from babelgen.keys import Address, KeySpace, Shelf, format_key, next_key, parse_key
from babelgen.tokens import tokens_of

PLAIN = Range(start=None, prompt="", page=0, steps=3, level="page", stride=1, length=3)


def addresses(spec: Range, edition: Edition) -> list[Address]:
    return [parse_key(key, edition.key_space()) for key in spec.keys(edition)]


def key(address: Address, space: KeySpace) -> str:
    return format_key(address, space)


def test_a_range_begins_with_the_first_page_of_the_empty_prompt(words_edition: Edition) -> None:
    assert addresses(PLAIN, words_edition) == [Address(3, Shelf("t", 0), page) for page in range(3)]


def test_a_range_begins_on_the_page_of_a_prompt(words_edition: Edition) -> None:
    shelf = tokens_of(words_edition).shelf("the sea")
    found = addresses(replace(PLAIN, prompt="the sea", page=7, steps=5), words_edition)
    assert found == [Address(5, shelf, page) for page in (7, 8, 9)]


@pytest.mark.parametrize("level", ["page", "shelf", "steps"])
@pytest.mark.parametrize("stride", [1, 3, -1, -2, 0, 2**70])
def test_each_key_is_a_stride_after_the_one_before(words_edition: Edition, level: str, stride: int) -> None:
    start = Address(9, Shelf("t", 500), 1000)
    space = words_edition.key_space()
    spec = replace(PLAIN, start=key(start, space), level=level, stride=stride, length=5)
    found = addresses(spec, words_edition)
    assert found[0] == start
    assert all(next_key(one, space, level, stride) == other for one, other in pairwise(found))


def test_a_range_keeps_a_negative_shelf(words_edition: Edition) -> None:
    start = Address(9, Shelf("t", 500), 1000, Shelf("t", 3))
    spec = replace(PLAIN, start=key(start, words_edition.key_space()))
    assert {address.negative for address in addresses(spec, words_edition)} == {Shelf("t", 3)}


def test_a_range_wraps_round_at_both_ends_of_the_library(words_edition: Edition) -> None:
    space = words_edition.key_space()
    last = Address(64, Shelf("t", space.shelves - 1), space.pages - 1)
    first = Address(1, Shelf("t", 0), 0)
    assert addresses(replace(PLAIN, start=key(last, space), length=2), words_edition) == [last, first]
    back = replace(PLAIN, start=key(first, space), stride=-1, length=2)
    assert addresses(back, words_edition) == [first, last]


def test_a_range_may_start_on_the_last_page(words_edition: Edition) -> None:
    pages = words_edition.key_space().pages
    found = addresses(replace(PLAIN, page=pages - 1, length=2), words_edition)
    assert found == [Address(3, Shelf("t", 0), pages - 1), Address(3, Shelf("t", 1), 0)]


def test_the_prompt_of_a_range_is_a_prompt_that_somebody_wrote() -> None:
    assert PLAIN.prompts() == ()
    assert replace(PLAIN, prompt="the sea").prompts() == ("the sea",)
