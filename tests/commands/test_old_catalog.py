"""A library whose catalog an earlier version wrote: what reads leaves it alone, what renders carries on with it."""

import json
import sqlite3
from pathlib import Path

import pytest

from babelgen.catalog import FILE, SCHEMA_VERSION, Catalog, as_row
from babelgen.cli import main
from babelgen.library import Library, load_library

from ..conftest import LibraryFactory
from ..gallery.links import check
from ..test_catalog_versions import make_version_1, version_of

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def library(tiny_library: LibraryFactory) -> Library:
    """Four pictures, three of them rendered, in a catalog of version 1."""
    library = load_library(tiny_library({"kind": "range", "count": 4}))
    assert main(["render", "--library", str(library.root), "--engine", "inline"]) == 0
    with Catalog.open(library.root) as catalog:
        rows = [as_row(picture)[:14] for picture in catalog.all()]
    (library.root / FILE).unlink()
    make_version_1(library.root, rows[:3])
    return library


def test_what_reads_leaves_it_as_it_is(
    library: Library, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(library.root)
    before = (library.root / FILE).read_bytes()
    capsys.readouterr()
    assert main(["status", "--library", root, "--json"]) == 0
    (count,) = json.loads(capsys.readouterr().out)["collections"]
    assert (count["done"], count["todo"], count["flagged"]) == (3, 1, 0)
    assert main(["site", "--library", root, "--out", "pages"]) == 0
    assert len(list((elsewhere / "pages").rglob("*.png"))) == 3
    assert check(elsewhere / "pages") == []
    assert main(["verify", "--library", root, "--engine", "inline", "--sample", "1"]) == 0
    assert (library.root / FILE).read_bytes() == before


def test_render_carries_on_with_it(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    root = str(library.root)
    capsys.readouterr()
    assert main(["render", "--library", root, "--engine", "inline"]) == 0
    assert "1 picture to render; 3 are there already." in capsys.readouterr().err
    assert version_of(library.root) == SCHEMA_VERSION
    with Catalog.open(library.root) as catalog:
        assert catalog.names() == {entry.name for entry in library.entries()}
        assert list(catalog.flagged()) == []
    assert main(["render", "--library", root, "--engine", "inline"]) == 0
    assert "is complete" in capsys.readouterr().err
    assert main(["verify", "--library", root, "--engine", "inline"]) == 0


def test_a_later_one_is_refused_by_every_command(
    library: Library, capsys: pytest.CaptureFixture[str], elsewhere: Path
) -> None:
    with sqlite3.connect(library.root / FILE) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    for words in (["status"], ["site", "--out", "pages"], ["verify"], ["render", "--engine", "inline"]):
        capsys.readouterr()
        assert main([*words, "--library", str(library.root)]) == 1
        told = (
            f"error: {library.root / FILE} is of version {SCHEMA_VERSION + 1},"
            f" and this program reads versions up to {SCHEMA_VERSION}.\n"
        )
        assert capsys.readouterr() == ("", told)
    assert not (elsewhere / "pages").exists()
