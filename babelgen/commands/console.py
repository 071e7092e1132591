"""What commands say: to standard error, so that standard output is left to results."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape

from babelgen.edition import Edition
from babelgen.tokens import tokens_of

console = Console(stderr=True, highlight=False, emoji=False)


def say(text: str) -> None:
    """One line for people."""
    console.print(escape(text), soft_wrap=True)


def warn(text: str) -> None:
    """One line that people should not miss."""
    console.print(f"[yellow]warning:[/yellow] {escape(text)}", soft_wrap=True)


def warn_prompts(edition: Edition, prompts: Iterable[str]) -> None:
    """Tell what of some prompts is cut off, and which words the model has never seen."""
    unknown: dict[str, None] = {}
    for prompt in prompts:
        encoded = tokens_of(edition).encode(prompt)
        if encoded.cut:
            warn(f"A prompt is too long for {edition.name} and is cut; what is left out: {encoded.cut}")
        unknown.update(dict.fromkeys(encoded.unknown))
    if unknown:
        warn(f"{edition.name} has never seen {_listed(list(unknown))}; expect something else.")


def _listed(words: list[str]) -> str:
    shown = ", ".join(repr(word) for word in words[:12])
    return shown + (f" and {len(words) - 12} more words" if len(words) > 12 else "")
