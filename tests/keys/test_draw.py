"""Draw: random addresses lie in the space and follow the stated distribution."""

import random
from collections import Counter

import pytest

from babelgen.errors import BadKey, UserError
from babelgen.keys import format_key, parse_key, random_address, tokens_of_shelf, uniform_address

from .spaces import FITTED, GOLDEN, LARGE, POLITE, TINY

WORDS = [(1,), (2, 3), (4, 5, 6)]


def drawn_words(count: int, lengths: list[float], seed: int = 0) -> list[int]:
    """The number of words of each of `count` drawn prompts, by the ranks that begin a word."""
    rng = random.Random(seed)
    drawn = (random_address(GOLDEN, rng, steps=20, words=WORDS, lengths=lengths) for _ in range(count))
    return [sum(rank in (1, 2, 4) for rank in tokens_of_shelf(address.shelf, GOLDEN)) for address in drawn]


def test_lengths_are_distributed_as_stated() -> None:
    counts = Counter(drawn_words(4000, [1, 0, 3]))
    assert set(counts) == {1, 3}
    assert counts[3] / 4000 == pytest.approx(0.75, abs=0.03)


def test_drawn_prompts_are_whole_words_and_drawn_pages_among_the_first() -> None:
    rng = random.Random(1)
    pages = []
    for _ in range(500):
        address = random_address(GOLDEN, rng, steps=33, words=WORDS, lengths=[1, 1, 1, 1])
        rest = tokens_of_shelf(address.shelf, GOLDEN)
        while rest:
            word = next(word for word in WORDS if rest[: len(word)] == word)
            rest = rest[len(word) :]
        assert (address.steps, address.negative) == (33, None)
        assert len(format_key(address, GOLDEN)) < 80
        pages.append(address.page)
    assert max(pages) < 2**60
    assert max(pages) > 2**59
    assert len(set(pages)) == 500


def test_words_that_do_not_fit_are_left_out_with_those_after() -> None:
    rng = random.Random(2)
    words = [(7,) * 40]
    address = random_address(GOLDEN, rng, steps=1, words=words, lengths=[0, 0, 1])
    assert tokens_of_shelf(address.shelf, GOLDEN) == (7,) * 40


def test_a_word_that_never_fits_is_refused() -> None:
    with pytest.raises(UserError, match=r"^The prompt has 76 tokens, "):
        random_address(GOLDEN, random.Random(3), steps=1, words=[(7,) * 76], lengths=[1])


def test_a_tiny_space_has_fewer_pages() -> None:
    rng = random.Random(4)
    pages = {random_address(TINY, rng, steps=1, words=[(0,)], lengths=[1]).page for _ in range(300)}
    assert max(pages) < 4096
    assert len(pages) > 200


def test_nothing_to_draw_from() -> None:
    for words, lengths in [([], [1.0]), ([(1,)], [])]:
        with pytest.raises(UserError, match="one of them is empty"):
            random_address(GOLDEN, random.Random(5), steps=1, words=words, lengths=lengths)


def test_wrong_steps_are_refused() -> None:
    with pytest.raises(BadKey, match=r"^The steps must be a number from 1 to 64\.$"):
        random_address(GOLDEN, random.Random(6), steps=65, words=WORDS, lengths=[1])


def test_the_same_seed_draws_the_same() -> None:
    assert uniform_address(LARGE, random.Random(7)) == uniform_address(LARGE, random.Random(7))
    assert uniform_address(LARGE, random.Random(7)) != uniform_address(LARGE, random.Random(8))


def test_uniform_addresses_lie_all_over_the_space() -> None:
    rng = random.Random(9)
    drawn = [uniform_address(TINY, rng) for _ in range(3000)]
    assert {address.steps for address in drawn} == set(range(1, 65))
    assert {address.shelf.number for address in drawn} == {0, 1, 2}
    assert len({address.page for address in drawn}) > 2000
    for address in (uniform_address(POLITE, rng) for _ in range(50)):
        assert parse_key(format_key(address, POLITE), POLITE) == address


def test_what_is_drawn_is_a_prompt_where_there_are_embeddings_too() -> None:
    assert {uniform_address(FITTED, random.Random(seed)).shelf.kind for seed in range(50)} == {"t"}
