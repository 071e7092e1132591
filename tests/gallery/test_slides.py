"""The slideshow and the swipe, in the browser, opened from disk."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from babelgen.gallery import paths
from babelgen.rooms import Room

from .made_up import MadeCollection, MadeLibrary, row
from .reader import Reader


@pytest.fixture(scope="module")
def gappy(tmp_path_factory: pytest.TempPathFactory) -> MadeLibrary:
    """A library of ten keys of which three are not printed, and a collection of some of them the other way round."""
    library = MadeLibrary(tmp_path_factory.mktemp("gappy") / "library")
    rows = [row(at, "<b>words</b>" if at == 3 else f"picture {at}") for at in range(10)]
    library.add(MadeCollection("ten", "Ten <keys>"), rows)
    library.add(MadeCollection("back", "Backwards"), rows[::-2])
    for at in (1, 5, 6):
        del library.rows[rows[at].name]
    library.build(library.root.parent / "site")
    return library


def viewer_of(browser: Any, library: MadeLibrary, **how: Any) -> Reader:
    context = browser.new_context(**how)
    reader = Reader(context.new_page(), library.root.parent / "site")
    reader.page.clock.install()
    return reader


@pytest.fixture
def viewer(browser: Any, gappy: MadeLibrary) -> Iterator[Reader]:
    """Somebody whose time stands still unless it is moved."""
    viewer = viewer_of(browser, gappy)
    yield viewer
    viewer.page.context.close()
    assert viewer.troubles == []


def shown(viewer: Reader, place: str) -> None:
    """Wait until the slideshow shows what hangs at a place."""
    viewer.told(place, "#slides .told-slide a")


def state(viewer: Reader) -> str:
    return str(viewer.page.inner_text("#slides .controls button >> nth=1"))


def test_it_starts_where_the_reader_is_and_leaves_gaps_out(viewer: Reader) -> None:
    page = viewer.open(paths.item("ten", 5))
    page.click("text=Slideshow")
    shown(viewer, "Ten <keys>, no.\u00a05")
    assert "(4 of 7)" in page.inner_text("#slides .told-slide")
    assert page.get_attribute("#slides img", "alt") == "Picture for “picture 4”"
    page.keyboard.press("ArrowRight")
    shown(viewer, "no.\u00a08")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    shown(viewer, "no.\u00a04")
    assert page.inner_text("#slides .words") == "<b>words</b>"
    assert page.locator("#slides b").count() == 0
    page.click("#slides .told-slide a")
    assert viewer.at(paths.item("ten", 4))


def test_in_a_room_it_begins_with_the_first_whatever_is_chosen(browser: Any, tmp_path: Path) -> None:
    library = MadeLibrary(tmp_path / "library")
    library.add(
        MadeCollection("room", "A room", room=Room(chosen=(5, 2))),
        [row(at, f"picture {at}") for at in range(6)],
    )
    library.build(tmp_path / "site")
    reader = Reader(browser.new_context().new_page(), tmp_path / "site")
    page = reader.open(paths.sheet("room"))
    page.click("text=Slideshow")
    shown(reader, "A room, no.\u00a01")
    assert "(1 of 6)" in page.inner_text("#slides .told-slide")
    page.context.close()
    assert reader.troubles == []


def test_it_goes_on_by_itself_until_it_is_paused(viewer: Reader) -> None:
    page = viewer.open(paths.item("ten", 9))
    page.keyboard.press("s")
    shown(viewer, "no.\u00a09")
    page.clock.run_for(5100)
    shown(viewer, "no.\u00a010")
    page.clock.run_for(5100)
    shown(viewer, "no.\u00a01")  # round again
    assert state(viewer) == "Pause"
    page.keyboard.press("Space")
    assert state(viewer) == "Play"
    page.clock.run_for(60000)
    shown(viewer, "no.\u00a01")
    page.keyboard.press("Space")
    page.clock.run_for(5100)
    shown(viewer, "no.\u00a03")


def test_its_buttons_are_pressed_by_mouse_and_by_space(viewer: Reader) -> None:
    page = viewer.open(paths.sheet("ten"))
    page.click("text=Slideshow")
    shown(viewer, "no.\u00a01")
    page.click("#slides >> text=Next")
    shown(viewer, "no.\u00a03")
    page.keyboard.press("Space")  # after a click, space pauses
    assert state(viewer) == "Play"
    page.focus("#slides >> text=Previous")
    page.keyboard.press("Space")  # but a button that was reached by the keyboard is pressed
    shown(viewer, "no.\u00a01")
    assert state(viewer) == "Play"
    page.click("#slides >> text=Close")
    assert page.locator("#slides[open]").count() == 0


def test_escape_closes_it_and_the_sheet_is_where_it_was(viewer: Reader) -> None:
    page = viewer.open(paths.sheet("ten"))
    page.click("text=Slideshow")
    shown(viewer, "no.\u00a01")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    shown(viewer, "no.\u00a04")
    page.keyboard.press("Escape")
    assert page.locator("#slides[open]").count() == 0
    viewer.wait("a:focus")
    assert page.evaluate("document.activeElement.href").endswith(paths.item("ten", 4))
    page.clock.run_for(20000)
    assert page.locator("#slides[open]").count() == 0


def test_it_shows_a_collection_in_its_own_order(viewer: Reader) -> None:
    page = viewer.open(paths.sheet("back"))
    page.keyboard.press("s")
    words = []
    for position in (1, 2, 4):
        shown(viewer, f"Backwards, no.\u00a0{position}")
        words.append(page.inner_text("#slides .words"))
        page.keyboard.press("ArrowRight")
    assert words == ["picture 9", "picture 7", "<b>words</b>"]


def test_it_takes_the_second_sheet_from_its_own_pictures_on(browser: Any, tmp_path: Path) -> None:
    library = MadeLibrary(tmp_path / "library")
    library.add(MadeCollection("many", "Many"), [row(at, f"picture {at}") for at in range(130)])
    library.build(tmp_path / "site")
    viewer = viewer_of(browser, library)
    viewer.open(paths.sheet("many", 2)).keyboard.press("s")
    shown(viewer, "Many, no.\u00a0121")
    viewer.page.context.close()


def test_with_reduced_motion_it_waits_to_be_started(browser: Any, gappy: MadeLibrary) -> None:
    viewer = viewer_of(browser, gappy, reduced_motion="reduce")
    page = viewer.open(paths.item("ten", 1))
    page.keyboard.press("s")
    shown(viewer, "no.\u00a01")
    assert state(viewer) == "Play"
    page.clock.run_for(30000)
    shown(viewer, "no.\u00a01")
    assert page.evaluate("getComputedStyle(document.querySelector('#slides img')).animationName") == "none"
    page.keyboard.press("Space")
    page.clock.run_for(5100)
    shown(viewer, "no.\u00a03")
    page.context.close()


def test_the_favourites_are_shown_too(viewer: Reader) -> None:
    for position in (3, 1):
        viewer.open(paths.item("ten", position)).click(".tools .star")
    page = viewer.open(paths.FAVOURITES)
    viewer.found("2 pictures")
    page.keyboard.press("s")
    shown(viewer, "no.\u00a01")
    page.keyboard.press("ArrowRight")
    shown(viewer, "no.\u00a03")
    assert "(2 of 2)" in page.inner_text("#slides .told-slide")


class Finger:
    """One or more fingers on the glass of a page."""

    def __init__(self, page: Any) -> None:
        self.session = page.context.new_cdp_session(page)
        self.page = page

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        touches = [{"x": x, "y": y, "id": at} for at, (x, y) in enumerate(points)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def drag(self, x: float, y: float, across: float, along: float = 0) -> None:
        self.touch("touchStart", (x, y))
        for part in (0.25, 0.5, 0.75, 1):
            self.touch("touchMove", (x + across * part, y + along * part))
        self.touch("touchEnd")
        self.page.wait_for_timeout(250)

    def spread(self, x: float, y: float) -> None:
        self.touch("touchStart", (x, y), (x + 10, y))
        for part in range(1, 5):
            self.touch("touchMove", (x - 20 * part, y), (x + 10 + 20 * part, y))
        self.touch("touchEnd")
        self.page.wait_for_timeout(250)


@pytest.fixture
def phone(browser: Any, site: Path) -> Iterator[Reader]:
    """Somebody with a telephone."""
    context = browser.new_context(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    phone = Reader(context.new_page(), site)
    yield phone
    context.close()
    assert phone.troubles == []


def middle(phone: Reader, selector: str) -> tuple[float, float]:
    box = phone.page.locator(selector).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_swipe_turns_the_page(phone: Reader) -> None:
    phone.open(paths.item("pages", 3))
    x, y = middle(phone, ".frontispiece img")
    Finger(phone.page).drag(x, y, -120, 10)
    assert phone.at(paths.item("pages", 4))
    Finger(phone.page).drag(x, y, 120)
    assert phone.at(paths.item("pages", 3))


def test_what_is_no_swipe_turns_nothing(phone: Reader) -> None:
    page = phone.open(paths.item("pages", 3))
    finger, (x, y) = Finger(page), middle(phone, ".frontispiece img")
    for move in ((-30, 0), (-60, 90), (0, -200)):
        finger.drag(x, y, *move)
    assert page.evaluate("scrollY") > 50  # down the page, as without us
    page.evaluate("scrollTo(0, 0)")
    finger.drag(5, y, 150)  # from the edge, where browsers go back
    finger.drag(*middle(phone, "h1"), -120)  # not on the picture
    finger.spread(x, y)
    assert page.evaluate("visualViewport.scale") > 1.2  # magnified, as without us
    finger.drag(x, y, -120)  # and then a finger moves what is seen
    assert phone.at(paths.item("pages", 3))


def test_a_swipe_turns_the_slideshow(phone: Reader) -> None:
    page = phone.open(paths.item("pages", 3))
    page.click("text=Slideshow")
    shown(phone, "no.\u00a03")
    Finger(page).drag(200, 300, -120)
    shown(phone, "no.\u00a04")
    Finger(page).drag(200, 300, 120)
    shown(phone, "no.\u00a03")
