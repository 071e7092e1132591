"""Prompts as tokens and back: the edition's own tokenizer, without its model.

Law: what cannot be said in the edition's tokens is refused; what is cut off or unknown is told, never hidden.
May import: clip_tokens, errors, edition, keys, weights, transformers' tokenizers; never torch.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from babelgen.clip_tokens import read_clip_tokens
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.keys import Shelf, shelf_of_tokens, tokens_of_shelf
from babelgen.weights import check_files, fetch

_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Encoded:
    """A prompt in content ranks; `cut`: the text that did not fit; `unknown`: words the model never saw."""

    ranks: tuple[int, ...]
    cut: str
    unknown: tuple[str, ...]


class Tokens:
    """The tokens of one edition. A rank is a token's place among all but start and end, in order of id."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._tokenizer = _load(edition)
        content = len(self._tokenizer) - 2
        if content != edition.vocabulary:
            raise UserError(
                f"Edition {edition.id} has {edition.vocabulary} content tokens, and its tokenizer {content}."
            )
        markers = {self._tokenizer.bos_token_id, self._tokenizer.eos_token_id}
        self._ids = [token for token in range(len(self._tokenizer)) if token not in markers]
        self._ranks = {token: rank for rank, token in enumerate(self._ids)}

    def encode(self, prompt: str) -> Encoded:
        """A prompt's ranks, cut to the edition's length as the model's own pipeline would."""
        if any("\ud800" <= character <= "\udfff" for character in prompt):
            raise UserError("A prompt must be text, and has a byte that is none.")
        # Not verbose: we tell ourselves what is too long.
        ids = self._tokenizer(prompt, add_special_tokens=False, verbose=False).input_ids
        for token in ids:
            if token not in self._ranks:
                marker = self._tokenizer.convert_ids_to_tokens(token)
                raise UserError(f"A prompt cannot contain {marker}, which marks where prompts begin and end.")
        room = self._edition.length - 2
        cut = self._tokenizer.decode(ids[room:]) if len(ids) > room else ""
        return Encoded(tuple(self._ranks[token] for token in ids[:room]), cut, self._unknown(prompt))

    def decode(self, ranks: Sequence[int]) -> str:
        """The text of some ranks, for people: re-encoding it need not give the same ranks."""
        return str(self._tokenizer.decode([self._ids[rank] for rank in ranks]))

    def ids(self, ranks: Sequence[int]) -> list[int]:
        """Token ids as the text encoder takes them: start, content, end, padding."""
        start, end = self._tokenizer.bos_token_id, self._tokenizer.eos_token_id
        ids = [start, *(self._ids[rank] for rank in ranks), end]
        return ids + [self._tokenizer.pad_token_id] * (self._edition.length - len(ids))

    def shelf(self, prompt: str) -> Shelf:
        """The shelf of a prompt."""
        return shelf_of_tokens(self.encode(prompt).ranks, self._edition.key_space())

    def text(self, shelf: Shelf) -> str:
        """The text of a shelf, for people."""
        return self.decode(tokens_of_shelf(shelf, self._edition.key_space()))

    @cached_property
    def entries(self) -> tuple[str, ...]:
        """The word list of the edition, empty where it has none; UserError where it cannot be read."""
        path = self._edition.words
        if not path.is_file():
            return ()
        try:
            return tuple(line for line in path.read_text("utf-8").splitlines() if line.strip())
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"The word list {path} cannot be read: {error}.") from error

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(_WORD.findall(" ".join(self.entries).lower()))

    def _unknown(self, prompt: str) -> tuple[str, ...]:
        if not self._edition.exhaustive or not self._known:
            return ()
        words = dict.fromkeys(_WORD.findall(prompt.lower()))
        return tuple(word for word in words if word not in self._known)


def _load(edition: Edition) -> Any:
    """transformers' tokenizer of an edition, or one that gives the same, its files checked."""
    folder = edition.model / "tokenizer"
    fetch(edition, "tokenizer/")
    if not edition.retired and not folder.is_dir():
        raise UserError(f"The tokenizer of edition {edition.id} is not at {folder}.")
    check_files(edition, "tokenizer/")
    if (known := read_clip_tokens(folder)) is not None:
        return known
    # Its advice about packages that nothing here uses is not for users; whoever imports it first has to say so.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    from transformers import CLIPTokenizer  # a second to import: only where nothing else can read the folder

    try:
        return CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # of any type: the files are parsed as they come
        raise UserError(f"The tokenizer of edition {edition.id} in {folder} cannot be loaded.") from error


@lru_cache(maxsize=8)
def tokens_of(edition: Edition) -> Tokens:
    """The tokens of an edition, loaded once a process."""
    return Tokens(edition)
