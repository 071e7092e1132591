"""From nothing to a library in a browser and back: the built-in model, the real command, the real pages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from babelgen.diffusion.single import render_key
from babelgen.edition import load_edition
from babelgen.picture import psnr
from babelgen.weights import check_files
from tests.diffusion.test_renderer import by_pipeline
from tests.gallery.links import check

ROOT = Path(__file__).parents[2]
RECIPE = """
title = "First light"
edition = "mini"

[[collection]]
name = "range"
kind = "range"
steps = 6
count = 4

[[collection]]
name = "search"
kind = "search"
prompts = ["the sea at night", "a desert at noon"]
steps = 6
count = 2
"""


def render_py(*arguments, **settings):
    return subprocess.run(
        [sys.executable, "render.py", *map(str, arguments)], cwd=ROOT, check=True, **settings
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small library of `mini` and its site, made by the commands that a user types."""
    folder = tmp_path_factory.mktemp("first-light")
    (folder / "recipe.toml").write_text(RECIPE)
    render_py("render", folder / "recipe.toml", "--library", folder / "library")
    render_py("site", "--library", folder / "library", "--out", folder / "site")
    return folder


def test_every_link_of_the_site_leads_to_a_file(folder):
    assert check(folder / "site") == []


def test_a_second_render_finds_nothing_to_do(folder):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.png")}
    result = render_py(
        "render", folder / "recipe.toml", "--library", folder / "library", stderr=subprocess.PIPE
    )
    assert b"Nothing to render" in result.stderr
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.png")} == before


def test_a_reader_finds_a_picture_and_renders_its_key_again(folder, browser, tmp_path):
    """Home, collection, item, next, previous, search, key file; then the same pixels from that file."""
    site = (folder / "site").as_uri()
    page = browser.new_context(accept_downloads=True).new_page()
    page.goto(f"{site}/index.html")
    page.click('a[href="collections/range/index.html"]')
    page.click('main a[href="item-00001.html"]')
    page.click("nav.turn >> text=Next")
    page.wait_for_url("**/item-00002.html")
    page.click("nav.turn >> text=Previous")
    page.wait_for_url("**/item-00001.html")

    page.fill("#seek", "desert noon")
    page.press("#seek", "Enter")
    page.wait_for_url("**/search.html#q=desert*")
    page.click("main a[href*=item-]")
    assert page.inner_text("h1") == "a desert at noon"

    with page.expect_download() as download:
        page.click("text=Key file")
    key_file = tmp_path / download.value.suggested_filename
    download.value.save_as(key_file)
    assert key_file.suffix == ".key"
    original = page.get_attribute("text=Lossless PNG", "href")
    here = Path(page.url.removeprefix("file://")).parent

    render_py("key", "render", key_file, "--out", tmp_path / "again.png")
    with Image.open(tmp_path / "again.png") as again, Image.open(here / original) as first:
        assert np.array_equal(np.asarray(again), np.asarray(first))
        assert again.text == first.text


def test_the_shipped_model_is_the_one_that_its_edition_pins():
    mini = load_edition("mini")
    assert not mini.provisional
    check_files(mini)


def test_the_shipped_model_is_small_and_ordinary():
    """At most 9 million parameters, loaded by diffusers' own path, and a tokenizer for any text."""
    from babelgen.diffusion.model import load_model

    model = load_model(load_edition("mini"))
    networks = (model.text_encoder, model.unet, model.vae)
    assert sum(p.numel() for network in networks for p in network.parameters()) <= 9_000_000
    encoded = model.tokens.encode("東京 zebra at noon 🚀")
    assert len(encoded.ranks) > 5
    assert encoded.unknown == ("東京", "zebra")


def test_diffusers_own_pipeline_makes_the_same_picture():
    from babelgen.keys import Address, format_key
    from babelgen.tokens import tokens_of

    mini = load_edition("mini")
    address = Address(mini.steps, tokens_of(mini).shelf("mountains at sunset"), 3)
    key = format_key(address, mini.key_space())
    assert psnr(by_pipeline(mini, key), render_key(mini, key)) >= 50


def test_prompts_change_the_light():
    """The least that `mini` must do: a noon sky is bright and blue, a night dark, a sunset red."""
    from babelgen.keys import Address, format_key
    from babelgen.tokens import tokens_of

    mini = load_edition("mini")

    def picture(prompt):
        shelf = tokens_of(mini).shelf(prompt)
        return render_key(mini, format_key(Address(12, shelf, 0), mini.key_space())).astype(float)

    noon, night, sunset = (picture(f"the sea at {time}") for time in ("noon", "night", "sunset"))
    sky = slice(0, 80)
    assert noon[sky].mean() > 2 * night[sky].mean()
    assert noon[sky][..., 2].mean() > noon[sky][..., 0].mean() + 30
    assert sunset[sky][..., 0].mean() > sunset[sky][..., 2].mean()
