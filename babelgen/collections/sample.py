"""A random sample: keys drawn from a seed, of whole words or, on request, of the whole library evenly."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from babelgen.collections.collection import read_steps
from babelgen.collections.range import MOST
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.keys import Address, format_key, random_address, uniform_address
from babelgen.tokens import tokens_of
from babelgen.toml import Table


@dataclass(frozen=True)
class Sample:
    """`length` different random keys; the same seed gives the same keys, and a longer sample begins alike."""

    seed: int
    steps: int
    uniform: bool
    length: int

    def keys(self, edition: Edition) -> Iterator[str]:
        """The keys in the order in which they were drawn."""
        space = edition.key_space()
        seen: set[str] = set()
        for index in range(2 * self.length + 1000):
            if len(seen) == self.length:
                return
            # A generator of its own for each draw: a key depends on its place, not on the draws before.
            key = format_key(self._draw(edition, random.Random(f"{self.seed}/{index}")), space)
            if key not in seen:
                seen.add(key)
                yield key
        raise UserError(f"Edition {edition.id} has no {self.length} different random keys.")

    def _draw(self, edition: Edition, rng: random.Random) -> Address:
        space = edition.key_space()
        if self.uniform:
            return uniform_address(space, rng)
        tokens = tokens_of(edition)
        if not tokens.entries:
            raise UserError(
                f"Edition {edition.id} has no word list: only a uniform random sample can be drawn."
            )
        words = _ranks_of_entries(edition)
        return random_address(space, rng, steps=self.steps, words=words, lengths=edition.lengths)

    def count(self) -> int:
        """How many keys there are."""
        return self.length

    def prompts(self) -> tuple[str, ...]:
        """None: the words are drawn."""
        return ()


_entries: dict[str, list[tuple[int, ...]]] = {}


def _ranks_of_entries(edition: Edition) -> list[tuple[int, ...]]:
    if edition.id not in _entries:
        tokens = tokens_of(edition)
        _entries[edition.id] = [tokens.encode(entry).ranks for entry in tokens.entries]
    return _entries[edition.id]


def read_sample(table: Table, edition: Edition) -> Sample:
    """The fields of a random sample: seed, count, steps, uniform."""
    return Sample(
        seed=table.number("seed", 0, low=0),
        steps=read_steps(table, edition),
        uniform=table.flag("uniform", False),
        length=table.number("count", low=1, high=MOST),
    )
