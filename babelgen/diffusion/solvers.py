"""Solvers: every step of every schedule as six numbers, so that one batch can hold any mix of them.

Law: a step is linear in what it is given, so a solver is its table and nothing else. Timesteps and noise levels are
diffusers' own; the table is computed from them in float64 and rounded once to float32.

A sample is x = alpha * clean + sigma * noise, with alpha² + sigma² = 1. From it and the network's output a step
guesses the clean picture, c = p x + q output (`_GUESSES`), and goes to the next levels alpha' and sigma':

    x' = (sigma'/sigma) x + (alpha' - alpha sigma'/sigma) (c + r (c - c_before))

With r = 0 this is DDIM with eta 0 (Song et al. 2021, "Denoising diffusion implicit models", equation 12), and also
the first order of DPM-Solver++. Its second order, multistep 2M (Lu et al. 2022, "DPM-Solver++", algorithm 2), has
r = h / (2 h_before), h being how much log(alpha/sigma) grows in a step, and c_before the guess of the step before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler
from numpy.typing import NDArray
from torch import Tensor

from babelgen.errors import UserError

Scheduler: TypeAlias = DDIMScheduler | DPMSolverMultistepScheduler
Floats = NDArray[np.float64]

# An edition's `scheduler`: diffusers' class, and what it settles itself; the rest is the model folder's. Latents have
# no natural range, so they are never clipped.
_SCHEDULERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "ddim": (DDIMScheduler, {"clip_sample": False}),
    "dpm++ 2m": (
        DPMSolverMultistepScheduler,
        {"algorithm_type": "dpmsolver++", "solver_order": 2, "solver_type": "midpoint"},
    ),
}

FEW = 15  # diffusers' DPM-Solver++ ends schedules of fewer steps at first order (`lower_order_final`)


@dataclass(frozen=True)
class Schedule:
    """All steps of one length: timesteps (steps,) int64, and weights (steps, 2, 3) float32, see `take_step`."""

    timesteps: Tensor
    weights: Tensor


@dataclass(frozen=True)
class _Path:
    """The levels before and after each step, and how far it leans on the guess before; float64, (steps,) each."""

    alpha: Floats
    sigma: Floats
    alpha_after: Floats
    sigma_after: Floats
    lean: Floats


# By what a network predicts: p and q of the guess p x + q output.
_GUESSES = {
    "epsilon": lambda path: (1 / path.alpha, -path.sigma / path.alpha),
    "v_prediction": lambda path: (path.alpha, -path.sigma),
    "sample": lambda path: (np.zeros_like(path.alpha), np.ones_like(path.alpha)),
}


def make_scheduler(name: str, config: Mapping[str, Any]) -> Scheduler:
    """diffusers' scheduler of that name over a model's own noise schedule, whatever class `config` is of.

    ValueError where it asks for what no solver here has.
    """
    kind, settled = _SCHEDULERS[name]
    scheduler: Scheduler = kind.from_config(config, **settled)
    if scheduler.config.prediction_type not in _GUESSES:
        raise ValueError(f"no solver here knows the prediction type {scheduler.config.prediction_type!r}.")
    if scheduler.config.thresholding or getattr(scheduler.config, "use_flow_sigmas", False):
        raise ValueError("no solver here knows thresholding, or schedules of flows.")
    return scheduler


def make_schedule(scheduler: Scheduler, steps: int) -> Schedule:
    """The table of one number of steps; UserError where the noise schedule makes one of them impossible.

    Exactly `steps` steps: at some lengths (61 with trailing spacing) diffusers' own table has one more, which a
    rounding error put there, at timestep -1.
    """
    scheduler.set_timesteps(steps)
    timesteps = scheduler.timesteps.cpu().long()[:steps]
    is_ddim = isinstance(scheduler, DDIMScheduler)
    with np.errstate(all="ignore"):  # what is not finite is refused below
        path = _ddim_path(scheduler, timesteps, steps) if is_ddim else _dpm_path(scheduler, steps)
        weights = _weights(path, scheduler.config.prediction_type)
    if not np.isfinite(weights).all():
        raise UserError(
            f"The model's schedule of {steps} steps begins with noise alone, where a network that predicts "
            f"{scheduler.config.prediction_type} cannot start."
        )
    return Schedule(timesteps, torch.from_numpy(weights))


def _ddim_path(scheduler: DDIMScheduler, timesteps: Tensor, steps: int) -> _Path:
    """diffusers' DDIM goes to a whole share of the training steps before, whatever timestep comes next."""
    signal = scheduler.alphas_cumprod.double()
    after = timesteps - scheduler.config.num_train_timesteps // steps
    final = torch.as_tensor(scheduler.final_alpha_cumprod).double()
    here, there = signal[timesteps].numpy(), torch.where(after < 0, final, signal[after.clamp(min=0)]).numpy()
    return _Path(np.sqrt(here), np.sqrt(1 - here), np.sqrt(there), np.sqrt(1 - there), np.zeros(steps))


def _dpm_path(scheduler: DPMSolverMultistepScheduler, steps: int) -> _Path:
    """diffusers' DPM-Solver++ counts in sigma/alpha, from each step's own to that of the next and a last one."""
    ratios = scheduler.sigmas.double().numpy()
    ratios = np.append(ratios[:steps], ratios[-1])
    alpha = 1 / np.sqrt(1 + ratios**2)
    sigma = ratios * alpha
    return _Path(alpha[:-1], sigma[:-1], alpha[1:], sigma[1:], _lean(scheduler.config, ratios))


def _lean(config: Any, ratios: Floats) -> Floats:
    """r of each step: none at the first, nor at the last where that is to be of first order."""
    grows = np.log(ratios[:-1] / ratios[1:])
    lean = np.append(0.0, grows[1:] / (2 * grows[:-1]))
    few = len(lean) < FEW
    if config.euler_at_final or (config.lower_order_final and few) or config.final_sigmas_type == "zero":
        lean[-1] = 0.0
    return lean


def _weights(path: _Path, prediction: str) -> NDArray[np.float32]:
    """The formula at the top of this file, by what stands beside x, output and c_before."""
    keep = path.sigma_after / path.sigma
    gain = path.alpha_after - path.alpha * keep
    p, q = _GUESSES[prediction](path)
    ahead, zeros = gain * (1 + path.lean), np.zeros_like(keep)
    fresh = np.stack([keep + ahead * p, ahead * q, -gain * path.lean], axis=-1)
    clean = np.stack([p, q, zeros], axis=-1)
    return np.stack([fresh, clean], axis=1).astype(np.float32)


def take_step(sample: Tensor, output: Tensor, clean: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """One step of every slot: the next samples, and this step's guesses of the clean pictures.

    sample, output, clean: (slots, c, h, w) float32, clean as the step before guessed it, and finite at the first
    step, where it counts for nothing. weights: (slots, 2, 3) float32, a row of a schedule each.
    """
    rows = weights[..., None, None, None]
    fresh = rows[:, 0, 0] * sample + rows[:, 0, 1] * output + rows[:, 0, 2] * clean
    return fresh, rows[:, 1, 0] * sample + rows[:, 1, 1] * output
