"""Models of published sizes with random weights: how fast a network is does not depend on what it has learnt.

A model is written to a folder, in the layout that editions are loaded from, so that everything after goes the way of
real weights. Its configuration is read from the edition's own folder, or, where that is not here, from the table below.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from babelgen.diffusion.model import quiet
from babelgen.diffusion.training import vocabulary
from babelgen.diffusion.training.recipe import Recipe
from babelgen.edition import Edition
from babelgen.errors import UserError

Config = dict[str, Any]


@dataclass(frozen=True)
class Architecture:
    """The configurations of a model's networks and of its noise schedule, as diffusers and transformers name things."""

    unet: Config
    text_encoder: Config
    vae: Config
    scheduler: Config


# What the makers published, where it is not the libraries' default.
_VAE: Config = {
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "layers_per_block": 2,
}
_SCHEDULER: Config = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "set_alpha_to_one": False,
    "steps_offset": 1,
}
_SD15 = Architecture(
    unet={"sample_size": 64, "cross_attention_dim": 768},
    text_encoder={
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "projection_dim": 768,
    },
    vae=_VAE,
    scheduler=_SCHEDULER,
)
_SD21 = Architecture(
    unet={
        "sample_size": 64,
        "cross_attention_dim": 1024,
        "attention_head_dim": [5, 10, 20, 20],
        "use_linear_projection": True,
    },
    text_encoder={
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_hidden_layers": 23,
        "num_attention_heads": 16,
        "hidden_act": "gelu",
    },
    vae=_VAE,
    scheduler=_SCHEDULER | {"timestep_spacing": "trailing"},
)
ARCHITECTURES = {
    "stable-diffusion-v1-5/stable-diffusion-v1-5": _SD15,
    "stabilityai/sd-turbo": _SD21,
}


def builder(device: str) -> tuple[None, Callable[[tuple[Edition, Path]], Edition]]:
    """For a process of its own: what turns an edition and an empty folder into an edition of random weights."""
    return None, partial(_answer, device)


def _answer(device: str, asked: tuple[Edition, Path]) -> Edition:
    return randomised(*asked, device)


def randomised(edition: Edition, folder: Path, device: str = "cpu") -> Edition:
    """The edition with a model of random weights, which is written to `folder`; UserError where its sizes are unknown.

    device: where weights are drawn. They are float16 on disk, as most models are; the tokenizer is the edition's own,
    or one for the captions of drawn scenes. Nothing is pinned, and no safety checker is made up.
    """
    found = architecture(edition)
    tokenizer = _tokenizer(edition)
    with quiet():
        _write(found, tokenizer, folder, device)
    return replace(
        edition,
        model=folder,
        source=None,
        variant="",
        safety_checker=False,
        vocabulary=len(tokenizer) - 2,
        negative=(),
        files={},
        statistics=None,
    )


def architecture(edition: Edition) -> Architecture:
    """The sizes of an edition's model."""
    if (edition.model / "unet" / "config.json").is_file():
        parts = {"unet": "config", "text_encoder": "config", "vae": "config", "scheduler": "scheduler_config"}
        texts = {part: (edition.model / part / f"{name}.json").read_text() for part, name in parts.items()}
        return Architecture(**{part: json.loads(text) for part, text in texts.items()})
    if edition.source is None or edition.source.repository not in ARCHITECTURES:
        raise UserError(f"How large the model of edition {edition.id} is, nothing here says.")
    return ARCHITECTURES[edition.source.repository]


def _tokenizer(edition: Edition) -> CLIPTokenizer:
    folder = edition.model / "tokenizer"
    if folder.is_dir():
        return CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    return vocabulary.build(Recipe(length=edition.length))


def _write(found: Architecture, tokenizer: CLIPTokenizer, folder: Path, device: str) -> None:
    unet, text_encoder, vae = networks(found, device)
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=DDIMScheduler.from_config(found.scheduler),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(device="cpu", dtype=torch.float16).save_pretrained(folder, safe_serialization=True)


def networks(found: Architecture, device: str) -> tuple[UNet2DConditionModel, CLIPTextModel, AutoencoderKL]:
    """The three networks, drawn on a device."""
    with torch.device(device):
        return (
            UNet2DConditionModel.from_config(found.unet),
            CLIPTextModel(CLIPTextConfig.from_dict(found.text_encoder)),
            AutoencoderKL.from_config(found.vae),
        )
