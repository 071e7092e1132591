"""Keys to pictures: parse, condition, sample, decode, with one loaded model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from babelgen.diffusion.coding import DECODE_BATCH, TEXT_BATCH, Conditions, decode
from babelgen.diffusion.model import Model
from babelgen.diffusion.sampler import Job, Sampler
from babelgen.errors import BabelgenError
from babelgen.keys import Address, page_noise, parse_key
from babelgen.plan import Item

# Slots of the batch on a CPU: the smallest even number within a tenth of the best rate (benchmarks/batch.py).
CPU_SLOTS = 4


@dataclass(frozen=True)
class Rendered:
    """One finished picture: pixels (height, width, 3) RGB; seconds since it entered the batch."""

    item: Item
    address: Address
    pixels: NDArray[np.uint8]
    seconds: float


@dataclass(frozen=True)
class Refused:
    """One picture that could not be made, and why."""

    item: Item
    reason: str


@dataclass(frozen=True)
class _Ticket:
    item: Item
    address: Address
    start: float


class Renderer:
    """Renders items of one edition, `slots` at a time."""

    def __init__(self, model: Model, slots: int = CPU_SLOTS) -> None:
        self._model = model
        self._slots = slots
        self._space = model.edition.key_space()
        self._conditions = Conditions(model)

    @property
    def shapes(self) -> str:
        """The fixed batch shapes, as a profile states them."""
        rows = self._slots if self._model.edition.guidance == 1 else 2 * self._slots
        return f"text {TEXT_BATCH}, unet {rows}, decoder {DECODE_BATCH}"

    def render(self, items: Iterable[Item]) -> Iterator[Rendered | Refused]:
        """Render every item, in no fixed order; the batch is refilled from `items` as pictures finish."""
        refused: list[Refused] = []
        sampler: Sampler[_Ticket] = Sampler(self._model, self._slots)
        waiting: list[tuple[_Ticket, Tensor]] = []
        for finished in sampler.run(self._jobs(items, refused.append)):
            waiting.append(finished)
            if len(waiting) == DECODE_BATCH:
                yield from self._decode(waiting)
                waiting = []
            yield from refused
            refused.clear()
        if waiting:
            yield from self._decode(waiting)
        yield from refused

    def _jobs(self, items: Iterable[Item], refuse: Callable[[Refused], None]) -> Iterator[Job[_Ticket]]:
        for item in items:
            try:
                yield self._job(item)
            except BabelgenError as error:
                refuse(Refused(item, str(error)))

    def _job(self, item: Item) -> Job[_Ticket]:
        address = parse_key(item.key, self._space)
        noise = torch.from_numpy(page_noise(address.page, self._space.latent_shape))
        # Schedules that do not start from pure noise scale it, as diffusers' pipelines do.
        noise = noise * float(self._model.scheduler.init_noise_sigma)
        return Job(
            tag=_Ticket(item, address, time.perf_counter()),
            steps=address.steps,
            noise=noise.to(self._model.device, self._model.dtype),
            condition=self._conditions.embedding(address.shelf),
            negative=self._conditions.embedding(address.negative or self._conditions.default_negative()),
        )

    def _decode(self, waiting: list[tuple[_Ticket, Tensor]]) -> Iterator[Rendered | Refused]:
        pictures = decode(self._model, [latents for _, latents in waiting])
        for (ticket, _), pixels in zip(waiting, pictures, strict=True):
            if pixels is None:
                yield Refused(ticket.item, "The picture has values that are not numbers.")
            else:
                yield Rendered(ticket.item, ticket.address, pixels, time.perf_counter() - ticket.start)
