"""The solvers' arithmetic, step by step, with diffusers' own schedulers as the oracle."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, PNDMScheduler
from torch import Tensor

from babelgen.diffusion.model import load_model
from babelgen.diffusion.solvers import make_schedule, make_scheduler, take_step
from babelgen.edition import SCHEDULERS
from babelgen.errors import UserError

NOISE = {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "steps_offset": 1}
STEPS = [1, 2, 3, 5, 14, 15, 20, 50, 64]  # both sides of where DPM-Solver++ ends otherwise
CLASSES = {"ddim": DDIMScheduler, "dpm++ 2m": DPMSolverMultistepScheduler}

Settings = dict[str, Any]


def settings() -> list[tuple[str, Settings]]:
    """Solvers with what a model's folder may say."""
    found = []
    for name, spacing in product(CLASSES, ("trailing", "leading", "linspace")):
        for prediction in ("epsilon", "v_prediction", "sample"):
            found.append((name, {"prediction_type": prediction, "timestep_spacing": spacing}))
        zero = {
            "prediction_type": "v_prediction",
            "timestep_spacing": spacing,
            "rescale_betas_zero_snr": True,
        }
        found.append((name, zero))
    found.append(("ddim", {"timestep_spacing": "leading", "set_alpha_to_one": False}))
    for ending in (
        {"euler_at_final": True},
        {"final_sigmas_type": "sigma_min"},
        {"final_sigmas_type": "sigma_min", "euler_at_final": True},
        {"final_sigmas_type": "sigma_min", "lower_order_final": False},
        {"use_karras_sigmas": True},
    ):
        found.append(("dpm++ 2m", {"prediction_type": "v_prediction", **ending}))
    return found


def config(name: str, given: Settings) -> Settings:
    """The contents of a model folder's scheduler file."""
    return dict(CLASSES[name](**NOISE, **given).config)


def test_every_solver_of_an_edition_is_here() -> None:
    assert set(SCHEDULERS) == set(CLASSES)


@pytest.mark.parametrize(("name", "given"), settings(), ids=str)
def test_each_step_is_diffusers_own(name: str, given: Settings) -> None:
    """From the same sample every time, so that errors do not hide in later ones."""
    for steps in STEPS:
        oracle = CLASSES[name](**NOISE, **given, **({"clip_sample": False} if name == "ddim" else {}))
        oracle.set_timesteps(steps)
        if name != "ddim":
            oracle.set_begin_index(0)
        schedule = make_schedule(make_scheduler(name, config(name, given)), steps)
        assert schedule.timesteps.tolist() == oracle.timesteps.tolist()
        generator = torch.Generator().manual_seed(steps)
        sample = torch.randn(2, 4, 3, 5, generator=generator)
        clean = torch.zeros_like(sample)
        for timestep, weights in zip(oracle.timesteps, schedule.weights, strict=True):
            output = torch.randn(sample.shape, generator=generator)
            ours, clean = take_step(sample, output, clean, weights.expand(2, 2, 3))
            sample = oracle.step(output, timestep, sample).prev_sample
            torch.testing.assert_close(ours, sample, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", CLASSES)
def test_a_schedule_has_the_steps_that_it_says(name: str) -> None:
    """At 61 diffusers' own has one more, after the end, at a timestep that is none."""
    scheduler = make_scheduler(name, config(name, {"timestep_spacing": "trailing"}))
    for steps in range(1, 65):
        timesteps = make_schedule(scheduler, steps).timesteps.tolist()
        assert len(timesteps) == steps
        assert timesteps == sorted(set(timesteps), reverse=True)
        assert 0 <= timesteps[-1] <= timesteps[0] == 999
    scheduler.set_timesteps(61)
    assert scheduler.timesteps.tolist()[-2:] == [15, -1]
    last = make_schedule(scheduler, 61).weights[-1]
    torch.testing.assert_close(last[0], last[1])  # it ends on the guess of the clean picture


@pytest.mark.parametrize("name", CLASSES)
def test_slots_at_different_places_step_as_if_alone(name: str) -> None:
    scheduler = make_scheduler(name, config(name, {"prediction_type": "v_prediction"}))
    places = [(3, 0), (3, 1), (50, 40), (7, 6), (64, 63), (20, 2)]
    weights = torch.stack([make_schedule(scheduler, steps).weights[step] for steps, step in places])
    state = torch.randn(3, len(places), 4, 5, 7).to(memory_format=torch.channels_last_3d)
    together = take_step(*state, weights)
    for slot in range(len(places)):
        alone = take_step(*state[:, slot : slot + 1], weights[slot : slot + 1])
        assert all(
            torch.equal(one[slot : slot + 1], other) for one, other in zip(together, alone, strict=True)
        )


def test_the_folder_gives_the_schedule_whatever_its_class() -> None:
    """As diffusers' own `from_config`: what is said counts, and defaults are the solver's."""
    folder = PNDMScheduler(**NOISE, skip_prk_steps=True).config
    assert make_schedule(make_scheduler("ddim", folder), 4).timesteps.tolist() == [751, 501, 251, 1]
    assert make_schedule(make_scheduler("dpm++ 2m", folder), 4).timesteps.tolist() == [999, 749, 500, 250]
    said = PNDMScheduler(**NOISE, skip_prk_steps=True, timestep_spacing="trailing").config
    for name in CLASSES:
        assert make_schedule(make_scheduler(name, said), 4).timesteps.tolist() == [999, 749, 499, 249]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("ddim", {"thresholding": True}),
        ("dpm++ 2m", {"thresholding": True}),
        ("dpm++ 2m", {"prediction_type": "flow_prediction"}),
        ("dpm++ 2m", {"use_flow_sigmas": True}),
    ],
)
def test_what_no_solver_knows_is_refused(name: str, given: Settings) -> None:
    with pytest.raises(ValueError, match="no solver here knows"):
        make_scheduler(name, config(name, given))


def test_noise_cannot_be_guessed_from_noise_alone() -> None:
    given = {"prediction_type": "epsilon", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    with pytest.raises(
        UserError, match=r"schedule of 3 steps begins with noise alone, .+ epsilon cannot start"
    ):
        make_schedule(make_scheduler("ddim", config("ddim", given)), 3)


def euler(steps: int, network: Any, noise: Tensor) -> Tensor:
    """diffusers' Euler sampler, as pipelines run it."""
    scheduler = EulerDiscreteScheduler(**NOISE, timestep_spacing="trailing")
    scheduler.set_timesteps(steps)
    sample = noise * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        output = network(scheduler.scale_model_input(sample, timestep))
        sample = scheduler.step(output, timestep, sample).prev_sample
    return sample


@pytest.mark.parametrize(
    ("name", "given", "steps"),
    [("ddim", {"set_alpha_to_one": True}, [1, 2, 4]), ("dpm++ 2m", {}, [1, 2])],
    ids=CLASSES,
)
def test_few_steps_are_eulers(name: str, given: Settings, steps: list[int]) -> None:
    """What models of one to four steps are sampled with, but for the start: Euler's has a little less noise."""
    scheduler = make_scheduler(name, config(name, {**given, "timestep_spacing": "trailing"}))
    last = scheduler.alphas_cumprod[-1]
    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    for count in steps:
        schedule = make_schedule(scheduler, count)
        sample, clean = noise * (1 - last).sqrt(), torch.zeros_like(noise)
        for weights in schedule.weights:
            sample, clean = take_step(sample, torch.sin(3 * sample), clean, weights[None])
        expected = euler(count, lambda scaled: torch.sin(3 * scaled), noise)
        torch.testing.assert_close(sample, expected, rtol=1e-4, atol=1e-4)


def test_an_editions_solver_steps_its_model(tiny_edition: Any) -> None:
    for name, kind in CLASSES.items():
        model = load_model(replace(tiny_edition, scheduler=name))
        assert isinstance(model.scheduler, kind)
        assert model.scheduler.config.steps_offset == 1
