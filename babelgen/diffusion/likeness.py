"""Likeness: how much a picture is like a prompt, or like another picture, as an edition's own networks see it.

For a prompt: how much better the UNet guesses the noise in the noised picture when it is told the prompt than when it is
not, after Li, Prabhudesai, Duggal, Brown and Pathak, "Your Diffusion Model is Secretly a Zero-Shot Classifier" (2023).
For a picture: the cosine between what the autoencoder makes of both. No other model is needed, and the same pictures
have the same scores wherever their pixels are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from babelgen.diffusion.coding import Conditions
from babelgen.diffusion.compiling import telling_of_compiler
from babelgen.diffusion.memory import telling_of_comparing
from babelgen.diffusion.model import Model
from babelgen.diffusion.worker import open_model
from babelgen.edition import Edition
from babelgen.keys import Shelf
from babelgen.settings import ON_CPU, Setting

TIMES = 8  # amounts of noise that are tried, from a little to nearly nothing else

Pixels = NDArray[np.uint8]

# What a network of each prediction type should say of clean latents and noise.
_WANTED: dict[str, Callable[[float, float, Tensor, Tensor], Tensor]] = {
    "epsilon": lambda alpha, sigma, clean, noise: noise,
    "v_prediction": lambda alpha, sigma, clean, noise: alpha * noise - sigma * clean,
    "sample": lambda alpha, sigma, clean, noise: clean,
}


@torch.inference_mode()
def likeness_to_prompt(
    edition: Edition, pictures: Sequence[Pixels], prompt: Shelf, setting: Setting = ON_CPU
) -> list[float]:
    """A score for each picture (height, width, 3): the share of the UNet's error that the prompt takes away.

    0 where the prompt says nothing of the picture, below where it misleads, at most 1.
    """
    model = open_model(edition, setting)
    conditions = Conditions(model, most=2)
    told = torch.stack([conditions.embedding(conditions.default_negative()), conditions.embedding(prompt)])
    with telling_of_comparing(), telling_of_compiler():
        return [_told_apart(model, latents, told) for latents in _encode(model, pictures)]


@torch.inference_mode()
def likeness_to_picture(
    edition: Edition, pictures: Sequence[Pixels], other: Pixels, setting: Setting = ON_CPU
) -> list[float]:
    """A score for each picture: -1 to 1, and 1 for the other picture itself, which has the same size."""
    model = open_model(edition, setting)
    with telling_of_comparing(), telling_of_compiler():
        (wanted,) = _encode(model, [other])
        found = _encode(model, pictures)
    return [float(torch.cosine_similarity(latents.flatten(), wanted.flatten(), dim=0)) for latents in found]


def _encode(model: Model, pictures: Sequence[Pixels]) -> list[Tensor]:
    """The latents (c, h, w) float32 of pictures, each by itself, scaled as the UNet knows them."""
    found = []
    for pixels in pictures:
        values = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
        coded = model.vae.encode(model.put(values, model.dtype)).latent_dist.mean[0].float()
        found.append(coded * model.vae.config.scaling_factor)
    return found


def _told_apart(model: Model, latents: Tensor, told: Tensor) -> float:
    signal = model.scheduler.alphas_cumprod.double()
    generator = torch.Generator().manual_seed(
        0
    )  # the same noise for all pictures, so that they can be compared
    errors = np.zeros(2)
    for part in np.linspace(0.05, 0.95, TIMES):
        timestep = round(float(part) * (len(signal) - 1))
        alpha, sigma = float(signal[timestep].sqrt()), float((1 - signal[timestep]).sqrt())
        noise = model.put(torch.randn(latents.shape, generator=generator))
        sample = (alpha * latents + sigma * noise).to(model.dtype)
        times = model.put(torch.tensor([timestep, timestep]))
        outputs = model.unet(torch.stack([sample, sample]), times, told).sample.float()
        wanted = _WANTED[model.scheduler.config.prediction_type](alpha, sigma, latents, noise)
        errors += ((outputs - wanted) ** 2).mean(dim=(1, 2, 3)).cpu().numpy()
    without, with_prompt = errors
    return float((without - with_prompt) / without)
