"""Keys to pictures: parse, condition, sample, decode, with one loaded model."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from babelgen.diffusion.canary import check_slots
from babelgen.diffusion.coding import DECODE_BATCH, TEXT_BATCH, Conditions, decode
from babelgen.diffusion.compiling import telling_of_compiler
from babelgen.diffusion.memory import telling_of_memory
from babelgen.diffusion.model import Model
from babelgen.diffusion.safety import SafetyChecker
from babelgen.diffusion.sampler import Job, Sampler
from babelgen.errors import BabelgenError, UserError
from babelgen.keys import Key
from babelgen.plan import Item

# Slots of the batch on a CPU: the smallest even number within a tenth of the best rate (benchmarks/batch.py).
CPU_SLOTS = 4
# On a GPU: chosen by arithmetic, and not yet measured. With guidance the products of SD 1.5's largest layers then have
# 133,000 rows and more, of its smallest 2,240, some for every part of the largest GPUs, and all takes a few gigabytes.
GPU_SLOTS = 16


@dataclass(frozen=True)
class Rendered:
    """One finished picture: pixels (height, width, 3) RGB; seconds since it entered the batch; flagged: see `safety`."""

    item: Item
    key: Key
    pixels: NDArray[np.uint8]
    seconds: float
    flagged: bool = False


@dataclass(frozen=True)
class Refused:
    """One picture that could not be made, and why. traceback: '' where there is no slip to look for."""

    item: Item
    reason: str
    traceback: str = ""


@dataclass(frozen=True)
class Ticket:
    """An item in the batch, and since when."""

    item: Item
    key: Key
    start: float


class Renderer:
    """Renders items of one edition, `slots` at a time."""

    def __init__(self, model: Model, slots: int | None = None, checker: SafetyChecker | None = None) -> None:
        """slots: CPU_SLOTS or GPU_SLOTS by default. UserError where that makes a batch of an odd number of rows.

        checker: what judges finished pictures; without one none is flagged.
        """
        self._model = model
        self._checker = checker
        self.slots = slots or (CPU_SLOTS if model.device.type == "cpu" else GPU_SLOTS)
        self._parts = 1 if model.edition.guidance == 1 else 2  # rows a slot
        if self.slots * self._parts % 2:
            # On CPUs a row of an odd batch may be computed otherwise than its neighbours.
            raise UserError(f"Without guidance the number of slots must be even, not {self.slots}.")
        self._codec = model.edition.codec
        self._conditions = Conditions(model)

    @property
    def shapes(self) -> str:
        """The fixed batch shapes, as a profile states them."""
        return f"text {TEXT_BATCH}, unet {self.slots * self._parts}, decoder {DECODE_BATCH}"

    def check(self) -> None:
        """Refuse, with UserError, to work where a slot's result depends on its neighbours; see the canary."""
        with telling_of_memory(self.slots), telling_of_compiler():
            check_slots(self._model, self.slots)

    def render(self, items: Iterable[Item]) -> Iterator[Rendered | Refused]:
        """Render every item, in no fixed order; the batch is refilled from `items` as pictures finish.

        Raises UserError where the device has too little memory for the batch.
        """
        with telling_of_memory(self.slots), telling_of_compiler():
            yield from self._render(items)

    def _render(self, items: Iterable[Item]) -> Iterator[Rendered | Refused]:
        refused: list[Refused] = []
        sampler: Sampler[Ticket] = Sampler(self._model, self.slots)
        waiting: list[tuple[Ticket, Tensor]] = []
        for finished in sampler.run(self.jobs(items, refused.append)):
            waiting.append(finished)
            if len(waiting) == DECODE_BATCH:
                yield from self._decode(waiting)
                waiting = []
            yield from refused
            refused.clear()
        if waiting:
            yield from self._decode(waiting)
        yield from refused

    def jobs(self, items: Iterable[Item], refuse: Callable[[Refused], None]) -> Iterator[Job[Ticket]]:
        """What the sampler is given for some items, but for those that are refused."""
        for item in items:
            try:
                yield self.job(item)
            except BabelgenError as error:
                refuse(Refused(item, str(error)))
            except (ArithmeticError, LookupError, TypeError, ValueError) as error:
                # A slip over this one key. What torch raises are RuntimeErrors: they are about the device.
                refuse(Refused(item, f"{type(error).__name__}: {error}", traceback.format_exc()))

    def job(self, item: Item) -> Job[Ticket]:
        """What the sampler is given for an item; errors as reading its key has them."""
        key = self._codec.parse(item.key)
        condition = self._conditions.embedding(key.condition)
        return Job(
            tag=Ticket(item, key, time.perf_counter()),
            steps=key.steps,
            noise=self._model.put(torch.from_numpy(key.noise()), torch.float32),
            conditions=torch.stack([condition] if self._parts == 1 else [self._negative(key), condition]),
        )

    def _negative(self, key: Key) -> Tensor:
        negative = self._conditions.default_negative() if key.negative is None else key.negative
        return self._conditions.embedding(negative)

    def _decode(self, waiting: list[tuple[Ticket, Tensor]]) -> Iterator[Rendered | Refused]:
        pictures = decode(self._model, [latents for _, latents in waiting])
        sound = [pixels for pixels in pictures if pixels is not None]
        flags = iter(self._checker.flags(sound) if self._checker else [False] * len(sound))
        for (ticket, _), pixels in zip(waiting, pictures, strict=True):
            if pixels is None:
                yield Refused(ticket.item, "The picture has values that are not numbers.")
            else:
                seconds = time.perf_counter() - ticket.start
                yield Rendered(ticket.item, ticket.key, pixels, seconds, next(flags))
