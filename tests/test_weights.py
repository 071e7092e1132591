"""The files of a model: those that are read are pinned, others are refused, and so are pickles."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from babelgen.edition import Edition, read_edition
from babelgen.errors import UserError
from babelgen.weights import check_files, file_hashes, is_here

from . import tiny

UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with a file of each kind that a model has, and of kinds that repositories have beside them."""
    folder = tmp_path / "model"
    read = (
        "model_index.json",
        "tokenizer/vocab.json",
        "tokenizer/merges.txt",
        "text_encoder/model.safetensors",
    )
    beside = (
        "v1-5-pruned.safetensors",
        "unet/diffusion_pytorch_model.non_ema.safetensors",
        "unet/x.bin",
        "a.json",
    )
    checker = ("safety_checker/model.safetensors", "feature_extractor/preprocessor_config.json")
    more = (UNET, "unet/diffusion_pytorch_model.fp16.safetensors", "vae/diffusion_pytorch_model.safetensors")
    for name in (*read, *beside, *checker, *more, "words.txt", "README.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


PLAIN = [
    "model_index.json",
    "text_encoder/model.safetensors",
    "tokenizer/merges.txt",
    "tokenizer/vocab.json",
    UNET,
    "vae/diffusion_pytorch_model.safetensors",
]


def test_what_is_read_is_hashed_and_nothing_else(model: Path) -> None:
    hashes = file_hashes(model)
    assert list(hashes) == PLAIN
    assert hashes[UNET] == hashlib.sha256(UNET.encode()).hexdigest()


def test_a_variant_and_a_safety_checker_are_other_files(model: Path) -> None:
    assert "unet/diffusion_pytorch_model.fp16.safetensors" in file_hashes(model, variant="fp16")
    assert UNET not in file_hashes(model, variant="fp16")
    checker = ["feature_extractor/preprocessor_config.json", "safety_checker/model.safetensors"]
    assert sorted(set(file_hashes(model, checker=True)) - set(PLAIN)) == checker


def test_weights_in_shards_are_hashed(model: Path) -> None:
    shards = [f"unet/diffusion_pytorch_model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    (model / UNET).unlink()
    for shard in shards:
        (model / shard).write_text(shard)
    (model / "unet/diffusion_pytorch_model.safetensors.index.json").write_text("{}")
    hashes = file_hashes(model)
    assert {*shards, "unet/diffusion_pytorch_model.safetensors.index.json"} < set(hashes)


def edition(folder: Path, model: Path, **fields: object) -> Edition:
    """The tiny edition with another `[model]`."""
    changed: dict[str, Any] = {**tiny.edition_fields(model), "model": {"path": str(model), **fields}}
    return read_edition(tiny.write_edition(folder / "e.toml", changed))


def pinned(folder: Path, model: Path) -> Edition:
    return edition(folder, model, files=file_hashes(model))


def test_the_files_that_were_pinned_are_accepted(tmp_path: Path, model: Path) -> None:
    check_files(pinned(tmp_path, model))
    (model / "words.txt").write_text("another word list\n")
    check_files(pinned(tmp_path, model))


def test_another_file_is_refused(tmp_path: Path, model: Path) -> None:
    read = pinned(tmp_path, model)
    (model / UNET).write_text("others")
    with pytest.raises(UserError, match=rf"^The file {UNET} in .* is not the one that edition tiny-"):
        check_files(read)
    check_files(read, "tokenizer/")


def test_a_missing_file_and_a_missing_model_are_refused(tmp_path: Path, model: Path) -> None:
    read = pinned(tmp_path, model)
    (model / "tokenizer/merges.txt").unlink()
    with pytest.raises(UserError, match=r"lacks its file tokenizer/merges\.txt"):
        check_files(read, "tokenizer/")
    shutil.rmtree(model)
    with pytest.raises(UserError, match=r"^The model of edition tiny-\w+ is not at "):
        check_files(read)


def without(*names: str) -> Callable[[Path], None]:
    """A change of a model's folder: some files are gone."""

    def change(model: Path) -> None:
        for name in names:
            (model / name).unlink()

    return change


@pytest.mark.parametrize(
    ("change", "fields", "sentence"),
    [
        (without(UNET), {}, r"no weights for its unet but unet/x\.bin, a pickle, which can run any code"),
        (
            without("text_encoder/model.safetensors"),
            {},
            r"no weights for its text_encoder: a file text_encoder/",
        ),
        (
            without("unet/diffusion_pytorch_model.fp16.safetensors"),
            {"variant": "fp16"},
            "of variant fp16 for its",
        ),
        (
            without("safety_checker/model.safetensors"),
            {"safety_checker": True},
            "no weights for its safety_checker",
        ),
    ],
    ids=["pickle", "none", "variant", "checker"],
)
def test_weights_that_are_not_there_are_told(
    tmp_path: Path, model: Path, change: Callable[[Path], None], fields: dict[str, object], sentence: str
) -> None:
    change(model)
    with pytest.raises(UserError, match=sentence):
        check_files(edition(tmp_path, model, **fields))


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("unet/diffusion_pytorch_model.safetensors.index.json", ""),
        ("unet/diffusion_pytorch_model-00001-of-00001.safetensors", ""),
        ("tokenizer/added_tokens.json", "tokenizer/"),
    ],
)
def test_a_file_more_is_refused_since_loading_might_prefer_it(
    tmp_path: Path, model: Path, name: str, part: str
) -> None:
    read = pinned(tmp_path, model)
    (model / name).write_text("more")
    with pytest.raises(UserError, match=f"^The file {name} in .* is not one of those that edition tiny-"):
        check_files(read, part)


def test_a_safety_checker_is_switched_off_and_on_under_one_id(tmp_path: Path, model: Path) -> None:
    """Its hashes count where it is on, and are no part of the id."""
    hashes = file_hashes(model, checker=True)
    on = edition(tmp_path, model, files=hashes, safety_checker=True)
    off = edition(tmp_path, model, files=hashes)
    assert on.id == off.id == pinned(tmp_path, model).id
    unpinned = edition(tmp_path, model, files=file_hashes(model), safety_checker=True)
    with pytest.raises(UserError, match="is not one of those that edition tiny-"):
        check_files(unpinned)
    (model / "safety_checker/model.safetensors").write_text("another")
    check_files(off)
    with pytest.raises(UserError, match=r"^The file safety_checker/model\.safetensors"):
        check_files(on)
    shutil.rmtree(model / "safety_checker")
    check_files(off)


def test_a_model_is_here_when_all_of_it_is(tmp_path: Path, model: Path) -> None:
    assert is_here(edition(tmp_path, model))
    assert is_here(pinned(tmp_path, model))
    read = pinned(tmp_path, model)
    shutil.rmtree(model / "vae")
    assert not is_here(read)
    assert not is_here(edition(tmp_path, model))
