"""`python -m babelgen.diffusion.training`: make `mini` from nothing, or carry on where it stopped."""

from __future__ import annotations

import argparse
import shutil
from dataclasses import replace
from pathlib import Path

from diffusers import AutoencoderKL

from babelgen.diffusion.training import autoencoder, denoiser, vocabulary
from babelgen.diffusion.training.install import assemble, install
from babelgen.diffusion.training.recipe import Recipe


def main() -> None:
    """Run every stage that is not finished yet; the model ends up in OUT/model and, unless told otherwise, here."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/mini"), help="folder of checkpoints and logs")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--steps", type=int, help="of the denoiser, in all, instead of the recipe's")
    parser.add_argument("--keep", action="store_true", help="leave the shipped model as it is")
    arguments = parser.parse_args()
    recipe, out = Recipe(), arguments.out
    if arguments.steps:
        recipe = replace(recipe, denoiser=replace(recipe.denoiser, steps=arguments.steps))
    tokenizer = vocabulary.save(recipe, out / "tokenizer")
    vae = AutoencoderKL.from_pretrained(
        autoencoder.train(recipe.autoencoder, recipe.seed, out, arguments.device), local_files_only=True
    )
    networks = denoiser.train(recipe, tokenizer, vae, out, arguments.device)
    assemble(tokenizer, vae, networks, out / "model")
    shutil.copy(out / "tokenizer" / "words.txt", out / "model" / "words.txt")
    if not arguments.keep:
        print(f"installed; its edition is {install(out / 'model', len(tokenizer) - 2)}")


if __name__ == "__main__":
    main()
