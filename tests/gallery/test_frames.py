"""Frames on pages: where they stand between others is said, in the stead of prompts that no text has."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from babelgen.collections.collection import Place
from babelgen.gallery import paths

from .made_up import HOSTILE, MadeCollection, MadeLibrary, row
from .reader import Reader
from .test_site import files

UNSAID = "an embedding that no text has (v123, 9 values)"


@pytest.fixture
def walked(tmp_path: Path) -> MadeLibrary:
    """A collection of a start, a frame whose prompt no text has, and one that keeps its prompt."""
    library = MadeLibrary(tmp_path / "library")
    places = (None, Place("1 step from “the sea”", True), Place("2 steps from “the sea”", False))
    rows = [row(1, "the sea"), row(2, UNSAID, "v123"), row(3, "the sea")]
    library.add(MadeCollection("walk", "A walk", "walk", told=places), rows)
    return library


def text(site: Path, path: str) -> str:
    return (site / path).read_text("utf-8")


def test_a_frame_says_where_it_stands_in_the_stead_of_its_prompt(walked: MadeLibrary, tmp_path: Path) -> None:
    walked.build(tmp_path / "site", base="https://example.org/")
    page = text(tmp_path / "site", paths.item("walk", 2))
    assert "<title>1 step from “the sea”, no. 2 of A walk" in page
    assert '<h1 id="title"><span class="words" dir="auto">1 step from “the sea”</span>' in page
    assert 'alt="Picture 1 step from “the sea”"' in page
    assert f'<dt>Prompt</dt><dd dir="auto">{UNSAID}</dd>' in page
    assert page.count('content="1 step from “the sea”"') == 1
    assert "<dt>Frame" not in page
    kept = text(tmp_path / "site", paths.item("walk", 3))
    assert '<h1 id="title"><span class="words" dir="auto">the sea</span>' in kept
    assert '<dt>Frame</dt><dd dir="auto">2 steps from “the sea”</dd>' in kept
    assert "<dt>Prompt" not in kept
    start = text(tmp_path / "site", paths.item("walk", 1))
    assert "<dt>Frame" not in start
    assert "<dt>Prompt" not in start


def test_so_do_sheets_search_and_feed(walked: MadeLibrary, tmp_path: Path) -> None:
    walked.build(tmp_path / "site", base="https://example.org/")
    sheet = text(tmp_path / "site", paths.sheet("walk"))
    assert 'aria-hidden="true">1 step from “the sea”</span>' in sheet
    assert UNSAID not in sheet
    (data,) = (tmp_path / "site/data").glob("search-1.*.js")
    assert "1 step from" in data.read_text()
    assert "<title>1 step from “the sea”</title>" in text(tmp_path / "site", paths.FEED)


def test_other_words_change_what_shows_them_and_nothing_else(walked: MadeLibrary, tmp_path: Path) -> None:
    site = tmp_path / "site"
    walked.add(MadeCollection("pages", "Pages"), [row(at, "a forest") for at in range(50, 53)])
    walked.build(site)
    before = files(site)
    (walk, pages) = walked.collections
    places = (walk.told[0], Place("1 step from “a pond”", True), walk.told[2])
    walked.collections = (replace(walk, told=places), pages)
    walked.build(site)
    after = files(site)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert paths.item("walk", 2) in changed
    assert paths.item("walk", 1) in changed  # its neighbour's
    assert paths.sheet("walk") in changed
    assert not any("pages/item" in path for path in changed)
    walked.build(tmp_path / "anew")
    assert after == files(tmp_path / "anew")


@pytest.mark.parametrize("words", [words for words in HOSTILE if words])
def test_words_are_escaped(tmp_path: Path, words: str) -> None:
    library = MadeLibrary(tmp_path / "library")
    told = (Place(f"between {words} and {words}, 1 of 1", True),)
    library.add(MadeCollection("walk", "A walk", "walk", told=told), [row(2, UNSAID, "v1")])
    library.build(tmp_path / "site")
    page = text(tmp_path / "site", paths.item("walk", 1))
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "\u202e" not in page


def test_a_script_says_the_same_of_a_frame(walked: MadeLibrary, tmp_path: Path, browser: Any) -> None:
    walked.build(tmp_path / "site")
    context = browser.new_context()
    reader = Reader(context.new_page(), tmp_path / "site")
    page = reader.open(f"{paths.SEARCH}#q=step")
    reader.found("1 picture")
    assert page.locator("main .plate img").first.get_attribute("alt") == "Picture 1 step from “the sea”"
    reader.open(f"{paths.SEARCH}#q=sea")
    reader.found("3 pictures")
    alts = page.locator("main .plate img").evaluate_all("all => all.map(img => img.alt)")
    assert sorted(alts) == ["Picture 1 step from “the sea”", "Picture for “the sea”", "Picture for “the sea”"]
    context.close()
    assert reader.troubles == []
