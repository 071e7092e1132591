"""The sampler: whatever mix it is given, each picture comes out as if alone, and the batch is always full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from babelgen.diffusion.model import Model, load_model
from babelgen.diffusion.sampler import Batch, Job, Sampler
from babelgen.edition import SCHEDULERS, Edition
from babelgen.errors import UserError

SLOTS = 4
STEPS = [5, 1, 16, 3, 3, 2, 9, 1, 4]


@pytest.fixture(scope="module", params=[(name, guidance) for name in SCHEDULERS for guidance in (1.0, 3.0)])
def model(request: pytest.FixtureRequest, tiny_edition: Edition) -> Model:
    """Each solver, with and without guidance."""
    torch.set_num_threads(1)
    name, guidance = request.param
    return load_model(replace(tiny_edition, scheduler=name, guidance=guidance))


def make_jobs(model: Model, steps: Sequence[int] = STEPS) -> list[Job[int]]:
    generator = torch.Generator().manual_seed(3)
    parts = 1 if model.edition.guidance == 1 else 2
    shape = (parts, model.edition.length, model.unet.config.cross_attention_dim)
    return [
        Job(
            tag,
            count,
            torch.randn(model.edition.latent_shape, generator=generator),
            torch.randn(shape, generator=generator),
        )
        for tag, count in enumerate(steps)
    ]


def sample(model: Model, jobs: Sequence[Job[int]], slots: int = SLOTS) -> dict[int, Tensor]:
    results = list(Sampler[int](model, slots).run(iter(jobs)))
    assert len(results) == len(jobs)
    return dict(results)


@pytest.fixture(scope="module")
def alone(model: Model) -> dict[int, Tensor]:
    return {job.tag: sample(model, [job])[job.tag] for job in make_jobs(model)}


@pytest.mark.parametrize("order", ["as listed", "reversed", "longest first", "shortest first"])
def test_each_is_what_it_is_alone(model: Model, alone: dict[int, Tensor], order: str) -> None:
    jobs = {
        "as listed": make_jobs(model),
        "reversed": make_jobs(model)[::-1],
        "longest first": sorted(make_jobs(model), key=lambda job: -job.steps),
        "shortest first": sorted(make_jobs(model), key=lambda job: job.steps),
    }[order]
    together = sample(model, jobs)
    assert all(torch.equal(together[tag], alone[tag]) for tag in alone)


def test_a_slot_keeps_nothing_of_the_picture_before(model: Model, alone: dict[int, Tensor]) -> None:
    """Not even of one that is no number, in its history or anywhere."""
    jobs = make_jobs(model)
    broken = [replace(job, tag=-1 - job.tag, noise=job.noise * torch.inf) for job in jobs]
    mixed = [job for pair in zip(broken, jobs, strict=True) for job in pair]
    together = sample(model, mixed)
    assert all(torch.equal(together[tag], alone[tag]) for tag in alone)
    assert not any(torch.isfinite(together[job.tag]).all() for job in broken)


def test_guidance_costs_rows_only_where_there_is_any(model: Model) -> None:
    rows: list[int] = []
    hook = model.unet.register_forward_hook(lambda *given: rows.append(len(given[1][0])))
    with hook:
        sample(model, make_jobs(model, [3, 2, 1]))
    assert set(rows) == {SLOTS if model.edition.guidance == 1 else 2 * SLOTS}


def passes(model: Model, steps: Sequence[int]) -> int:
    count: list[None] = []
    with model.unet.register_forward_hook(lambda *_: count.append(None)):
        sample(model, make_jobs(model, steps))
    return len(count)


def test_the_batch_is_full_as_long_as_there_are_jobs(model: Model) -> None:
    assert passes(model, [5] * 8) == 10
    assert passes(model, [8, 7, 6, 5, 5, 4, 3, 2]) == 10
    assert passes(model, []) == 0


def test_longest_first_ends_soonest(model: Model) -> None:
    """Which is why the plan has them in that order."""
    mixed = [2, 2, 2, 2, 2, 2, 2, 2, 6]
    assert passes(model, sorted(mixed, reverse=True)) == 6
    assert passes(model, sorted(mixed)) == 10


def test_a_job_is_asked_for_when_its_slot_is_free_and_not_before(model: Model) -> None:
    asked: list[int] = []

    def ask() -> Iterator[Job[int]]:
        for job in make_jobs(model, [2, 2, 2, 2, 1, 1]):
            asked.append(job.tag)
            yield job

    results = Sampler[int](model, SLOTS).run(ask())
    next(results)
    assert asked == [0, 1, 2, 3]
    assert len(list(results)) == 5


def test_a_batch_that_is_too_large_is_an_error_and_not_a_smaller_one(model: Model) -> None:
    with pytest.raises(RuntimeError, match="memory"):
        sample(model, make_jobs(model), slots=2**40)


def test_states_are_float32_whatever_the_model_computes_in(model: Model) -> None:
    batch = Batch(make_jobs(model)[0], SLOTS)
    assert (batch.samples.dtype, batch.cleans.dtype) == (torch.float32, torch.float32)
    half = replace(model, unet=model.unet.to(torch.bfloat16), dtype=torch.bfloat16)
    try:
        jobs = [replace(job, conditions=job.conditions.bfloat16()) for job in make_jobs(model, [3, 5])]
        assert all(latents.dtype == torch.float32 for latents in sample(half, jobs).values())
    finally:
        model.unet.to(torch.float32)


def test_a_schedule_that_cannot_start_is_told(tiny_edition: Edition) -> None:
    model = load_model(tiny_edition)
    impossible = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    scheduler = type(model.scheduler).from_config(model.scheduler.config, **impossible)
    with pytest.raises(UserError, match="begins with noise alone"):
        sample(replace(model, scheduler=scheduler), make_jobs(model))
