"""`develop`: a folder with each stage, a strip, films, a list of them, and the picture as `key render` makes it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from babelgen.cli import main
from babelgen.edition import Edition
from babelgen.keys import Address, Shelf, format_key

STEPS = 4
pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def key(tiny_edition: Edition) -> str:
    """A key of four steps."""
    return format_key(Address(STEPS, Shelf("t", 700), 5), tiny_edition.key_space())


def develop(key: str, edition_file: Path, out: Path, *words: str) -> int:
    given = ["--text", key, "--edition", str(edition_file), "--out", str(out), "--device", "cpu"]
    return main(["develop", *given, *words])


def test_all_stages_are_there(key: str, tiny_edition_file: Path, tmp_path: Path) -> None:
    assert develop(key, tiny_edition_file, tmp_path / "stages") == 0
    said = json.loads((tmp_path / "stages/stages.json").read_text())
    assert (said["key"], said["width"], said["height"]) == (key, 16, 8)
    assert [stage["step"] for stage in said["stages"]] == list(range(STEPS + 1))
    for stage in said["stages"]:
        for view in ("noisy", "clean"):
            with Image.open(tmp_path / "stages" / stage[view]) as picture:
                assert (picture.format, picture.size) == ("WEBP", (16, 8))
    with Image.open(tmp_path / "stages/strip.webp") as strip:
        assert strip.size == (16 * (STEPS + 1), 16)
    for view in ("noisy", "clean"):
        with Image.open(tmp_path / f"stages/{view}.webp") as film:
            assert getattr(film, "n_frames", 1) == STEPS + 1
            assert key in film.info["xmp"].decode()


def test_the_picture_is_that_of_the_key(key: str, tiny_edition_file: Path, tmp_path: Path) -> None:
    (tmp_path / "one.key").write_text(key + "\n")
    words = [str(tmp_path / "one.key"), "--edition", str(tiny_edition_file), "--device", "cpu"]
    assert main(["develop", *words, "--out", str(tmp_path / "stages")]) == 0
    assert main(["key", "render", *words, "--out", str(tmp_path / "one.png")]) == 0
    assert (tmp_path / "stages/picture.png").read_bytes() == (tmp_path / "one.png").read_bytes()


def test_developing_it_again_gives_the_same_files(key: str, tiny_edition_file: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert develop(key, tiny_edition_file, tmp_path / name) == 0
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two")
    )
    assert first == second


def test_a_file_is_no_folder(
    key: str, tiny_edition_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stages").write_text("here")
    assert develop(key, tiny_edition_file, tmp_path / "stages") == 1
    assert (
        capsys.readouterr().err == f"error: {tmp_path / 'stages'} is a file, and the stages need a folder.\n"
    )


def test_the_page_has_a_slider_through_all_stages(
    key: str, tiny_edition_file: Path, tmp_path: Path, browser: Browser
) -> None:
    assert develop(key, tiny_edition_file, tmp_path / "stages") == 0
    page = browser.new_page()
    slips: list[str] = []
    page.on("console", lambda message: slips.append(message.text))
    page.goto((tmp_path / "stages/index.html").as_uri())
    assert page.locator("li:visible img").evaluate_all("all => all.map(one => one.getAttribute('src'))") == [
        "stage-04-noisy.webp", "stage-04-clean.webp"
    ]  # fmt: skip
    page.get_by_label("Steps done").press("Home")
    assert page.locator("li:visible img").first.get_attribute("src") == "stage-00-noisy.webp"
    assert page.locator("li:visible img").first.evaluate("one => one.naturalWidth") == 16
    assert page.locator("output").inner_text() == "0"
    assert page.locator("code").inner_text() == key
    assert slips == []
    page.close()


def test_the_page_shows_everything_without_javascript(
    key: str, tiny_edition_file: Path, tmp_path: Path, browser: Browser
) -> None:
    assert develop(key, tiny_edition_file, tmp_path / "stages") == 0
    page = browser.new_page(java_script_enabled=False)
    page.goto((tmp_path / "stages/index.html").as_uri())
    assert page.locator("li:visible img").count() == 2 * (STEPS + 1)
    assert not page.locator("#slider").is_visible()
    page.close()
