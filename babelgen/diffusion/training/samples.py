"""Sheets of samples, so that one can watch a training: fixed prompts and noise, by diffusers' own pipeline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline
from PIL import Image
from transformers import CLIPTokenizer

from babelgen.diffusion.training.networks import Networks, scheduler

PROMPTS = (
    "mountains at night with a moon on the right",
    "the sea at sunset with a boat on the left",
    "a city at dawn with a balloon in the middle",
    "a snow field in a storm with a house on the right",
    "a forest in the fog with birds on the left",
    "a desert at noon with a windmill in the middle",
    "a lake at night with a lighthouse on the left and a moon on the right",
    "green hills at noon with a tree on the left and a house on the right",
    "an ink drawing of a canyon at sunset with a tower on the right",
    "a pastel of a lake at dawn with a boat in the middle",
    "a woodcut of green hills at noon with a lighthouse on the left",
    "",
)
COLUMNS, STEPS, GUIDANCE = 4, 20, 3.0


def write(networks: Networks, tokenizer: CLIPTokenizer, vae: AutoencoderKL, path: Path) -> None:
    """Sample every prompt and write one sheet, a WebP picture."""
    unet = networks.unet
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=networks.text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    shape = (len(PROMPTS), unet.config.in_channels, *unet.config.sample_size)
    noise = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    device = next(unet.parameters()).device
    with torch.autocast(device.type, torch.bfloat16):
        pictures = pipeline(
            list(PROMPTS),
            height=shape[2] * pipeline.vae_scale_factor,
            width=shape[3] * pipeline.vae_scale_factor,
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            latents=torch.from_numpy(noise).to(device),
            output_type="np",
        ).images
    rows = [np.concatenate(list(pictures[i : i + COLUMNS]), axis=1) for i in range(0, len(pictures), COLUMNS)]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.rint(np.concatenate(rows) * 255).astype(np.uint8)).save(path, quality=80)
