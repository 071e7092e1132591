"""A development: the picture of a key after each step, as it is and as the network guesses that it will be.

Law: the batch has the shape that it always has, and the key is in it as in any run, so that the last stage is the
key's picture, bit for bit. Nothing here is in the way of ordinary rendering.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from babelgen.diffusion.coding import decode
from babelgen.diffusion.compiling import telling_of_compiler
from babelgen.diffusion.memory import telling_of_memory
from babelgen.diffusion.model import Model
from babelgen.diffusion.renderer import Renderer
from babelgen.diffusion.sampler import Batch, Sampler
from babelgen.diffusion.worker import open_model
from babelgen.edition import Edition
from babelgen.errors import ItemError
from babelgen.plan import Item
from babelgen.settings import ON_CPU, Setting

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Stage:
    """What there is after `step` steps; 0 is the start noise.

    noisy: the sample, decoded. clean: the picture that the network guesses from it, decoded; once all steps are done
    there is nothing left to guess, and both are the finished picture. Each (height, width, 3) RGB.
    """

    step: int
    noisy: Pixels
    clean: Pixels


def develop(edition: Edition, key: str, setting: Setting = ON_CPU) -> Iterator[Stage]:
    """The stages of a key's picture, from its noise to the picture itself: one more than it has steps.

    ItemError where one has values that are not numbers.
    """
    model = open_model(edition, setting)
    renderer = Renderer(model, setting.slots)
    with telling_of_memory(renderer.slots), telling_of_compiler():
        for step, (sample, guess) in enumerate(_samples(model, renderer, key)):
            noisy, clean = decode(model, [sample, guess])
            if noisy is None or clean is None:
                raise ItemError(f"After {step} steps the picture has values that are not numbers.")
            yield Stage(step, noisy, clean)


def _samples(model: Model, renderer: Renderer, key: str) -> Iterator[tuple[Tensor, Tensor]]:
    """The sample before each step with the guess that the step makes of it; at last the finished sample, twice."""
    job = renderer.job(Item("", key, model.edition.codec.parse(key).steps))
    sampler: Sampler[Any] = Sampler(model, renderer.slots)
    batch: Batch[Any] = Batch(job, renderer.slots)
    batch.put(0, job)
    finished: list[tuple[Any, Tensor]] = []
    while not finished:
        sample = batch.samples[0].clone()
        sampler.step(batch)
        yield sample, batch.cleans[0].clone()
        finished = batch.advance()
    ((_, sample),) = finished
    yield sample, sample
