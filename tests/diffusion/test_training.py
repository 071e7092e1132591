"""Training: small recipes run through, and a run that was killed ends as one that was not."""

from __future__ import annotations

import shutil

import pytest
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline

from babelgen.diffusion.training import autoencoder, checkpoint, data, denoiser, install, latents, vocabulary
from babelgen.diffusion.training.install import assemble
from babelgen.diffusion.training.latents import Latents
from babelgen.diffusion.training.networks import build
from babelgen.diffusion.training.recipe import AutoencoderRecipe, DenoiserRecipe, Recipe
from babelgen.edition import read_edition
from babelgen.resources import EDITIONS
from babelgen.weights import file_hashes

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
        decay=2,
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
    networks = build(RECIPE.denoiser, tokenizer, torch.zeros(1, 4, 26, 40))
    assemble(tokenizer, vae, networks, tmp_path / "model")
    pipeline = StableDiffusionPipeline.from_pretrained(tmp_path / "model", local_files_only=True)
    assert len(pipeline.tokenizer) == len(tokenizer)
    assert pipeline.tokenizer.model_max_length == RECIPE.length
    assert pipeline.scheduler.config.prediction_type == "v_prediction"


def test_installing_retires_the_edition_before(tmp_path, monkeypatch, tokenizer):
    monkeypatch.setattr(install, "EDITIONS", tmp_path / "editions")
    monkeypatch.setattr(install, "PACKAGE", tmp_path)
    (tmp_path / "editions" / "retired").mkdir(parents=True)
    networks = build(RECIPE.denoiser, tokenizer, torch.zeros(1, 4, 26, 40))
    assemble(tokenizer, autoencoder.build(RECIPE.autoencoder), networks, tmp_path / "trained")
    shipped = tmp_path / "editions" / "mini.toml"
    shutil.copy(EDITIONS / "mini.toml", shipped)
    shutil.copy(EDITIONS / "mini.npy", shipped.parent)
    old = read_edition(shipped).id
    install.install(tmp_path / "trained", len(tokenizer) - 2)
    new = read_edition(shipped)
    assert new.id != old
    assert new.files == file_hashes(tmp_path / "models" / "mini")
    kept = read_edition(tmp_path / "editions" / "retired" / f"{old}.toml")
    assert (kept.id, kept.statistics.path.name) == (old, f"{old}.npy")
    assert kept.statistics.path.read_bytes() == (EDITIONS / "mini.npy").read_bytes()


def test_a_batch_depends_on_its_step_alone(tokenizer):
    scenes = Latents(torch.randn(4, 4, 26, 40).half(), torch.rand(4, 1, 26, 40) < 0.1)
    first, again, other = (denoiser.batch(scenes, tokenizer, RECIPE, step, "cpu") for step in (3, 3, 4))
    assert torch.equal(first.noise, again.noise)
    assert torch.equal(first.tokens, again.tokens)
    assert not torch.equal(first.noise, other.noise)


def test_things_weigh_more_and_lie_where_they_were_drawn(tokenizer):
    scenes = latents.encode(autoencoder.build(RECIPE.autoencoder), RECIPE.seed, 4, "cpu")
    for index in range(4):
        drawing = data.drawing(RECIPE.seed, index)
        cells = scenes.things[index, 0]
        assert cells.any() == bool(drawing.boxes)
        for left, top, right, bottom in drawing.boxes:
            assert cells[int((top + bottom) / 16), int((left + right) / 16)]
    weight = denoiser.batch(scenes, tokenizer, RECIPE, 0, "cpu").weight
    assert set(weight.unique().tolist()) == {1.0, RECIPE.denoiser.thing_weight}


def test_sheets_of_samples_are_written_as_training_goes(tmp_path, tokenizer):
    denoiser.train(RECIPE, tokenizer, autoencoder.build(RECIPE.autoencoder), tmp_path, "cpu")
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == ["000002.webp", "000004.webp"]
    assert sorted(path.name for path in tmp_path.glob("average-*.pt")) == ["average-1.pt", "average-2.pt"]


def test_the_optimizers_change_every_weight_and_know_which_are_matrices(tokenizer):
    run = denoiser.start(RECIPE, tokenizer, Latents(torch.zeros(1, 4, 26, 40), torch.zeros(1)), "cpu")
    before = [parameter.detach().clone() for parameter in run.networks.parameters()]
    for parameter in run.networks.parameters():
        parameter.grad = torch.randn_like(parameter)
    run.optimizers.step(1e-3)
    assert all(not torch.equal(a, b) for a, b in zip(before, run.networks.parameters(), strict=True))
    assert all(parameter.grad is None for parameter in run.networks.parameters())


def test_the_learning_rate_rises_then_falls():
    part = DenoiserRecipe(steps=100, learning_rate=1.0, warmup=10, decay=30)
    rates = [checkpoint.learning_rate(step, part) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[10] == rates[69] == 1.0
    assert rates[71] > rates[72]
    assert rates[-1] < 0.02


def test_any_text_has_tokens_and_captions_few(tokenizer):
    assert len(tokenizer("the sea at sunset with a boat on the left").input_ids) <= 14
    ids = tokenizer("Ünïcödé 東京 🚀").input_ids
    assert tokenizer.decode(ids, skip_special_tokens=True) == "ünïcödé 東京 🚀"
