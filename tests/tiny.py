"""A tiny real edition, made from nothing: a tokenizer, three random networks, and the TOML that pins them.

Pictures of 16 x 8 pixels in a few milliseconds, through the same code as any other model. They show nothing, but
differ visibly between prompts, pages and numbers of steps.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit

from babelgen.keys import Statistics
from babelgen.statistics import write_statistics
from babelgen.weights import file_hashes

LENGTH = 16  # of the text encoder, start and end included
VOCABULARY = 826  # content tokens
WORDS = (
    "the sea",
    "a forest",
    "green hills",
    "mountains",
    "at night",
    "at sunset",
    "in the fog",
    "with a boat",
)


def make_words(folder: Path, length: int = LENGTH) -> None:
    """The tokenizer and the word list of a model, without its networks (and without loading torch)."""
    from babelgen.diffusion.training import vocabulary
    from babelgen.diffusion.training.recipe import Recipe

    vocabulary.build(Recipe(length=length)).save_pretrained(folder / "tokenizer")
    (folder / "words.txt").write_text("\n".join(WORDS) + "\n")


def make_networks(folder: Path, length: int = LENGTH, width: int = 8, blocks: int = 1) -> None:
    """Three random networks beside the tokenizer in `folder`, in the layout of diffusers.

    width: of embeddings. blocks: of the UNet, the innermost of which has attention.
    """
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        unet = UNet2DConditionModel(
            sample_size=None,
            in_channels=4,
            out_channels=4,
            block_out_channels=(8,) * blocks,
            down_block_types=("DownBlock2D",) * (blocks - 1) + ("CrossAttnDownBlock2D",),
            up_block_types=("CrossAttnUpBlock2D",) + ("UpBlock2D",) * (blocks - 1),
            layers_per_block=1,
            attention_head_dim=4,
            cross_attention_dim=width,
            norm_num_groups=4,
        )
        vae = AutoencoderKL(
            block_out_channels=(4, 8),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            latent_channels=4,
            norm_num_groups=4,
        )
        text_encoder = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(tokenizer),
                hidden_size=width,
                intermediate_size=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                max_position_embeddings=length,
                bos_token_id=tokenizer.bos_token_id,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )
        )
        with torch.no_grad():  # random networks are timid: without this all pictures are one grey
            vae.decoder.conv_out.weight.mul_(3)
            text_encoder.get_input_embeddings().weight.mul_(50)
    StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=DDIMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            clip_sample=False,
            set_alpha_to_one=False,
            steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder, safe_serialization=True)


def make_safety_checker(folder: Path, threshold: float = -2.0) -> None:
    """A random safety checker beside the networks in `folder`, with what prepares pictures for it.

    threshold: the cosine beyond which a picture is like a forbidden concept, so that -2 flags every picture and 2 none.
    """
    import torch
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig, CLIPImageProcessorPil

    heads = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(
        vision_config={**heads, "image_size": 32, "patch_size": 8, "projection_dim": 8},
        text_config={**heads, "vocab_size": 3, "bos_token_id": 1, "eos_token_id": 2},
        projection_dim=8,
    )
    with torch.random.fork_rng():
        torch.manual_seed(1)
        checker = StableDiffusionSafetyChecker(config)
        with torch.no_grad():
            checker.vision_model.embeddings.patch_embedding.weight.normal_()
            checker.concept_embeds.normal_()
            checker.concept_embeds_weights.fill_(threshold)
            checker.special_care_embeds_weights.fill_(2.0)
    checker.save_pretrained(folder / "safety_checker", safe_serialization=True)
    size = {"height": 32, "width": 32}
    processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=size)
    processor.save_pretrained(folder / "feature_extractor")


def edition_fields(model: Path, pinned: bool = False) -> dict[str, Any]:
    """The fields of the tiny edition's TOML, for a test to change; `model`: the model's folder."""
    fields: dict[str, Any] = {
        "name": "tiny",
        "title": "Tiny",
        "description": "Random networks.",
        "codec": "babel2",
        "picture": {"width": 16, "height": 8, "latents": [4, 4, 8]},
        "sampler": {"scheduler": "ddim", "steps": 3, "guidance": 3.0},
        "text": {"vocabulary": VOCABULARY, "length": LENGTH},
        "random": {"words": "words.txt", "exhaustive": True, "lengths": [1.0, 2.0, 1.0]},
        "model": {"path": str(model)},
    }
    if pinned:
        fields["model"]["files"] = file_hashes(model)
    return fields


def archive_fields(model: Path, pinned: bool = False) -> dict[str, Any]:
    """The fields of an edition of the archive's keys: their form, and small pictures."""
    fields = edition_fields(model, pinned)
    return fields | {
        "name": "archive",
        "codec": "lob1",
        "picture": {"width": 160, "height": 104, "latents": [4, 52, 80]},
        "sampler": {**fields["sampler"], "guidance": 1.0},
        "text": {"vocabulary": VOCABULARY, "length": 77},
    }


def fit(folder: Path, fields: Mapping[str, Any], statistics: Statistics) -> dict[str, Any]:
    """The fields of an edition whose TOML is to lie in `folder`, with these statistics, which are written there."""
    data = write_statistics(statistics)
    (folder / "statistics.npy").write_bytes(data)
    pinned = {"sha256": hashlib.sha256(data).hexdigest(), "coordinates": statistics.coordinates}
    return {**fields, "text": {**fields["text"], "statistics": {"file": "statistics.npy", **pinned}}}


def write_edition(path: Path, fields: Mapping[str, Any]) -> Path:
    """Write an edition's TOML; returns its path."""
    path.write_text(tomlkit.dumps(fields), "utf-8")
    return path


def make_poisoned(folder: Path, healthy: Path, token: str) -> Path:
    """The TOML of an edition whose pictures are no numbers where a prompt has this token, and nowhere else.

    healthy: the tiny edition's model. The new one is in `folder`/model, provisional, so that it can be mended.
    """
    import numpy as np
    from safetensors.numpy import load_file, save_file
    from transformers import CLIPTokenizer

    model = folder / "model"
    shutil.copytree(healthy, model)
    number = CLIPTokenizer.from_pretrained(model / "tokenizer").convert_tokens_to_ids(f"{token}</w>")
    weights = load_file(model / "text_encoder/model.safetensors")
    (name,) = [name for name in weights if name.endswith("token_embedding.weight")]
    weights[name] = weights[name].copy()
    weights[name][number] = np.nan
    save_file(weights, model / "text_encoder/model.safetensors", metadata={"format": "pt"})
    return write_edition(folder / "poisoned.toml", edition_fields(model))
