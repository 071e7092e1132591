"""A start: the key, or the prompt's page, that a collection leads away from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from babelgen.collections.collection import Spec, check_prompt, read_page, read_steps, require_prompts
from babelgen.collections.frames import check_stop, key_of_prompt
from babelgen.edition import Edition
from babelgen.keys import Key
from babelgen.toml import Table


@dataclass(frozen=True)
class Started(Spec):
    """A collection with a start: a key, or None; then prompt, page, negative and steps say where."""

    start: str | None
    prompt: str
    page: int
    negative: str
    steps: int

    def first(self, edition: Edition) -> Key:
        """The key that all begins with."""
        if self.start is not None:
            return edition.codec.parse(self.start)
        return key_of_prompt(edition, self.prompt, self.page, self.steps, self.negative)

    def prompts(self) -> tuple[str, ...]:
        """The prompt at the start, and what is kept away."""
        return tuple(text for text in (self.prompt, self.negative) if text)


def read_start(table: Table, edition: Edition) -> dict[str, Any]:
    """The fields of a start, by name: start, or prompt, page, negative, steps."""
    prompt, negative = table.text("prompt", ""), table.text("negative", "")
    start = _read_key(table, edition)
    for name, text in (("prompt", prompt), ("negative", negative)):
        if text:
            check_prompt(table, name, text, edition)
    page, steps = read_page(table, edition), read_steps(table, edition)
    return {"start": start, "prompt": prompt, "page": page, "negative": negative, "steps": steps}


def _read_key(table: Table, edition: Edition) -> str | None:
    if "start" not in table.names():
        for name in ("prompt", "page", "negative"):
            if name in table.names():
                require_prompts(table, name, edition)
        return None if edition.codec.prompts else table.text("start")
    start = table.text("start")
    if edition.codec.prompts and not start.startswith(f"{edition.codec.name}:"):
        raise table.error("start", "must be a key; a prompt is given as prompt")
    check_stop(table, "start", start, edition)
    for name in ("prompt", "page", "negative", "steps"):
        if name in table.names():
            raise table.error(name, "cannot stand beside start, which says it already")
    return start
