"""`key decode` and `key encode`: what a key says as arrays in an .npz file, and the key of such arrays.

num_inference_steps, prompt_embeddings and latents; where keys have prompts also tokens (the ranks of content tokens,
as shelves number them), and negative_tokens and negative_embeddings for a negative shelf. What a key says is encoded
to that key again: tokens say a prompt exactly, so that its embeddings are not looked at where they are given.
"""

from __future__ import annotations

import sys
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from babelgen.arrays import read_arrays, write_arrays
from babelgen.commands.console import warn
from babelgen.commands.key import give, open_key, read_key, require_codec
from babelgen.edition import Edition, load_edition
from babelgen.errors import UserError
from babelgen.keys import (
    MAX_STEPS,
    Condition,
    Shelf,
    Wanted,
    embedding_of_shelf,
    shelf_of_embedding,
    shelf_of_tokens,
    tokens_of_shelf,
)
from babelgen.statistics import statistics_of
from babelgen.store import write_atomic
from babelgen.weights import fetch

STEPS, LATENTS = "num_inference_steps", "latents"
PROMPT = ("tokens", "prompt_embeddings")
NEGATIVE = ("negative_tokens", "negative_embeddings")


def decode(
    source: str | None, text: str | None, edition_name: str | None, out: Path, embeddings: bool
) -> int:
    """Write what a key says to an .npz file (`-`: standard output).

    embeddings: whether those of prompts are wanted, which are computed by the edition's model.
    """
    edition, key = open_key(read_key(source, text), edition_name)
    codec = edition.codec
    arrays = {STEPS: np.array(key.steps, np.int64), LATENTS: codec.form(key.noise())}
    for names, condition in ((PROMPT, key.condition), (NEGATIVE, key.negative)):
        if condition is not None:
            arrays |= _arrays_of(condition, names, edition, embeddings)
    data = write_arrays(arrays)
    if str(out) == "-":
        sys.stdout.buffer.write(data)
    else:
        write_atomic(out, data)
    return 0


def _arrays_of(
    condition: Condition, names: tuple[str, str], edition: Edition, embeddings: bool
) -> dict[str, NDArray[Any]]:
    """A condition as the arrays of those names: tokens, and an embedding."""
    tokens, embedding = names
    if not isinstance(condition, Shelf):
        return {embedding: edition.codec.form(condition)}
    space = edition.key_space()
    if condition.kind == "v":
        return {embedding: embedding_of_shelf(condition, space, statistics_of(edition))}
    arrays: dict[str, NDArray[Any]] = {tokens: np.array(tokens_of_shelf(condition, space), np.int64)}
    if embeddings:
        fetch(edition)
        from babelgen.diffusion.single import embed_shelf

        arrays[embedding] = embed_shelf(edition, condition)
    return arrays


def encode(source: str, codec: str | None, edition_name: str, out: Path | None) -> int:
    """Print the key of the arrays in an .npz file; say what of them it could not keep."""
    edition = load_edition(edition_name)
    require_codec(codec, edition)
    given = _Given(source, edition)
    condition = given.condition(PROMPT)
    if condition is None:
        names = " nor ".join(PROMPT) if edition.codec.prompts else PROMPT[1]
        raise UserError(f"{source} has no {names}, which says what the picture is to show.")
    noise = given.floats(LATENTS, edition.latent_shape)
    encoded = edition.codec.encode(given.steps(), condition, noise, given.condition(NEGATIVE))
    for loss in (*given.losses, *encoded.losses):
        warn(loss)
    give(encoded.key.text, out)
    return 0


class _Given:
    """The arrays of a file, each asked for by name and form; UserError names the file, the array and what is wrong."""

    def __init__(self, source: str, edition: Edition) -> None:
        known = (STEPS, LATENTS, *PROMPT, *NEGATIVE) if edition.codec.prompts else (STEPS, LATENTS, PROMPT[1])
        self._source = source
        self._edition = edition
        self._arrays = read_arrays(source, known)
        self.losses: list[str] = []

    def steps(self) -> int:
        """The number of steps."""
        array = self._get(STEPS, "iu", "a whole number", [()])
        steps = int(array[()])
        if not 1 <= steps <= MAX_STEPS:
            raise self._wrong(STEPS, f"must be from 1 to {MAX_STEPS}, not {steps}")
        return steps

    def condition(self, names: tuple[str, str]) -> Wanted | None:
        """The condition that the arrays of those names say; None where there is neither."""
        tokens, embedding = names
        edition = self._edition
        if tokens in self._arrays:
            size = self._arrays[tokens].size
            ranks = self._get(tokens, "iu", "a list of whole numbers", [(size,), (1, size)])
            return shelf_of_tokens(ranks.ravel().tolist(), edition.key_space())
        if embedding not in self._arrays:
            return None
        if edition.codec.width is not None:
            return self.floats(embedding, (edition.length, edition.codec.width))
        statistics = statistics_of(edition)
        shelf, clipped = shelf_of_embedding(self.floats(embedding, statistics.mean.shape), statistics)
        if clipped:
            self.losses.append(
                f"{clipped} of the {embedding} could not be kept, and became the nearest values."
            )
        return shelf

    def floats(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """An array of that shape: flat, and with one more axis of length 1 before it, it is the same."""
        shapes = [shape, (1, *shape), (prod(shape),)]
        array = self._get(name, "f", f"floats of shape {shape}", shapes)
        finite = np.isfinite(array.ravel())
        if not finite.all():
            raise self._wrong(name, f"must be finite, and its value {int(finite.argmin()) + 1} is not")
        return array.astype(np.float64).reshape(shape)

    def _get(self, name: str, kinds: str, wanted: str, shapes: list[tuple[int, ...]]) -> NDArray[Any]:
        if name not in self._arrays:
            raise UserError(f"{self._source} lacks the array {name}.")
        array = self._arrays[name]
        if array.dtype.kind not in kinds or array.shape not in shapes:
            raise self._wrong(name, f"must be {wanted}, not {str(array.dtype)[:80]} of shape {array.shape}")
        return array

    def _wrong(self, name: str, complaint: str) -> UserError:
        return UserError(f"The array {name} in {self._source} {complaint}.")
