"""Draw: random addresses.

Law: the same generator state draws the same address, on every Python that we support; so only `choices`,
`getrandbits` and `randrange` are used, and golden vectors pin what they give. Drawn addresses have no
negative shelf.
May import: babelgen.errors, shelves, space and the standard library.
"""

import random
from collections.abc import Sequence

from babelgen.errors import UserError
from babelgen.keys.shelves import shelf_of_tokens
from babelgen.keys.space import MAX_STEPS, Address, KeySpace, Shelf, page_bits, require_address

FIRST_PAGES_BITS = 60


def random_address(
    space: KeySpace,
    rng: random.Random,
    *,
    steps: int,
    words: Sequence[tuple[int, ...]],
    lengths: Sequence[float],
) -> Address:
    """A prompt of whole words, and one of the first 2^60 pages (of all pages when there are fewer).

    words: the token ranks of each word; all are equally likely, and a word may come again.
    lengths: the weights of prompts of 1, 2, 3 ... words. Where the words drawn do not all fit into
    `capacity`, the first that does not and those after it are left out.
    Raises UserError when there is nothing to draw from or the first word alone does not fit, BadKey for wrong
    steps.
    """
    if not words or not lengths:
        raise UserError(
            "Random keys need a list of words and the weights of the lengths, and one of them is empty."
        )
    (count,) = rng.choices(range(1, len(lengths) + 1), weights=lengths)
    ranks = _join_words(rng.choices(words, k=count), space.capacity)
    page = rng.getrandbits(min(FIRST_PAGES_BITS, page_bits(space.latent_shape)))
    address = Address(steps, shelf_of_tokens(ranks, space), page)
    require_address(address, space)
    return address


def uniform_address(space: KeySpace, rng: random.Random) -> Address:
    """An address from the whole space of prompts: every (steps, shelf of kind t, page) is equally likely."""
    steps = 1 + rng.randrange(MAX_STEPS)
    shelf = Shelf("t", rng.randrange(space.shelves))
    return Address(steps, shelf, rng.getrandbits(page_bits(space.latent_shape)))


def _join_words(words: Sequence[tuple[int, ...]], capacity: int) -> list[int]:
    ranks = list(words[0])
    for word in words[1:]:
        if len(ranks) + len(word) > capacity:
            break
        ranks.extend(word)
    return ranks
