"""A random sample: keys drawn from a seed, of whole words or, on request, of the whole library evenly.

Keys that hold no prompts are drawn evenly in any case, but for the number of steps.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from babelgen.collections.collection import MOST, Spec, read_steps
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.tokens import tokens_of
from babelgen.toml import Table

LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Sample(Spec):
    """`length` different random keys; the same seed gives the same keys, and a longer sample begins alike."""

    seed: int
    steps: int
    uniform: bool
    length: int

    def maker(self, edition: Edition) -> Callable[[int], str]:
        """What draws a key of that number; a key that comes a second time is none of the sample's."""
        codec = edition.codec
        words = () if self.uniform else _ranks_of_entries(edition)

        def draw(number: int) -> str:
            # A generator of its own for each draw: a key depends on its number, not on the draws before.
            rng = random.Random(f"{self.seed}/{number}")
            if self.uniform:
                return codec.draw_evenly(rng).text
            return codec.draw(rng, self.steps, words, edition.lengths).text

        return draw

    def numbered(self, edition: Edition) -> Iterator[tuple[int, str]]:
        """The keys in the order in which they were drawn."""
        draw = self.maker(edition)
        seen: set[bytes] = set()  # digests, since a key may be long and a sample large
        for number in range(2 * self.length + 1000):
            if len(seen) == self.length:
                return
            key = draw(number)
            digest = hashlib.blake2b(key.encode("ascii"), digest_size=16).digest()
            if digest not in seen:
                seen.add(digest)
                yield number, key
        raise UserError(f"Edition {edition.id} has no {self.length} different random keys.")

    def count(self) -> int:
        """How many keys there are."""
        return self.length

    def prompts(self) -> tuple[str, ...]:
        """None: the words are drawn."""
        return ()

    def origin(self) -> str:
        """How they are drawn."""
        how = "evenly from the whole library" if self.uniform else f"at random, of {self.steps} steps"
        return f"Keys drawn {how}, by the seed {self.seed}."


@lru_cache(maxsize=8)
def _ranks_of_entries(edition: Edition) -> tuple[tuple[int, ...], ...]:
    """The words that random prompts are made of; none where keys have no prompts."""
    if not edition.codec.prompts:
        return ()
    tokens = tokens_of(edition)
    return tuple(tokens.encode(entry).ranks for entry in tokens.entries)


def read_sample(table: Table, edition: Edition) -> Sample:
    """The fields of a random sample: seed, count, and steps or uniform."""
    uniform = table.flag("uniform", False)
    if uniform and "steps" in table.names():
        raise table.error("steps", "cannot stand beside uniform, which draws them too")
    if not uniform and edition.codec.prompts and not tokens_of(edition).entries:
        raise table.error("uniform", f"must be true: edition {edition.id} has no word list to draw from")
    return Sample(
        seed=table.number("seed", 0, low=0, high=LARGEST_SEED),
        steps=read_steps(table, edition),
        uniform=uniform,
        length=table.number("count", low=1, high=MOST),
    )
