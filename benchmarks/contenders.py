"""What throughput.py measures, each in a process of its own: diffusers' pipeline, and this sampler.

Conditions and noise are drawn, so no text is encoded; a round ends with all pictures decoded, on the CPU.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from rounds import Steps, Task, Told
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from babelgen.diffusion.coding import DECODE_BATCH, decode
from babelgen.diffusion.memory import telling_of_memory
from babelgen.diffusion.model import Model, load_pipeline
from babelgen.diffusion.profile import profile
from babelgen.diffusion.renderer import CPU_SLOTS, GPU_SLOTS, Renderer
from babelgen.diffusion.sampler import Job, Sampler
from babelgen.diffusion.worker import open_model
from babelgen.edition import Edition
from babelgen.settings import Setting


def diffusers_pipeline(task: Task, batch: int) -> tuple[float, Callable[[Steps], Told]]:
    """diffusers' own pipeline, `batch` pictures at a time; ready, it says how many FLOP a UNet row takes."""
    pipeline = load_pipeline(task.edition, getattr(torch, task.precision)).to(task.device)
    pipeline.set_progress_bar_config(disable=True)
    flops = flops_a_row(pipeline.unet.config, task)
    return flops, partial(_by_pipeline, pipeline, task, batch)


def _by_pipeline(pipeline: StableDiffusionPipeline, task: Task, batch: int, steps: Steps) -> Told:
    _forget_peak(task)
    sound = 0
    for first in range(0, len(steps), batch):
        together = steps[first : first + batch]
        pictures = pipeline(
            **_embeddings(pipeline, task, len(together)),
            latents=_drawn(pipeline, len(together), *task.edition.latent_shape),
            num_inference_steps=together[0],
            guidance_scale=task.edition.guidance,
            width=task.edition.width,
            height=task.edition.height,
            output_type="np",
        ).images
        sound += int(np.isfinite(pictures).all(axis=(1, 2, 3)).sum())
    return Told(sound, _peak(task))


def _embeddings(pipeline: StableDiffusionPipeline, task: Task, count: int) -> dict[str, Tensor]:
    names = ["prompt_embeds", "negative_prompt_embeds"][: task.rows_a_slot]
    width = pipeline.unet.config.cross_attention_dim
    return {name: _drawn(pipeline, count, task.edition.length, width) for name in names}


def _drawn(pipeline: StableDiffusionPipeline, *shape: int) -> Tensor:
    return torch.randn(shape, device=pipeline.device, dtype=pipeline.dtype)


def sampler(
    edition: Edition, steps: int, setting: Setting
) -> tuple[tuple[Task, dict[str, str]], Callable[[Steps], Told]]:
    """This sampler and its decoder, as a worker of the farm runs them.

    Ready, it says the task with nothing left open, and its profile.
    """
    model = open_model(edition, setting)
    slots = setting.slots or (GPU_SLOTS if setting.on_gpu else CPU_SLOTS)
    precision = str(model.dtype).removeprefix("torch.")
    task = Task(edition, steps, setting.device, precision, setting.compiled, slots)
    renderer = Renderer(model, slots)
    renderer.check()
    return (task, profile(model, renderer.shapes)), partial(_by_sampler, model, task)


def _by_sampler(model: Model, task: Task, steps: Steps) -> Told:
    _forget_peak(task)
    sound, waiting = 0, []
    with telling_of_memory(task.slots):
        for _, latents in Sampler[int](model, task.slots).run(_jobs(model, task, steps)):
            waiting.append(latents)
            if len(waiting) == DECODE_BATCH:
                sound, waiting = sound + _decoded(model, waiting), []
        sound += _decoded(model, waiting)
    return Told(sound, _peak(task))


def _decoded(model: Model, waiting: list[Tensor]) -> int:
    """How many of them are pictures."""
    return sum(pixels is not None for pixels in decode(model, waiting)) if waiting else 0


def _jobs(model: Model, task: Task, steps: Steps) -> Iterator[Job[int]]:
    shape = (task.rows_a_slot, task.edition.length, model.unet.config.cross_attention_dim)
    for number, count in enumerate(steps):
        noise = torch.randn(task.edition.latent_shape, device=model.device)
        yield Job(number, count, noise, torch.randn(shape, device=model.device, dtype=model.dtype))


def flops_a_row(config: Any, task: Task) -> float:
    """FLOP of one row of a UNet, two for a multiplication and an addition.

    Counted on the meta device, where attention is plain matrix products: torch's counter leaves out the kernel that
    CPUs have for it.
    """
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(config)
        samples, timesteps = torch.empty(2, *task.edition.latent_shape), torch.empty(2)
        conditions = torch.empty(2, task.edition.length, unet.config.cross_attention_dim)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        unet(samples, timesteps, conditions)
    return float(counter.get_total_flops() / 2)


def _forget_peak(task: Task) -> None:
    if task.setting.on_gpu:
        torch.cuda.reset_peak_memory_stats(task.device)


def _peak(task: Task) -> int:
    """Bytes: on a GPU what tensors have taken since it was forgotten, on a CPU what the process ever has."""
    if task.setting.on_gpu:
        return torch.cuda.max_memory_allocated(task.device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
