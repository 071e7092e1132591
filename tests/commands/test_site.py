"""`site`: from a library of the tiny edition to pages."""

import os
from pathlib import Path

import pytest

from babelgen.catalog import Catalog
from babelgen.cli import main
from babelgen.commands.site import Neighbours
from babelgen.edition import Edition, load_edition
from babelgen.gallery import staging
from babelgen.gallery.pages import Pages
from babelgen.keys import Address, Shelf, format_key, next_key, previous_key
from babelgen.library import load_library, picture_name
from babelgen.statistics import statistics_of
from babelgen.store import file_of

from .. import tiny
from ..conftest import LibraryFactory, library_factory
from ..export.printed import print_library
from ..gallery.links import check

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def books(words_library: LibraryFactory) -> Path:
    """A printed library of one collection."""
    root = words_library({"name": "one", "kind": "range", "count": 2})
    print_library(root)
    return root


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


def test_what_has_no_picture_is_told_each_time_until_it_has(
    books: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["site", "--library", str(books), "--out", "pages"]
    told = (
        "1 key has no picture in it: not rendered yet, not whole, or flagged; `render.py status` says more."
    )
    assert main(words) == 0
    assert "no picture" not in capsys.readouterr().err
    (entry, _) = load_library(books).entries()
    view = file_of(books, "views", entry.name)
    whole = view.read_bytes()
    view.unlink()
    for _ in range(2):
        assert main(words) == 0
        assert told in capsys.readouterr().err
    view.write_bytes(whole[:-1])  # of another size than the catalog says
    for more in ([], ["--fresh"]):
        assert main([*words, *more]) == 0
        assert told in capsys.readouterr().err
    view.write_bytes(whole)
    assert main([*words, "--fresh"]) == 0
    assert "no picture" not in capsys.readouterr().err
    assert check(elsewhere / "pages") == []


def test_what_cannot_be_replaced_is_told_by_its_place_in_the_site(
    books: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["site", "--library", str(books), "--out", "pages"]
    assert main(words) == 0
    capsys.readouterr()
    (elsewhere / "pages/about.html").unlink()
    (elsewhere / "pages/about.html").mkdir()
    assert main(words) == 1
    told = "error: pages/about.html cannot be written, so the site is not finished: Is a directory.\n"
    assert capsys.readouterr() == ("", told)
    (elsewhere / "pages/about.html").rmdir()
    assert main(words) == 0
    assert check(elsewhere / "pages") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
@pytest.mark.parametrize("lock", [True, False])
def test_a_site_that_nobody_may_write_is_told_of(
    books: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str], lock: bool
) -> None:
    words = ["site", "--library", str(books), "--out", "pages"]
    assert main(words) == 0
    capsys.readouterr()
    paths = [elsewhere / "pages", *(elsewhere / "pages").rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    if lock:
        (elsewhere / "pages/.babelgen/lock").chmod(0o644)
    code, told = main(words), capsys.readouterr().err
    for path in paths:
        path.chmod(0o755)
    assert (code, told) == (1, "error: The site folder pages cannot be written: Permission denied.\n")


def test_a_site_whose_lock_cannot_be_had_is_told_of(
    books: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "pages/.babelgen/lock").mkdir(parents=True)
    assert main(["site", "--library", str(books), "--out", "pages"]) == 1
    told = "error: The site folder pages cannot be written: Is a directory.\n"
    assert capsys.readouterr() == ("", told)


def test_an_interrupt_says_what_has_become_of_the_site(
    books: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    def told(*words: str) -> str:
        capsys.readouterr()
        assert main(["site", "--library", str(books), "--out", "pages", *words]) == 130
        return capsys.readouterr().err

    unfinished = "error: Interrupted; the site in pages is not finished, and the next build ends it.\n"
    with monkeypatch.context() as patch:
        patch.setattr(Pages, "html", stop)
        assert told() == unfinished
    assert main(["site", "--library", str(books), "--out", "pages"]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(Pages, "html", stop)
        assert told("--fresh") == "error: Interrupted; the site in pages is as it was.\n"
    monkeypatch.setattr(staging, "move", stop)
    assert told("--base-url", "https://example.org/") == unfinished


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("file", "file is a file: say the name of a folder."),
        ("file/pages", "The site folder file/pages cannot be made: Not a directory."),
    ],
)
def test_a_file_is_no_place_for_a_site(
    books: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str], out: str, told: str
) -> None:
    (elsewhere / "file").touch()
    assert main(["site", "--library", str(books), "--out", out]) == 1
    assert capsys.readouterr() == ("", f"error: {told}\n")


def test_a_library_that_is_not_there_is_told(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["site"]) == 1
    assert capsys.readouterr() == (
        "",
        "error: There is no library in library/default: it has no library.toml.\n",
    )
    assert list(elsewhere.iterdir()) == []
