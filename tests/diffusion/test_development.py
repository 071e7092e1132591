"""A development: its last stage is the key's picture, bit for bit, and its first is the noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from babelgen.diffusion.coding import decode
from babelgen.diffusion.development import Stage, develop, develop_items
from babelgen.diffusion.model import load_model
from babelgen.diffusion.renderer import Refused, Renderer
from babelgen.diffusion.single import render_key
from babelgen.diffusion.solvers import make_schedule
from babelgen.edition import SCHEDULERS, Edition
from babelgen.keys import Address, Shelf, format_key, page_noise
from babelgen.picture import psnr
from babelgen.plan import Item
from babelgen.settings import Setting


@pytest.fixture(params=[(name, guidance) for name in SCHEDULERS for guidance in (1.0, 3.0)])
def edition(request: pytest.FixtureRequest, tiny_edition: Edition) -> Edition:
    """Each solver, with and without guidance."""
    name, guidance = request.param
    return replace(tiny_edition, scheduler=name, guidance=guidance, files={})


def key_of(edition: Edition, steps: int) -> str:
    return format_key(Address(steps, Shelf("t", 700), 5, Shelf("t", 77)), edition.key_space())


@pytest.mark.parametrize("steps", [1, 5, 16])
def test_the_last_stage_is_the_picture(edition: Edition, steps: int) -> None:
    key = key_of(edition, steps)
    stages = list(develop(edition, key))
    assert [stage.step for stage in stages] == list(range(steps + 1))
    picture = render_key(edition, key)
    assert np.array_equal(stages[-1].clean, picture)
    assert np.array_equal(stages[-1].noisy, picture)


def test_so_it_is_with_other_batches(tiny_edition: Edition) -> None:
    key, setting = key_of(tiny_edition, 4), Setting("cpu", None, False, 2)
    assert np.array_equal(
        list(develop(tiny_edition, key, setting))[-1].clean, render_key(tiny_edition, key, setting)
    )


def test_the_first_stage_is_the_noise(tiny_edition: Edition) -> None:
    (first, *_) = develop(tiny_edition, key_of(tiny_edition, 3))
    noise = torch.from_numpy(page_noise(5, tiny_edition.latent_shape))
    (decoded,) = decode(load_model(tiny_edition), [noise])
    assert decoded is not None
    assert np.array_equal(first.noisy, decoded)


def test_each_stage_shows_something_else(tiny_edition: Edition) -> None:
    stages = list(develop(tiny_edition, key_of(tiny_edition, 8)))
    assert len({stage.noisy.tobytes() for stage in stages}) == len(stages)
    # What the network guesses from noise alone is farther from the picture than what it guesses at last.
    picture = stages[-1].clean
    assert psnr(stages[0].clean, picture) < psnr(stages[-2].clean, picture)
    assert psnr(stages[0].noisy, picture) < psnr(stages[-2].noisy, picture)


def test_keys_side_by_side_are_as_they_are_alone(tiny_edition: Edition) -> None:
    keys = [key_of(tiny_edition, steps) for steps in (9, 1, 5, 3, 3, 7, 2)]
    items = [Item(str(at), key, 0) for at, key in enumerate(keys)]
    model = load_model(tiny_edition)
    found: dict[str, list[Stage]] = {}
    for item, stage in develop_items(model, Renderer(model), items):
        assert isinstance(stage, Stage)
        found.setdefault(item.name, []).append(stage)
    for at, key in enumerate(keys):
        for stage, alone in zip(found[str(at)], develop(tiny_edition, key), strict=True):
            assert (stage.step, stage.timestep) == (alone.step, alone.timestep)
            assert np.array_equal(stage.noisy, alone.noisy)
            assert np.array_equal(stage.clean, alone.clean)


def test_timesteps_are_those_of_the_schedule(tiny_edition: Edition) -> None:
    stages = list(develop(tiny_edition, key_of(tiny_edition, 4)))
    schedule = make_schedule(load_model(tiny_edition).scheduler, 4)
    assert [stage.timestep for stage in stages] == [*schedule.timesteps.tolist(), None]


def test_a_key_that_cannot_be_read_is_refused_and_the_others_are_developed(tiny_edition: Edition) -> None:
    model = load_model(tiny_edition)
    items = [Item("good", key_of(tiny_edition, 2), 2), Item("bad", "babel2:nothing", 2)]
    found = list(develop_items(model, Renderer(model), items))
    assert [item.name for item, stage in found if isinstance(stage, Refused)] == ["bad"]
    assert [item.name for item, stage in found if isinstance(stage, Stage)] == ["good"] * 3
