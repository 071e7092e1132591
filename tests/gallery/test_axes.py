"""A collection as a table: a page of its own with headings, whole without scripts and on a small screen."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from babelgen.gallery import paths

from .links import check, unreached
from .made_up import HOSTILE, MadeAxes, MadeCollection, MadeLibrary, row


def tabled(root: Path, axes: MadeAxes, printed: int) -> MadeLibrary:
    """A library with one table, the first pictures of which are printed."""
    library = MadeLibrary(root)
    library.add(
        MadeCollection("grid", "A grid <b>", "matrix", axes=axes),
        [row(at, f"prompt {at}") for at in range(printed)],
    )
    return library


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three columns and four rows; the last two cells have no picture, one of them since none is wanted."""
    place = tmp_path_factory.mktemp("axes")
    tabled(place / "library", MadeAxes(HOSTILE[:3], (*HOSTILE[4:7], "")), 10).build(place / "site")
    return place / "site"


@pytest.fixture(scope="module")
def page(site: Path) -> str:
    return (site / paths.table("grid")).read_text("utf-8")


def test_it_is_a_table_with_headings_of_columns_and_rows(page: str) -> None:
    assert page.count("<table") == 1
    assert page.count('<th scope="col"') == 3
    assert page.count('<th scope="row"') == 4
    assert "suffixes 2 across, subjects down" in page


def test_each_picture_is_in_its_cell(page: str) -> None:
    cells = re.findall(r"<td>(.*?)</td>", page.partition("<tbody>")[2], re.DOTALL)
    assert [re.findall(r'href="([^"]+)"', cell) for cell in cells[:10]] == [
        [f"item-{at:05d}.html"] for at in range(1, 11)
    ]
    assert "not printed yet" in cells[10]
    assert "left out" in cells[11]


def test_headings_are_escaped_and_made_fit_to_show(page: str) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "(empty)" in page


def test_the_contact_sheet_and_the_table_lead_to_each_other(site: Path, page: str) -> None:
    assert 'href="table.html"' in (site / paths.sheet("grid")).read_text("utf-8")
    assert 'href="index.html">As a contact sheet' in page
    assert check(site) == []
    assert unreached(site) == {"404.html"}


def test_a_collection_without_a_table_has_no_such_page(tmp_path: Path) -> None:
    library = MadeLibrary(tmp_path / "library")
    library.add(MadeCollection("plain", "Plain"), [row(0, "the sea")])
    library.build(tmp_path / "site")
    assert not (tmp_path / "site" / paths.table("plain")).exists()
    assert "As a table" not in (tmp_path / "site" / paths.sheet("plain")).read_text("utf-8")


def test_a_cell_tells_how_many_more_it_has(tmp_path: Path) -> None:
    tabled(tmp_path / "library", MadeAxes(("a", "b"), ("c",), each=1001), 1).build(tmp_path / "site")
    assert "and 1,000 more" in (tmp_path / "site" / paths.table("grid")).read_text("utf-8")


def test_a_long_table_has_pages_of_whole_rows(tmp_path: Path) -> None:
    axes = MadeAxes(tuple(f"c{at}" for at in range(100)), tuple(f"r{at}" for at in range(5)))
    tabled(tmp_path / "library", axes, 3).build(tmp_path / "site")
    found = [(tmp_path / "site" / paths.table("grid", number)).read_text("utf-8") for number in (1, 2, 3)]
    assert [re.findall(r'scope="row" dir="auto">(r\d)', page) for page in found] == [
        ["r0", "r1"],
        ["r2", "r3"],
        ["r4"],
    ]
    assert not (tmp_path / "site" / paths.table("grid", 4)).exists()
    assert 'href="table-3.html"' in found[0]
    assert check(tmp_path / "site") == []


@pytest.mark.parametrize("scripts", [True, False])
def test_it_fits_a_small_screen_and_needs_no_script(browser: Any, site: Path, scripts: bool) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{site.as_uri()}/{paths.table('grid')}")
    boxes = [one.bounding_box() for one in page.locator("tbody tr:first-child td img").all()]
    assert len(boxes) == 3
    assert all(one["x"] + one["width"] <= other["x"] for one, other in pairwise(boxes))
    assert page.locator("main").bounding_box()["width"] <= 320
    if scripts:
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()


def test_headings_stay_while_the_table_moves(browser: Any, site: Path) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(f"{site.as_uri()}/{paths.table('grid')}")
    heading = page.locator("tbody th").first
    before = heading.bounding_box()["x"]
    page.locator(".axes-frame").evaluate("frame => { frame.scrollLeft = 60 }")
    assert page.locator(".axes-frame").evaluate("frame => frame.scrollLeft") == 60
    assert abs(heading.bounding_box()["x"] - before) < 2
    context.close()
