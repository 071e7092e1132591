"""Verification over a backend that needs no model: engines, and what goes wrong in them."""

from typing import Any

import pytest

from babelgen.catalog import Catalog, Picture
from babelgen.commands.progress import RunProgress
from babelgen.engines import Engine, InlineEngine, LocalEngine
from babelgen.farm import render_library
from babelgen.library import Library, load_library
from babelgen.verify import Choice, Report, verify_library

from .commands.test_verify import change
from .conftest import LibraryFactory
from .engines import fake

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def faked(words_library: LibraryFactory) -> Library:
    library = load_library(words_library({"kind": "range", "count": 12}))
    render_library(library, InlineEngine(), RunProgress(), backend=fake.BACKEND)
    return library


def check(library: Library, engine: Engine | None = None, **choice: Any) -> Report:
    heard: list[Report] = []
    return verify_library(library, Choice(**choice), engine or InlineEngine(), heard.append, fake.BACKEND)


def test_every_engine_serves(faked: Library) -> None:
    report = check(faked, LocalEngine(2), sample=None)
    assert (report.checked, report.again, report.equal, report.faults) == (12, 12, 12, [])


def test_a_seed_draws_the_same_sample(faked: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[list[str]] = []
    monkeypatch.setattr("babelgen.verify._Again.render", lambda _, rows: drawn.append([r.name for r in rows]))
    check(faked, sample=5)
    monkeypatch.setattr("babelgen.verify.PAGE", 4)
    check(faked, sample=5)
    check(faked, sample=5, collection=faked.collections[0])
    check(faked, sample=5, seed=1)
    assert len(set(drawn[0])) == 5
    assert drawn[0] == drawn[1] == drawn[2] != drawn[3]


def test_what_cannot_be_rendered_again_is_a_fault(faked: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    name = next(faked.entries()).name
    monkeypatch.setattr(fake, "read_trouble", lambda _: {name: "fail"})
    (fault,) = check(faked, sample=None).faults
    assert (fault.name, fault.what) == (
        name,
        "It cannot be rendered again: It has values that are not numbers.",
    )


def test_what_stops_an_engine_is_kept(faked: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake, "read_trouble", lambda _: {"*": "user"})
    assert check(faked).unable == {faked.collections[0].edition.id: "The model is not there."}


def test_what_another_process_mends_meanwhile_is_no_fault(
    faked: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file is in place, and its row comes between our two looks."""
    with Catalog.open(faked.root) as catalog:
        row = catalog.page("", 1)[0]
    change(faked, row, sha256="0" * 64)

    def fresh(catalog: Catalog, names: Any) -> dict[str, Picture]:
        change(faked, row, sha256=row.sha256)
        return read(catalog, names)

    read = Catalog.pictures
    monkeypatch.setattr(Catalog, "pictures", fresh)
    report = check(faked, sample=None)
    assert (report.equal, report.faults) == (12, [])
