"""What a training leaves: a model folder in diffusers' layout, an edition of it, and the built-in one replaced."""

from __future__ import annotations

import shutil
from pathlib import Path

import tomlkit
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline
from transformers import CLIPTokenizer

from babelgen.diffusion.training.networks import Networks, scheduler
from babelgen.edition import read_edition
from babelgen.resources import EDITIONS, PACKAGE
from babelgen.weights import file_hashes


def assemble(tokenizer: CLIPTokenizer, vae: AutoencoderKL, networks: Networks, folder: Path) -> None:
    """Save everything the way diffusers lays out Stable Diffusion, weights in float16."""
    vae.register_to_config(_name_or_path="")  # where it lay while it was trained says nothing of it
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=networks.text_encoder,
        tokenizer=tokenizer,
        unet=networks.unet,
        scheduler=scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(device="cpu", dtype=torch.float16).save_pretrained(folder, safe_serialization=True)


def write_edition(folder: Path, edition: Path, vocabulary: int) -> Path:
    """Write an edition like the shipped `mini` for the model in `folder`, its files pinned; returns `edition`."""
    document = tomlkit.parse((EDITIONS / "mini.toml").read_text("utf-8"))
    if edition.parent != EDITIONS:
        document["model"]["path"] = str(folder.absolute())
    document["text"]["vocabulary"] = vocabulary
    document["text"].pop("statistics", None)
    files = tomlkit.table()
    for file, digest in file_hashes(folder).items():
        files.append(file, digest)
    document["model"]["files"] = files
    edition.write_text(tomlkit.dumps(document), "utf-8")
    return edition


def install(trained: Path, vocabulary: int, name: str = "mini") -> Path:
    """Replace the shipped model `name`, pin its edition's files and retire the edition before; returns the TOML.

    Statistics of embeddings were those of the old model and are dropped; `edition fit` makes new ones.
    """
    target, edition = PACKAGE / "models" / name, EDITIONS / f"{name}.toml"
    retire(edition)
    for part in [entry for entry in target.iterdir() if entry.name != "README.md"] if target.exists() else []:
        shutil.rmtree(part) if part.is_dir() else part.unlink()
    shutil.copytree(trained, target, dirs_exist_ok=True, copy_function=shutil.copyfile)
    return write_edition(target, edition, vocabulary)


def retire(edition: Path) -> None:
    """Keep an edition's TOML, and the statistics that it has, under its id, so that its keys stay known."""
    before = read_edition(edition)
    folder = EDITIONS / "retired"
    document = tomlkit.parse(edition.read_text("utf-8"))
    if before.statistics is not None:
        document["text"]["statistics"]["file"] = f"{before.id}.npy"
        shutil.copyfile(before.statistics.path, folder / f"{before.id}.npy")
    (folder / f"{before.id}.toml").write_text(tomlkit.dumps(document), "utf-8")
