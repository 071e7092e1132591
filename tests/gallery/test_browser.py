"""The pages in a browser, opened from disk: what scripts add, what is left without them, and how pages fit."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from babelgen.gallery import paths

from .made_up import HOSTILE, MadeCollection, MadeLibrary, neighbours, row
from .reader import Reader

PAGES = [
    paths.HOME,
    paths.sheet("pages"),
    paths.sheet("sample"),
    paths.sheet("empty"),
    paths.sheet("found"),  # it has a room
    paths.item("found", 1),
    paths.item("pages", 1),
    *(paths.item("sample", at) for at in range(1, len(HOSTILE) + 2)),
    paths.edition("mini-7k3q9d2x"),
    paths.prompts(),
    paths.glossary(),
    paths.PROFILES,
    f"{paths.SEARCH}#q=sea",
    paths.FAVOURITES,
    paths.ABOUT,
    paths.MISSING,
]


def test_nothing_is_fetched_from_elsewhere_and_nothing_is_blocked(reader: Reader, site: Path) -> None:
    for path in PAGES:
        reader.open(path)
    assert len(reader.asked) > 100
    assert all(url.startswith(site.as_uri()) for url in reader.asked)


def test_pages_add_one_global_name_and_load_what_they_use(reader: Reader, site: Path) -> None:
    (site.parent / "blank.html").write_text("<!doctype html><title>blank</title>")
    names = "Object.getOwnPropertyNames(window).filter(name => !/^[0-9]+$/.test(name))"
    blank = set(reader.open("../blank.html").evaluate(names))
    scripts = {}
    for path in PAGES:
        page = reader.open(path)
        assert set(page.evaluate(names)) <= blank, path  # `const babelgen` is in scope, and no property
        assert page.evaluate("typeof babelgen") == "object"
        found = page.evaluate("[...document.scripts].map(s => s.src).filter(src => src.includes('/assets/'))")
        scripts[path] = [url.rpartition("/")[2].partition(".")[0] for url in found]
    assert scripts[paths.ABOUT] == scripts[paths.HOME] == scripts[paths.prompts()] == ["site", "turn"]
    assert (
        scripts[paths.item("pages", 1)]
        == scripts[paths.sheet("pages")]
        == ["site", "turn", "shelf", "slides"]
    )
    assert max(map(len, scripts.values())) == 6


@pytest.mark.parametrize("width", [320, 360])
def test_no_page_is_wider_than_a_phone(reader: Reader, width: int) -> None:
    reader.page.set_viewport_size({"width": width, "height": 700})
    for path in PAGES:
        wide = reader.open(path).evaluate("document.documentElement.scrollWidth")
        assert wide <= width, path


@pytest.mark.parametrize("title", ["A very long title " * 60, "Unbroken" * 150])
@pytest.mark.parametrize("width", [320, 1280])
def test_long_titles_leave_room_for_what_they_are_titles_of(
    browser: Any, tmp_path: Path, title: str, width: int
) -> None:
    library = MadeLibrary(tmp_path / "library", title=title)
    library.add(MadeCollection("long", title), [row(at, "the sea") for at in range(3)])
    library.build(tmp_path / "site")
    context = browser.new_context(viewport={"width": width, "height": 700})
    page = context.new_page()
    for path in (paths.HOME, paths.sheet("long"), paths.item("long", 2), f"{paths.SEARCH}#q=sea"):
        page.goto(f"{(tmp_path / 'site').as_uri()}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator(".mark span").bounding_box()["height"] < 70
        for one in page.locator(".crumbs, .label .name").all():
            assert one.bounding_box()["height"] < 150
    page.wait_for_selector("#results .place")
    assert page.locator("#results .place").first.bounding_box()["height"] < 200
    context.close()


def test_search_finds_words_in_any_order_without_case_and_accents(reader: Reader) -> None:
    page = reader.open(paths.SEARCH)
    page.fill("#query", "SUNSET the")
    reader.found("8 pictures")
    page.fill("#query", "cafe")
    reader.found("1 picture")
    page.click("#results a")
    assert reader.at(paths.item("sample", 1 + HOSTILE.index("&lt;b&gt; &amp; café")))


def test_search_shows_hostile_words_as_words(reader: Reader) -> None:
    page = reader.open(paths.SEARCH)
    page.fill("#query", "<script>")
    page.wait_for_selector("#results .plate")
    assert "<script>alert(1)</script>" in page.locator("#results .words").all_text_contents()
    assert page.locator("#results script").count() == 0


def test_search_finds_a_whole_key_and_says_when_there_is_nothing(reader: Reader) -> None:
    page = reader.open(paths.HOME)
    page.keyboard.press("/")
    page.keyboard.type(row(5, "").key)
    page.keyboard.press("Enter")
    reader.found("1 picture")
    page.click("#results a")
    assert reader.at(paths.item("pages", 6))
    page = reader.open(f"{paths.SEARCH}#q=no+such+words")
    reader.found("Nothing printed here has that.")


def test_random_goes_to_an_item(reader: Reader) -> None:
    reader.open(paths.sheet("sample")).click('[data-do="random"]')
    reader.page.wait_for_url("**/item-*.html")
    assert reader.page.locator("h1#title").count() == 1
    reader.page.keyboard.press("r")
    reader.page.wait_for_url("**/item-*.html")


def test_arrow_keys_turn_the_pages(reader: Reader) -> None:
    page = reader.open(paths.item("pages", 1))
    page.keyboard.press("ArrowRight")
    assert reader.at(paths.item("pages", 2))
    page.keyboard.press("ArrowLeft")
    assert reader.at(paths.item("pages", 1))
    page.keyboard.press("u")
    assert reader.at(paths.sheet("pages"))


def test_keys_are_left_alone_in_fields_and_with_modifiers(reader: Reader) -> None:
    page = reader.open(paths.item("pages", 1))
    page.focus("#seek")
    page.keyboard.type("r?/u")
    page.keyboard.press("ArrowRight")
    assert page.input_value("#seek") == "r?/u"
    page.locator("h1").click()
    page.keyboard.press("Control+ArrowRight")
    page.wait_for_timeout(200)
    assert reader.at(paths.item("pages", 1))


def test_help_tells_the_keys_and_can_turn_them_off(reader: Reader) -> None:
    page = reader.open(paths.item("pages", 1))
    page.keyboard.press("?")
    assert "a random picture" in page.locator("dialog[open]").inner_text()
    page.uncheck("dialog input")
    page.keyboard.press("Escape")
    page = reader.open(paths.item("pages", 2))
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(200)
    assert reader.at(paths.item("pages", 2))
    page.click('[data-do="help"]')
    assert not page.is_checked("dialog input")


def test_copy_gives_the_exact_key(reader: Reader) -> None:
    page = reader.open(paths.item("pages", 5))
    page.click('.verso [data-do="copy-key"]')
    page.wait_for_selector('[data-said="Copied"]')
    assert reader.pasted() == row(4, "").key


def test_copy_gives_a_long_key_whole(reader: Reader) -> None:
    page = reader.open(paths.item("pages", 1))
    page.click('.neighbour [data-do="copy-key"]')
    page.wait_for_selector('[data-said="Copied"]')
    assert reader.pasted() == neighbours("mini-7k3q9d2x", row(0, "").key)[0].key


def test_copy_gives_the_command(reader: Reader) -> None:
    page = reader.open(paths.item("pages", 8))
    page.click('.again [data-do="copy"]')
    page.wait_for_selector('[data-said="Copied"]')
    assert reader.pasted() == f'python render.py key render --text "{row(7, "").key}" --out picture.png'


@pytest.mark.parametrize("position", [1, len(HOSTILE) + 1])
def test_a_key_is_saved_as_its_file(reader: Reader, shared: MadeLibrary, site: Path, position: int) -> None:
    entry = shared.collections[1].entries[position - 1]
    page = reader.open(paths.item("sample", position))
    with page.expect_download() as saving:
        page.click('.verso [data-do="save-key"]')
    assert saving.value.suggested_filename == f"{entry.name}.key"
    saved = Path(saving.value.path()).read_bytes()
    assert saved == entry.key.encode() + b"\n" == (site / paths.key_file(entry.name)).read_bytes()


def test_pages_do_without_javascript(plain_reader: Reader) -> None:
    page = plain_reader.open(paths.HOME)
    assert page.locator(".seek").is_hidden()
    assert page.locator('[data-do="random"]').is_hidden()
    page.click(".drawer >> nth=0")
    assert plain_reader.at(paths.sheet("pages"))
    page.click(".plate >> nth=1")
    assert plain_reader.at(paths.item("pages", 2))
    page.click('a[rel="next"]')
    assert plain_reader.at(paths.item("pages", 3))
    assert page.locator(".verso .shelfmark").inner_text() == row(2, "").key
    assert page.locator('[data-do="copy-key"] >> nth=0').is_hidden()
    assert page.locator(".verso a.button").is_visible()
    page.click(".neighbour a >> nth=0")
    assert plain_reader.at(paths.item("pages", 2))
    plain_reader.open(paths.SEARCH)
    page.click("[data-noscript] a")
    assert plain_reader.at(paths.prompts())


def test_the_first_stop_of_the_keyboard_skips_to_the_content(reader: Reader) -> None:
    page = reader.open(paths.ABOUT)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_headings_are_in_order_and_pictures_have_words(reader: Reader) -> None:
    for path in PAGES:
        page = reader.open(path)
        levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(h => +h.tagName[1])")
        assert levels[0] == 1, path
        assert levels.count(1) == 1, path
        assert all(after <= before + 1 for before, after in pairwise(levels)), path
        assert page.locator('img:not([alt]), img[alt=""]:not(.end img)').count() == 0, path
        assert set(page.locator(".end").all_inner_texts()) <= {"First", "Last"}, path
