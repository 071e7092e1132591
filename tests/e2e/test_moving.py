"""From a configuration of the explorer to pictures, a film and a development, with the built-in model and real commands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from babelgen.library import load_library
from babelgen.picture import psnr
from babelgen.store import file_of

from .test_first_light import render_py

CONFIGURATION = """
model_identifier: txt2img
exp_identifier: random-walk
model_id: mini
scheduler: DDIMScheduler
diffusion_steps: 6
guidance_scale: 4.5
rand_seed: 7
images_per_prompt: 1
height: 104
width: 160
prompt: "the sea at sunset with a boat|a forest"
gif_frame_dur: 75
prompt_rand_walk: true
noise_rand_walk: true
walk_steps: 2
step_size: 0.05
walk_directions: 1
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A walk that was imported, rendered and animated by the commands that a user types."""
    folder = tmp_path_factory.mktemp("moving")
    (folder / "explorer.yaml").write_text(CONFIGURATION)
    render_py("import", folder / "explorer.yaml")
    render_py("render", folder / "explorer.toml", "--library", folder / "library", "--device", "cpu")
    where = ["random-walk", "--library", folder / "library"]
    render_py("animate", *where, "--out", folder / "walk.webp")
    return folder


def pictures(folder: Path) -> dict[str, np.ndarray]:
    """The printed pictures by their keys."""
    library = load_library(folder / "library")
    found = {}
    for entry in library.entries():
        with Image.open(file_of(library.root, "pictures", entry.name)) as picture:
            found[entry.key] = np.asarray(picture)
    return found


def test_the_film_shows_every_picture(folder: Path) -> None:
    keys = (folder / "walk.webp.keys").read_text().splitlines()
    printed = pictures(folder)
    assert set(keys) == set(printed)
    with Image.open(folder / "walk.webp") as film:
        frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(film)]
    assert len(frames) == len(keys) == 4  # the start, two steps, and one back
    for key, frame in zip(keys, frames, strict=True):
        assert psnr(frame, printed[key]) > 28


def test_a_frame_is_made_again_from_the_file_of_keys(folder: Path, tmp_path: Path) -> None:
    key = (folder / "walk.webp.keys").read_text().splitlines()[1]
    (tmp_path / "frame.key").write_text(key + "\n")
    words = [tmp_path / "frame.key", "--edition", folder / "explorer-edition.toml", "--device", "cpu"]
    render_py("develop", *words, "--out", tmp_path / "stages")
    with Image.open(tmp_path / "stages/picture.png") as picture:
        assert np.array_equal(np.asarray(picture), pictures(folder)[key])
