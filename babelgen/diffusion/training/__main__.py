"""`python -m babelgen.diffusion.training`: make `mini` from nothing, or carry on where it stopped."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline
from transformers import CLIPTokenizer

from babelgen.diffusion.training import autoencoder, denoiser, vocabulary
from babelgen.diffusion.training.install import install
from babelgen.diffusion.training.recipe import Recipe


def assemble(tokenizer: CLIPTokenizer, vae: AutoencoderKL, networks: denoiser.Networks, folder: Path) -> None:
    """Save everything the way diffusers lays out Stable Diffusion, weights in float16."""
    vae.register_to_config(_name_or_path="")  # where it lay while it was trained says nothing of it
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=networks.text_encoder,
        tokenizer=tokenizer,
        unet=networks.unet,
        scheduler=denoiser.scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(device="cpu", dtype=torch.float16).save_pretrained(folder, safe_serialization=True)


def main() -> None:
    """Run every stage that is not finished yet; the model ends up in OUT/model and in the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/mini"), help="folder of checkpoints and logs")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    arguments = parser.parse_args()
    recipe, out = Recipe(), arguments.out
    tokenizer = vocabulary.save(recipe, out / "tokenizer")
    vae = AutoencoderKL.from_pretrained(
        autoencoder.train(recipe.autoencoder, recipe.seed, out, arguments.device), local_files_only=True
    )
    networks = denoiser.train(recipe, tokenizer, vae, out, arguments.device)
    assemble(tokenizer, vae, networks, out / "model")
    shutil.copy(out / "tokenizer" / "words.txt", out / "model" / "words.txt")
    print(f"installed; its edition is {install(out / 'model')}")


if __name__ == "__main__":
    main()
