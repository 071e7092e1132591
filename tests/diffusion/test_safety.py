"""The safety checker: it says what diffusers' pipeline says, of each picture as if alone, and touches nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from babelgen.diffusion.model import load_model
from babelgen.diffusion.safety import SafetyChecker, load_safety_checker
from babelgen.edition import load_edition
from babelgen.errors import UserError
from babelgen.weights import file_hashes

from .. import tiny

WEIGHTS = "safety_checker/model.safetensors"


@pytest.fixture
def model(tiny_edition, tmp_path):
    """A copy of the tiny model with a safety checker that flags some pictures."""
    shutil.copytree(tiny_edition.model, tmp_path / "model")
    tiny.make_safety_checker(tmp_path / "model", threshold=0.5)
    return tmp_path / "model"


def checker_of(model: Path, **fields: object) -> SafetyChecker | None:
    """The safety checker of an edition of a model."""
    changed = tiny.edition_fields(model)
    changed["model"] |= {"safety_checker": True, **fields}
    edition = load_edition(str(tiny.write_edition(model.parent / "checked.toml", changed)))
    return load_safety_checker(load_model(edition))


def drawn(count: int) -> list[NDArray[np.uint8]]:
    """Noise of different darkness, which nobody may write on."""
    rng = np.random.default_rng(1)
    pictures = [rng.integers(0, 256, (8, 16, 3), dtype=np.uint8) // (at % 3 + 1) for at in range(count)]
    for picture in pictures:
        picture.flags.writeable = False
    return pictures


def by_pipeline(model: Path, checker: SafetyChecker, pictures: list[NDArray[np.uint8]]) -> list[bool]:
    """What diffusers' own pipeline says of all at once."""
    pipeline = StableDiffusionPipeline.from_pretrained(
        model, safety_checker=checker.network, feature_extractor=checker.processor, local_files_only=True
    )
    images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) / 127.5 - 1
    _, flags = pipeline.run_safety_checker(images, torch.device("cpu"), torch.float32)
    return [bool(flag) for flag in flags]


def test_it_says_what_diffusers_says(model):
    pictures, checker = drawn(13), checker_of(model)
    flags = checker.flags(pictures)
    assert flags == by_pipeline(model, checker, pictures)
    assert set(flags) == {True, False}


def test_each_picture_is_judged_as_if_alone(model):
    pictures, checker = drawn(7), checker_of(model)
    flags = checker.flags(pictures)
    assert [checker.flags([picture]) for picture in pictures] == [[flag] for flag in flags]
    assert checker.flags(pictures[::-1]) == flags[::-1]
    assert checker.flags([]) == []


@pytest.mark.parametrize(("threshold", "flag"), [(-2.0, True), (2.0, False)])
def test_pictures_stay_as_they_are_and_nothing_is_said(model, capfd, threshold, flag):
    tiny.make_safety_checker(model, threshold)
    pictures, checker = drawn(3), checker_of(model)
    before = [picture.copy() for picture in pictures]
    capfd.readouterr()
    assert checker.flags(pictures) == [flag] * 3
    assert all(map(np.array_equal, pictures, before))
    assert capfd.readouterr() == ("", "")


def test_it_is_loaded_for_editions_that_ask_for_it_alone(model, tiny_edition):
    assert checker_of(model) is not None
    assert checker_of(model, safety_checker=False) is None
    assert load_safety_checker(load_model(tiny_edition)) is None


def test_it_computes_in_float32_whatever_the_model_does(model):
    fields = tiny.edition_fields(model)
    fields["model"]["safety_checker"] = True
    edition = load_edition(str(tiny.write_edition(model.parent / "checked.toml", fields)))
    checker = load_safety_checker(load_model(edition, dtype=torch.bfloat16))
    assert {value.dtype for value in checker.network.parameters()} == {torch.float32}
    assert checker.flags(drawn(5)) == checker_of(model).flags(drawn(5))


def test_a_variant_is_of_its_weights_too(model):
    for weights in model.rglob("*.safetensors"):
        weights.rename(weights.with_suffix(".fp16.safetensors"))
    assert set(checker_of(model, variant="fp16").flags(drawn(6))) == {True, False}


def test_older_names_of_weights_and_sizes_mean_the_same(model):
    """As the folders of Stable Diffusion 1 have them."""
    expected = checker_of(model).flags(drawn(9))
    weights = load_file(model / WEIGHTS)
    nested = {
        name.replace("vision_model.", "vision_model.vision_model."): value for name, value in weights.items()
    }
    nested["vision_model.vision_model.embeddings.position_ids"] = np.arange(17)[None]
    save_file(nested, model / WEIGHTS, metadata={"format": "pt"})
    config = model / "feature_extractor/preprocessor_config.json"
    old = {**json.loads(config.read_text()), "size": 32, "crop_size": 32}
    old["feature_extractor_type"] = old.pop("image_processor_type").replace(
        "ImageProcessor", "FeatureExtractor"
    )
    config.write_text(json.dumps(old))
    assert checker_of(model).flags(drawn(9)) == expected


@pytest.mark.parametrize(
    "part", ["safety_checker", "feature_extractor", "safety_checker/config.json", WEIGHTS]
)
def test_what_is_not_there_is_told_in_one_sentence(model, part):
    shutil.rmtree(model / part) if (model / part).is_dir() else (model / part).unlink()
    with pytest.raises(UserError, match=r"^The (model|safety checker) of edition tiny-\w+ .*") as refused:
        checker_of(model)
    assert part.split("/")[0] in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda weights: weights.pop("visual_projection.weight"),
        lambda weights: weights.update({"visual_projection.weight": np.zeros((8, 9), np.float32)}),
    ],
)
def test_weights_that_do_not_fit_are_refused(model, change):
    weights = load_file(model / WEIGHTS)
    change(weights)
    save_file(weights, model / WEIGHTS, metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"lacks the weights that it needs: visual_projection\.weight\.$"):
        checker_of(model)


def test_its_files_are_pinned_with_the_models(model):
    hashes = file_hashes(model, checker=True)
    assert {WEIGHTS, "safety_checker/config.json", "feature_extractor/preprocessor_config.json"} < set(hashes)
    assert checker_of(model, files=hashes) is not None
    tiny.make_safety_checker(model, threshold=0.4)
    with pytest.raises(
        UserError, match=r"^The file safety_checker/model\.safetensors in .* is not the one that edition"
    ):
        checker_of(model, files=hashes)


def test_a_pickle_is_not_loaded(model):
    (model / WEIGHTS).unlink()
    torch.save({}, model / "safety_checker/pytorch_model.bin")
    with pytest.raises(UserError, match="safety_checker"):
        checker_of(model)


def test_a_model_may_name_a_checker_that_is_not_there(tiny_edition, tmp_path):
    """Where the edition does not ask for it, it need not be here, nor be downloaded."""
    model = tmp_path / "model"
    shutil.copytree(tiny_edition.model, model)
    index = json.loads((model / "model_index.json").read_text())
    index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    index["feature_extractor"] = ["transformers", "CLIPImageProcessor"]
    (model / "model_index.json").write_text(json.dumps(index | {"requires_safety_checker": True}))
    assert checker_of(model, safety_checker=False) is None
