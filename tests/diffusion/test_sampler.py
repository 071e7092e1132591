"""The sampler's arithmetic, with diffusers' scheduler as the oracle."""

from __future__ import annotations

import pytest
import torch
from diffusers import DDIMScheduler

from babelgen.diffusion.sampler import ddim_step, make_schedule

SETTINGS = [
    {"prediction_type": "v_prediction", "timestep_spacing": "trailing", "rescale_betas_zero_snr": True},
    {"prediction_type": "v_prediction", "timestep_spacing": "leading", "steps_offset": 1},
    {
        "prediction_type": "epsilon",
        "timestep_spacing": "leading",
        "steps_offset": 1,
        "set_alpha_to_one": False,
    },
    {"prediction_type": "epsilon", "timestep_spacing": "trailing"},
]


def scheduler(settings):
    return DDIMScheduler(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, clip_sample=False, **settings
    )


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("steps", [1, 2, 7, 20, 64])
def test_each_step_is_diffusers_own(settings, steps):
    oracle = scheduler(settings)
    oracle.set_timesteps(steps)
    schedule = make_schedule(scheduler(settings), steps)
    assert schedule.timesteps.tolist() == oracle.timesteps.tolist()
    generator = torch.Generator().manual_seed(steps)
    sample = torch.randn(3, 4, 5, 6, generator=generator)
    for index, timestep in enumerate(oracle.timesteps):
        output = torch.randn(sample.shape, generator=generator)
        expected = oracle.step(output, timestep, sample).prev_sample
        ours = ddim_step(
            sample,
            output,
            schedule.signal[index].expand(3),
            schedule.signal_after[index].expand(3),
            settings["prediction_type"],
        )
        torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)
        sample = expected


def test_slots_at_different_timesteps_step_as_if_alone():
    short, long = make_schedule(scheduler(SETTINGS[0]), 3), make_schedule(scheduler(SETTINGS[0]), 50)
    sample, output = torch.randn(2, 4, 5, 6), torch.randn(2, 4, 5, 6)
    both = ddim_step(
        sample,
        output,
        torch.stack([short.signal[1], long.signal[40]]),
        torch.stack([short.signal_after[1], long.signal_after[40]]),
        "v_prediction",
    )
    for slot, (schedule, index) in enumerate([(short, 1), (long, 40)]):
        alone = ddim_step(
            sample[slot : slot + 1],
            output[slot : slot + 1],
            schedule.signal[index : index + 1],
            schedule.signal_after[index : index + 1],
            "v_prediction",
        )
        assert torch.equal(both[slot : slot + 1], alone)


def test_an_unknown_prediction_is_our_bug():
    one = torch.ones(1)
    with pytest.raises(ValueError, match="prediction"):
        ddim_step(torch.zeros(1, 1, 1, 1), torch.zeros(1, 1, 1, 1), one, one, "sample")
