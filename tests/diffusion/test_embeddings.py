"""Keys of embeddings render like any other: the same pixels in any order and company, and a prompt's like the prompt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from babelgen.diffusion.coding import Conditions
from babelgen.diffusion.model import load_model
from babelgen.diffusion.renderer import Rendered, Renderer
from babelgen.keys import Address, Shelf, format_key, shelf_of_embedding
from babelgen.picture import psnr
from babelgen.plan import Item
from babelgen.statistics import statistics_of

ROOT = Path(__file__).parents[2]
PROMPTS = ("the sea at night", "a forest in the fog", "", "nonsense, quite long and never seen by anybody")


@pytest.fixture(scope="module")
def model(fitted_edition):
    torch.set_num_threads(1)
    return load_model(fitted_edition)


@pytest.fixture(scope="module")
def renderer(model):
    return Renderer(model)


def coded(model, prompt):
    """A prompt's shelf, and that of its embedding."""
    shelf = model.tokens.shelf(prompt)
    values = Conditions(model).embedding(shelf).numpy()
    return shelf, shelf_of_embedding(values, statistics_of(model.edition))[0]


@pytest.fixture(scope="module")
def items(fitted_edition, model):
    """Keys of embeddings, near prompts and far from any, among keys of prompts; the same numbers of both kinds."""
    space = fitted_edition.key_space()
    _, sea = coded(model, PROMPTS[0])
    _, fog = coded(model, PROMPTS[1])
    addresses = [
        Address(5, sea, 1),
        Address(9, Shelf("v", (sea.number + fog.number) // 2), 2),
        Address(7, Shelf("v", 77), 3),
        Address(7, Shelf("t", 77), 3),
        Address(2, Shelf("v", space.embeddings - 1), 4),
        Address(6, fog, 5, sea),
        Address(6, Shelf("t", 700), 5, sea),
        Address(6, fog, 5),
        Address(3, fog, 6, Shelf("t", 77)),
    ]
    return [Item(str(n), format_key(address, space), address.steps) for n, address in enumerate(addresses)]


def pixels_of(renderer, items):
    results = list(renderer.render(items))
    assert all(isinstance(result, Rendered) for result in results)
    return {result.item.name: result.pixels for result in results}


@pytest.fixture(scope="module")
def alone(renderer, items):
    return {item.name: pixels_of(renderer, [item])[item.name] for item in items}


def test_keys_differ(alone):
    assert len({pixels.tobytes() for pixels in alone.values()}) == len(alone)


@pytest.mark.parametrize("order", ["as listed", "reversed", "twice over"])
def test_neighbours_and_order_change_nothing(model, items, alone, order):
    arranged = {"as listed": items, "reversed": items[::-1], "twice over": items[4:] + items + items[:4]}[
        order
    ]
    together = pixels_of(Renderer(model), arranged)
    assert all(np.array_equal(together[name], alone[name]) for name in alone)


def test_another_process_gives_the_same(fitted_edition_file, items, alone, tmp_path):
    key = tmp_path / "one.key"
    key.write_text(items[1].key + "\n")
    command = [sys.executable, "render.py", "key", "render", str(key), "--edition", str(fitted_edition_file)]
    subprocess.run([*command, "--out", str(tmp_path / "one.png")], cwd=ROOT, check=True)
    with Image.open(tmp_path / "one.png") as picture:
        assert np.array_equal(np.asarray(picture), alone["1"])
        assert picture.text["key"] == items[1].key
        assert picture.text["parameters"].startswith("an embedding that no text has (")


def test_the_embedding_of_a_prompt_is_near_it_and_so_is_its_picture(renderer, model):
    space = model.edition.key_space()
    for page, prompt in enumerate(PROMPTS):
        texts = [format_key(Address(8, shelf, page), space) for shelf in coded(model, prompt)]
        pictures = pixels_of(renderer, [Item(text, text, 8) for text in texts])
        first, second = (pictures[text] for text in texts)
        assert psnr(first, second) > 45


def test_an_embedding_needs_no_text_encoder(fitted_edition, items, alone):
    model = load_model(fitted_edition)
    model.text_encoder.forward = None
    assert np.array_equal(pixels_of(Renderer(model), [items[5]])["5"], alone["5"])
