"""Pages for everybody: axe-core finds nothing against WCAG 2.2 AA, pages fit narrow windows and paper, and move on request only."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from babelgen.gallery import paths

from .furnished import furnished
from .made_up import HOSTILE, MINI, MadeCollection, MadeLibrary, made_up, row
from .reader import Reader

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations", "incomplete"],
    "preload": False,  # it would fetch the stylesheets, which pages from disk cannot; no rule that runs needs them
}
# Under the lamp's glow, which is a gradient, and near drawn ornaments axe-core cannot tell contrasts; test_contrast.py
# looks at the glow's colours.
_LAMP_OFF = """() => {
    const css = new CSSStyleSheet();
    css.replaceSync("*::before, *::after { content: none !important } .threshold { background-image: none !important }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, css];
}"""
KINDS = [  # of pages, each once
    paths.HOME,
    paths.sheet("pages"),
    paths.sheet("empty"),
    paths.sheet("room-1"),
    paths.table("room-1"),
    paths.tree("room-1"),
    paths.item("pages", 1),
    paths.item("room-1", 1),
    paths.item("pages", 6),  # with stages
    paths.item("sample", 1 + next(at for at, text in enumerate(HOSTILE) if text.startswith("القمر"))),
    paths.edition(MINI),
    paths.prompts(),
    paths.glossary(),
    paths.PROFILES,
    f"{paths.SEARCH}#q=sea",
    paths.FAVOURITES,
    paths.ABOUT,
    paths.MISSING,
]


def judge(page: Any) -> dict[str, Any]:
    """What axe-core says of a page as it is now."""
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate(_LAMP_OFF)
    return dict(Axe().run(page, options=RULES).response)


def complaints(page: Any, *kinds: str) -> list[str]:
    """A line for each element that axe-core objects to ("violations"), or cannot judge ("incomplete")."""
    said = judge(page)
    return [
        f"{fault['id']}: {node['html'][:200]} {node['failureSummary']}"
        for kind in kinds
        for fault in said[kind]
        for node in fault["nodes"]
    ]


def _help(page: Any) -> None:
    page.keyboard.press("?")
    page.wait_for_selector("#help[open]")


def _slides(page: Any) -> None:
    page.click('[data-do="slides"]')
    page.wait_for_selector("#slides img")


def _star(page: Any) -> None:
    page.click(".plate + .star >> nth=1")


def _unfold(page: Any) -> None:
    for summary in page.locator("main summary").all():
        summary.click()


def _play(page: Any) -> None:
    page.click(".film button")
    page.wait_for_selector(".film button:has-text('Stop')")


def _missing(page: Any) -> None:
    key = b"babel2:mini-7k3q9d2x:20.t4hx9.0~ddghe53z".replace(b"20", b"21")
    page.set_input_files("#keyfile", files=[{"name": "a", "mimeType": "", "buffer": key}])
    page.wait_for_selector("#answer p")


def _nothing(page: Any) -> None:
    page.fill("#query", "no such words")
    page.wait_for_selector("#found:has-text('Nothing')")


def _stored(page: Any) -> None:
    page.evaluate("names => babelgen.shelf.add(...names)", [row(at, "").name for at in range(3)] + ["0" * 32])
    page.reload()
    page.wait_for_selector("#results .plate")


STATES: dict[str, tuple[str, Callable[[Any], None]]] = {
    "help": (paths.item("pages", 3), _help),
    "a slideshow": (paths.item("pages", 3), _slides),
    "a slideshow without words": (paths.item("sample", 1 + HOSTILE.index("")), _slides),
    "a starred sheet": (paths.sheet("pages"), _star),
    "an unfolded item": (paths.item("sample", len(HOSTILE) + 1), _unfold),
    "a film that plays": (paths.sheet("pages"), _play),
    "unfolded stages": (paths.item("pages", 6), _unfold),
    "a key that is not printed": (paths.SEARCH, _missing),
    "nothing found": (paths.SEARCH, _nothing),
    "a full shelf": (paths.FAVOURITES, _stored),
}


@pytest.fixture(scope="module")
def all_kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with every kind of page, rooms and glossary among them."""
    root = tmp_path_factory.mktemp("kinds")
    library = furnished(root / "library")
    library.kinds |= {"cpu-1f9a": {"Device": "CPU <x86>"}}
    plain = made_up(root / "library")
    library.rows |= plain.rows
    library.collections += plain.collections
    library.develop(row(5, ""))
    library.film("pages")
    library.build(root / "site")
    return root / "site"


@pytest.fixture(params=["light wide", "dark wide", "light narrow", "dark narrow"])
def visitor(request: pytest.FixtureRequest, browser: Any, all_kinds: Path) -> Iterator[Reader]:
    """Somebody who reads by day or by night, at a large window or a small one."""
    scheme, width = request.param.split()
    size = {"width": 1280 if width == "wide" else 320, "height": 800}
    context = browser.new_context(color_scheme=scheme, reduced_motion="reduce", viewport=size)
    visitor = Reader(context.new_page(), all_kinds)
    yield visitor
    context.close()
    assert visitor.troubles == []


def test_all_kinds_of_pages_are_looked_at(all_kinds: Path) -> None:
    kinds = {re.search('<body class="(.*?)"', page.read_text())[1] for page in all_kinds.rglob("*.html")}  # type: ignore[index]
    assert kinds == {
        re.search('<body class="(.*?)"', (all_kinds / path.partition("#")[0]).read_text())[1]
        for path in KINDS
    }  # type: ignore[index]


@pytest.mark.parametrize("path", KINDS)
def test_no_page_has_a_fault_that_axe_knows(visitor: Reader, path: str) -> None:
    page = visitor.open(path)
    if "#" in path:
        page.wait_for_selector("#results .plate")
    assert complaints(page, "violations", "incomplete") == []


@pytest.mark.parametrize("state", STATES)
def test_nor_has_what_opens_on_them(visitor: Reader, state: str) -> None:
    path, change = STATES[state]
    page = visitor.open(path)
    change(page)
    assert complaints(page, "violations") == []


def test_axe_looks_at_targets_and_contrast_and_finds_faults(reader: Reader) -> None:
    page = reader.open(paths.item("pages", 3))
    page.evaluate("""() => {
        const css = new CSSStyleSheet();
        css.replaceSync("main p, main dt { color: #eee } .keeping * { padding: 0; line-height: 1; margin: 0 }");
        document.adoptedStyleSheets = [css];
        document.querySelector("main img").removeAttribute("alt");
        for (const button of document.querySelectorAll(".keeping button")) {
            const small = document.createElement("button");
            small.textContent = "x";
            small.className = "plain";
            button.after(small, small.cloneNode(true));
        }
    }""")
    found = {line.partition(":")[0] for line in complaints(page, "violations")}
    assert {"color-contrast", "image-alt", "target-size"} <= found


@pytest.mark.parametrize("state", [*STATES, "search"])
def test_nothing_that_opens_is_wider_than_320_pixels(reader: Reader, all_kinds: Path, state: str) -> None:
    reader.page.set_viewport_size({"width": 320, "height": 640})
    path, change = STATES.get(state, (f"{paths.SEARCH}#q=sea&collection=found", lambda page: None))
    page = Reader(reader.page, all_kinds).open(path)
    change(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    beyond = """[...document.querySelectorAll("dialog[open], dialog[open] *, main *")]
        .filter(e => e.getBoundingClientRect().right > 321 && !e.closest(".quiet") && e.checkVisibility())
        .map(e => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(beyond) == []


@pytest.mark.parametrize(("slug", "position"), [("pages", 1), ("pages", 5), ("sample", len(HOSTILE) + 1)])
def test_a_picture_is_printed_on_one_sheet_with_its_key(reader: Reader, slug: str, position: int) -> None:
    page = reader.open(paths.item(slug, position))
    page.emulate_media(media="print")
    assert page.is_visible(".frontispiece img")
    assert page.is_visible(".verso .shelfmark")
    assert page.locator("nav:visible, button:visible, .beside:visible").count() == 0
    for form in ("A4", "Letter"):
        sheets = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=form)))
        assert sheets == 1, form


def test_a_tall_picture_and_a_long_prompt_fit_on_one_sheet(browser: Any, tmp_path: Path) -> None:
    library = MadeLibrary(tmp_path / "library")
    tall = replace(row(1, "many words " * 300), width=64, height=640)
    library.add(MadeCollection("tall", "Tall"), [tall, row(2, "another")])
    library.build(tmp_path / "site")
    reader = Reader(browser.new_context().new_page(), tmp_path / "site")
    page = reader.open(paths.item("tall", 1))
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) == 1
    page.context.close()


def test_nothing_moves_for_who_asks_for_less_motion(browser: Any, site: Path) -> None:
    context = browser.new_context(reduced_motion="reduce")
    reader = Reader(context.new_page(), site)
    for path in (paths.HOME, paths.sheet("pages"), paths.item("pages", 3)):
        moving = """[...document.querySelectorAll("*")].filter(e => {
            const { transitionDuration, transitionProperty, animationName } = getComputedStyle(e);
            return animationName !== "none" || (transitionProperty !== "none" && transitionDuration !== "0s");
        }).map(e => e.outerHTML.slice(0, 80))"""
        assert reader.open(path).evaluate(moving) == []
    context.close()


def test_words_of_the_east_run_from_the_right(reader: Reader) -> None:
    position = 1 + next(at for at, text in enumerate(HOSTILE) if text.startswith("القمر"))
    way = "selector => getComputedStyle(document.querySelector(selector)).direction"
    page = reader.open(paths.item("sample", position))
    assert page.evaluate(way, "h1 .words") == "rtl"
    assert page.evaluate(way, ".verso .shelfmark") == "ltr"
    _slides(page)
    page.wait_for_selector("#slides .words")
    assert page.evaluate(way, "#slides .words") == "rtl"
    assert page.evaluate(way, "#slides .told-slide a") == "ltr"
    page = reader.open(f"{paths.SEARCH}#q=%D8%A7%D9%84%D9%82%D9%85%D8%B1")
    reader.found("1 picture")
    assert page.evaluate(way, "#results .words") == "rtl"
    assert page.evaluate(way, "#query") == "rtl"


@pytest.mark.parametrize("path", [paths.HOME, paths.sheet("pages"), paths.item("pages", 3), paths.SEARCH])
def test_whatever_has_the_focus_shows_it(reader: Reader, path: str) -> None:
    page = reader.open(path)
    outline = """() => {
        const here = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(here);
        const { top, bottom, width } = here.getBoundingClientRect();
        return { what: here.outerHTML.slice(0, 100), body: here === document.body,
                 shown: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
                 seen: bottom > 0 && top < innerHeight && width > 0 };
    }"""
    page.evaluate("document.activeElement.blur()")
    for _ in range(25):
        page.keyboard.press("Tab")
        here = page.evaluate(outline)
        assert here["body"] or (here["shown"] and here["seen"]), here["what"]


def test_what_happens_is_said_in_status_messages(reader: Reader) -> None:
    page = reader.open(paths.item("pages", 3))
    page.click('.verso [data-do="copy-key"]')
    reader.told("Copied", "[role=status]")
    page = reader.open(paths.SEARCH)
    assert page.get_attribute("#found", "role") == page.get_attribute("#answer", "role") == "status"
    page = reader.open(paths.FAVOURITES)
    assert page.get_attribute("#found", "role") == "status"


def test_help_lists_every_key_and_gesture(reader: Reader) -> None:
    page = reader.open(paths.HOME)
    _help(page)
    signs = page.locator("#help kbd").all_text_contents()
    assert signs == ["←", "→", "u", "r", "f", "s", "/", "?", "swipe", "space", "← →", "Esc", "drop"]
