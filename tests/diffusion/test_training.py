"""Training: small recipes run through, and a run that was killed ends as one that was not."""

from __future__ import annotations

import pytest
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline

from babelgen.diffusion.training import __main__ as program
from babelgen.diffusion.training import autoencoder, checkpoint, denoiser, vocabulary
from babelgen.diffusion.training.recipe import AutoencoderRecipe, DenoiserRecipe, Recipe

RECIPE = Recipe(
    autoencoder=AutoencoderRecipe(
        channels=(8, 8, 8, 8), scenes=4, batch=2, crop=32, steps=4, warmup=1, checkpoint_every=2
    ),
    denoiser=DenoiserRecipe(
        channels=(16, 16, 16),
        text_width=16,
        text_layers=1,
        scenes=4,
        batch=2,
        steps=4,
        warmup=1,
        checkpoint_every=2,
    ),
)


class Killed(Exception):
    """Stands for the end of a process in the middle of a run."""


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return vocabulary.save(RECIPE, tmp_path_factory.mktemp("tokenizer"))


def kill_after_the_first_checkpoint(monkeypatch):
    save = checkpoint.save

    def save_and_die(path, state):
        save(path, state)
        if "step" in state:
            raise Killed

    monkeypatch.setattr(checkpoint, "save", save_and_die)


def test_an_autoencoder_that_was_killed_ends_the_same(tmp_path, monkeypatch):
    whole = autoencoder.train(RECIPE.autoencoder, 1, tmp_path / "whole", "cpu")
    kill_after_the_first_checkpoint(monkeypatch)
    with pytest.raises(Killed):
        autoencoder.train(RECIPE.autoencoder, 1, tmp_path / "killed", "cpu")
    monkeypatch.undo()
    carried_on = autoencoder.train(RECIPE.autoencoder, 1, tmp_path / "killed", "cpu")
    weights = [AutoencoderKL.from_pretrained(path).state_dict() for path in (whole, carried_on)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_denoiser_that_was_killed_ends_the_same(tmp_path, monkeypatch, tokenizer):
    vae = autoencoder.build(RECIPE.autoencoder)
    whole = denoiser.train(RECIPE, tokenizer, vae, tmp_path / "whole", "cpu")
    kill_after_the_first_checkpoint(monkeypatch)
    with pytest.raises(Killed):
        denoiser.train(RECIPE, tokenizer, vae, tmp_path / "killed", "cpu")
    monkeypatch.undo()
    carried_on = denoiser.train(RECIPE, tokenizer, vae, tmp_path / "killed", "cpu")
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), carried_on.parameters(), strict=True))


def test_what_is_assembled_loads_the_ordinary_way(tmp_path, tokenizer):
    vae = autoencoder.build(RECIPE.autoencoder)
    networks = denoiser.build(RECIPE.denoiser, tokenizer, torch.zeros(1, 4, 26, 40))
    program.assemble(tokenizer, vae, networks, tmp_path / "model")
    pipeline = StableDiffusionPipeline.from_pretrained(tmp_path / "model", local_files_only=True)
    assert len(pipeline.tokenizer) == len(tokenizer)
    assert pipeline.tokenizer.model_max_length == RECIPE.length
    assert pipeline.scheduler.config.prediction_type == "v_prediction"


def test_a_batch_depends_on_its_step_alone(tokenizer):
    latents = torch.randn(4, 4, 26, 40).half()
    first, again, other = (denoiser.batch(latents, tokenizer, RECIPE, step, "cpu") for step in (3, 3, 4))
    assert torch.equal(first.noise, again.noise)
    assert torch.equal(first.tokens, again.tokens)
    assert not torch.equal(first.noise, other.noise)


def test_the_learning_rate_rises_then_falls():
    rates = [checkpoint.learning_rate(step, 100, 1.0, 10) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[10] == 1.0
    assert rates[-1] < 0.02


def test_any_text_has_tokens_and_captions_few(tokenizer):
    assert len(tokenizer("the sea at sunset with a boat on the left").input_ids) <= 14
    ids = tokenizer("Ünïcödé 東京 🚀").input_ids
    assert tokenizer.decode(ids, skip_special_tokens=True) == "ünïcödé 東京 🚀"
