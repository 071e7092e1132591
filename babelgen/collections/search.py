"""A prompt search: the first pages of the shelves of some prompts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from babelgen.collections.collection import read_steps
from babelgen.edition import Edition
from babelgen.keys import Address, Shelf, format_key
from babelgen.tokens import tokens_of
from babelgen.toml import Table


@dataclass(frozen=True)
class Search:
    """`pages` pages of each of the `texts`, from page `first` on, all pages of a prompt together."""

    texts: tuple[str, ...]
    negative: str
    first: int
    pages: int
    steps: int

    def keys(self, edition: Edition) -> Iterator[str]:
        """Prompt by prompt, page by page."""
        space, tokens = edition.key_space(), tokens_of(edition)
        negative: Shelf | None = tokens.shelf(self.negative) if self.negative else None
        if negative is not None and negative.number == space.negative:
            negative = None
        for prompt in self.texts:
            shelf = tokens.shelf(prompt)
            for page in range(self.first, self.first + self.pages):
                yield format_key(Address(self.steps, shelf, page, negative), space)

    def count(self) -> int:
        """How many keys there are."""
        return len(self.texts) * self.pages

    def prompts(self) -> tuple[str, ...]:
        """What is searched for, and what is kept away."""
        return (*self.texts, self.negative) if self.negative else self.texts


def read_search(table: Table, edition: Edition) -> Search:
    """The fields of a search: prompts, negative, page, count (pages of each prompt), steps."""
    prompts = table.texts("prompts")
    if not prompts:
        raise table.error("prompts", "must have at least one prompt")
    space = edition.key_space()
    pages = table.number("count", 1, low=1)
    first = table.number("page", 0, low=0)
    if first + pages > space.pages:
        raise table.error("page", "is beyond the last page of a shelf")
    for prompt in [*prompts, table.text("negative", "")]:
        tokens_of(edition).encode(prompt)  # a prompt that cannot be said is refused before anything renders
    return Search(tuple(prompts), table.text("negative", ""), first, pages, read_steps(table, edition))
