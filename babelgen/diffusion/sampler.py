"""The sampler: one batch of fixed shape, always full, whatever mix of keys it is given.

Law: a slot's result depends on its own job alone. Each slot has its own timestep and schedule; when a picture is
finished, the next job takes its slot. A slot with no job left repeats what it holds, and its result is dropped.

DDIM with eta 0 (Song et al. 2021, "Denoising diffusion implicit models", equation 12) and classifier-free
guidance (Ho & Salimans 2022), over diffusers' own timestep tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from diffusers import DDIMScheduler
from torch import Tensor

from babelgen.diffusion.model import Model

Tag = TypeVar("Tag")


@dataclass(frozen=True)
class Job(Generic[Tag]):
    """One picture to sample.

    noise: (channels, height, width). condition, negative: (length, width of the text encoder). All in the
    model's dtype. tag: whatever the caller knows the picture by.
    """

    tag: Tag
    steps: int
    noise: Tensor
    condition: Tensor
    negative: Tensor


@dataclass(frozen=True)
class Schedule:
    """The steps of one schedule length: timesteps, and the share of signal before and after each step."""

    timesteps: Tensor
    signal: Tensor
    signal_after: Tensor


def make_schedule(scheduler: DDIMScheduler, steps: int) -> Schedule:
    """diffusers' table for this number of steps; tensors (steps,), int64 and float32."""
    scheduler.set_timesteps(steps)
    timesteps = scheduler.timesteps.cpu().long()
    after = timesteps - scheduler.config.num_train_timesteps // steps
    signal = scheduler.alphas_cumprod.float()
    final = torch.as_tensor(scheduler.final_alpha_cumprod, dtype=torch.float32)
    return Schedule(timesteps, signal[timesteps], torch.where(after >= 0, signal[after.clamp(min=0)], final))


def ddim_step(
    sample: Tensor, output: Tensor, signal: Tensor, signal_after: Tensor, prediction: str
) -> Tensor:
    """One step of every slot: sample and output (slots, c, h, w); signal before and after (slots,)."""
    before, after = signal.view(-1, 1, 1, 1), signal_after.view(-1, 1, 1, 1)
    root, noise_root = before.sqrt(), (1 - before).sqrt()
    if prediction == "v_prediction":
        clean = root * sample - noise_root * output
        noise = root * output + noise_root * sample
    elif prediction == "epsilon":
        clean = (sample - noise_root * output) / root
        noise = output
    else:
        raise ValueError(f"unknown prediction type {prediction!r}")
    return after.sqrt() * clean + (1 - after).sqrt() * noise


class Sampler(Generic[Tag]):
    """Runs jobs through one model in a batch of `slots` pictures (twice as many rows with guidance)."""

    def __init__(self, model: Model, slots: int) -> None:
        self._model = model
        self._slots = slots
        self._guidance = model.edition.guidance
        self._schedules: dict[int, Schedule] = {}

    def run(self, jobs: Iterator[Job[Tag]]) -> Iterator[tuple[Tag, Tensor]]:
        """Sample every job; yields (tag, latents (c, h, w)) as pictures finish, in no fixed order."""
        first = next(jobs, None)
        if first is None:
            return
        slots = _Slots(first, self._slots)
        slots.fill(jobs, [first])
        while slots.busy:
            yield from self._step(slots)
            slots.fill(jobs, [])

    @torch.inference_mode()
    def _step(self, slots: _Slots[Tag]) -> list[tuple[Tag, Tensor]]:
        """One step of the whole batch; returns the pictures that it finished."""
        tables = [
            (self._schedule(job.steps), step) for job, step in zip(slots.jobs, slots.steps, strict=True)
        ]
        timesteps = torch.stack([table.timesteps[step] for table, step in tables])
        signal = torch.stack([table.signal[step] for table, step in tables]).to(self._model.device)
        after = torch.stack([table.signal_after[step] for table, step in tables]).to(self._model.device)
        output = self._predict(slots, timesteps.to(self._model.device))
        prediction = self._model.scheduler.config.prediction_type
        fresh = ddim_step(slots.latents.float(), output.float(), signal, after, prediction)
        slots.latents.copy_(fresh)
        return slots.advance()

    def _predict(self, slots: _Slots[Tag], timesteps: Tensor) -> Tensor:
        """The UNet's output with guidance, (slots, c, h, w)."""
        if self._guidance == 1:
            return self._model.unet(slots.latents, timesteps, slots.condition).sample
        both = self._model.unet(
            torch.cat([slots.latents, slots.latents]),
            torch.cat([timesteps, timesteps]),
            torch.cat([slots.negative, slots.condition]),
        ).sample
        without, with_prompt = both.chunk(2)
        guided: Tensor = without + self._guidance * (with_prompt - without)
        return guided

    def _schedule(self, steps: int) -> Schedule:
        if steps not in self._schedules:
            self._schedules[steps] = make_schedule(self._model.scheduler, steps)
        return self._schedules[steps]


class _Slots(Generic[Tag]):
    """What the batch holds: a job, a step and a row of each tensor a slot."""

    def __init__(self, first: Job[Tag], count: int) -> None:
        self.jobs = [first] * count
        self.steps = [0] * count
        self._live = [False] * count
        self.latents = first.noise.expand(count, *first.noise.shape).clone(
            memory_format=torch.contiguous_format
        )
        self.latents = self.latents.to(memory_format=torch.channels_last)
        self.condition = first.condition.expand(count, *first.condition.shape).clone()
        self.negative = first.negative.expand(count, *first.negative.shape).clone()

    @property
    def busy(self) -> bool:
        """Whether any slot still works on a picture."""
        return any(self._live)

    def fill(self, jobs: Iterator[Job[Tag]], waiting: list[Job[Tag]]) -> None:
        """Give every idle slot the next job, while there are any; `waiting` come first."""
        for slot, live in enumerate(self._live):
            if live:
                continue
            job = waiting.pop() if waiting else next(jobs, None)
            if job is None:
                if self.steps[slot] == 0:  # begin the last job again, only to keep the batch's shape
                    self.latents[slot] = self.jobs[slot].noise
                continue
            self.jobs[slot], self.steps[slot], self._live[slot] = job, 0, True
            self.latents[slot], self.condition[slot], self.negative[slot] = (
                job.noise,
                job.condition,
                job.negative,
            )

    def advance(self) -> list[tuple[Tag, Tensor]]:
        """Count the step that was done; frees and returns the finished slots."""
        finished = []
        for slot, job in enumerate(self.jobs):
            self.steps[slot] += 1
            if self.steps[slot] < job.steps:
                continue
            self.steps[slot] = 0
            if self._live[slot]:
                self._live[slot] = False
                finished.append((job.tag, self.latents[slot].clone()))
        return finished
