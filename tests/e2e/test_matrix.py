"""A matrix of the built-in model: by the commands that a user types, to a table and back to the same pixels."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from babelgen.catalog import Catalog
from tests.gallery.links import check

ROOT = Path(__file__).parents[2]
RECIPE = """
title = "A matrix"
edition = "mini"

[[collection]]
name = "skies"
kind = "matrix"
mode = "grid"
subjects = ["the sea", "a desert"]
actions = ["at noon", "at night"]
axes = ["actions", "subjects"]
page = 4
steps = 4
"""


def render_py(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "render.py", *map(str, arguments)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library and its site."""
    folder = tmp_path_factory.mktemp("matrix")
    (folder / "recipe.toml").write_text(RECIPE)
    render_py("render", folder / "recipe.toml", "--library", folder / "library")
    render_py("site", "--library", folder / "library", "--out", folder / "site")
    return folder


def test_its_pictures_are_what_was_asked_for_and_stand_in_a_table(folder: Path) -> None:
    """Nights are darker than noons, in the cells where they should be."""
    page = (folder / "site/collections/skies/table.html").read_text("utf-8")
    assert page.count("<img") == 4
    assert check(folder / "site") == []
    with Catalog.open(folder / "library") as catalog:
        light = {one.prompt: int(one.colour[1:3], 16) + int(one.colour[3:5], 16) for one in catalog.all()}
    assert set(light) == {"the sea at noon", "the sea at night", "a desert at noon", "a desert at night"}
    for ground in ("the sea", "a desert"):
        assert light[f"{ground} at noon"] > light[f"{ground} at night"] + 50


def test_a_key_file_alone_makes_the_same_pixels(folder: Path, tmp_path: Path) -> None:
    pictures = sorted((folder / "site/pictures").rglob("*.png"))
    assert len(pictures) == 4
    key = folder / "site/keys" / pictures[0].stem[:2] / f"{pictures[0].stem}.key"
    render_py("key", "render", key, "--out", tmp_path / "again.png")
    with Image.open(tmp_path / "again.png") as again, Image.open(pictures[0]) as first:
        assert np.array_equal(np.asarray(again), np.asarray(first))


def test_favourites_lead_to_a_next_matrix(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("scipy", reason="the extra `rank` is not installed")
    with Catalog.open(folder / "library") as catalog:
        keys = [one.key for one in catalog.all() if one.prompt.endswith("night")]
    (tmp_path / "favourites.txt").write_text("\n".join(keys))
    words = ("--library", folder / "library", "--out", tmp_path / "next.toml", "--json")
    facts = json.loads(render_py("rank", tmp_path / "favourites.txt", *words))
    assert (facts["printed"], facts["favourites"]) == (4, 2)
    rows = [json.loads(line) for line in render_py("matrix", tmp_path / "next.toml", "--list").splitlines()]
    assert [page for _, _, page in rows] == list(range(5, 17))
    assert {prompt for prompt, _, _ in rows} <= {
        f"{ground} {time}" for ground in ("the sea", "a desert") for time in ("at noon", "at night")
    }
