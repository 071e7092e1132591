"""`key rebase`: a key of one edition as a key of another, where it is another picture."""

from __future__ import annotations

from pathlib import Path

from babelgen.commands.console import say, warn_prompts
from babelgen.commands.key import give, open_key, read_key
from babelgen.edition import Edition, load_edition
from babelgen.errors import UserError
from babelgen.keys import Condition, Key, Shelf
from babelgen.tokens import tokens_of


def rebase(
    source: str | None, text: str | None, origin: str | None, edition_name: str, out: Path | None
) -> int:
    """Print the key with the same steps, page and prompts in another edition.

    origin: the edition that it is of; None for the one that it names. Raises UserError where it cannot be said there.
    """
    target = load_edition(edition_name)
    edition, key = open_key(read_key(source, text), origin)
    if edition.id == target.id:
        say(f"It is a key of edition {target.id} already.")
        give(key.text, out)
        return 0
    _require_kin(edition, target)
    moved = _move(key, edition, target)
    say(f"In edition {target.id} this is another picture than in {edition.id}.")
    give(moved.text, out)
    return 0


def _require_kin(edition: Edition, target: Edition) -> None:
    """Refuse with UserError editions between which nothing can be carried over."""
    for one in (edition, target):
        if not one.codec.prompts:
            raise UserError(
                f"Keys of edition {one.id} hold embeddings and noise themselves, and cannot be rebased."
            )
    if edition.latent_shape != target.latent_shape:
        forms = ["x".join(map(str, one.latent_shape)) for one in (edition, target)]
        raise UserError(
            f"Latents are {forms[0]} in edition {edition.id} and {forms[1]} in {target.id}, so that no page is the "
            "same noise in both."
        )


def _move(key: Key, edition: Edition, target: Edition) -> Key:
    condition = _shelf(key.condition, edition, target)
    negative = None if key.negative is None else _shelf(key.negative, edition, target)
    return target.codec.encode(key.steps, condition, key.noise(), negative).key


def _shelf(condition: Condition, edition: Edition, target: Edition) -> Shelf:
    """The shelf of the same prompt: by its text, or by its number where both editions have one tokenizer."""
    if not isinstance(condition, Shelf) or condition.kind != "t":
        raise UserError(
            f"The key has an embedding, which only edition {edition.id} can read: it cannot be rebased."
        )
    if _same_tokens(edition, target):
        return condition
    prompt = tokens_of(edition).text(condition)
    warn_prompts(target, [prompt])
    return tokens_of(target).shelf(prompt)


def _same_tokens(edition: Edition, target: Edition) -> bool:
    """Whether both pin the same tokenizer, so that a shelf's number is the same prompt in both."""
    return _tokenizer(edition) == _tokenizer(target) and any(
        name.startswith("tokenizer/") for name in edition.files
    )


def _tokenizer(edition: Edition) -> tuple[int, int, dict[str, str]]:
    files = {name: digest for name, digest in edition.files.items() if name.startswith("tokenizer/")}
    return edition.vocabulary, edition.length, files
