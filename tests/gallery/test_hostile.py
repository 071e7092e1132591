"""Hostile text in every field of a library, in a browser, opened from disk: nothing executes and nothing breaks."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from babelgen.gallery import paths
from babelgen.gallery.text import plain

from .furnished import ATTACKS, LONG, ODD_KEYS, hostile
from .links import check
from .reader import Reader

# What a page must not have, whatever its texts are: found in the elements, since what browsers made of them counts.
_FOREIGN = """() => [...document.querySelectorAll("*")].filter(e =>
    [...e.attributes].some(a => /^on/i.test(a.name) || /^\\s*(javascript|data|vbscript):/i.test(a.value)
        && /^(href|src|action|formaction|srcset|xlink:href)$/.test(a.name))
    || e.matches("script:not([src]), style, iframe, object, embed, base, meta[http-equiv=refresh], b, font")
    || e.href && !String(e.href).startsWith("file:") && e.tagName !== "svg"
    || e.tagName === "IMG" && !/\\/(views|thumbs|references)\\//.test(e.src)).map(e => e.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the hostile library."""
    root = tmp_path_factory.mktemp("hostile")
    hostile(root / "library").build(root / "site")
    return root / "site"


@pytest.fixture
def victim(browser: Any, trap: Path) -> Iterator[Reader]:
    """Somebody who reads it."""
    context = browser.new_context(accept_downloads=True, viewport={"width": 320, "height": 640})
    victim = Reader(context.new_page(), trap)
    yield victim
    assert victim.page.evaluate(_FOREIGN) == []
    context.close()
    assert victim.troubles == []
    assert all(url.startswith((trap.as_uri(), "blob:null/")) for url in victim.asked)


def test_every_page_is_whole(victim: Reader, trap: Path) -> None:
    pages = sorted(str(path.relative_to(trap)) for path in trap.rglob("*.html"))
    assert len(pages) > 5 * len(ATTACKS)
    for path in pages:
        page = victim.open(path)
        assert page.evaluate(_FOREIGN) == [], path
        assert page.locator("body > footer.colophon, body > main, body > header.masthead").count() == 3, path
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        assert victim.troubles == [], path


def test_every_link_leads_to_a_file(trap: Path) -> None:
    assert check(trap) == []


def test_texts_are_shown_as_they_are(victim: Reader) -> None:
    for number, text in enumerate(ATTACKS):
        page = victim.open(paths.item(f"room-{number}", 1))
        assert page.text_content("h1 .words") == plain(text)
        assert page.text_content(".facts dd") == plain(text)
        assert victim.open(paths.sheet(f"room-{number}")).text_content("h1") == plain(text)
        assert page.title().startswith(" ".join(plain(text).split())[:40])


@pytest.mark.parametrize("position", range(1, len(LONG) + 1))
def test_a_prompt_of_100_kilobytes_is_shown_whole_and_found(victim: Reader, position: int) -> None:
    text = plain(LONG[position - 1])
    page = victim.open(paths.item("constructor", position))
    page.click("main details summary >> nth=0")
    assert page.text_content("main .whole") == text
    assert len(page.text_content("h1 .words")) <= 1000
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.keyboard.press("s")
    page.wait_for_selector("#slides img")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.keyboard.press("Escape")
    page = victim.open(paths.SEARCH)
    page.fill("#query", text[:60].strip())
    victim.found("1 picture")
    page.fill("#query", text)
    page.wait_for_timeout(300)


def test_a_search_for_each_finds_it_and_stands_in_the_address(victim: Reader) -> None:
    page = victim.open(paths.SEARCH)
    for text in ATTACKS:
        page.fill("#query", "")
        page.wait_for_selector("#results .plate", state="detached")
        page.fill("#query", plain(text).replace('"', " "))
        victim.wait("#results .plate")
        address = page.url
        assert page.evaluate(_FOREIGN) == []
        page.goto("about:blank")
        page.goto(address)
        victim.wait("#results .plate")
        assert page.input_value("#query") == plain(text).replace('"', " ")


def test_an_address_is_only_words(victim: Reader) -> None:
    for text in (*ATTACKS, "%", "%E0%A4%A", "&&==", "q", "q=&collection=room-1&steps=&edition="):
        page = victim.open(paths.SEARCH)
        page.evaluate("text => { location.hash = text; }", text)
        page.evaluate(
            "text => { location.hash = 'collection=' + text + '&edition=' + text + '&q=' + text; }", text
        )
        page.wait_for_timeout(50)
        assert page.evaluate(_FOREIGN) == []


def test_the_shelf_the_slideshow_and_the_filters_show_them(victim: Reader) -> None:
    for number in range(len(ATTACKS)):
        page = victim.open(paths.item(f"room-{number}", 3))
        page.click(".tools .star")
    page = victim.open(paths.FAVOURITES)
    victim.found(f"{len(ATTACKS)} pictures")
    assert page.evaluate(_FOREIGN) == []
    page.keyboard.press("s")
    for text in reversed(ATTACKS):
        page.locator("#slides .words", has_text=plain(text)[:20].strip()).wait_for(timeout=5000)
        assert page.evaluate(_FOREIGN) == []
        page.keyboard.press("ArrowRight")
    page = victim.open(paths.SEARCH)
    victim.wait("#filter-collection option:nth-child(2)", "attached")
    titles = page.locator("#filter-collection option").all_text_contents()
    assert titles[1 : len(ATTACKS) + 1] == [f"{plain(text)} (3)" for text in ATTACKS]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_keys_that_look_like_something_else_are_text(victim: Reader, key: str) -> None:
    page = victim.open(paths.item("odd", ODD_KEYS.index(key) + 1))
    assert page.text_content(".verso .shelfmark") == key
    with page.expect_download() as saving:
        page.click('.verso [data-do="save-key"]')
    assert Path(saving.value.path()).read_bytes() == f"{key}\n".encode()


def test_what_others_store_in_the_browser_does_nothing(victim: Reader) -> None:
    page = victim.open(paths.ABOUT)
    place = f"babelgen:{page.evaluate('babelgen.library')}:favourites"
    for held in (json.dumps(ATTACKS), json.dumps({"__proto__": ["0" * 32]}), "<script>alert(1)</script>"):
        page.evaluate("([place, held]) => localStorage.setItem(place, held)", [place, held])
        victim.open(paths.FAVOURITES)
        victim.wait("#none")
        assert page.evaluate(_FOREIGN) == []
