"""A development: the picture of a key after each step, as it is and as the network guesses that it will be.

Law: the batch has the shape that it always has, and a key is in it as in any run, so that the last stage is the
key's picture, bit for bit, whatever is developed beside it. Nothing here is in the way of ordinary rendering.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from babelgen.diffusion.coding import DECODE_BATCH, decode
from babelgen.diffusion.compiling import telling_of_compiler
from babelgen.diffusion.memory import telling_of_memory
from babelgen.diffusion.model import Model
from babelgen.diffusion.renderer import Refused, Renderer, Ticket
from babelgen.diffusion.sampler import Batch, Job, Sampler
from babelgen.diffusion.worker import open_model
from babelgen.edition import Edition
from babelgen.errors import ItemError
from babelgen.plan import Item
from babelgen.settings import ON_CPU, Setting

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Stage:
    """What there is after `step` steps; 0 is the start noise.

    timestep: at which the next step begins; None once all steps are done. noisy: the sample, decoded. clean: the picture
    that the network guesses from it, decoded; at the end there is nothing left to guess, and both are the finished
    picture. Each (height, width, 3) RGB.
    """

    step: int
    timestep: int | None
    noisy: Pixels
    clean: Pixels


@dataclass(frozen=True)
class _Sample:
    """A stage before it is decoded."""

    item: Item
    step: int
    timestep: int | None
    noisy: Tensor
    clean: Tensor


def develop(edition: Edition, key: str, setting: Setting = ON_CPU) -> Iterator[Stage]:
    """The stages of a key's picture, from its noise to the picture itself: one more than it has steps.

    ItemError where one has values that are not numbers.
    """
    model = open_model(edition, setting)
    item = Item("", key, edition.codec.parse(key).steps)
    for _, stage in develop_items(model, Renderer(model, setting.slots), [item]):
        if isinstance(stage, Refused):
            raise ItemError(stage.reason)
        yield stage


def develop_items(
    model: Model,
    renderer: Renderer,
    items: Iterable[Item],
    wanted: Callable[[int, int], bool] = lambda steps, step: True,
) -> Iterator[tuple[Item, Stage | Refused]]:
    """The stages of items: of each in order, and several side by side; or why there are none, or no more.

    wanted: from how many steps an item has, and after how many of them there is a stage, whether that one is wanted; the
    last one is to be. The batch is refilled from `items` as pictures finish.
    """
    refused: list[Refused] = []
    with telling_of_memory(renderer.slots), telling_of_compiler():
        samples = _samples(model, renderer, renderer.jobs(items, refused.append))
        some = (one for one in samples if wanted(one.item.steps, one.step))
        while pairs := list(islice(some, DECODE_BATCH // 2)):
            yield from _decoded(model, pairs)
            yield from ((one.item, one) for one in refused)
            refused.clear()
        yield from ((one.item, one) for one in refused)


def _decoded(model: Model, samples: list[_Sample]) -> Iterator[tuple[Item, Stage | Refused]]:
    pictures = iter(decode(model, [latents for one in samples for latents in (one.noisy, one.clean)]))
    for one in samples:
        noisy, clean = next(pictures), next(pictures)
        if noisy is None or clean is None:
            why = f"After {one.step} steps the picture has values that are not numbers."
            yield one.item, Refused(one.item, why)
        else:
            yield one.item, Stage(one.step, one.timestep, noisy, clean)


def _samples(model: Model, renderer: Renderer, jobs: Iterator[Job[Ticket]]) -> Iterator[_Sample]:
    """Of each job the sample before each step with the guess that the step makes of it; at last the finished sample, twice."""
    first = next(jobs, None)
    if first is None:
        return
    sampler: Sampler[Ticket] = Sampler(model, renderer.slots)
    batch: Batch[Ticket] = Batch(first, renderer.slots)
    batch.put(0, first)
    batch.fill(jobs)
    while batch.busy:
        places, before = batch.places, batch.samples.clone()
        at_work = batch.at_work
        sampler.step(batch)
        for slot in at_work:
            job, step = places[slot]
            timestep = sampler.timestep(job.steps, step)
            yield _Sample(job.tag.item, step, timestep, before[slot], batch.cleans[slot].clone())
        for ticket, sample in batch.advance():
            yield _Sample(ticket.item, ticket.key.steps, None, sample, sample)
        batch.fill(jobs)
