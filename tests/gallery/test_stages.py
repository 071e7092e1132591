"""Stages on a picture's page: a slider where there is JavaScript, a list where there is none, and nothing where there are none."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from babelgen.gallery import paths, site_files
from babelgen.stages import FOLDER, chosen, file_name, folder_of
from babelgen.store import remove_stages

from .links import check
from .made_up import MadeLibrary, made_up, row
from .reader import Reader
from .test_incremental import no_link
from .test_site import files, item, stamps

DEVELOPED = row(3, "")  # hangs in two collections
PAGE = paths.item("pages", 4)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a library with stages, for readers."""
    root = tmp_path_factory.mktemp("developed")
    library = made_up(root / "library")
    library.develop(DEVELOPED)
    library.build(root / "site")
    return root / "site"


@pytest.fixture
def developed(tmp_path: Path) -> MadeLibrary:
    """The made-up library, one of its pictures with stages."""
    library = made_up(tmp_path / "library")
    library.develop(DEVELOPED)
    return library


def changes(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def stage_files(name: str, steps: int = 20) -> set[str]:
    return {
        paths.stage(name, file_name(step, series)) for step in chosen(steps) for series in ("noisy", "clean")
    }


def test_a_page_lists_its_stages_and_the_site_has_their_files(developed: MadeLibrary, tmp_path: Path) -> None:
    site = tmp_path / "site"
    developed.build(site)
    page = item(site, "pages", 4)
    assert "<li><span>Step 0 of 20, timestep 999</span>: <a href=" in page
    assert "<li><span>Step 20 of 20, the picture</span>: <a href=" in page
    assert page.count("<li><span>Step ") == 21
    assert "Out of the noise" in item(site, "found", 1)  # the same picture
    there = {path for path in files(site) if path.startswith("stages/")}
    assert there == stage_files(DEVELOPED.name)
    assert there <= set(site_files(site))
    for path in there:
        assert (site / path).samefile(developed.root / path)
    assert not (site / "stages" / DEVELOPED.name[:2] / DEVELOPED.name / "stages.json").exists()
    assert check(site) == []


def test_pages_without_stages_know_nothing_of_them(library: MadeLibrary, tmp_path: Path) -> None:
    library.build(tmp_path / "plain")
    library.develop(DEVELOPED)
    library.build(tmp_path / "site")
    changed = changes(files(tmp_path / "plain"), files(tmp_path / "site"))
    assert changed == stage_files(DEVELOPED.name) | {PAGE, paths.item("found", 1), paths.item("found", 3)}
    assert "stages" not in item(tmp_path / "plain", "pages", 4)


@pytest.mark.parametrize("links", [True, False])
def test_stages_that_come_later_or_go_change_their_pages_alone(
    library: MadeLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr("os.link", no_link)
    site, anew = tmp_path / "site", iter(range(10))

    def build() -> tuple[int, int, int]:
        built = library.build(site)
        fresh = tmp_path / f"anew-{next(anew)}"
        library.build(fresh)
        assert files(site) == files(fresh)
        return built.added, built.changed, built.removed

    build()
    plain = files(site)
    library.develop(DEVELOPED)
    assert build() == (42, 3, 0)
    library.develop(row(6, ""), steps=40)
    assert build() == (48, 1, 0)
    before = stamps(site)
    assert library.build(site).added == library.build(site).changed == 0
    assert {path: stamp for path, stamp in stamps(site).items() if not path.startswith(".babelgen")} == {
        path: stamp for path, stamp in before.items() if not path.startswith(".babelgen")
    }
    (site / paths.stage(DEVELOPED.name, "noisy-03.webp")).unlink()
    assert build() == (1, 0, 0)
    remove_stages(folder_of(library.root, row(6, "").name))
    assert build() == (0, 1, 48)
    remove_stages(folder_of(library.root, DEVELOPED.name))
    assert build() == (0, 3, 42)
    assert files(site) == plain
    assert not (site / "stages").exists()


def test_a_spoilt_folder_counts_as_none(developed: MadeLibrary, tmp_path: Path) -> None:
    (folder_of(developed.root, DEVELOPED.name) / "clean-07.webp").unlink()
    developed.build(tmp_path / "site")
    assert "Out of the noise" not in item(tmp_path / "site", "pages", 4)
    assert not (tmp_path / "site/stages").exists()


def test_stages_of_a_flagged_picture_are_left_out_with_it(developed: MadeLibrary, tmp_path: Path) -> None:
    site = tmp_path / "site"
    developed.build(site)
    developed.flag(DEVELOPED)
    developed.build(site)
    assert not (site / "stages").exists()
    assert not any(DEVELOPED.name in path for path in files(site))
    developed.build(site, flagged=True)
    assert (site / paths.stage(DEVELOPED.name, "noisy-00.webp")).is_file()


def test_what_else_lies_among_the_stages_is_no_matter(library: MadeLibrary, tmp_path: Path) -> None:
    (library.root / FOLDER / "zz").mkdir(parents=True)
    (library.root / FOLDER / "00").write_text("a file")
    library.build(tmp_path / "site")
    assert not (tmp_path / "site/stages").exists()


class TestSlider:
    """What a reader does with it."""

    @pytest.fixture
    def loaded(self, reader: Reader) -> Callable[[], list[str]]:
        """The pictures of stages that the page has asked for."""
        return lambda: [url.rpartition("/")[2] for url in reader.asked if "/stages/" in url]

    def test_it_shows_a_stage_and_loads_no_other(self, reader: Reader, loaded: Any) -> None:
        page = reader.open(PAGE)
        slider = page.locator("#stage")
        slider.scroll_into_view_if_needed()
        reader.told("Step 10 of 20, timestep 499", "output")
        page.wait_for_timeout(200)
        assert sorted(loaded()) == ["clean-10.webp", "noisy-10.webp"]
        slider.focus()
        page.keyboard.press("ArrowRight")
        reader.told("Step 11 of 20, timestep 449", "output")
        assert slider.get_attribute("aria-valuetext") == "Step 11 of 20, timestep 449"
        page.keyboard.press("End")
        reader.told("Step 20 of 20, the picture", "output")
        page.keyboard.press("Home")
        reader.told("Step 0 of 20, timestep 999", "output")
        page.wait_for_timeout(200)
        assert sorted(loaded()) == sorted(
            f"{series}-{step:02}.webp" for series in ("clean", "noisy") for step in (0, 10, 11, 20)
        )
        images = page.locator("#developing img")
        sources = [images.nth(at).get_attribute("src") for at in range(2)]
        assert [str(src).rpartition("/")[2] for src in sources] == ["noisy-00.webp", "clean-00.webp"]
        assert images.first.get_attribute("alt") == "Step 0 of 20, timestep 999: as it is"
        assert images.first.evaluate("image => image.naturalWidth") == 32
        assert reader.at(PAGE)  # no arrow key turned the page

    def test_it_has_a_name_for_those_who_do_not_see_it(self, reader: Reader) -> None:
        page = reader.open(PAGE)
        assert page.get_by_role("slider", name="Stage").get_attribute("max") == "20"
        assert page.get_by_role("region", name="Out of the noise").count() == 1

    def test_other_pages_load_nothing_of_it(self, reader: Reader, loaded: Any) -> None:
        page = reader.open(paths.item("pages", 5))
        assert page.locator("#stage").count() == 0
        assert not [url for url in reader.asked if "/stages." in url]
        reader.open(PAGE)
        names = {url.rpartition("/")[2].partition(".")[0] for url in reader.asked if "/assets/" in url}
        assert "stages" in names

    def test_without_javascript_the_list_is_all(self, plain_reader: Reader) -> None:
        page = plain_reader.open(PAGE)
        assert not page.locator("#stage").is_visible()
        page.locator(".stages summary").click()
        links = page.locator(".stages li a:visible")
        assert links.count() == 42
        links.first.click()
        page.wait_for_url("**/noisy-00.webp")

    @pytest.mark.parametrize("width", [320, 1280])
    def test_it_fits(self, reader: Reader, width: int) -> None:
        reader.page.set_viewport_size({"width": width, "height": 700})
        page = reader.open(PAGE)
        page.locator(".stages summary").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    def test_it_is_not_printed(self, reader: Reader) -> None:
        page = reader.open(PAGE)
        page.emulate_media(media="print")
        assert not page.locator(".stages").is_visible()
