"""The promise: the same key gives the same pixels, whatever the order, the neighbours and the process."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from babelgen.diffusion.model import load_model, load_pipeline
from babelgen.diffusion.renderer import Refused, Rendered, Renderer
from babelgen.diffusion.single import render_key
from babelgen.errors import UserError
from babelgen.keys import Address, Shelf, format_key, page_noise, parse_key, tokens_of_shelf
from babelgen.picture import psnr
from babelgen.plan import Item

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def items(tiny_edition):
    """Ten keys of different shelves, pages and steps, one with a negative prompt."""
    space = tiny_edition.key_space()
    addresses = [Address(1 + 2 * n, Shelf("t", 700 * n), n * n) for n in range(9)]
    addresses.append(Address(6, Shelf("t", 5), 3, Shelf("t", 77)))
    return [Item(str(n), format_key(a, space), a.steps) for n, a in enumerate(addresses)]


@pytest.fixture(scope="module")
def renderer(tiny_edition):
    torch.set_num_threads(1)
    return Renderer(load_model(tiny_edition))


def pixels_of(renderer, items):
    results = list(renderer.render(items))
    assert all(isinstance(result, Rendered) for result in results)
    return {result.item.name: result.pixels for result in results}


@pytest.fixture(scope="module")
def alone(renderer, items):
    """Each key rendered by itself."""
    return {item.name: pixels_of(renderer, [item])[item.name] for item in items}


def test_keys_differ(alone):
    assert len({pixels.tobytes() for pixels in alone.values()}) == len(alone)


@pytest.mark.parametrize("order", ["as listed", "reversed", "longest first", "twice over"])
def test_neighbours_and_order_change_nothing(renderer, items, alone, order):
    arranged = {
        "as listed": items,
        "reversed": items[::-1],
        "longest first": sorted(items, key=lambda item: -item.steps),
        "twice over": items[3:] + items[:3],
    }[order]
    together = pixels_of(renderer, arranged)
    assert all(np.array_equal(together[name], alone[name]) for name in alone)


def test_equal_steps_and_mixed_steps_give_the_same(renderer, items, alone):
    same = [item for item in items if item.steps == 7]
    assert np.array_equal(pixels_of(renderer, same * 3)[same[0].name], alone[same[0].name])


def test_another_process_gives_the_same(tiny_edition_file, items, alone, tmp_path):
    key = tmp_path / "one.key"
    key.write_text(items[4].key + "\n")
    command = [sys.executable, "render.py", "key", "render", str(key), "--edition", str(tiny_edition_file)]
    subprocess.run([*command, "--out", str(tmp_path / "one.png")], cwd=ROOT, check=True)
    with Image.open(tmp_path / "one.png") as picture:
        assert np.array_equal(np.asarray(picture), alone[items[4].name])
        assert picture.text["key"] == items[4].key


def test_the_number_of_slots_is_all_that_may_change_bits(tiny_edition, items, alone):
    """Other batch shapes are other profiles: nearly, not necessarily exactly, the same picture."""
    other = Renderer(load_model(tiny_edition), slots=2)
    pictures = pixels_of(other, items)
    assert other.shapes != Renderer(load_model(tiny_edition)).shapes
    assert min(psnr(pictures[name], alone[name]) for name in alone) > 45


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_diffusers_own_pipeline_agrees_with_its_other_scheduler(tiny_edition, guidance):
    edition = replace(tiny_edition, scheduler="dpm++ 2m", guidance=guidance)
    space = edition.key_space()
    addresses = [Address(steps, Shelf("t", 5 + steps), steps) for steps in (1, 2, 6, 17)]
    keys = [format_key(address, space) for address in addresses]
    pictures = pixels_of(Renderer(load_model(edition)), [Item(key, key, 1) for key in keys])
    for key in keys:
        assert psnr(by_pipeline(edition, key), pictures[key]) >= 50


def test_diffusers_own_pipeline_agrees(tiny_edition, items, alone):
    for item in (items[0], items[5], items[9]):
        picture = by_pipeline(tiny_edition, item.key)
        assert psnr(picture, alone[item.name]) >= 50


def by_pipeline(edition, key):
    """The oracle: diffusers' pipeline, given the decoded parts of a key."""
    pipeline = load_pipeline(edition)
    pipeline.set_progress_bar_config(disable=True)
    space = edition.key_space()
    address = parse_key(key, space)
    tokenizer = pipeline.tokenizer
    markers = {tokenizer.bos_token_id, tokenizer.eos_token_id}
    content = [token for token in range(len(tokenizer)) if token not in markers]

    def embed(shelf):
        ids = [content[rank] for rank in tokens_of_shelf(shelf, space)]
        ids = [tokenizer.bos_token_id, *ids, tokenizer.eos_token_id]
        ids += [tokenizer.pad_token_id] * (edition.length - len(ids))
        return pipeline.text_encoder(torch.tensor([ids]))[0]

    with torch.no_grad():
        image = pipeline(
            prompt_embeds=embed(address.shelf),
            negative_prompt_embeds=embed(address.negative or Shelf("t", space.negative)),
            latents=torch.from_numpy(page_noise(address.page, space.latent_shape))[None],
            num_inference_steps=address.steps,
            guidance_scale=edition.guidance,
            width=edition.width,
            height=edition.height,
        ).images[0]
    return np.asarray(image)


def test_a_bad_key_is_refused_and_the_others_are_rendered(renderer, items, alone):
    bad = Item("bad", items[1].key[:-1] + ("0" if items[1].key[-1] != "0" else "1"), 3)
    results = list(renderer.render([items[0], bad, items[2]]))
    refused = [result for result in results if isinstance(result, Refused)]
    assert [result.item.name for result in refused] == ["bad"]
    assert "check" in refused[0].reason
    good = {result.item.name: result.pixels for result in results if isinstance(result, Rendered)}
    assert np.array_equal(good["0"], alone["0"])
    assert np.array_equal(good["2"], alone["2"])


def test_nothing_but_bad_keys_ends_too(renderer):
    results = list(renderer.render([Item("bad", "nonsense", 3)]))
    assert [type(result) for result in results] == [Refused]


def test_a_picture_that_is_no_number_is_refused(tiny_edition, items):
    """An absurd guidance overflows float32; the picture must fail, not turn black."""
    wild = replace(tiny_edition, guidance=1e38)
    space = wild.key_space()
    key = format_key(Address(4, Shelf("t", 3), 1), space)
    results = list(Renderer(load_model(wild)).render([Item("wild", key, 4)]))
    assert [type(result) for result in results] == [Refused]
    assert "not numbers" in results[0].reason


def test_a_batch_has_an_even_number_of_rows(tiny_edition):
    model, bare = load_model(tiny_edition), load_model(replace(tiny_edition, guidance=1.0))
    assert [Renderer(model, slots).shapes for slots in (1, 3)] == [
        "text 2, unet 2, decoder 4",
        "text 2, unet 6, decoder 4",
    ]
    assert Renderer(bare, 6).shapes == "text 2, unet 6, decoder 4"
    with pytest.raises(UserError, match=r"^Without guidance the number of slots must be even, not 3\.$"):
        Renderer(bare, 3)


def test_a_batch_beyond_all_memory_is_told_and_not_made_smaller(tiny_edition, items):
    """2^40 slots of half a kilobyte are more than any address space."""
    renderer = Renderer(load_model(tiny_edition), slots=2**40)
    with pytest.raises(UserError, match=r"not enough memory for a batch of 1099511627776 .+ --slots\.$"):
        list(renderer.render(items[:1]))


def test_render_key_is_the_same_picture(tiny_edition, items, alone):
    assert np.array_equal(render_key(tiny_edition, items[3].key), alone[items[3].name])


def test_an_edition_that_does_not_fit_its_model_is_refused(tiny_edition):
    channels, height, width = tiny_edition.latent_shape
    with pytest.raises(UserError, match="does not fit its model"):
        load_model(replace(tiny_edition, latent_shape=(channels, height + 1, width)))
    with pytest.raises(UserError, match="channels"):
        load_model(replace(tiny_edition, latent_shape=(channels + 1, height, width)))


def test_pickled_weights_are_refused(tiny_edition, tmp_path):
    import shutil

    copy = tmp_path / "model"
    shutil.copytree(tiny_edition.model, copy)
    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save({"weight": torch.zeros(1)}, weights.with_suffix(".bin"))
    weights.unlink()
    with pytest.raises(UserError, match="a pickle, which can run any code: only safetensors are loaded"):
        load_model(replace(tiny_edition, model=copy, files={}))
