"""Editions on pages: everything to render their keys with, and several of them in one library."""

from dataclasses import replace
from pathlib import Path

import pytest

from babelgen.gallery import paths

from .links import check, unreached
from .made_up import MINI, MadeCollection, MadeEdition, MadeFile, MadeLibrary, name_of, row
from .reader import Reader

OTHER = "other-00000000"


@pytest.fixture
def two(library: MadeLibrary) -> MadeLibrary:
    """A library with a second edition, in a collection of its own."""
    keys = [f"babel2:{OTHER}:20.t4hx9.{page}~ddghe53z" for page in range(3)]
    rows = [
        replace(row(0, "the sea at sunset"), key=key, name=name_of(key, OTHER), edition=OTHER) for key in keys
    ]
    library.add(MadeCollection("others", "Others"), rows, MadeEdition(OTHER, "The <other>", provisional=True))
    return library


def page(site: Path, path: str) -> str:
    return (site / path).read_text("utf-8")


class TestSeveral:
    def test_collections_say_of_which_edition_they_are(self, two: MadeLibrary, tmp_path: Path) -> None:
        site = tmp_path / "site"
        two.build(site)
        home = page(site, paths.HOME)
        assert home.count(', <span dir="auto">Mini</span></span>') == 3
        assert home.count(', <span dir="auto">The &lt;other&gt;</span></span>') == 1
        assert f'<a href="editions/{OTHER}.html" dir="auto">The &lt;other&gt;</a>' in home
        told = f'from the edition <a href="../../editions/{OTHER}.html" dir="auto">The &lt;other&gt;</a>'
        assert told in page(site, paths.sheet("others"))
        assert "from the edition" in page(site, paths.sheet("pages"))
        assert check(site) == []
        assert unreached(site) == {"404.html"}

    def test_pictures_of_one_prompt_are_found_across_them(self, two: MadeLibrary, tmp_path: Path) -> None:
        two.build(tmp_path / "site")
        assert "../pages/item-00001.html" in page(tmp_path / "site", paths.item("others", 1))

    def test_each_has_its_page_with_its_own_pictures(self, two: MadeLibrary, tmp_path: Path) -> None:
        two.build(tmp_path / "site")
        other = page(tmp_path / "site", paths.edition(OTHER))
        assert "Provisional" in other
        assert other.count('class="plate"') == 3
        assert "Provisional" not in page(tmp_path / "site", paths.edition(MINI))

    def test_one_alone_is_not_told_apart(self, site: Path) -> None:
        assert '<span dir="auto">Mini</span></span>' not in page(site, paths.HOME)
        assert "from the edition" not in page(site, paths.sheet("pages"))


class TestEverythingToRenderWith:
    def test_the_page_leads_to_the_editions_file_and_says_what_to_do(self, site: Path) -> None:
        text = page(site, paths.edition(MINI))
        assert f'href="{MINI}.toml"' in text
        assert "Its model is Mini." in text
        for command in (f"edition check {MINI}.toml", f"key render picture.key --edition {MINI}.toml"):
            assert all(f"<span>{word}</span>" in text for word in command.split())
        assert page(site, paths.edition_file(MINI)) == MadeEdition().document(f"{MINI}.npy")

    def test_statistics_stand_beside_it_under_the_name_that_it_says(
        self, library: MadeLibrary, tmp_path: Path
    ) -> None:
        (tmp_path / "mine.npy").write_bytes(b"means and deviations")
        edition = MadeEdition("fitted-00000000", statistics=MadeFile(tmp_path / "mine.npy"))
        key = "babel2:fitted-00000000:20.t4hx9.0~ddghe53z"
        one = replace(row(0, "a"), key=key, name=name_of(key, edition.id), edition=edition.id)
        library.add(MadeCollection("fitted", "Fitted"), [one], edition)
        library.build(tmp_path / "site")
        assert "fitted-00000000.npy" in page(tmp_path / "site", paths.edition_file(edition.id))
        assert 'href="fitted-00000000.npy" download' in page(tmp_path / "site", paths.edition(edition.id))
        assert (tmp_path / "site" / paths.statistics(edition.id)).read_bytes() == b"means and deviations"

    def test_its_file_is_saved_from_disk_as_it_is(self, reader: Reader, site: Path) -> None:
        opened = reader.open(paths.edition(MINI))
        with opened.expect_download() as saving:
            opened.click('[data-do="save-key"]')
        assert saving.value.suggested_filename == f"{MINI}.toml"
        assert Path(saving.value.path()).read_bytes() == (site / paths.edition_file(MINI)).read_bytes()
