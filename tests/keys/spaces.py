"""The key spaces that the tests use, and Hypothesis strategies over them.

None belongs to a shipped edition: those are retrained, and what is pinned here is for ever.
"""

from hypothesis import settings
from hypothesis import strategies as st

from babelgen.keys import MAX_STEPS, Address, KeySpace, Shelf
from babelgen.keys.spelling import compute_check

GOLDEN = KeySpace("golden-00000000", vocabulary=1000, capacity=75, latent_shape=(4, 4, 4), negative=0)
POLITE = KeySpace("polite-00000000", vocabulary=1000, capacity=75, latent_shape=(4, 4, 4), negative=7)
EXAMPLE = KeySpace("mini-7k3q9d2x", vocabulary=9000, capacity=75, latent_shape=(4, 26, 40), negative=0)
LARGE = KeySpace("large-00000000", vocabulary=49406, capacity=75, latent_shape=(4, 52, 80), negative=0)
TINY = KeySpace("tiny-00000000", vocabulary=2, capacity=1, latent_shape=(1, 1, 1), negative=0)

EXAMPLE_KEY = "babel2:mini-7k3q9d2x:20.t4hx9.0~ddghe53z"

relaxed = settings(deadline=None)  # the machine may be busy; no test is about the time of one example


def numbers(limit: int) -> st.SearchStrategy[int]:
    """Numbers below a limit: small ones, ones near the limit, and any."""
    near = st.integers(0, min(limit, 100) - 1)
    return st.one_of(near, near.map(lambda n: limit - 1 - n), st.integers(0, limit - 1))


def shelves(space: KeySpace) -> st.SearchStrategy[Shelf]:
    """Shelves of a space."""
    return numbers(space.shelves).map(lambda number: Shelf("t", number))


def addresses(space: KeySpace) -> st.SearchStrategy[Address]:
    """Addresses of a space, with and without a negative shelf."""
    negative = shelves(space).filter(lambda shelf: shelf.number != space.negative)
    return st.builds(
        Address, st.integers(1, MAX_STEPS), shelves(space), numbers(space.pages), st.none() | negative
    )


def sign(body: str) -> str:
    """A text with the right check behind it."""
    return f"{body}~{compute_check(body)}"
