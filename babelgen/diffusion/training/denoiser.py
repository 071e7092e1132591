"""Training the text encoder and the UNet together, on latents of drawn scenes.

v-prediction (Salimans & Ho 2022, section 4) over a schedule whose last step is pure noise (Lin et al. 2023,
"Common diffusion noise schedules and sample steps are flawed"), the loss capped where noise is low (Hang et al.
2023, min-SNR), an averaged copy of the weights to ship. Errors count for more where a thing is: things are small,
and people look at them.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler
from torch import Tensor
from torch.nn import functional
from transformers import CLIPTokenizer

from babelgen.diffusion.training import checkpoint, data, latents, samples
from babelgen.diffusion.training.latents import Latents
from babelgen.diffusion.training.networks import Networks, build, scheduler
from babelgen.diffusion.training.optimizer import Optimizers
from babelgen.diffusion.training.recipe import Recipe
from babelgen.scenes import OBJECTS, PLACES, Scene, caption

SNR_CAP = 5.0
UNSAID = -100  # what torch takes for "no target"


@dataclass(frozen=True)
class Batch:
    """One step's data.

    latents and noise (n, c, h, w), timesteps (n,), token ids (n, 77), weight (n, 1, h, w) of errors, and which
    object stands at each place (n, 3): an index, the number of objects for none, UNSAID for a dropped caption.
    """

    latents: Tensor
    noise: Tensor
    timesteps: Tensor
    tokens: Tensor
    weight: Tensor
    standing: Tensor


def batch(scenes: Latents, tokenizer: CLIPTokenizer, recipe: Recipe, step: int, device: str) -> Batch:
    """The batch of step `step`, settled by the seed and the step alone."""
    part = recipe.denoiser
    rng = np.random.default_rng((recipe.seed, 1, step))
    words = random.Random(f"{recipe.seed}/step/{step}")
    rows = rng.integers(len(scenes.values), size=part.batch)
    shown = [data.scene(recipe.seed, int(row)) for row in rows]
    texts = ["" if words.random() < part.empty_prompts else caption(scene, words) for scene in shown]
    standing = [
        _standing(scene) if text else [UNSAID] * len(PLACES) for scene, text in zip(shown, texts, strict=True)
    ]
    ids = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids
    chosen = torch.from_numpy(rows)
    clean = scenes.values[chosen].float()
    return Batch(
        latents=clean.to(device, memory_format=torch.channels_last),
        noise=torch.from_numpy(rng.standard_normal(clean.shape, dtype=np.float32)).to(device),
        # Stratified over the batch: every step sees the whole schedule.
        timesteps=torch.from_numpy((np.arange(part.batch) + rng.random(part.batch)) * 1000 / part.batch)
        .long()
        .to(device),
        tokens=ids.to(device),
        weight=(1 + (part.thing_weight - 1) * latents.places(scenes.things[chosen]).float()).to(device),
        standing=torch.tensor(standing).to(device),
    )


def _standing(scene: Scene) -> list[int]:
    at = {thing.place: OBJECTS.index(thing.name) for thing in scene.things}
    return [at.get(place, len(OBJECTS)) for place in PLACES]


def losses(networks: Networks, schedule: DDIMScheduler, data_: Batch) -> tuple[Tensor, Tensor]:
    """Weighted squared error of the predicted velocity, and what `listening_loss` says; two scalars."""
    noisy = schedule.add_noise(data_.latents, data_.noise, data_.timesteps)
    velocity = schedule.get_velocity(data_.latents, data_.noise, data_.timesteps)
    with torch.autocast(noisy.device.type, torch.bfloat16):
        condition = networks.text_encoder(data_.tokens)[0]
        predicted = networks.unet(noisy, data_.timesteps, condition).sample
    share = schedule.alphas_cumprod.to(noisy.device)[data_.timesteps]
    ratio = share / (1 - share)
    cap = (ratio + 1).clamp(max=SNR_CAP) / (ratio + 1)
    error = data_.weight * (predicted.float() - velocity) ** 2
    return (cap * error.mean(dim=(1, 2, 3))).mean(), listening_loss(networks, condition, data_)


def listening_loss(networks: Networks, condition: Tensor, data_: Batch) -> Tensor:
    """How badly the caption's features tell what stands where, a cross entropy.

    Left to the pictures alone, the text encoder learns objects early and places very late: a place means nothing
    without its object. Asked here for both together, at every token from the end of the caption on, it puts them
    where the UNet finds them.
    """
    ends = data_.tokens == networks.text_encoder.config.eos_token_id
    heard = networks.listener(condition.float()).unflatten(-1, (len(PLACES), len(OBJECTS) + 1))
    meant = data_.standing[:, None].expand(*ends.shape, len(PLACES))
    return functional.cross_entropy(heard[ends].flatten(0, 1), meant[ends].flatten(), ignore_index=UNSAID)


class Average:
    """An exponential moving average of some parameters, in float32."""

    def __init__(self, parameters: Iterable[Tensor], decay: float) -> None:
        self.values = [parameter.detach().clone() for parameter in parameters]
        self._decay = decay

    @torch.no_grad()
    def update(self, parameters: Iterable[Tensor], step: int) -> None:
        """Take the newest weights in; the first steps count for more, so that the start is forgotten."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.values, [p.detach() for p in parameters], 1 - decay)

    @contextmanager
    def applied(self, parameters: Sequence[Tensor]) -> Iterator[None]:
        """Lend the averages to a network for a while."""
        own = [parameter.detach().clone() for parameter in parameters]
        self.copy_to(parameters)
        try:
            yield
        finally:
            with torch.no_grad():
                for parameter, value in zip(parameters, own, strict=True):
                    parameter.copy_(value)

    @torch.no_grad()
    def copy_to(self, parameters: Iterable[Tensor]) -> None:
        """Put the averages into a network."""
        for parameter, value in zip(parameters, self.values, strict=True):
            parameter.copy_(value)


@dataclass
class Run:
    """The whole state of a training run: networks, optimizers, average, and how many steps were taken."""

    networks: Networks
    optimizers: Optimizers
    average: Average
    step: int = 0

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        checkpoint.save(
            path,
            {
                "parameters": [p.detach() for p in self.networks.parameters()],
                "average": self.average.values,
                "optimizers": self.optimizers.state_dict(),
                "step": self.step,
            },
        )

    @torch.no_grad()
    def restore(self, path: Path) -> None:
        """Carry on from a checkpoint, where there is one."""
        state = checkpoint.load(path)
        if state is None:
            return
        for parameter, value in zip(self.networks.parameters(), state["parameters"], strict=True):
            parameter.copy_(value)
        for value, kept in zip(self.average.values, state["average"], strict=True):
            value.copy_(kept)
        self.optimizers.load_state_dict(state["optimizers"])
        self.step = state["step"]


def start(recipe: Recipe, tokenizer: CLIPTokenizer, scenes: Latents, device: str) -> Run:
    """A run that has taken no step yet."""
    torch.manual_seed(recipe.seed)
    networks = build(recipe.denoiser, tokenizer, scenes.values)
    networks.text_encoder.to(device)
    networks.listener.to(device)
    networks.unet.to(device, memory_format=torch.channels_last)
    return Run(
        networks,
        Optimizers(networks.text_encoder, networks.unet, networks.listener),
        Average(networks.parameters(), recipe.denoiser.ema),
    )


def train(recipe: Recipe, tokenizer: CLIPTokenizer, vae: AutoencoderKL, out: Path, device: str) -> Networks:
    """Train, or carry on; returns the averaged networks.

    At every checkpoint a sheet of samples is written to `out`/samples; after a quarter and half of the steps
    the averaged networks are kept too, as `out`/average-<step>.pt, for the scaling curve.
    """
    part = recipe.denoiser
    log = checkpoint.Log(out / "denoiser.log")
    log.line(event="drawing and encoding", scenes=part.scenes)
    scenes = latents.load(vae, recipe.seed, part.scenes, out / "latents.pt", device)
    run, schedule = start(recipe, tokenizer, scenes, device), scheduler()
    run.restore(out / "denoiser.pt")
    parameters = run.networks.parameters()
    log.line(event="training", parameters=sum(p.numel() for p in parameters), step=run.step)
    recent: list[float] = []
    while run.step < part.steps:
        data_ = batch(scenes, tokenizer, recipe, run.step, device)
        error, misheard = losses(run.networks, schedule, data_)
        (error + part.listening * misheard).backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        run.optimizers.step(checkpoint.learning_rate(run.step, part))
        run.step += 1
        run.average.update(parameters, run.step)
        recent.append(error.item())
        if run.step % 100 == 0:
            log.line(
                step=run.step,
                loss=round(float(np.mean(recent[-100:])), 4),
                misheard=round(misheard.item(), 4),
            )
        if run.step in (part.steps // 4, part.steps // 2):
            checkpoint.save(out / f"average-{run.step}.pt", {"average": run.average.values})
        if run.step % part.checkpoint_every == 0 or run.step == part.steps:
            run.save(out / "denoiser.pt")
            with run.average.applied(parameters):
                samples.write(run.networks, tokenizer, vae, out / "samples" / f"{run.step:06}.webp")
    run.average.copy_to(parameters)
    return run.networks
