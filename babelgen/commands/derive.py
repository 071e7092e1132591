"""Working out the keys of collections that only the model can tell, before anything is planned.

A file of keys is written once, whole, and is never written again while it is there. The model is loaded by another
process, which ends with the work, so that this one goes on without torch; or by this one, where it renders itself.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from babelgen.collections import Derived, key_lines
from babelgen.commands.console import say
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.keys import Shelf
from babelgen.library import Library
from babelgen.store import changing, writing
from babelgen.weights import fetch


def work_out(library: Library, here: bool = False) -> None:
    """Write the files of keys that a library still lacks; UserError where a model cannot be loaded.

    here: the model is loaded in this process, which renders, too.
    """
    waiting, embed = library.waiting(), _embed if here else _embed_elsewhere
    for edition in dict.fromkeys(collection.edition for collection, _ in waiting):
        specs = [spec for collection, spec in waiting if collection.edition == edition]
        shelves = list(dict.fromkeys(shelf for spec in specs for shelf in spec.spec.shelves(edition)))
        fetch(edition)
        embeddings = dict(zip(shelves, embed(edition, shelves), strict=True))
        for spec in specs:
            before = spec.before(edition)
            known = list(before.keys(edition)) if before else []
            make = spec.spec.making(edition, embeddings, known)
            with changing(library.root):
                if spec.ready:  # another process was faster
                    continue
                with writing(spec.path) as file:
                    file.writelines(key_lines(chain(known, map(make, range(len(known), spec.count())))))
                _forget(library, before)
            say(f"Worked out the {spec.count()} keys of collection {spec.slug!r}.")


def _forget(library: Library, before: Derived | None) -> None:
    """Remove the file that a longer one has taken the keys of, unless another collection reads it."""
    if before and not any(
        isinstance(collection.spec, Derived) and collection.spec.path == before.path
        for collection in library.collections
    ):
        before.path.unlink(missing_ok=True)


def _embed_elsewhere(edition: Edition, shelves: Sequence[Shelf]) -> list[NDArray[np.float32]]:
    """The embeddings of some shelves, by a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _end_at_interrupts) as pool:
        try:
            return pool.submit(_embed, edition, shelves).result()
        except BrokenProcessPool as error:
            raise UserError(
                f"The process that loads the model of edition {edition.id} was killed: perhaps memory is short."
            ) from error


def _end_at_interrupts() -> None:
    """The parent says what an interrupt means; this process ends without a word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _embed(edition: Edition, shelves: Sequence[Shelf]) -> list[NDArray[np.float32]]:
    from babelgen.diffusion.single import embed_shelves

    return embed_shelves(edition, shelves)
