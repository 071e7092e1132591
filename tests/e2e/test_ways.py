"""Ways between keys, on the built-in model: rendered and published by the commands, made again from the site's key files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from babelgen.cli import main

ROOT = Path(__file__).parents[2]
RECIPE = """
title = "Ways"
edition = "mini"

[[collection]]
name = "nightfall"
kind = "interpolation"
through = ["the sea at noon", "the sea at night"]
pages = [3]
frames = 1
steps = 4

[[collection]]
name = "away"
kind = "walk"
prompt = "the sea at noon"
page = 3
frames = 1
step = 0.5
steps = 4

[[collection]]
name = "plainly"
kind = "walk"
prompt = "the sea at noon"
page = 3
frames = 1
step = 0.5
style = "linear"
steps = 4

[[collection]]
name = "bred"
kind = "evolution"
prompt = "the sea at noon"
page = 3
genes = 1
step = 0.5
target = "the sea at night"
generations = [{from = "start"}, {from = "1.1"}]
steps = 4
"""


def render_py(*arguments: object) -> None:
    subprocess.run([sys.executable, "render.py", *map(str, arguments)], cwd=ROOT, check=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of `mini` and its site."""
    folder = tmp_path_factory.mktemp("ways")
    (folder / "ways.toml").write_text(RECIPE)
    render_py("render", folder / "ways.toml", "--library", folder / "library", "--workers", 1)
    render_py("site", "--library", folder / "library", "--out", folder / "site")
    return folder


def test_frames_are_made_again_from_the_key_files_of_the_site(folder: Path, tmp_path: Path) -> None:
    """Seven pictures: all ways begin with the same one."""
    printed = {path.stem: path for path in (folder / "library/pictures").rglob("*.png")}
    keys = [
        path for path in (folder / "site").rglob("*.key") if path.stem in printed
    ]  # others are neighbours
    assert len(keys) == len(printed) == 7
    render_py("key", "render", keys[0], "--out", tmp_path / "again.png")
    for key in keys:
        if key != keys[0]:  # as the command does it, in a process that has loaded the model already
            assert main(["key", "render", str(key), "--out", str(tmp_path / "again.png")]) == 0
        with Image.open(tmp_path / "again.png") as again, Image.open(printed[key.stem]) as first:
            assert np.array_equal(np.asarray(again), np.asarray(first))


def test_halfway_to_the_night_it_is_darker(folder: Path) -> None:
    from babelgen.library import load_library
    from babelgen.store import file_of

    library = load_library(folder / "library")
    names = [entry.name for entry in library.keys(library.collections[0])]
    noon, between, night = (
        float(np.asarray(Image.open(file_of(library.root, "pictures", name))).mean()) for name in names
    )
    assert noon > between > night
