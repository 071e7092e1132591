"""The edition that a configuration needs: the nearest shipped one with its scheduler, guidance and size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from babelgen.edition import Edition, load_edition, read_edition
from babelgen.errors import UserError
from babelgen.explorer import Derived, derive_edition, read_experiment

from .configurations import configuration

AS_SD15 = {"guidance_scale": 7.5, "width": 640, "height": 416}


def derive(folder: Path, changes: dict[str, Any], base: str | None = None) -> tuple[Derived, Edition]:
    derived = derive_edition(read_experiment(configuration(folder, changes)), base, "mine", folder)
    if derived.text:
        (folder / derived.name).write_text(derived.text, "utf-8")
    return derived, load_edition(derived.name, folder)


def test_scheduler_guidance_and_size_are_the_configurations(tmp_path: Path) -> None:
    derived, edition = derive(tmp_path, {"scheduler": "DDIMScheduler", "diffusion_steps": 30})
    assert derived.losses == ()
    assert (edition.name, edition.provisional) == ("sd15-mine", True)
    assert (edition.width, edition.height, edition.latent_shape) == (512, 512, (4, 64, 64))
    assert (edition.scheduler, edition.steps, edition.guidance) == ("ddim", 30, 9.5)
    before = load_edition("sd15")
    assert (edition.source, edition.vocabulary, edition.words) == (
        before.source,
        before.vocabulary,
        before.words,
    )


def test_where_nothing_differs_the_shipped_one_will_do(tmp_path: Path) -> None:
    derived, edition = derive(tmp_path, AS_SD15)
    assert (derived.name, derived.text) == ("sd15", "")
    assert edition == load_edition("sd15")


def test_statistics_and_words_are_found_from_elsewhere(tmp_path: Path) -> None:
    """They hang on the text encoder alone, which is the same."""
    _, edition = derive(tmp_path, {"model_id": "mini"})
    mini = load_edition("mini")
    assert edition.statistics == mini.statistics
    assert (edition.words, edition.model) == (mini.words, mini.model)
    assert edition.provisional


def test_an_edition_of_ones_own_can_be_named(tmp_path: Path, fitted_edition_file: Path) -> None:
    _, edition = derive(tmp_path, {"width": 32, "height": 16}, str(fitted_edition_file))
    own = read_edition(fitted_edition_file)
    assert (edition.name, edition.width, edition.latent_shape) == ("fitted-mine", 32, (4, 8, 16))
    assert edition.model.resolve() == own.model.resolve()
    assert edition.words.resolve() == own.words.resolve()
    assert edition.statistics is not None
    assert own.statistics is not None
    assert edition.statistics.path.resolve() == own.statistics.path.resolve()


def test_a_model_that_is_here_is_taken(tmp_path: Path) -> None:
    (tmp_path / "models/own").mkdir(parents=True)
    (tmp_path / "models/own/model_index.json").write_text("{}")
    derived, edition = derive(tmp_path, {"model_id": "models/own", **AS_SD15})
    assert derived.losses == ()
    assert edition.model == (tmp_path / "models/own").resolve()
    assert edition.source is None


def test_what_cannot_be_had_is_told(tmp_path: Path) -> None:
    changes = {
        "model_id": "someone/else",
        "scheduler": "EulerAncestralDiscreteScheduler",
        "guidance_scale": 0.5,
    }
    derived, edition = derive(tmp_path, changes)
    assert (edition.scheduler, edition.guidance) == ("dpm++ 2m", 1.0)
    said = "\n".join(derived.losses)
    assert "of the model 'someone/else'" in said
    assert "'EulerAncestralDiscreteScheduler' is not known here; the edition has 'dpm++ 2m'" in said
    assert "guidance_scale of 0.5 became 1" in said
    assert len(derived.losses) == 3


def test_a_size_that_no_latents_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match="width of 500 pixels fits no picture of sd15: it must be a multiple of 8"
    ):
        derive(tmp_path, {"width": 500})
