"""Models of the hub: downloaded once, by what is needed of them, at one revision; then no network is asked."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from babelgen.edition import Edition, read_edition
from babelgen.errors import UserError

from . import hub, tiny

ROOT = Path(__file__).parents[1]
SOURCE = {"repository": hub.REPOSITORY, "revision": hub.REVISION}


def toml(folder: Path, **model: object) -> Path:
    """The TOML of the tiny edition with another `[model]`."""
    fields: dict[str, Any] = deepcopy(tiny.edition_fields(folder))
    return tiny.write_edition(folder / "hub.toml", {**fields, "model": model})


@pytest.fixture
def served(tiny_edition: Edition, tmp_path: Path) -> Iterator[hub.Hub]:
    """The tiny model on a hub, among files that nobody needs."""
    folder = tmp_path / "served"
    shutil.copytree(tiny_edition.model, folder)
    for name in (
        "README.md",
        "whole.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/x.bin",
    ):
        (folder / name).write_text("not needed")
    with hub.serve(folder) as serving:
        yield serving


@pytest.fixture
def run(served: hub.Hub, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A function that runs a command line in a process with an empty cache, by default at the local hub."""

    def run(*words: object, **more: str) -> subprocess.CompletedProcess[str]:
        hidden = {
            name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))
        }
        settings = {
            "HF_ENDPOINT": served.address,
            "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_DISABLE_XET": "1",
        }
        return subprocess.run(
            [sys.executable, ROOT / "render.py", *map(str, words)],
            env={**hidden, **settings, **more},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


Run = Callable[..., subprocess.CompletedProcess[str]]


def test_a_model_is_downloaded_once_and_only_what_is_read_of_it(
    run: Run, served: hub.Hub, tiny_edition: Edition, tmp_path: Path
) -> None:
    """Prompts need the tokenizer alone, pictures the rest; afterwards nothing is asked, even with the hub gone."""
    path = toml(tmp_path, **SOURCE)
    listed = run("key", "random", "--edition", path, "--seed", "1", "--out", "a.key")
    assert listed.returncode == 0, listed.stderr
    assert {name.split("/")[0] for name in served.fetched} == {"tokenizer", "words.txt"}
    rendered = run("key", "render", "a.key", "--edition", path, "--out", "a.png")
    assert rendered.returncode == 0, rendered.stderr
    assert {name.split("/")[0] for name in served.fetched} == {
        *("model_index.json", "scheduler", "text_encoder", "tokenizer", "unet", "vae", "words.txt")
    }
    assert len(served.fetched) == len(set(served.fetched))
    before = list(served.fetched)
    again = run(
        "key", "render", "a.key", "--edition", path, "--out", "b.png", HF_ENDPOINT="http://127.0.0.1:9"
    )
    assert again.returncode == 0, again.stderr
    assert served.fetched == before
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_pinning_a_model_of_the_hub_makes_an_edition_that_a_folder_has_too(
    run: Run, tiny_edition: Edition, tmp_path: Path
) -> None:
    """Where a model lies is not part of what keys mean."""
    path = toml(tmp_path, **SOURCE)
    shown = json.loads(run("edition", "show", path, "--json").stdout)
    assert (shown["provisional"], shown["here"]) == (True, False)
    pinned = run("edition", "pin", path, "--out", "pinned")
    assert pinned.returncode == 0, pinned.stderr
    assert pinned.stdout == f"{tiny_edition.id}\n"
    checked = run("edition", "check", "pinned/hub.toml", HF_HUB_OFFLINE="1")
    assert checked.returncode == 0, checked.stderr
    assert "files are as pinned" in checked.stderr


@pytest.mark.parametrize(
    ("change", "settings", "sentence"),
    [
        ({"revision": "f" * 40}, {}, "The model somebody/tiny at ffffffffff cannot be downloaded: "),
        ({}, {"HF_HUB_OFFLINE": "1"}, "The model somebody/tiny at 0123456789 cannot be downloaded: "),
        (
            {},
            {"HF_ENDPOINT": "http://127.0.0.1:9"},
            "The model somebody/tiny at 0123456789 cannot be downloaded: ",
        ),
    ],
    ids=["no such revision", "offline", "no hub"],
)
def test_what_cannot_be_downloaded_is_one_sentence(
    run: Run, tmp_path: Path, change: dict[str, str], settings: dict[str, str], sentence: str
) -> None:
    done = run("edition", "check", toml(tmp_path, **SOURCE | change), **settings)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {sentence}")
    assert done.stderr.count("\n") == 1


def test_a_library_of_a_hubs_model_renders(run: Run, tmp_path: Path) -> None:
    toml(tmp_path, **SOURCE)
    recipe = 'edition = "hub.toml"\n[[collection]]\nname = "few"\nkind = "random"\nseed = 1\ncount = 3\n'
    (tmp_path / "few.toml").write_text(recipe)
    done = run("render", "few.toml", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert "Rendered 3 pictures" in done.stderr


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        ({**SOURCE, "revision": "main"}, r"model\.revision must be a commit hash of 40 hexadecimal digits"),
        ({**SOURCE, "revision": hub.REVISION[:10]}, r"model\.revision must be a commit hash"),
        ({**SOURCE, "repository": "tiny"}, r"model\.repository must be owner/name"),
        ({**SOURCE, "repository": "../x/y"}, r"model\.repository must be owner/name"),
        ({**SOURCE, "path": "here"}, r"model\.repository is given beside path"),
        ({"repository": hub.REPOSITORY}, r"model\.revision is missing"),
        ({**SOURCE, "variant": "../fp16"}, r"model\.variant must be letters and digits"),
    ],
)
def test_a_source_that_is_none_is_refused(tmp_path: Path, model: dict[str, object], complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        read_edition(toml(tmp_path, **model))
