"""The key spaces that the tests use, and Hypothesis strategies over them.

None belongs to a shipped edition: those are retrained, and what is pinned here is for ever.
"""

from dataclasses import replace

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from babelgen.keys import MAX_STEPS, Address, KeySpace, Shelf, Statistics
from babelgen.keys.spelling import compute_check

GOLDEN = KeySpace("golden-00000000", vocabulary=1000, capacity=75, latent_shape=(4, 4, 4), negative=0)
POLITE = KeySpace("polite-00000000", vocabulary=1000, capacity=75, latent_shape=(4, 4, 4), negative=7)
EXAMPLE = KeySpace("mini-7k3q9d2x", vocabulary=9000, capacity=75, latent_shape=(4, 26, 40), negative=0)
LARGE = KeySpace("large-00000000", vocabulary=49406, capacity=75, latent_shape=(4, 52, 80), negative=0)
TINY = KeySpace("tiny-00000000", vocabulary=2, capacity=1, latent_shape=(1, 1, 1), negative=0)

FITTED = replace(GOLDEN, edition="fitted-00000000", coordinates=8)
WIDE = replace(FITTED, edition="wide-00000000", coordinates=100)  # its embeddings outnumber its prompts

# The statistics of FITTED. Of the first row only the fourth and the last value are coded: the fourth varies by
# exactly 2^-11 of its mean, the fifth by the next smaller number.
MEAN = [[-28.078125, 33.09375, 0, 1, -1, 2], [0.5, -0.25, 0, -1.75, 0.1, 0.001]]
DEVIATION = [[0, 2**-10, 0, 2**-11, 2**-11 - 2**-35, 0.125], [1, 0.5, 0.0625, 3, 0.3, 0.02]]
STATISTICS = Statistics(np.array(MEAN, np.float32), np.array(DEVIATION, np.float32))

EXAMPLE_KEY = "babel2:mini-7k3q9d2x:20.t4hx9.0~ddghe53z"

relaxed = settings(deadline=None)  # the machine may be busy; no test is about the time of one example


def numbers(limit: int) -> st.SearchStrategy[int]:
    """Numbers below a limit: small ones, ones near the limit, and any."""
    near = st.integers(0, min(limit, 100) - 1)
    return st.one_of(near, near.map(lambda n: limit - 1 - n), st.integers(0, limit - 1))


def shelves(space: KeySpace) -> st.SearchStrategy[Shelf]:
    """Shelves of a space, of all kinds that it has."""
    prompts = numbers(space.shelves).map(lambda number: Shelf("t", number))
    if not space.coordinates:
        return prompts
    return prompts | numbers(space.embeddings).map(lambda number: Shelf("v", number))


def addresses(space: KeySpace) -> st.SearchStrategy[Address]:
    """Addresses of a space, with and without a negative shelf."""
    negative = shelves(space).filter(lambda shelf: shelf != Shelf("t", space.negative))
    return st.builds(
        Address, st.integers(1, MAX_STEPS), shelves(space), numbers(space.pages), st.none() | negative
    )


def sign(body: str) -> str:
    """A text with the right check behind it."""
    return f"{body}~{compute_check(body)}"
