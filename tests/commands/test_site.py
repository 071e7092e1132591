"""`site`: from a library of the tiny edition to pages."""

from pathlib import Path

import pytest

from babelgen.catalog import Catalog
from babelgen.cli import main
from babelgen.commands.site import Neighbours
from babelgen.edition import Edition, load_edition
from babelgen.keys import Address, Shelf, format_key, next_key, previous_key
from babelgen.library import load_library, picture_name
from babelgen.statistics import statistics_of

from .. import tiny
from ..conftest import LibraryFactory, library_factory
from ..gallery.links import check

pytestmark = pytest.mark.usefixtures("elsewhere")


def test_a_rendered_library_becomes_a_site(
    tiny_library: LibraryFactory, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tiny_library({"kind": "range", "count": 3}, {"kind": "search", "prompts": ["the sea"], "count": 2})
    assert main(["render", "--library", str(root), "--engine", "inline"]) == 0
    capsys.readouterr()
    words = ["site", "--library", str(root), "--out", "pages"]
    assert main(words) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert " files added, 0 changed, 0 removed in pages.\n" in shown.err
    assert f"Open {elsewhere / 'pages/index.html'} in a browser.\n" in shown.err
    assert check(elsewhere / "pages") == []
    assert main(words) == 0
    assert "Nothing to write: pages is up to date.\n" in capsys.readouterr().err
    with Catalog.open(root) as catalog:
        assert all(picture.key in key_files(elsewhere / "pages") for picture in catalog.all())


def key_files(site: Path) -> set[str]:
    return {path.read_text("ascii").removesuffix("\n") for path in site.rglob("*.key")}


def test_neighbours_are_the_keys_before_and_after(
    words_library: LibraryFactory, words_edition: Edition
) -> None:
    space = words_edition.key_space()
    neighbours = Neighbours(load_library(words_library({"kind": "range", "count": 1})))
    for address in (Address(3, Shelf("t", 5), 7), Address(1, Shelf("t", 0), 0)):
        expected = [format_key(step(address, space), space) for step in (previous_key, next_key)]
        found = neighbours(words_edition.id, format_key(address, space))
        assert [neighbour.key for neighbour in found] == expected
        assert [neighbour.name for neighbour in found] == [
            picture_name(words_edition.id, key) for key in expected
        ]


def test_statistics_are_published_and_only_those_that_are_pinned(
    fitted_edition: Edition, tmp_path: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = tiny.fit(tmp_path, tiny.edition_fields(fitted_edition.model), statistics_of(fitted_edition))
    toml = tiny.write_edition(tmp_path / "e.toml", fields)
    edition = load_edition(str(toml))
    start = format_key(Address(2, Shelf("v", 5), 0), edition.key_space())
    root = library_factory(toml, tmp_path)({"kind": "range", "start": start, "count": 2})
    assert main(["render", "--library", str(root), "--engine", "inline"]) == 0
    assert main(["site", "--library", str(root), "--out", "pages"]) == 0
    published = elsewhere / f"pages/editions/{edition.id}.npy"
    assert published.read_bytes() == (tmp_path / "statistics.npy").read_bytes()
    assert (
        "an embedding that no text has (v5, 120 coded values)"
        in (elsewhere / "pages/prompts.html").read_text()
    )
    assert check(elsewhere / "pages") == []
    capsys.readouterr()
    (tmp_path / "statistics.npy").write_bytes(b"others")
    statistics_of.cache_clear()  # as in another process
    assert main(["site", "--library", str(root), "--out", "other"]) == 1
    assert "are not the ones that it was made with." in capsys.readouterr().err
    assert not (elsewhere / "other").exists()


def test_a_library_that_is_not_there_is_told(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site"]) == 1
    assert capsys.readouterr() == (
        "",
        "error: There is no library in library/default: it has no library.toml.\n",
    )
    assert list(elsewhere.iterdir()) == []
