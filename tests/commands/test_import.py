"""`import`: each experiment of the explorer becomes a library that can be read, and what is lost is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from babelgen.cli import main
from babelgen.collections.evolution import Evolution
from babelgen.collections.interpolation import Interpolation
from babelgen.collections.search import Search
from babelgen.collections.tree import BEGINNING, Generation
from babelgen.collections.walk import Walk
from babelgen.diffusion.model import load_pipeline
from babelgen.diffusion.single import render_key
from babelgen.edition import Edition
from babelgen.keys import embedding_of_shelf, page_noise, parse_key
from babelgen.library import Library, load_library, read_library
from babelgen.picture import psnr
from babelgen.statistics import statistics_of
from babelgen.tokens import tokens_of

from ..explorer.configurations import EVOLUTION, INTERPOLATION, WALK, configuration

SMALL = {"width": 32, "height": 16, "diffusion_steps": 3, "output_path": None, "gpu_id": None}
Import = Callable[..., str]
pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def imported(fitted_edition_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Import:
    """A function that imports a configuration into `tmp_path`/mine.toml, expects a code, and returns what was told."""

    def run(*changes: dict[str, Any], words: tuple[str, ...] = (), code: int = 0) -> str:
        source = configuration(tmp_path, SMALL, *changes)
        words = words if "--noise" in words else (*words, "--noise", "pages")
        given = [str(source), "--edition", str(fitted_edition_file), "--out", str(tmp_path / "mine.toml")]
        assert main(["import", *given, *words]) == code
        shown = capsys.readouterr()
        assert shown.out == ""
        return shown.err

    return run


@pytest.fixture
def library(tmp_path: Path) -> Callable[[], Library]:
    """A function that reads what was imported."""
    return lambda: read_library(tmp_path / "mine.toml", tmp_path)


def the_spec(library: Library) -> Any:
    """The specification of the only collection, without the file of its keys."""
    (collection,) = library.collections
    return getattr(collection.spec, "spec", collection.spec)


def test_a_single_inference(imported: Import, library: Callable[[], Library], tmp_path: Path) -> None:
    told = imported({"images_per_prompt": 3})
    assert the_spec(library()) == Search(("the sea at sunset",), "in the fog", first=42, pages=3, steps=3)
    assert told.count("warning:") == 1
    assert "A seed became the page of that number" in told
    edition = library().collections[0].edition
    assert (edition.name, edition.width, edition.guidance, edition.provisional) == (
        "fitted-mine",
        32,
        9.5,
        True,
    )


def test_a_development_says_how_it_is_seen(
    imported: Import, library: Callable[[], Library], tmp_path: Path
) -> None:
    imported({"exp_identifier": "visualize-diffusion"})
    assert isinstance(the_spec(library()), Search)
    assert "render.py develop" in (tmp_path / "mine.toml").read_text()


def test_a_walk(imported: Import, library: Callable[[], Library], tmp_path: Path) -> None:
    told = imported(WALK, {"images_per_prompt": 4})
    assert the_spec(library()) == Walk(
        None,
        "the sea at sunset",
        42,
        "in the fog",
        3,
        "both",
        directions=3,
        length=50,
        step=0.0095,
        style="linear",
        back=True,
    )
    assert "directions of a walk were drawn without a seed" in told
    assert "of 4 images_per_prompt the first" in told
    assert "animate random-walk --fps 13.3333" in (tmp_path / "mine.toml").read_text()
    imported(
        WALK, {"prompt_rand_walk": False}, words=("--noise", "torch", "--out", str(tmp_path / "noise.toml"))
    )
    assert the_spec(read_library(tmp_path / "noise.toml", tmp_path)).space == "noise"


def test_an_interpolation(imported: Import, library: Callable[[], Library]) -> None:
    imported(INTERPOLATION, {"inter_noises": [5]})
    spec = the_spec(library())
    assert isinstance(spec, Interpolation)
    assert [stop.text for stop in spec.stops] == ["the sea", "a forest", "mountains"]
    assert (spec.pages, spec.negative, spec.between, spec.method) == ((5,), "in the fog", 30, "slerp")


def test_an_interpolation_with_several_negatives_goes_through_keys(
    imported: Import, library: Callable[[], Library]
) -> None:
    imported(
        INTERPOLATION,
        {"inter_prompts": ["the sea|night", "a forest", "mountains|fog"], "interpolation_method": "lerp"},
    )
    spec = the_spec(library())
    assert (spec.method, spec.restore) == ("lerp", False)
    edition = library().collections[0].edition
    tokens, read = tokens_of(edition), [parse_key(stop.text, edition.key_space()) for stop in spec.stops]
    assert [address.shelf for address in read] == [
        tokens.shelf(text) for text in ("the sea", "a forest", "mountains")
    ]
    assert [address.negative for address in read] == [tokens.shelf("night"), None, tokens.shelf("fog")]
    assert [address.page for address in read] == [1, 2, 3]


def test_an_evolution_begins_at_its_first_parent(imported: Import, library: Callable[[], Library]) -> None:
    told = imported(EVOLUTION)
    assert the_spec(library()) == Evolution(
        start=None, prompt="the sea at sunset", page=42, negative="in the fog", steps=3,
        genes=5, generations=(Generation(BEGINNING, 0.05),),
    )  # fmt: skip
    assert "What is new in each gene was drawn without a seed" in told


def test_more_genes_than_there_can_be_are_told(imported: Import, library: Callable[[], Library]) -> None:
    told = imported(EVOLUTION, {"genes_per_generation": 101})
    assert library().collections[0].spec.count() == 101
    assert "genes_per_generation 101 became 100" in told


def test_noise_of_a_seed_as_torch_draws_it(imported: Import, library: Callable[[], Library]) -> None:
    told = imported({"images_per_prompt": 2}, words=("--noise", "torch"))
    assert "A seed became" not in told
    batch = torch.randn((2, 4, 8, 16), generator=torch.Generator("cpu").manual_seed(42)).numpy()
    keys = [entry.key for entry in library().entries()]
    assert len(keys) == 2
    for key, noise in zip(keys, batch, strict=True):
        edition = library().collections[0].edition
        address = parse_key(key, edition.key_space())
        assert np.abs(page_noise(address.page, (4, 8, 16)) - noise).max() < 0.1
        assert (address.steps, tokens_of(edition).text(address.shelf)) == (3, "the sea at sunset")


@pytest.mark.parametrize("scheduler", ["DPMSolverMultistepScheduler", "DDIMScheduler"])
def test_its_pictures_come_back(
    scheduler: str, imported: Import, library: Callable[[], Library], tmp_path: Path
) -> None:
    """The oracle: diffusers' own pipeline, with the configuration's prompts, seed and numbers."""
    imported(
        {"images_per_prompt": 2, "scheduler": scheduler, "diffusion_steps": 7}, words=("--noise", "torch")
    )
    entries = list(library().entries())
    pipeline = load_pipeline(entries[0].edition)
    pipeline.set_progress_bar_config(disable=True)
    with torch.no_grad():
        images = pipeline(
            prompt="the sea at sunset",
            negative_prompt="in the fog",
            num_images_per_prompt=2,
            generator=torch.Generator("cpu").manual_seed(42),
            num_inference_steps=7,
            guidance_scale=9.5,
            width=32,
            height=16,
        ).images
    for entry, image in zip(entries, images, strict=True):
        assert psnr(render_key(entry.edition, entry.key), np.asarray(image)) > 40


def test_pt_files_become_keys(
    imported: Import, library: Callable[[], Library], fitted_edition: Edition, tmp_path: Path
) -> None:
    statistics = statistics_of(fitted_edition)
    spread = torch.from_numpy(statistics.deviation)
    generator = torch.Generator().manual_seed(5)
    embeds = torch.from_numpy(statistics.mean) + spread * torch.randn(
        (2, *spread.shape), generator=generator
    ).clamp(-2, 2)
    noise = torch.randn((1, 4, 8, 16), generator=generator).clamp(-3, 3)
    torch.save({"prompt_embed": embeds, "latent_noise": noise}, tmp_path / "parts.pt")
    told = imported(
        {"load_prompt_embeds": "parts.pt", "load_latent_noise": "parts.pt", "images_per_prompt": 2}
    )
    assert "parts.pt holds one noise, so images_per_prompt 2 became 1" in told
    assert told.count("warning:") == 1
    (entry,) = library().entries()
    address, space = parse_key(entry.key, entry.edition.key_space()), entry.edition.key_space()
    assert address.negative is not None
    for shelf, wanted in zip((address.negative, address.shelf), embeds.numpy(), strict=True):
        near = embedding_of_shelf(shelf, space, statistics)
        assert (np.abs(near - wanted) <= 0.01 * statistics.deviation + 1e-6).all()
    assert np.abs(page_noise(address.page, (4, 8, 16)) - noise[0].numpy()).max() < 0.05


def test_embeddings_need_statistics(
    tmp_path: Path, tiny_edition_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"prompt_embed": torch.zeros(2, 16, 8)}, tmp_path / "parts.pt")
    source = configuration(tmp_path, SMALL, {"load_prompt_embeds": "parts.pt"})
    assert main(["import", str(source), "--edition", str(tiny_edition_file)]) == 1
    assert "need an edition with statistics" in capsys.readouterr().err
    assert not (tmp_path / "explorer.toml").exists()


def test_prompts_that_move_without_statistics_say_what_to_do(
    tmp_path: Path, tiny_edition_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = configuration(tmp_path, SMALL, WALK)
    assert main(["import", str(source), "--edition", str(tiny_edition_file), "--noise", "pages"]) == 0
    told = capsys.readouterr().err
    assert f"render.py edition fit {tmp_path / 'explorer-edition.toml'}" in told
    assert main(["edition", "fit", str(tmp_path / "explorer-edition.toml")]) == 0
    assert the_spec(read_library(tmp_path / "explorer.toml", tmp_path)).length == 50


def test_a_model_that_is_not_here_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(configuration(tmp_path)), "--noise", "pages"]) == 0
    told = capsys.readouterr().err
    assert "The prompts were not checked" in told
    assert "output_path and gpu_id say where and by what that program computes" in told
    assert (tmp_path / "explorer-edition.toml").is_file()


def test_importing_it_again_changes_nothing_and_never_replaces(imported: Import, tmp_path: Path) -> None:
    imported()
    before = (tmp_path / "mine.toml").read_bytes()
    imported()
    told = imported({"rand_seed": 43}, code=1)
    assert "is there already and says something else" in told
    assert (tmp_path / "mine.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prompt": "the sea <|endoftext|"}, "with one bar"),
        ({"load_latent_noise": "none.pt"}, "There is no file"),
        ({"width": 33}, "width of 33 pixels fits no picture"),
        ({**WALK, "step_size": 0.0}, "step must be above 0"),
    ],
)
def test_a_mistake_leaves_nothing_behind(
    changes: dict[str, Any], said: str, imported: Import, tmp_path: Path
) -> None:
    assert said in imported(changes, code=1)
    assert [path.name for path in tmp_path.iterdir()] == ["explorer.yaml"]


def test_where_one_file_is_taken_none_is_written(imported: Import, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("title = 'of mine'\n")
    assert "mine.toml is there already and says something else" in imported({"prompt": "the sea"}, code=1)
    (tmp_path / "mine.toml").unlink()
    (tmp_path / "mine.toml").mkdir()
    assert "mine.toml is a folder: name a file with --out" in imported({"prompt": "the sea"}, code=1)
    assert {path.name for path in tmp_path.iterdir()} == {"explorer.yaml", "mine.toml"}


def test_what_was_imported_renders_and_moves(imported: Import, tmp_path: Path) -> None:
    imported(WALK, {"walk_steps": 2, "walk_directions": 1})
    run = ["--engine", "inline", "--device", "cpu", "--library", str(tmp_path / "library")]
    assert main(["render", str(tmp_path / "mine.toml"), *run]) == 0
    out = str(tmp_path / "walk.webp")
    assert main(["animate", "random-walk", "--library", str(tmp_path / "library"), "--out", out]) == 0
    library = load_library(tmp_path / "library")
    keys = [entry.key for entry in library.keys(library.collections[0])]
    assert (tmp_path / "walk.webp.keys").read_text().splitlines() == keys
    assert len(set(keys)) == 3  # the start, and two steps from it; then back
