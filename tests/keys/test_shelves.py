"""Shelves: every number is one token sequence, and the other way round."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelgen.errors import BadKey, UserError
from babelgen.keys import KeySpace, Shelf, shelf_of_tokens, tokens_of_shelf

from .spaces import GOLDEN, LARGE, TINY, relaxed, shelves

CASES = [
    ((), 0),
    ((0,), 1),
    ((999,), 1000),
    ((0, 0), 1001),
    ((0, 1), 1002),
    ((1, 0), 2001),
    ((999, 999), 1_001_000),
]


@pytest.mark.parametrize(("ranks", "number"), CASES)
def test_cases(ranks: tuple[int, ...], number: int) -> None:
    assert shelf_of_tokens(ranks, GOLDEN) == Shelf("t", number)
    assert tokens_of_shelf(Shelf("t", number), GOLDEN) == ranks


@pytest.mark.parametrize(("vocabulary", "capacity"), [(1, 6), (2, 6), (3, 4), (10, 3), (5, 0)])
def test_small_spaces_are_counted_out(vocabulary: int, capacity: int) -> None:
    space = KeySpace("small-00000000", vocabulary, capacity, (1, 1, 1), 0)
    sequences = [s for length in range(capacity + 1) for s in product(range(vocabulary), repeat=length)]
    assert space.shelves == len(sequences)
    assert [tokens_of_shelf(Shelf("t", number), space) for number in range(space.shelves)] == sequences
    assert [shelf_of_tokens(sequence, space).number for sequence in sequences] == list(range(space.shelves))


@relaxed
@given(shelves(LARGE))
def test_shelves_come_back(shelf: Shelf) -> None:
    assert shelf_of_tokens(tokens_of_shelf(shelf, LARGE), LARGE) == shelf


@relaxed
@given(st.lists(st.integers(0, 999), max_size=75))
def test_tokens_come_back(ranks: list[int]) -> None:
    assert tokens_of_shelf(shelf_of_tokens(ranks, GOLDEN), GOLDEN) == tuple(ranks)


def test_the_last_shelf() -> None:
    assert tokens_of_shelf(Shelf("t", LARGE.shelves - 1), LARGE) == (49405,) * 75


def test_nothing_is_cut() -> None:
    with pytest.raises(
        UserError, match=r"^The prompt has 2 tokens, and edition tiny-00000000 has room for 1\.$"
    ):
        shelf_of_tokens((0, 0), TINY)


@pytest.mark.parametrize("rank", [-1, 1000])
def test_foreign_ranks_are_refused(rank: int) -> None:
    with pytest.raises(UserError, match=rf"^Token 2 is {rank}, which is outside 0 to 999\.$"):
        shelf_of_tokens((5, rank), GOLDEN)


@pytest.mark.parametrize("number", [-1, 3])
def test_shelves_outside_have_no_tokens(number: int) -> None:
    with pytest.raises(BadKey, match=r"^The shelf is "):
        tokens_of_shelf(Shelf("t", number), TINY)
