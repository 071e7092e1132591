"""A range: sequential keys, from a key or from a prompt's page, by a stride at a level."""

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
from babelgen.errors import BadKey
from babelgen.keys import Address, Key, format_key
from babelgen.tokens import tokens_of
from babelgen.toml import LONGEST_SHOWN, Table


@dataclass(frozen=True)
class Range(Spec):
    """`length` keys from `start`, each `stride` steps at `level` after the one before; negative goes back.

    They wrap round at the end of the library.
    """

    start: str | None  # a key, or None: then prompt, page and steps say where
    prompt: str
    page: int
    steps: int
    level: str  # of the edition's codec
    stride: int
    length: int

    def first(self, edition: Edition) -> Key:
        """The key that the range starts from."""
        if self.start is not None:
            return edition.codec.parse(self.start)
        if not self.prompt and not self.page:
            return edition.codec.first(self.steps)
        address = Address(self.steps, tokens_of(edition).shelf(self.prompt), self.page)
        return edition.codec.parse(format_key(address, edition.key_space()))

    def maker(self, edition: Edition) -> Callable[[int], str]:
        """What makes a key from its place in the range."""
        write, stride = self.first(edition).walk(self.level), self.stride
        return lambda number: write(number * stride)

    def count(self) -> int:
        """How many keys there are."""
        return self.length

    def prompts(self) -> tuple[str, ...]:
        """The one prompt that the range starts from, if it does."""
        return (self.prompt,) if self.prompt else ()

    def origin(self) -> str:
        """Where the range starts, and how far apart its keys are."""
        if self.start is not None:
            start = self.start if len(self.start) <= LONGEST_SHOWN else f"{self.start[:LONGEST_SHOWN]}…"
            where = f"the key {start}"
        elif self.prompt or self.page:
            prompt = f"the prompt “{self.prompt}”" if self.prompt else "the empty prompt"
            where = f"page {shown(self.page)} of {prompt}"
        else:
            where = f"the first key of {self.steps} steps"
        if self.stride == 1 and self.level in ("page", "0"):
            return f"Keys in their order, from {where} on."
        way = "on" if self.stride > 0 else "back"
        return f"Keys {shown(abs(self.stride))} apart at the level {self.level}, from {where} {way}."


def read_range(table: Table, edition: Edition) -> Range:
    """The fields of a range: start, or prompt with page and steps; level, stride, count."""
    start = table.text("start") if "start" in table.names() else None
    if start is not None:
        try:
            edition.codec.parse(start)
        except BadKey as error:
            raise table.error("start", f"is refused: {str(error).rstrip('.')}") from error
        for name in ("prompt", "page", "steps"):
            if name in table.names():
                raise table.error(name, "cannot stand beside start, which says it already")
    for name in ("prompt", "page"):
        if name in table.names():
            require_prompts(table, name, edition)
    prompt = table.text("prompt", "")
    if prompt:
        check_prompt(table, "prompt", prompt, edition)
    if table.number("stride", 1) == 0:
        raise table.error("stride", "must not be 0: every key would be the same")
    level = table.label("level", edition.codec.level)
    if complaint := edition.codec.level_complaint(level):
        raise table.error("level", complaint)
    return Range(
        start=start,
        prompt=prompt,
        page=read_page(table, edition),
        steps=read_steps(table, edition),
        level=level,
        stride=table.number("stride", 1),
        length=table.number("count", low=1, high=MOST),
    )
