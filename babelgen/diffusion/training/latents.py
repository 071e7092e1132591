"""The denoiser's training set: latents of drawn scenes, and where on them the things are.

Kept on disk, so that a run that carries on need not draw it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor

from babelgen.diffusion.training import checkpoint, data
from babelgen.diffusion.training.autoencoder import to_tensor
from babelgen.scenes import ACROSS, Drawing

FACTOR = 8  # pixels a latent cell
CHUNK = 2000  # scenes drawn at a time


@dataclass(frozen=True)
class Latents:
    """values: float16 (n, channels, height, width), scaled to deviation 1. things: bool (n, 1, height, width)."""

    values: Tensor
    things: Tensor


def load(vae: AutoencoderKL, seed: int, count: int, path: Path, device: str) -> Latents:
    """The first `count` samples of a seed: from `path`, or drawn, encoded and kept there."""
    kept = checkpoint.load(path)
    if kept is None or len(kept["values"]) < count:
        made = encode(vae, seed, count, device)
        kept = {"values": made.values, "things": made.things}
        checkpoint.save(path, kept)
    return Latents(kept["values"][:count], kept["things"][:count])


def places(things: Tensor) -> Tensor:
    """Where a thing is or, said otherwise, could have been: at its own place and at the two others.

    An error there counts for more in training. Were it only where the thing is, a model that does not know the
    place yet would do best to draw the thing at all three.
    """
    width = things.shape[-1]
    step = round(width * (ACROSS["middle"] - ACROSS["left"]))
    spread = things.clone()
    for shift in (step, 2 * step):
        spread[..., shift:] |= things[..., : width - shift]
        spread[..., : width - shift] |= things[..., shift:]
    return spread


@torch.no_grad()
def encode(vae: AutoencoderKL, seed: int, count: int, device: str) -> Latents:
    """Draw and encode samples 0 .. count - 1."""
    vae = vae.to(device, memory_format=torch.channels_last)
    values, things = [], []
    for start in range(0, count, CHUNK):
        drawings = data.drawings(seed, start, min(CHUNK, count - start))
        things += [mask(drawing) for drawing in drawings]
        for first in range(0, len(drawings), 16):
            pictures = np.stack([drawing.picture for drawing in drawings[first : first + 16]])
            with torch.autocast(device, torch.bfloat16):
                posterior = vae.encode(to_tensor(pictures).to(device)).latent_dist
            values.append((posterior.mode().float() * vae.config.scaling_factor).half().cpu())
    return Latents(torch.cat(values), torch.from_numpy(np.stack(things)[:, None]))


def mask(drawing: Drawing) -> np.ndarray:
    """Which latent cells a thing touches, bool (height, width)."""
    height, width = drawing.picture.shape[0] // FACTOR, drawing.picture.shape[1] // FACTOR
    cells = np.zeros((height, width), bool)
    for box in drawing.boxes:
        left, top, right, bottom = (edge / FACTOR for edge in box)
        rows = slice(max(int(top), 0), max(int(np.ceil(bottom)), 0))
        cells[rows, max(int(left), 0) : max(int(np.ceil(right)), 0)] = True
    return cells
