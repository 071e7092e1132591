"""Every number that settles how `mini` is trained. Imports nothing of ours."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class AutoencoderRecipe:
    """The picture compressor: AutoencoderKL, factor 8, 4 latent channels."""

    channels: tuple[int, ...] = (16, 32, 64, 96)
    latent_channels: int = 4
    scenes: int = 3000  # distinct drawn scenes
    crop: int = 96  # pixels a side, a multiple of 8
    batch: int = 16
    steps: int = 10_000
    learning_rate: float = 2e-3
    warmup: int = 100
    decay: int = 10_000
    kl_weight: float = 1e-6
    checkpoint_every: int = 500  # steps


@dataclass(frozen=True)
class DenoiserRecipe:
    """The text encoder and the UNet, trained together on the autoencoder's latents."""

    channels: tuple[int, ...] = (48, 96, 144)
    text_width: int = 128
    text_layers: int = 2
    text_heads: int = 4
    scenes: int = 16_000  # distinct drawn scenes, each encoded once
    batch: int = 32
    steps: int = 8400
    learning_rate: float = 2e-3
    warmup: int = 200
    decay: int = 1200  # the last steps, over which the learning rate falls to nothing
    thing_weight: float = 4.0  # how much more an error counts where a thing is, or could have been
    listening: float = 0.5  # weight of the text encoder's own loss
    empty_prompts: float = 0.1  # share of captions dropped, for guidance
    ema: float = 0.998  # decay of the averaged weights that ship
    checkpoint_every: int = 500  # steps


@dataclass(frozen=True)
class Recipe:
    """The whole recipe; `seed` settles data, weights and order."""

    seed: int = 7
    vocabulary: int = 1024  # tokens: 256 bytes, 256 bytes that end a word, start, end, and merges
    length: int = 77
    autoencoder: AutoencoderRecipe = field(default_factory=AutoencoderRecipe)
    denoiser: DenoiserRecipe = field(default_factory=DenoiserRecipe)
