"""A prompt search: the first pages of the shelves of some prompts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from babelgen.collections.collection import (
    MOST,
    Spec,
    check_prompt,
    read_page,
    read_steps,
    require_prompts,
    shown,
)
from babelgen.edition import Edition
from babelgen.keys import Address, Shelf, format_key
from babelgen.tokens import tokens_of
from babelgen.toml import Table


@dataclass(frozen=True)
class Search(Spec):
    """`pages` pages of each of the `texts`, from page `first` on, all pages of a prompt together."""

    texts: tuple[str, ...]
    negative: str
    first: int
    pages: int
    steps: int

    def maker(self, edition: Edition) -> Callable[[int], str]:
        """What makes a key from its place: they come prompt by prompt, page by page."""
        space, tokens = edition.key_space(), tokens_of(edition)
        negative: Shelf | None = tokens.shelf(self.negative) if self.negative else None
        if negative is not None and negative.number == space.negative:
            negative = None
        shelves = [tokens.shelf(prompt) for prompt in self.texts]

        def make(number: int) -> str:
            prompt, page = divmod(number, self.pages)
            return format_key(Address(self.steps, shelves[prompt], self.first + page, negative), space)

        return make

    def count(self) -> int:
        """How many keys there are."""
        return len(self.texts) * self.pages

    def prompts(self) -> tuple[str, ...]:
        """What is searched for, and what is kept away."""
        return (*self.texts, self.negative) if self.negative else self.texts

    def asked(self) -> tuple[tuple[str, ...], int]:
        """The prompts as they were written, which their keys say in the edition's tokens."""
        return self.texts, self.pages

    def origin(self) -> str:
        """Which pages, of how many prompts."""
        first, last = shown(self.first), shown(self.first + self.pages - 1)
        pages = f"Pages {first} to {last}" if self.pages > 1 else f"Page {first}"
        one = f"the prompt “{self.texts[0]}”" if self.texts[0] else "the empty prompt"
        whose = one if len(self.texts) == 1 else f"each of {len(self.texts):,} prompts"
        away = f", with the negative prompt “{self.negative}”" if self.negative else ""
        return f"{pages} of {whose}, at {self.steps} steps{away}."


def read_search(table: Table, edition: Edition) -> Search:
    """The fields of a search: prompts, negative, page, count (pages of each prompt), steps."""
    require_prompts(table, "prompts", edition)
    prompts, negative = table.texts("prompts"), table.text("negative", "")
    if not prompts:
        raise table.error("prompts", "must have at least one prompt")
    for prompt in prompts:
        check_prompt(table, "prompts", prompt, edition)
    check_prompt(table, "negative", negative, edition)
    pages = table.number("count", 1, low=1, high=max(1, MOST // len(prompts)))
    first = read_page(table, edition, pages)
    return Search(tuple(prompts), negative, first, pages, read_steps(table, edition))
