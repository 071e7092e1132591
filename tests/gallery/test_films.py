"""A collection's film on its page: still until it is asked to play, and a link without JavaScript."""

from pathlib import Path
from typing import Any

import pytest

from babelgen.films import film_file, record_file
from babelgen.gallery import paths, site_files

from .links import check
from .made_up import MadeLibrary, made_up, row
from .reader import Reader
from .test_site import files, item


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a library with a film."""
    root = tmp_path_factory.mktemp("filmed")
    library = made_up(root / "library")
    library.film("pages")
    library.build(root / "site")
    return root / "site"


def test_the_site_has_it_with_its_keys_and_all_links_lead_somewhere(site: Path) -> None:
    assert {paths.film("pages"), paths.film_keys("pages")} <= set(site_files(site))
    assert check(site) == []
    assert paths.film_anchor("pages") == "collections/pages/index.html#film"
    assert item(site, "pages", 2).count('<dt>Film</dt><dd><a href="index.html#film">') == 1
    assert "<dt>Film" not in item(site, "found", 1)


def test_pages_without_it_are_as_they_were(library: MadeLibrary, tmp_path: Path) -> None:
    library.build(tmp_path / "plain")
    library.film("pages")
    library.build(tmp_path / "site")
    before, after = files(tmp_path / "plain"), files(tmp_path / "site")
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed == {
        paths.film("pages"), paths.film_keys("pages"), paths.sheet("pages"),
        *(paths.item("pages", at) for at in range(1, 9)),
    }  # fmt: skip


@pytest.mark.parametrize("change", ["flag", "forget", "cut", "other pixels"])
def test_a_film_that_does_not_show_what_is_printed_is_left_out(
    library: MadeLibrary, tmp_path: Path, change: str
) -> None:
    from dataclasses import replace

    site = tmp_path / "site"
    library.film("pages")
    library.build(site)
    name = row(4, "").name
    if change == "flag":
        library.flag(library.rows[name])
    elif change == "forget":
        del library.rows[name]
    elif change == "cut":
        film_file(library.root, "pages").write_bytes(b"")
    else:
        library.rows[name] = replace(library.rows[name], sha256="00" * 32)
    library.build(site)
    assert not (site / "films").exists()
    assert "film" not in (site / paths.sheet("pages")).read_text()
    library.build(tmp_path / "anew")
    assert files(site) == files(tmp_path / "anew")


def test_a_record_that_goes_takes_it_along(library: MadeLibrary, tmp_path: Path) -> None:
    library.film("pages")
    library.build(tmp_path / "site")
    record_file(library.root, "pages").unlink()
    built = library.build(tmp_path / "site")
    assert (built.added, built.changed, built.removed) == (0, 9, 2)


def test_it_plays_on_request_and_stops(reader: Reader) -> None:
    page = reader.open(paths.sheet("pages"))
    picture, button = page.locator(".film img"), page.locator(".film button")
    page.wait_for_timeout(200)
    assert not [url for url in reader.asked if "/films/" in url]
    still = picture.get_attribute("src")
    button.click()
    reader.told("Stop", ".film button")
    assert str(picture.get_attribute("src")).endswith("/films/pages.webp")
    assert picture.get_attribute("alt") == "The film of this collection"
    picture.evaluate("image => image.decode()")
    page.locator(".film a").first.click()  # the picture does what the button does
    reader.told("Play", ".film button")
    assert str(picture.evaluate("image => image.src")).endswith(str(still).rpartition("/")[2])
    button.focus()
    page.keyboard.press("Enter")
    reader.told("Stop", ".film button")


def test_without_javascript_its_picture_leads_to_it(plain_reader: Reader) -> None:
    page = plain_reader.open(paths.sheet("pages"))
    assert not page.locator(".film button").is_visible()
    page.locator(".film a").first.click()
    page.wait_for_url("**/films/pages.webp")


def test_its_keys_open_from_disk(reader: Reader) -> None:
    page = reader.open(paths.sheet("pages"))
    page.get_by_role("link", name="Its keys").click()
    page.wait_for_url("**/films/pages-keys.txt")
    assert page.locator("pre").inner_text().splitlines()[0] == row(0, "").key


def test_a_frames_page_leads_to_it(reader: Reader) -> None:
    page = reader.open(paths.item("pages", 2))
    page.click(".facts a:has-text('Of this collection')")
    page.wait_for_url("**/collections/pages/index.html#film")


@pytest.mark.parametrize("width", [320, 1280])
def test_it_fits(reader: Reader, width: int) -> None:
    reader.page.set_viewport_size({"width": width, "height": 700})
    page: Any = reader.open(paths.sheet("pages"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.querySelector('.film .mount').getBoundingClientRect().right") <= width
