"""The canary: it sings where one slot feels another, whichever two they are, and is quiet with a real model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, permutations
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from babelgen.diffusion.canary import check_slots, passes
from babelgen.diffusion.model import Model, load_model
from babelgen.diffusion.worker import work
from babelgen.edition import SCHEDULERS, Edition
from babelgen.engines import Order
from babelgen.errors import UserError
from babelgen.settings import Setting


@pytest.fixture(scope="module")
def model(tiny_edition: Edition) -> Model:
    torch.set_num_threads(1)
    return load_model(tiny_edition)


class Leaky:
    """A UNet whose output has something done to it."""

    def __init__(self, unet: Any, leak: Callable[[Tensor], Tensor]) -> None:
        self.unet, self.config, self.leak = unet, unet.config, leak

    def __call__(self, *given: Any) -> SimpleNamespace:
        return SimpleNamespace(sample=self.leak(self.unet(*given).sample))


@pytest.mark.parametrize("slots", range(1, 40))
def test_any_slot_shows_its_influence_on_any_other(slots: int) -> None:
    """Between two passes it changes, and the other does not."""
    contents = passes(slots)
    assert len(contents) == slots.bit_length() + 1
    for one, other in permutations(range(slots), 2):
        assert any(
            before[one] == after[one] and before[other] != after[other]
            for before, after in combinations(contents, 2)
        )


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_it_is_quiet_with_a_real_model(model: Model, scheduler: str, guidance: float) -> None:
    edition = replace(model.edition, guidance=guidance)
    for slots in (2, 4, 6):
        check_slots(replace(model, edition=edition), slots)
    if guidance != 1:
        check_slots(model, 1)


@pytest.mark.parametrize(("giver", "taker"), list(permutations(range(4), 2)))
def test_it_names_the_slot_that_feels_one_other(model: Model, giver: int, taker: int) -> None:
    def leak(output: Tensor) -> Tensor:
        output[taker] += output[giver] / 1000
        return output

    with pytest.raises(UserError, match=f"^Slot {taker + 1} of 4 gives other results among other neighbours"):
        check_slots(replace(model, unet=Leaky(model.unet, leak)), 4)


@pytest.mark.parametrize(
    "leak",
    [
        lambda output: output + 1e-3 * output.mean(dim=0, keepdim=True),
        lambda output: output + 1e-3 * output.roll(1, dims=0),
        lambda output: output / output.std(),
        lambda output: output + 1e-6 * torch.rand(output.shape),
    ],
    ids=["mean", "neighbour", "norm", "chance"],
)
def test_it_hears_what_a_network_might_do(model: Model, leak: Callable[[Tensor], Tensor]) -> None:
    with pytest.raises(UserError, match=r"^Slot 2 of 4 .+ --slots\.$"):
        check_slots(replace(model, unet=Leaky(model.unet, leak)), 4)


def test_no_numbers_are_another_matter(model: Model) -> None:
    check_slots(replace(model, unet=Leaky(model.unet, lambda output: output * torch.nan)), 4)


def test_a_worker_listens_before_it_is_ready(
    model: Model, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaky = replace(model, unet=Leaky(model.unet, lambda output: output + output.mean()))
    monkeypatch.setattr("babelgen.diffusion.worker.load_model", lambda *_: leaky)
    with pytest.raises(UserError, match=r"^Slot 2 of 2 "):
        next(work(Order(model.edition, tmp_path, setting=Setting(slots=2)), iter([])))
