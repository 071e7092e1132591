"""A model's safety checker, from an edition's TOML to the site, through the real commands."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from diffusers.pipelines.stable_diffusion.safety_checker import cosine_distance
from PIL import Image

from babelgen.catalog import Catalog, Picture
from babelgen.cli import main
from babelgen.diffusion.model import load_model
from babelgen.diffusion.safety import load_safety_checker
from babelgen.edition import Edition
from babelgen.library import Library, load_library
from babelgen.store import file_of

from .. import tiny
from ..conftest import library_factory
from ..gallery.links import check
from ..gallery.test_flagged import NOTE, naming

pytestmark = pytest.mark.usefixtures("elsewhere")

RANGE = {"kind": "range", "prompt": "the sea", "count": 8}
SEARCH = {"kind": "search", "prompts": ["the sea", "in the fog"], "count": 2}

Make = Callable[..., Library]


@pytest.fixture
def model(tiny_edition: Edition, tmp_path: Path) -> Path:
    """A copy of the tiny model, to put a safety checker beside."""
    shutil.copytree(tiny_edition.model, tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def make(model: Path, tmp_path: Path) -> Make:
    """A function that makes a library of the model with or without its safety checker, ten pictures, and renders it."""

    def make(checked: bool) -> Library:
        fields = tiny.edition_fields(model)
        fields["model"]["safety_checker"] = checked
        name = "checked" if checked else "plain"
        toml = tiny.write_edition(tmp_path / f"{name}.toml", fields)
        library = load_library(library_factory(toml, tmp_path)(RANGE, SEARCH, name=name))
        assert main(["render", "--library", str(library.root), "--engine", "inline"]) == 0
        return library

    return make


def rows(library: Library) -> dict[str, Picture]:
    with Catalog.open(library.root) as catalog:
        return {picture.name: picture for picture in catalog.all()}


def pixels_of(library: Library) -> dict[str, np.ndarray]:
    files = {name: file_of(library.root, "pictures", name) for name in rows(library)}
    return {name: np.asarray(Image.open(file)) for name, file in files.items()}


def flag_some(model: Path, library: Library) -> set[str]:
    """Give the model a checker that flags some of a library's pictures and not others; returns their names."""
    tiny.make_safety_checker(model)
    edition = replace(library.collections[0].edition, safety_checker=True)
    checker = load_safety_checker(load_model(edition))
    assert checker is not None
    images = [Image.fromarray(pixels) for pixels in pixels_of(library).values()]
    prepared = checker.processor(images, return_tensors="pt").pixel_values
    embedded = checker.network.visual_projection(checker.network.vision_model(prepared)[1])
    alike = cosine_distance(embedded, checker.network.concept_embeds).max(dim=1).values.tolist()
    ranked = sorted(alike)
    gap, low = max((high - low, low) for low, high in pairwise(ranked[2:-2]))
    assert gap > 0.002  # it rounds to three digits
    tiny.make_safety_checker(model, low + gap / 2)
    return {name for name, value in zip(pixels_of(library), alike, strict=True) if value > low}


def test_what_the_checker_flags_is_recorded_and_no_pixel_changes(
    model: Path, make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = make(checked=False)
    flagged = flag_some(model, plain)
    capsys.readouterr()
    checked = make(checked=True)
    told = (
        f"{len(flagged)} pictures were flagged by the model's safety checker and are left out of the site"
        " (without --flagged).\n"
    )
    assert told in capsys.readouterr().err
    assert checked.collections[0].edition.id == plain.collections[0].edition.id
    assert {name for name, row in rows(checked).items() if row.flagged} == flagged
    assert not any(row.flagged for row in rows(plain).values())
    assert {name: row.sha256 for name, row in rows(checked).items()} == {
        name: row.sha256 for name, row in rows(plain).items()
    }
    for name in flagged:
        for folder in ("pictures", "views", "thumbs"):
            files = [file_of(library.root, folder, name) for library in (checked, plain)]
            assert files[0].read_bytes() == files[1].read_bytes()
    with Catalog.open(checked.root) as catalog:
        (facts,) = catalog.editions().values()
        assert facts["Safety checker"] == "the model's own"


def test_the_site_has_them_only_where_they_are_asked_for(model: Path, make: Make, elsewhere: Path) -> None:
    flagged = flag_some(model, make(checked=False))
    library = make(checked=True)
    pictures = [row for name, row in rows(library).items() if name in flagged]
    words, site = ["site", "--library", str(library.root), "--out", "pages"], elsewhere / "pages"
    for _ in range(2):
        assert main(words) == 0
        assert [naming(site, picture) for picture in pictures] == [[]] * len(flagged)
        assert check(site) == []
        assert len(list(site.rglob("*.png"))) == 10 - len(flagged)
        assert main([*words, "--flagged"]) == 0
        assert all(naming(site, picture) for picture in pictures)
        assert check(site) == []
        assert len(list(site.rglob("*.png"))) == 10
    notes = [path for path in site.rglob("item-*.html") if NOTE in path.read_text("utf-8")]
    places = [entry.name for entry in library.entries()]
    assert len(notes) == sum(name in flagged for name in places)


@pytest.mark.parametrize(("threshold", "flagged"), [(-2.0, True), (2.0, False)])
def test_all_or_none_may_be_flagged(
    model: Path,
    make: Make,
    capsys: pytest.CaptureFixture[str],
    threshold: float,
    flagged: bool,
    elsewhere: Path,
) -> None:
    tiny.make_safety_checker(model, threshold)
    library = make(checked=True)
    assert ("10 pictures were flagged" in capsys.readouterr().err) == flagged
    assert {row.flagged for row in rows(library).values()} == {flagged}
    assert main(["status", "--library", str(library.root), "--json"]) == 0
    counts = json.loads(capsys.readouterr().out)["collections"]
    assert [(one["done"], one["flagged"]) for one in counts] == (
        [(8, 8), (4, 4)] if flagged else [(8, 0), (4, 0)]
    )
    assert main(["site", "--library", str(library.root), "--out", "pages"]) == 0
    assert check(elsewhere / "pages") == []
    assert len(list((elsewhere / "pages").rglob("*.png"))) == (0 if flagged else 10)
    assert main(["verify", "--library", str(library.root), "--engine", "inline"]) == 0


def test_one_picture_is_one(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny.make_safety_checker(model)
    fields = tiny.edition_fields(model)
    fields["model"]["safety_checker"] = True
    toml = tiny.write_edition(tmp_path / "one.toml", fields)
    root = library_factory(toml, tmp_path)({"kind": "range", "count": 1})
    assert main(["render", "--library", str(root), "--engine", "inline"]) == 0
    assert (
        "\n1 picture was flagged by the model's safety checker and is left out of the site"
        in capsys.readouterr().err
    )


def test_a_checker_that_is_not_there_is_told(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = tiny.edition_fields(model)
    fields["model"]["safety_checker"] = True
    toml = tiny.write_edition(tmp_path / "none.toml", fields)
    root = library_factory(toml, tmp_path)(RANGE)
    assert main(["render", "--library", str(root), "--engine", "inline"]) == 1
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(told) == 1
    assert "safety_checker" in told[0]
