"""A matrix: prompts put together from lists, drawn by lot or all of them in order.

A list is one of `subjects`, `actions`, `suffixes_1`, `suffixes_2` ..., `steps`, `negatives` and `pages`, and that is
their order. A picture's numbers say which value of each list it takes; that of a list of suffixes may be skipped.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import product

import numpy as np
from numpy.typing import NDArray

from babelgen.collections.axes import Axes, places_of
from babelgen.collections.collection import Spec
from babelgen.collections.drawing import Numbers, draw
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.keys import Address, Shelf, format_key
from babelgen.tokens import tokens_of

MOST_COMPARED = 1_000_000  # prompts of a grid that are looked at one by one
SKIPPED = "(none)"  # how a suffix that is left out is written where people read


@dataclass(frozen=True)
class Parts:
    """What one picture of a matrix is made of. action: None where there are none. suffixes: None for one left out."""

    subject: str
    action: str | None
    suffixes: tuple[str | None, ...]
    steps: int
    negative: str | None
    page: int

    @property
    def prompt(self) -> str:
        """The parts as one text."""
        head = self.subject if self.action is None else f"{self.subject} {self.action}"
        said = [suffix for suffix in self.suffixes if suffix is not None]
        return f"{head}, {', '.join(said)}" if said else head


@dataclass(frozen=True)
class Matrix(Spec):
    """Pictures put together from lists: `length` seeded draws, or, with no length, the whole grid.

    actions, negatives, pages: empty where there is no such list; a picture then has the subject alone, the edition's
    own negative prompt, and page `first`, or in a draw `first` plus its number. weights: by the name of a list.
    without: texts that never stand together. table: the names of the two lists that it is shown by. longest: the
    prompt with most tokens.
    """

    subjects: tuple[str, ...]
    actions: tuple[str, ...]
    suffixes: tuple[tuple[str, ...], ...]
    steps: tuple[int, ...]
    negatives: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()
    first: int = 0
    seed: int = 0
    length: int | None = None
    weights: tuple[tuple[str, tuple[float, ...]], ...] = ()
    without: tuple[tuple[str, str], ...] = ()
    table: tuple[str, str] | None = None
    longest: str = ""

    def maker(self, edition: Edition) -> Callable[[int], str]:
        """What makes a key from its place in the grid, or among the draws."""
        space, tokens = edition.key_space(), tokens_of(edition)
        default = Shelf("t", space.negative)
        shelf = lru_cache(maxsize=1024)(tokens.shelf)  # pages and steps of one prompt stand together
        parts = self.parts()

        def make(number: int) -> str:
            said = parts(number)
            negative = None if said.negative is None else shelf(said.negative)
            negative = None if negative == default else negative
            return format_key(Address(said.steps, shelf(said.prompt), said.page, negative), space)

        return make

    def parts(self) -> Callable[[int], Parts]:
        """What says of a picture, by its number, what it is made of."""
        numbers = numbers_of(self)

        def of(number: int) -> Parts:
            subject, action, *suffixes, steps, negative, page = numbers(number)
            return Parts(
                self.subjects[subject],
                self.actions[action] if self.actions else None,
                tuple(
                    None if place == len(some) else some[place]
                    for some, place in zip(self.suffixes, suffixes, strict=True)
                ),
                self.steps[steps],
                self.negatives[negative] if self.negatives else None,
                self.pages[page] if self.pages else self.first + (number if self.length else 0),
            )

        return of

    def count(self) -> int:
        """How many keys there are."""
        if self.length is not None:
            return self.length
        kept = kept_prompts(self)
        prompts = math.prod(self.prompt_sizes) if kept is None else len(kept)
        return prompts * math.prod(self.other_sizes)

    def prompts(self) -> tuple[str, ...]:
        """The texts that prompts are put together from, and the longest that they give."""
        parts = (*self.subjects, *self.actions, *(text for some in self.suffixes for text in some))
        return tuple(dict.fromkeys((*parts, *self.negatives, self.longest)))

    def origin(self) -> str:
        """How it came about, in a sentence for pages."""
        if self.length is None:
            return f"Each of {self.count():,} combinations of its lists once."
        return f"{self.length:,} combinations of its lists, drawn by the seed {self.seed}."

    def axes(self) -> Axes | None:
        """The table of two of its lists, where one is asked for."""
        if self.table is None:
            return None
        across, down = self.table
        places = places_of(self.count(), self._columns(across, down), self.shape(across, down))
        return Axes(across, self.labels(across), down, self.labels(down), places)

    def _columns(self, across: str, down: str) -> Callable[[range], NDArray[np.int64]]:
        """What says which cells some pictures stand in: two rows of numbers, of down and of across."""
        names, numbers = list(self.lists()), numbers_of(self)
        wanted = [names.index(down), names.index(across)]
        return lambda some: numbers.columns(some)[wanted]

    def shape(self, across: str, down: str) -> tuple[int, int]:
        """How many rows and columns a table of two lists has."""
        return len(self.labels(down)), len(self.labels(across))

    def labels(self, name: str) -> tuple[str, ...]:
        """The values of a list as headings."""
        texts = tuple(str(value) for value in self.lists()[name])
        return (*texts, SKIPPED) if name.startswith("suffixes") else texts

    def lists(self) -> dict[str, Sequence[str | int]]:
        """All lists by name, in their order; what is not there has one value all the same."""
        suffixes = {f"suffixes_{number}": some for number, some in enumerate(self.suffixes, 1)}
        return {
            "subjects": self.subjects, "actions": self.actions or ("",), **suffixes,
            "steps": self.steps, "negatives": self.negatives or ("",), "pages": self.pages or (self.first,),
        }  # fmt: skip

    @property
    def prompt_sizes(self) -> tuple[int, ...]:
        """How many values each list of words has, to leave a suffix out being one."""
        return (len(self.subjects), len(self.actions) or 1, *(len(some) + 1 for some in self.suffixes))

    @property
    def other_sizes(self) -> tuple[int, ...]:
        """How many values steps, negatives and pages have."""
        return len(self.steps), len(self.negatives) or 1, len(self.pages) or 1


@lru_cache(maxsize=2)
def numbers_of(matrix: Matrix) -> Numbers:
    """Which value of each list each picture takes."""
    sizes = (*matrix.prompt_sizes, *matrix.other_sizes)
    if matrix.length is None:
        return Numbers(sizes, kept=kept_prompts(matrix), others=math.prod(matrix.other_sizes))
    # A list that is not there is not drawn from, so that an earlier tool's draws are the same.
    asked = (True, bool(matrix.actions), *(True for _ in matrix.suffixes), True, *map(bool, (matrix.negatives, matrix.pages)))  # fmt: skip
    weights = _weights(matrix)
    allowed = Filter(matrix).allows if matrix.without else None
    return Numbers(sizes, drawn=draw(matrix.seed, matrix.length, sizes, asked, weights, allowed))


def _weights(matrix: Matrix) -> list[tuple[float, ...] | None]:
    """The weights of each list's values; to skip a suffix weighs what its values weigh at the mean."""
    given, found = dict(matrix.weights), []
    for name in matrix.lists():
        weights = given.get(name)
        if weights is not None and name.startswith("suffixes"):
            weights = (*weights, sum(weights) / len(weights))
        found.append(weights)
    return found


class Filter:
    """Says which prompts of a matrix have no pair of texts that never stand together."""

    def __init__(self, matrix: Matrix) -> None:
        lists = [matrix.subjects, matrix.actions or ("",), *matrix.suffixes]
        self._pairs = [tuple(_where(text, lists) for text in pair) for pair in matrix.without]

    def allows(self, numbers: Sequence[int]) -> bool:
        """Whether these values may stand together; numbers: of the lists of words, and more."""
        return not any(
            one != other and numbers[one] in ones[one] and numbers[other] in others[other]
            for ones, others in self._pairs
            for one in ones
            for other in others
        )


def _where(text: str, lists: Sequence[Sequence[str]]) -> dict[int, frozenset[int]]:
    """In which lists a text stands, and where there."""
    found = {
        at: frozenset(place for place, value in enumerate(some) if value == text)
        for at, some in enumerate(lists)
    }
    return {at: places for at, places in found.items() if places}


@lru_cache(maxsize=2)
def kept_prompts(matrix: Matrix) -> NDArray[np.int64] | None:
    """The numbers of a grid's prompts, without those that are filtered out or there already; None where all are kept.

    UserError where that would take too long to find out.
    """
    repeats = _may_repeat(matrix)
    if not matrix.without and not repeats:
        return None
    total = math.prod(matrix.prompt_sizes)
    if total > MOST_COMPARED:
        raise UserError(
            f"{total} prompts are too many for without, or for values that may give one prompt twice: at most"
            f" {MOST_COMPARED}"
        )
    allowed, prompt = Filter(matrix).allows, _prompt_of(matrix)
    numbers, digests = array("q"), bytearray()  # of prompts, which would take ten times as much
    for number, values in enumerate(product(*map(range, matrix.prompt_sizes))):
        if allowed(values):
            numbers.append(number)
            if repeats:
                digests += blake2b(same(prompt(values)).encode(), digest_size=16).digest()
    kept = np.array(numbers, np.int64)
    if digests:
        kept = kept[np.sort(np.unique(np.frombuffer(digests, "S16"), return_index=True)[1])]
    return None if len(kept) == total else kept


def _prompt_of(matrix: Matrix) -> Callable[[Sequence[int]], str]:
    """What says a prompt by its numbers."""

    def prompt(values: Sequence[int]) -> str:
        suffixes = (
            None if place == len(some) else some[place]
            for some, place in zip(matrix.suffixes, values[2:], strict=True)
        )
        action = matrix.actions[values[1]] if matrix.actions else None
        return Parts(matrix.subjects[values[0]], action, tuple(suffixes), 1, None, 0).prompt

    return prompt


def _may_repeat(matrix: Matrix) -> bool:
    """Whether two combinations of a grid may be one prompt, as far as `same` tells: False is certain, True is not."""
    suffixes = [same(text) for some in matrix.suffixes for text in some]
    texts = [same(text) for text in (*matrix.subjects, *matrix.actions)]
    if len(set(suffixes)) < len(suffixes) or any("," in text or not text for text in suffixes):
        return True
    if any("," in text for text in texts) and suffixes:
        return True
    starts = {same(text) for text in matrix.subjects}
    return (
        any(  # "the sea" + "at night" and "the sea at" + "night"
            " ".join(words[:end]) in starts
            for words in (text.split() for text in starts)
            for end in range(len(words))
        )
        and bool(matrix.actions)
    )


def same(text: str) -> str:
    """A text without what no tokenizer sees: two that are equal here are one prompt, though others may be, too."""
    return " ".join(text.lower().split())
