"""Order: the integer order of (steps, shelf, page), with carry and wrap."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelgen.errors import BadKey
from babelgen.keys import Address, KeySpace, Level, Shelf, next_key, previous_key
from babelgen.keys.order import advance
from babelgen.keys.space import Kind

from .spaces import FITTED, GOLDEN, LARGE, POLITE, TINY, addresses, relaxed

LEVELS: tuple[Level, ...] = ("page", "shelf", "steps")
SMALLEST = replace(TINY, vocabulary=1)
FIRST = Address(1, Shelf("t", 0), 0)


def rank(address: Address) -> int:
    """The place in the order of an address of the smallest space whose pages carry into shelves."""
    return ((address.steps - 1) * 2 + address.shelf.number) * 4096 + address.page


def test_the_mixed_radix_arithmetic_counts() -> None:
    radices = (3, 2, 4)
    numbers = list(product(*map(range, radices)))
    for place, digits in enumerate(numbers):
        for count in range(-50, 51):
            assert advance(digits, radices, count) == numbers[(place + count) % 24]


def test_pages_follow_in_the_integer_order_through_a_whole_space() -> None:
    address = FIRST
    for expected in range(64 * 2 * 4096):
        assert rank(address) == expected
        address = next_key(address, SMALLEST)
    assert address == FIRST


@pytest.mark.parametrize("page", [0, 77, 4095])
def test_shelves_follow_with_the_page_held(page: int) -> None:
    expected = [Address(steps, Shelf("t", shelf), page) for steps in range(1, 65) for shelf in range(3)]
    for here, there in zip(expected, expected[1:] + expected[:1], strict=True):
        assert next_key(here, TINY, "shelf") == there
        assert previous_key(there, TINY, "shelf") == here


def test_steps_follow_with_the_rest_held() -> None:
    expected = [Address(steps, Shelf("t", 2), 9) for steps in range(1, 65)]
    for here, there in zip(expected, expected[1:] + expected[:1], strict=True):
        assert next_key(here, TINY, "steps") == there
        assert previous_key(there, TINY, "steps") == here


@pytest.mark.parametrize(("space", "kind"), [(LARGE, "t"), (FITTED, "v")])
def test_carry_and_wrap_within_a_kind(space: KeySpace, kind: Kind) -> None:
    last_page, last_shelf = space.pages - 1, Shelf(kind, space.shelves_of(kind) - 1)
    turns = [
        (Address(5, Shelf(kind, 8), last_page), Address(5, Shelf(kind, 9), 0)),
        (Address(5, last_shelf, last_page), Address(6, Shelf(kind, 0), 0)),
        (Address(64, last_shelf, last_page), Address(1, Shelf(kind, 0), 0)),
    ]
    for here, there in turns:
        assert next_key(here, space) == there
        assert previous_key(there, space) == here


@relaxed
@given(
    st.sampled_from([POLITE, FITTED]).flatmap(lambda space: st.tuples(st.just(space), addresses(space))),
    st.sampled_from(LEVELS), st.integers(-(10**400), 10**400), st.integers(-99, 99),
)  # fmt: skip
def test_steps_add_up_come_back_and_hold_the_kind_and_the_negative_shelf(
    placed: tuple[KeySpace, Address], level: Level, count: int, more: int
) -> None:
    space, address = placed
    there = next_key(address, space, level, count)
    assert previous_key(there, space, level, count) == address
    assert next_key(there, space, level, more) == next_key(address, space, level, count + more)
    assert next_key(address, space, level, 0) == address
    assert there.shelf.kind == address.shelf.kind
    assert there.negative == address.negative


@pytest.mark.parametrize("level", LEVELS)
def test_the_whole_round_leads_back(level: Level) -> None:
    address = Address(20, Shelf("t", 5), 6, Shelf("t", 7))
    rounds = {"steps": 64, "shelf": 64 * GOLDEN.shelves, "page": 64 * GOLDEN.shelves * GOLDEN.pages}
    assert next_key(address, GOLDEN, level, rounds[level]) == address
    assert next_key(address, GOLDEN, level, 3 * rounds[level] + 1) == next_key(address, GOLDEN, level)


def test_the_default_step_is_one_page() -> None:
    address = Address(20, Shelf("t", 5), 6, Shelf("t", 7))
    assert next_key(address, GOLDEN) == replace(address, page=7)
    assert previous_key(address, GOLDEN) == replace(address, page=5)


def test_addresses_outside_have_no_neighbours() -> None:
    with pytest.raises(BadKey, match=r"^The page is too large "):
        next_key(Address(1, Shelf("t", 0), 4096), TINY)
