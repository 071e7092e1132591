"""The canary: a few passes that show, before any work is done, that no slot of the batch feels its neighbours.

Law: a picture follows from its key because each row of a batch is computed as if alone. No library promises that, so
every worker sees for itself, with its own model, machine and number of slots, and refuses to work where it is not so.
"""

from __future__ import annotations

import random

import torch
from torch import Tensor

from babelgen.diffusion.model import Model
from babelgen.diffusion.sampler import Batch, Job, Sampler
from babelgen.errors import UserError
from babelgen.keys.space import MAX_STEPS


def check_slots(model: Model, slots: int) -> None:
    """Compare what each slot gives among other neighbours, at mixed timesteps.

    UserError names a slot that gives two results for one content.
    """
    sampler: Sampler[int] = Sampler(model, slots)
    probes = [_probe(model, number) for number in range(2 * slots)]
    seen: dict[int, Tensor] = {}
    for contents in passes(slots):
        batch = Batch(probes[0], slots)
        for slot, content in enumerate(contents):
            probe = probes[2 * slot + content]
            batch.put(slot, probe)
            batch.steps[slot] = probe.tag
        for slot, output in enumerate(sampler.predict(batch)):
            before = seen.setdefault(2 * slot + contents[slot], output)
            # Equal to the last bit; a model that gives no numbers is another matter.
            if not torch.allclose(before, output, rtol=0, atol=0, equal_nan=True):
                raise UserError(
                    f"Slot {slot + 1} of {slots} gives other results among other neighbours on this machine, so "
                    "that pictures would not follow from their keys: try another number with --slots."
                )


def passes(slots: int) -> list[list[int]]:
    """Which of its two contents each slot has, pass by pass; as few as show every slot's influence on every other.

    In the first pass all have content 0, then slot i has the bits of i + 1, one a pass. So each slot splits the
    passes in two, no two slots alike, and a split in two that is not another is no refinement of it: for any slot
    there are two passes with the same content of its own and different contents of any other.
    """
    bits = range(slots.bit_length())
    return [[0] * slots, *([slot + 1 >> bit & 1 for slot in range(slots)] for bit in bits)]


def _probe(model: Model, number: int) -> Job[int]:
    """A job of its own for each number, always the same; its tag is the step to take it at."""
    rng, generator = random.Random(number), torch.Generator().manual_seed(number)
    steps = rng.randint(1, MAX_STEPS)
    parts = 1 if model.edition.guidance == 1 else 2
    shape = (parts, model.edition.length, model.unet.config.cross_attention_dim)
    return Job(
        tag=rng.randrange(steps),
        steps=steps,
        noise=model.put(torch.randn(model.edition.latent_shape, generator=generator)),
        conditions=model.put(torch.randn(shape, generator=generator), model.dtype),
    )
