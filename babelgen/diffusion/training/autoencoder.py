"""Training the autoencoder on crops of drawn scenes: L1, squared and gradient error, a whisper of KL.

Its own PSNR on fresh scenes is the ceiling of every picture that `mini` makes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from babelgen.diffusion.training import checkpoint, data
from babelgen.diffusion.training.recipe import AutoencoderRecipe

FRESH = 10_000_000  # samples from here on are never trained on


def build(recipe: AutoencoderRecipe) -> AutoencoderKL:
    """The untrained network."""
    levels = len(recipe.channels)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=recipe.channels,
        layers_per_block=1,
        latent_channels=recipe.latent_channels,
        norm_num_groups=8,
        mid_block_add_attention=False,
    )


def to_tensor(pictures: NDArray[np.uint8]) -> Tensor:
    """uint8 (n, height, width, 3) to float32 (n, 3, height, width) in -1..1."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1


def crops(pool: NDArray[np.uint8], recipe: AutoencoderRecipe, seed: int, step: int) -> Tensor:
    """The batch of step `step`: random crops of random scenes, half of them mirrored."""
    rng = np.random.default_rng((seed, step))
    size, (_, height, width, _) = recipe.crop, pool.shape
    batch = np.empty((recipe.batch, size, size, 3), np.uint8)
    for row in range(recipe.batch):
        y, x = rng.integers(height - size + 1), rng.integers(width - size + 1)
        crop = pool[rng.integers(len(pool)), y : y + size, x : x + size]
        batch[row] = crop[:, ::-1] if rng.random() < 0.5 else crop
    return to_tensor(batch)


def loss(model: AutoencoderKL, pictures: Tensor, kl_weight: float, generator: torch.Generator) -> Tensor:
    """What training minimises, a scalar."""
    with torch.autocast(pictures.device.type, torch.bfloat16):
        posterior = model.encode(pictures).latent_dist
        decoded = model.decode(posterior.sample(generator)).sample
    decoded = decoded.float()
    error = functional.l1_loss(decoded, pictures) + functional.mse_loss(decoded, pictures)
    for axis in (-1, -2):
        error = error + functional.l1_loss(decoded.diff(dim=axis), pictures.diff(dim=axis))
    return error + kl_weight * posterior.kl().mean()


@torch.no_grad()
def psnr(model: AutoencoderKL, pictures: NDArray[np.uint8]) -> float:
    """Decibels between drawn scenes and what comes back of them; the mean over pictures."""
    device = next(model.parameters()).device
    values = []
    for start in range(0, len(pictures), 8):
        batch = to_tensor(pictures[start : start + 8]).to(device)
        back = model.decode(model.encode(batch).latent_dist.mode()).sample.clamp(-1, 1)
        values += (((back - batch) / 2) ** 2).mean(dim=(1, 2, 3)).cpu().tolist()
    return float(np.mean(-10 * np.log10(values)))


def train(recipe: AutoencoderRecipe, seed: int, out: Path, device: str) -> Path:
    """Train, or carry on; the finished network is saved in `out`/vae, the diffusers way."""
    finished = out / "vae"
    if (finished / "config.json").exists():
        return finished
    torch.manual_seed(seed)
    model = build(recipe).to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.99), weight_decay=1e-4
    )
    step, state = 0, checkpoint.load(out / "autoencoder.pt")
    if state is not None:
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    log = checkpoint.Log(out / "autoencoder.log")
    log.line(event="drawing", scenes=recipe.scenes)
    pool = data.pictures(seed, 0, recipe.scenes)
    fresh = data.pictures(seed, FRESH, 32)
    noise = torch.Generator(device=device)
    while step < recipe.steps:
        for group in optimizer.param_groups:
            group["lr"] = checkpoint.learning_rate(step, recipe)
        batch = crops(pool, recipe, seed, step).to(device, memory_format=torch.channels_last)
        error = loss(model, batch, recipe.kl_weight, noise.manual_seed(seed + step))
        optimizer.zero_grad(set_to_none=True)
        error.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 100 == 0:
            log.line(step=step, loss=round(error.item(), 4))
        if step % recipe.checkpoint_every == 0 or step == recipe.steps:
            log.line(step=step, psnr=round(psnr(model, fresh), 2))
            checkpoint.save(
                out / "autoencoder.pt",
                {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step},
            )
    _settle_scale(model, pool)
    model.save_pretrained(finished)
    return finished


@torch.no_grad()
def _settle_scale(model: AutoencoderKL, pool: NDArray[np.uint8]) -> None:
    """Set the scaling factor so that latents have deviation 1, as the noise has."""
    device = next(model.parameters()).device
    means = [
        model.encode(to_tensor(pool[start : start + 8]).to(device)).latent_dist.mode()
        for start in range(0, min(len(pool), 256), 8)
    ]
    model.register_to_config(scaling_factor=round(1 / torch.cat(means).std().item(), 6))
