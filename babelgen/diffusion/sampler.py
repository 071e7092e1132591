"""The sampler: one batch of fixed shape, always full, whatever mix of keys it is given.

Law: a slot's result depends on its own job alone. Each slot has its own job, step, and place in a schedule of its own
length; when a picture is finished, the next job takes its slot. A slot with no job left repeats what it holds, and
its result is dropped.

Jobs are taken in the order that they come in, and only as slots get free. The plan puts the longest first, so that no
long one is left over at the end; reading ahead here would change nothing but take work from other workers.

Guidance is classifier-free (Ho & Salimans 2022, "Classifier-free diffusion guidance"): each slot then has two rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor

from babelgen.diffusion.model import Model
from babelgen.diffusion.solvers import Schedule, make_schedule, take_step

Tag = TypeVar("Tag")


@dataclass(frozen=True)
class Job(Generic[Tag]):
    """One picture to sample.

    noise: (channels, height, width) float32. conditions: the embeddings of its rows, (1, length, width), or with
    guidance (2, length, width), the negative first; in the model's dtype. tag: what the caller knows the picture by.
    """

    tag: Tag
    steps: int
    noise: Tensor
    conditions: Tensor


class Sampler(Generic[Tag]):
    """Runs jobs through one model in a batch of `slots` pictures (twice as many rows with guidance)."""

    def __init__(self, model: Model, slots: int) -> None:
        self._model = model
        self._slots = slots
        self._schedules: dict[int, Schedule] = {}

    def timestep(self, steps: int, step: int) -> int:
        """At which timestep a step of a schedule begins."""
        return int(self._schedule(steps).timesteps[step])

    def run(self, jobs: Iterator[Job[Tag]]) -> Iterator[tuple[Tag, Tensor]]:
        """Sample every job; yields (tag, latents (c, h, w) float32) as pictures finish, in no fixed order."""
        first = next(jobs, None)
        if first is None:
            return
        batch = Batch(first, self._slots)
        batch.put(0, first)
        batch.fill(jobs)
        while batch.busy:
            self.step(batch)
            yield from batch.advance()
            batch.fill(jobs)

    @torch.inference_mode()
    def step(self, batch: Batch[Tag]) -> None:
        """Take the samples of all slots one step on."""
        weights = torch.stack([self._schedule(job.steps).weights[step] for job, step in batch.places])
        output = self.predict(batch)
        fresh, clean = take_step(batch.samples, output, batch.cleans, self._model.put(weights))
        batch.samples.copy_(fresh)
        batch.cleans.copy_(clean)

    @torch.inference_mode()
    def predict(self, batch: Batch[Tag]) -> Tensor:
        """The UNet's output for each slot, with guidance where there is any; (slots, c, h, w) float32."""
        timesteps = torch.stack([self._schedule(job.steps).timesteps[step] for job, step in batch.places])
        timesteps, samples = self._model.put(timesteps), batch.samples.to(self._model.dtype)
        parts = len(batch.conditions)
        outputs = self._model.unet(
            torch.cat([samples] * parts), torch.cat([timesteps] * parts), batch.conditions.flatten(0, 1)
        ).sample
        if parts == 1:
            return outputs.float()
        without, with_prompt = outputs.float().chunk(2)
        guided: Tensor = without + self._model.edition.guidance * (with_prompt - without)
        return guided

    def _schedule(self, steps: int) -> Schedule:
        if steps not in self._schedules:
            self._schedules[steps] = make_schedule(self._model.scheduler, steps)
        return self._schedules[steps]


class Batch(Generic[Tag]):
    """What the slots hold: a job, the step that comes next, and a row of each tensor.

    samples, cleans: (slots, c, h, w) float32, cleans as the step before guessed them. conditions: (1 or 2, slots,
    length, width). At first every slot repeats `filler`, and none is taken.
    """

    def __init__(self, filler: Job[Tag], slots: int) -> None:
        rows = filler.noise.expand(slots, *filler.noise.shape)
        self.samples = torch.empty_like(rows, memory_format=torch.channels_last)
        self.samples.copy_(rows)
        self.cleans = torch.zeros_like(self.samples)
        parts, *shape = filler.conditions.shape
        self.conditions = filler.conditions[:, None].expand(parts, slots, *shape).clone()
        self.jobs = [filler] * slots
        self.steps = [0] * slots
        self._taken = [False] * slots

    @property
    def places(self) -> list[tuple[Job[Tag], int]]:
        """The job of each slot, and its next step."""
        return list(zip(self.jobs, self.steps, strict=True))

    @property
    def at_work(self) -> list[int]:
        """The slots that work on a picture that is waited for."""
        return [slot for slot, taken in enumerate(self._taken) if taken]

    @property
    def busy(self) -> bool:
        """Whether any slot does."""
        return any(self._taken)

    def put(self, slot: int, job: Job[Tag]) -> None:
        """Begin a job in a slot; nothing of what was there before is left."""
        self.jobs[slot], self.steps[slot], self._taken[slot] = job, 0, True
        self.samples[slot] = job.noise
        self.cleans[slot] = 0
        self.conditions[:, slot] = job.conditions

    def fill(self, jobs: Iterator[Job[Tag]]) -> None:
        """Give every free slot the next job, while there are any."""
        for slot in range(len(self.jobs)):
            if not self._taken[slot] and (job := next(jobs, None)) is not None:
                self.put(slot, job)

    def advance(self) -> list[tuple[Tag, Tensor]]:
        """Count the step that was done; finished slots become free, and begin their job again until they are filled."""
        finished = []
        for slot, job in enumerate(self.jobs):
            self.steps[slot] += 1
            if self.steps[slot] < job.steps:
                continue
            if self._taken[slot]:
                finished.append((job.tag, self.samples[slot].clone()))
            self.put(slot, job)
            self._taken[slot] = False
        return finished
