"""Models as others publish them: each layout is loaded for real, from files that the test makes and saves itself."""

import json
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import EulerDiscreteScheduler, PNDMScheduler

from babelgen.diffusion.model import load_model, load_pipeline
from babelgen.diffusion.single import render_key
from babelgen.edition import Edition, read_edition
from babelgen.errors import UserError
from babelgen.keys import Address, format_key
from babelgen.picture import psnr
from babelgen.tokens import tokens_of
from babelgen.weights import file_hashes

from .. import tiny

NOISE_SCHEDULE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


@pytest.fixture
def model(tiny_edition: Edition, tmp_path: Path) -> Path:
    """A copy of the tiny model, to be made into another layout."""
    return Path(shutil.copytree(tiny_edition.model, tmp_path / "model"))


def edition(model: Path, guidance: float = 3.0, scheduler: str = "ddim", **fields: object) -> Edition:
    """The tiny edition over that model."""
    changed: dict[str, Any] = deepcopy(tiny.edition_fields(model))
    changed["sampler"] |= {"guidance": guidance, "scheduler": scheduler}
    changed["model"] |= fields
    return read_edition(tiny.write_edition(model.parent / "e.toml", changed))


def make_old_tokenizer(model: Path, pad: str) -> None:
    """A tokenizer in the files of old: vocabulary, merges and special tokens apart."""
    folder = model / "tokenizer"
    parts = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]
    (folder / "tokenizer.json").unlink()
    vocabulary, merges = parts["vocab"], [" ".join(pair) for pair in parts["merges"]]
    (folder / "vocab.json").write_text(json.dumps(vocabulary), "utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n", "utf-8")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    token = {
        "__type": "AddedToken",
        "lstrip": False,
        "normalized": True,
        "rstrip": False,
        "single_word": False,
    }
    settings = {name: {**token, "content": content} for name, content in special.items()}
    settings |= {"add_prefix_space": False, "do_lower_case": True, "errors": "replace", "pad_token": pad}
    settings |= {"model_max_length": tiny.LENGTH, "tokenizer_class": "CLIPTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    (folder / "special_tokens_map.json").write_text(json.dumps({**special, "pad_token": pad}), "utf-8")


def renders_as_its_pipeline(edition: Edition, steps: int) -> None:
    """Our picture of a key beside that of diffusers' own pipeline, given the same noise and prompt."""
    shelf = tokens_of(edition).shelf("the sea at night")
    key = format_key(Address(steps, shelf, 0), edition.key_space())
    pipeline = load_pipeline(edition)
    pipeline.set_progress_bar_config(disable=True)
    ours = render_key(edition, key)
    theirs = pipeline(
        "the sea at night",
        num_inference_steps=steps,
        guidance_scale=edition.guidance,
        latents=torch.from_numpy(edition.codec.parse(key).noise())[None],
        width=edition.width,
        height=edition.height,
        output_type="np",
    ).images[0]
    assert psnr(ours, (theirs * 255).round().astype(np.uint8)) > 45
    assert ours.std() > 1


def test_the_layout_of_stable_diffusion_1(model: Path) -> None:
    """An old tokenizer, a scheduler of another class than the edition's, weights in two variants, a safety checker."""
    plain = tokens_of(edition(model)).encode("the sea at sunset")
    PNDMScheduler(
        **NOISE_SCHEDULE, set_alpha_to_one=False, skip_prk_steps=True, steps_offset=1
    ).save_pretrained(model / "scheduler")
    make_old_tokenizer(model, "<|endoftext|>")
    for name in ("unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model", "text_encoder/model"):
        shutil.copyfile(model / f"{name}.safetensors", model / f"{name}.fp16.safetensors")
    index = json.loads((model / "model_index.json").read_text())
    index |= {"safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"]}
    index |= {"feature_extractor": ["transformers", "CLIPImageProcessor"], "requires_safety_checker": True}
    (model / "model_index.json").write_text(json.dumps(index))
    ours = edition(model, files=file_hashes(model))
    assert tokens_of(ours).encode("the sea at sunset") == plain
    renders_as_its_pipeline(ours, 7)
    renders_as_its_pipeline(edition(model, scheduler="dpm++ 2m"), 7)
    renders_as_its_pipeline(edition(model, variant="fp16"), 7)


def test_the_layout_of_sd_turbo(model: Path) -> None:
    """Trailing timesteps of another class, prompts padded with a word of the vocabulary, no guidance."""
    make_old_tokenizer(model, "!")
    EulerDiscreteScheduler(**NOISE_SCHEDULE, timestep_spacing="trailing", steps_offset=1).save_pretrained(
        model / "scheduler"
    )
    ours = edition(model, guidance=1.0, scheduler="dpm++ 2m")
    ids = tokens_of(ours).ids([5])
    assert ids[3:] == [tokens_of(ours).ids(tokens_of(ours).encode("!").ranks)[1]] * (tiny.LENGTH - 3)
    for steps in (1, 2, 3, 4):
        renders_as_its_pipeline(ours, steps)


def test_code_that_comes_with_a_model_is_not_run(model: Path, tmp_path: Path) -> None:
    index = json.loads((model / "model_index.json").read_text())
    (model / "model_index.json").write_text(json.dumps(index | {"unet": ["evil", "Evil"]}))
    (model / "unet/evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\nclass Evil: pass\n")
    with pytest.raises(UserError, match=r"^The model of edition tiny-\w+ cannot be loaded: "):
        load_model(edition(model))
    assert not (tmp_path / "ran").exists()
