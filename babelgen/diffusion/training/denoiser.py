"""Training the text encoder and the UNet together, on latents of drawn scenes.

v-prediction (Salimans & Ho 2022, section 4) over a schedule whose last step is pure noise (Lin et al. 2023,
"Common diffusion noise schedules and sample steps are flawed"), the loss capped where noise is low (Hang et al.
2023, min-SNR), an averaged copy of the weights to ship.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from babelgen.diffusion.training import checkpoint, data
from babelgen.diffusion.training.autoencoder import to_tensor
from babelgen.diffusion.training.recipe import DenoiserRecipe, Recipe
from babelgen.scenes import caption

SNR_CAP = 5.0


@dataclass(frozen=True)
class Networks:
    """The two networks that are trained together."""

    text_encoder: CLIPTextModel
    unet: UNet2DConditionModel

    def parameters(self) -> list[nn.Parameter]:
        """Those of both, in a fixed order."""
        return [*self.text_encoder.parameters(), *self.unet.parameters()]


def scheduler() -> DDIMScheduler:
    """The noise schedule of training and sampling alike."""
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        rescale_betas_zero_snr=True,
        steps_offset=1,  # unused by trailing spacing; what Stable Diffusion pipelines ask for
    )


def build(recipe: DenoiserRecipe, tokenizer: CLIPTokenizer, latents: Tensor) -> Networks:
    """The untrained networks, for latents (n, channels, height, width)."""
    _, channels, *size = latents.shape
    text = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=recipe.text_width,
        intermediate_size=4 * recipe.text_width,
        num_hidden_layers=recipe.text_layers,
        num_attention_heads=recipe.text_heads,
        max_position_embeddings=tokenizer.model_max_length,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    unet = UNet2DConditionModel(
        sample_size=tuple(size),
        in_channels=channels,
        out_channels=channels,
        block_out_channels=recipe.channels,
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=recipe.text_width,
        attention_head_dim=4,
        norm_num_groups=16,
    )
    return Networks(CLIPTextModel(text), unet)


@torch.no_grad()
def encode_scenes(vae: AutoencoderKL, seed: int, count: int, device: str) -> Tensor:
    """Scaled latents of the first `count` samples, float16 (count, 4, 26, 40)."""
    vae = vae.to(device, memory_format=torch.channels_last)
    chunks = []
    for start in range(0, count, 2000):
        pictures = data.pictures(seed, start, min(2000, count - start))
        for first in range(0, len(pictures), 16):
            with torch.autocast(device, torch.bfloat16):
                posterior = vae.encode(to_tensor(pictures[first : first + 16]).to(device)).latent_dist
            chunks.append((posterior.mode().float() * vae.config.scaling_factor).half().cpu())
    return torch.cat(chunks)


def _latents(vae: AutoencoderKL, recipe: Recipe, path: Path, device: str) -> Tensor:
    """The training set's latents, kept on disk so that a run that carries on need not draw it again."""
    kept = checkpoint.load(path)
    if kept is None:
        kept = {"latents": encode_scenes(vae, recipe.seed, recipe.denoiser.scenes, device)}
        checkpoint.save(path, kept)
    latents: Tensor = kept["latents"]
    return latents


@dataclass(frozen=True)
class Batch:
    """One step's data: latents and noise (n, c, h, w), timesteps (n,), token ids (n, 77)."""

    latents: Tensor
    noise: Tensor
    timesteps: Tensor
    tokens: Tensor


def batch(latents: Tensor, tokenizer: CLIPTokenizer, recipe: Recipe, step: int, device: str) -> Batch:
    """The batch of step `step`, settled by the seed and the step alone."""
    part = recipe.denoiser
    rng = np.random.default_rng((recipe.seed, 1, step))
    words = random.Random(f"{recipe.seed}/step/{step}")
    rows = rng.integers(len(latents), size=part.batch)
    texts = [
        "" if words.random() < part.empty_prompts else caption(data.scene(recipe.seed, int(row)), words)
        for row in rows
    ]
    ids = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt").input_ids
    clean = latents[torch.from_numpy(rows)].float()
    return Batch(
        latents=clean.to(device, memory_format=torch.channels_last),
        noise=torch.from_numpy(rng.standard_normal(clean.shape, dtype=np.float32)).to(device),
        # Stratified over the batch: every step sees the whole schedule.
        timesteps=torch.from_numpy((np.arange(part.batch) + rng.random(part.batch)) * 1000 / part.batch)
        .long()
        .to(device),
        tokens=ids.to(device),
    )


def loss(networks: Networks, schedule: DDIMScheduler, data_: Batch) -> Tensor:
    """Weighted squared error of the predicted velocity, a scalar."""
    noisy = schedule.add_noise(data_.latents, data_.noise, data_.timesteps)
    velocity = schedule.get_velocity(data_.latents, data_.noise, data_.timesteps)
    with torch.autocast(noisy.device.type, torch.bfloat16):
        condition = networks.text_encoder(data_.tokens)[0]
        predicted = networks.unet(noisy, data_.timesteps, condition).sample
    share = schedule.alphas_cumprod.to(noisy.device)[data_.timesteps]
    ratio = share / (1 - share)
    weight = (ratio + 1).clamp(max=SNR_CAP) / (ratio + 1)
    return (weight * ((predicted.float() - velocity) ** 2).mean(dim=(1, 2, 3))).mean()


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

    @torch.no_grad()
    def copy_to(self, parameters: Iterable[Tensor]) -> None:
        """Put the averages into a network."""
        for parameter, value in zip(parameters, self.values, strict=True):
            parameter.copy_(value)


def train(recipe: Recipe, tokenizer: CLIPTokenizer, vae: AutoencoderKL, out: Path, device: str) -> Networks:
    """Train, or carry on; returns the averaged networks."""
    part, path = recipe.denoiser, out / "denoiser.pt"
    log = checkpoint.Log(out / "denoiser.log")
    log.line(event="drawing and encoding", scenes=part.scenes)
    latents = _latents(vae, recipe, out / "latents.pt", device)
    torch.manual_seed(recipe.seed)
    networks = build(part, tokenizer, latents)
    networks.text_encoder.to(device)
    networks.unet.to(device, memory_format=torch.channels_last)
    parameters = networks.parameters()
    optimizer = torch.optim.AdamW(parameters, lr=part.learning_rate, betas=(0.9, 0.99), weight_decay=1e-2)
    average, schedule, step = Average(parameters, part.ema), scheduler(), 0
    state = checkpoint.load(path)
    if state is not None:
        for parameter, value in zip(parameters, state["parameters"], strict=True):
            parameter.data.copy_(value)
        optimizer.load_state_dict(state["optimizer"])
        average.values, step = [value.to(device) for value in state["average"]], state["step"]
    log.line(event="training", parameters=sum(p.numel() for p in parameters), step=step)
    recent: list[float] = []
    while step < part.steps:
        for group in optimizer.param_groups:
            group["lr"] = checkpoint.learning_rate(step, part.steps, part.learning_rate, part.warmup)
        error = loss(networks, schedule, batch(latents, tokenizer, recipe, step, device))
        optimizer.zero_grad(set_to_none=True)
        error.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        step += 1
        average.update(parameters, step)
        recent.append(error.item())
        if step % 100 == 0:
            log.line(step=step, loss=round(float(np.mean(recent[-100:])), 4))
        if step % part.checkpoint_every == 0 or step == part.steps:
            checkpoint.save(
                path,
                {
                    "parameters": [p.detach() for p in parameters],
                    "average": average.values,
                    "optimizer": optimizer.state_dict(),
                    "step": step,
                },
            )
    average.copy_to(parameters)
    return networks
