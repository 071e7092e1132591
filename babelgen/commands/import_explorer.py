"""`import`: a configuration of the latent-space explorer as a library file, and the edition that it needs beside it.

Law: what cannot be carried over is told, one sentence each; a file that is there already is never replaced by another.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import numpy as np
import tomlkit
from numpy.typing import NDArray

from babelgen.commands.console import say, warn
from babelgen.edition import Edition, load_edition
from babelgen.errors import UserError
from babelgen.explorer import Derived, Experiment, Wishes, derive_edition, read_experiment, wishes_of
from babelgen.explorer.config import Noise, Prompt, require_files
from babelgen.explorer.derive import steps_of
from babelgen.keys import Address, Shelf, format_key, noise_page, shelf_of_embedding
from babelgen.library import read_library
from babelgen.statistics import statistics_of
from babelgen.store import write_atomic
from babelgen.tokens import tokens_of
from babelgen.weights import is_here

PROMPT, NOISE = "prompt_embed", "latent_noise"  # what the explorer calls them in its .pt files


def import_explorer(source: Path, base: str | None, pages: bool, out: Path | None) -> int:
    """Write the library file of a configuration and, where no shipped one will do, its edition.

    base: the edition to change; None for the nearest. pages: whether a seed is to become the page of its number, and
    not the noise that torch draws from it. out: None for a TOML of the configuration's name beside it.
    """
    experiment = read_experiment(source)
    require_files(experiment)
    target = out or source.with_suffix(".toml")
    stem = "-".join(re.findall("[a-z0-9]+", target.stem.lower())) or "explorer"
    derived = derive_edition(experiment, base, stem, source.parent)
    with tempfile.TemporaryDirectory() as folder:
        # All of it is tried out elsewhere first, so that a mistake leaves nothing behind.
        trial = Path(folder) / target.name
        if derived.text:
            write_atomic(trial.parent / derived.name, derived.text.encode())
        parts = Parts(experiment, load_edition(derived.name, trial.parent), pages)
        wishes = wishes_of(experiment, parts)
        text = _library_text(source.name, experiment, derived, wishes)
        write_atomic(trial, text.encode())
        place = target.parent / derived.name if derived.text else derived.name
        todo = _try_out(trial, parts.edition, wishes, str(place))
    texts = {target.parent / derived.name: derived.text, target: text}
    files = {path: content.encode() for path, content in texts.items() if content}
    for path, data in files.items():
        _check_place(path, data)
    for path, data in files.items():
        write_atomic(path, data)
        say(f"Wrote {path}.")
    for sentence in (*derived.losses, *wishes.losses, *parts.losses):
        warn(sentence)
    for sentence in todo:
        say(sentence)
    say(f"Next: render.py render {target}")
    return 0


def _try_out(trial: Path, edition: Edition, wishes: Wishes, name: str) -> list[str]:
    """Read the library as every command will; returns what keeps it from that. name: of the edition, for people."""
    todo = []
    if not is_here(edition):
        todo.append(f"The prompts were not checked, since the model of {edition.id} is not here yet.")
    if wishes.embeds and edition.statistics is None:
        todo.append(
            f"Prompts move here, which needs statistics of embeddings: run `render.py edition fit {name}` first."
        )
    if not todo:
        try:
            read_library(trial, trial.parent)
        except UserError as error:
            raise UserError(str(error).replace(f"{trial.parent}/", "")) from error
    return todo


def _check_place(path: Path, data: bytes) -> None:
    if path.is_dir():
        raise UserError(f"{path} is a folder: name a file with --out.")
    if path.exists() and path.read_bytes() != data:
        raise UserError(f"{path} is there already and says something else: choose another place with --out.")


def _library_text(name: str, experiment: Experiment, derived: Derived, wishes: Wishes) -> str:
    document = tomlkit.document()
    document.add(
        tomlkit.comment(f"Made by `render.py import` from {name!a}, which is of kind {experiment.kind}.")
    )
    if wishes.film:
        document.add(tomlkit.comment(f"What moves: render.py {wishes.film} --library DIR --out FILE.webp"))
    if experiment.kind == "visualize-diffusion":
        document.add(tomlkit.comment("Its development: render.py develop KEYFILE --out DIR"))
    document.add(tomlkit.nl())
    document.add("title", name)
    document.add("edition", derived.name)
    tables = tomlkit.aot()
    for fields in wishes.collections:
        table = tomlkit.table()
        table.update(fields)
        tables.append(table)
    document.add("collection", tables)
    return tomlkit.dumps(document)


class Parts:
    """What a library file's own words do not reach: keys of what .pt files hold, and of noise that torch draws."""

    def __init__(self, experiment: Experiment, edition: Edition, pages: bool) -> None:
        if not edition.codec.prompts:
            raise UserError(
                f"Keys of edition {edition.id} have no prompts and no pages: choose another with --edition."
            )
        self.edition = edition
        self._clipped = {"prompts": 0, "start noise": 0}
        self._steps = steps_of(experiment)
        self._pages = pages
        self._batches: dict[Noise, NDArray[np.float32]] = {}

    @property
    def losses(self) -> list[str]:
        """Sentences on what keys could not keep, so far."""
        return [
            f"{count} of the values of {what} could not be kept, and became the nearest ones."
            for what, count in self._clipped.items()
            if count
        ]

    def plain(self, noise: Noise) -> bool:
        """Whether noise is to be the page of the seed's number."""
        return noise.file is None and self._pages

    def key(self, prompt: Prompt, noise: Noise, image: int, images: int) -> str:
        """The key of the image at that place of a batch."""
        space = self.edition.key_space()
        negative, shelf = self._shelves(prompt)
        below = None if negative == Shelf("t", space.negative) else negative
        return format_key(Address(self._steps, shelf, self._page(noise, image, images), below), space)

    def _shelves(self, prompt: Prompt) -> tuple[Shelf, Shelf]:
        """The negative shelf and the other."""
        if prompt.file is None:
            tokens, default = tokens_of(self.edition), Shelf("t", self.edition.key_space().negative)
            return tokens.shelf(prompt.negative) if prompt.negative else default, tokens.shelf(
                prompt.positive
            )
        from babelgen.diffusion.explorer import load_tensor

        if self.edition.statistics is None:
            raise UserError(
                f"The embeddings in {prompt.file} need an edition with statistics: `render.py edition fit` makes one, and --edition names it."
            )
        statistics = statistics_of(self.edition)
        both = load_tensor(prompt.file, PROMPT, (2, *statistics.mean.shape))
        shelves = [shelf_of_embedding(values, statistics) for values in both]
        self._clipped["prompts"] += sum(count for _, count in shelves)
        return shelves[0][0], shelves[1][0]

    def _page(self, noise: Noise, image: int, images: int) -> int:
        if self.plain(noise):
            return noise.seed + image
        values = self._noise(noise, image, images)
        page, clipped = noise_page(values)
        self._clipped["start noise"] += clipped
        return page

    def _noise(self, noise: Noise, image: int, images: int) -> NDArray[np.float32]:
        from babelgen.diffusion.explorer import drawn_noise, load_tensor

        shape = self.edition.latent_shape
        if noise not in self._batches:
            self._batches.clear()  # one is as much as is ever asked for more than once
            if noise.file is None:
                self._batches[noise] = drawn_noise(noise.seed, images, shape)
            else:
                self._batches[noise] = load_tensor(noise.file, NOISE, (1, *shape))
        values: NDArray[np.float32] = self._batches[noise][0 if noise.file else image]
        return values
