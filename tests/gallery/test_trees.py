"""A collection as a tree: lines of descent in rows, and a file of choices that goes on with it."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelgen.collections.choices import Session
from babelgen.collections.tree import BEGINNING, Gene, Generation, Tree
from babelgen.commands.evolve import read_choices
from babelgen.gallery import paths
from babelgen.gallery.trees import lines
from babelgen.rooms import Room

from .links import check, unreached
from .made_up import MadeCollection, MadeLibrary, row

#   start ─┬─ 1 ─┬─ 2 ── 4
#          │     └─ 5
#          └─ 3
TREE = Tree(
    2,
    (
        Generation(BEGINNING, 0.05),
        Generation(Gene(1, 2), 0.05, "the sea <b>"),
        Generation(BEGINNING, 0.123456),
        Generation(Gene(2, 1), 1.0),
        Generation(Gene(1, 2), 0.5),
    ),
)


def bred(root: Path, tree: Tree, printed: int) -> MadeLibrary:
    library = MadeLibrary(root)
    library.add(
        MadeCollection("bred", "A tree <b>", "evolution", tree=tree),
        [row(at, f"prompt {at}") for at in range(printed)],
    )
    return library


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of five generations the last gene is not printed."""
    place = tmp_path_factory.mktemp("trees")
    bred(place / "library", TREE, 10).build(place / "site")
    return place / "site"


@pytest.fixture(scope="module")
def page(site: Path) -> str:
    return (site / paths.tree("bred")).read_text("utf-8")


def rows(page: str) -> list[list[str]]:
    """What stands in each row of the tree: generations, and - for what is left empty."""
    found = []
    for text in page.split("<tr>")[1:]:
        cells = re.findall(r'<td(?: colspan="(\d+)")?(?: id="g(\d+)")?>', text)
        found.append(
            [name for indent, number in cells for name in (["-"] * int(indent) if indent else [number])]
        )
    return found


def test_lines_of_descent_are_rows(page: str) -> None:
    assert rows(page) == [["0", "1", "2", "4"], ["-", "-", "5"], ["-", "3"]]


def test_each_generation_says_what_it_is_of(page: str) -> None:
    assert 'of <a href="tree.html#g1.2">1.2</a>, step 0.05, to <q dir="auto">the sea &lt;b&gt;</q>' in page
    assert 'of <a href="tree.html#gstart">start</a>, step 0.123<' in page


def test_genes_lead_to_their_pages_and_to_their_children(page: str) -> None:
    chosen = re.search(r'<li class="gene chosen" id="g1\.2">.*?</li>', page, re.DOTALL)
    assert chosen is not None
    assert 'href="item-00003.html"' in chosen[0]
    assert re.findall(r'href="tree\.html#g(\d)"', chosen[0]) == ["2", "5"]
    assert page.count("not printed yet") == 1
    assert page.count('class="gene') == 11
    assert page.count("gene chosen") == 3  # the start, 1.2 and 2.1


@pytest.mark.parametrize(("position", "gene"), [(1, "start"), (2, "1.1"), (5, "2.2"), (10, "5.1")])
def test_a_genes_page_leads_to_its_place_in_the_tree(site: Path, position: int, gene: str) -> None:
    text = (site / paths.item("bred", position)).read_text("utf-8")
    assert f'href="tree.html#g{gene}"' in text


def test_every_link_leads_somewhere(site: Path) -> None:
    assert check(site) == []
    assert unreached(site) == {"404.html"}
    assert 'href="tree.html"' in (site / paths.sheet("bred")).read_text("utf-8")


def test_texts_link_to_the_pages_that_a_tree_has(tmp_path: Path) -> None:
    essay = tmp_path / "essay.md"
    essay.write_text("[one](tree.html#g2) [two](tree-2.html) [other](../plain/tree.html)")
    library = MadeLibrary(tmp_path / "library")
    room = Room(essay=essay)
    library.add(MadeCollection("bred", "Bred", tree=TREE, room=room), [row(0, "the sea")])
    library.add(MadeCollection("plain", "Plain"), [row(1, "the sea")])
    library.build(tmp_path / "site")
    page = (tmp_path / "site" / paths.sheet("bred")).read_text("utf-8")
    assert '<a href="tree.html#g2">one</a> two other' in page


def test_a_collection_without_a_tree_has_no_such_page(tmp_path: Path) -> None:
    library = MadeLibrary(tmp_path / "library")
    library.add(MadeCollection("plain", "Plain"), [row(0, "the sea")])
    library.build(tmp_path / "site")
    assert not (tmp_path / "site" / paths.tree("plain")).exists()
    assert "As a tree" not in (tmp_path / "site" / paths.sheet("plain")).read_text("utf-8")


def test_a_long_tree_has_pages_of_whole_generations(tmp_path: Path) -> None:
    each = paths.generations_shown(25)
    parents = [BEGINNING, *(Gene(at, 7) for at in range(1, 2 * each))]
    bred(tmp_path / "library", Tree(25, tuple(Generation(one, 0.1) for one in parents)), 3).build(
        tmp_path / "site"
    )
    found = [(tmp_path / "site" / paths.tree("bred", number)).read_text("utf-8") for number in (1, 2, 3)]
    numbers = [str(number) for number in range(2 * each + 1)]
    assert [rows(page) for page in found] == [
        [numbers[:each]],
        [numbers[each : 2 * each]],
        [numbers[2 * each :]],
    ]
    assert f'href="tree.html#g{each - 1}.7"' in found[1]
    assert f'href="tree-2.html#g{each}"' in found[0]
    assert check(tmp_path / "site") == []


def test_what_is_bred_later_comes_into_the_tree(tmp_path: Path) -> None:
    library = bred(tmp_path / "library", TREE, 10)
    library.build(tmp_path / "site")
    grown = Tree(2, (*TREE.generations, Generation(Gene(5, 1), 0.2)))
    bred(tmp_path / "library", grown, 13).build(tmp_path / "site")
    bred(tmp_path / "library", grown, 13).build(tmp_path / "anew")
    assert rows((tmp_path / "site" / paths.tree("bred")).read_text()) == [
        ["0", "1", "2", "4"],
        ["-", "-", "5", "6"],
        ["-", "3"],
    ]
    old, new = ((tmp_path / name / paths.tree("bred")).read_bytes() for name in ("site", "anew"))
    assert old == new


@given(st.lists(st.integers(0, 10**6), max_size=30), st.integers(0, 40), st.integers(1, 40))
def test_every_generation_stands_once_to_the_right_of_its_parent(
    draws: list[int], first: int, count: int
) -> None:
    parents = {number: draw % number for number, draw in enumerate(draws, 1)}
    shown = range(min(first, len(parents)), min(first + count, len(parents) + 1))
    found = lines(parents, shown)
    columns = {number: indent + at for indent, line in found for at, number in enumerate(line)}
    assert sorted(number for _, line in found for number in line) == list(shown) == sorted(columns)
    for number in shown:
        parent = parents.get(number)
        assert columns[number] == (columns[parent] + 1 if parent is not None and parent in shown else 0)


class TestChoosing:
    @pytest.fixture
    def open_page(self, browser: Any, site: Path) -> Any:
        context = browser.new_context(accept_downloads=True)
        page = context.new_page()
        page.goto(f"{site.as_uri()}/{paths.tree('bred')}")
        yield page
        context.close()

    def test_the_saved_file_is_what_evolve_reads(self, open_page: Any) -> None:
        page = open_page
        assert page.locator('[data-do="save-choices"]').is_disabled()
        page.click('[data-gene="4.2"]')
        assert page.input_value("#target") == ""
        page.fill("#target", "  a storm #1\tat   sea ")
        page.click('[data-gene="1.1"]')
        page.click('[data-gene="start"]')
        page.fill("#target", "")
        page.click('[data-gene="3.1"]')
        page.click('[data-gene="2.2"]')
        page.click('[data-do="undo-choice"]')
        with page.expect_download() as download:
            page.click('[data-do="save-choices"]')
        assert download.value.suggested_filename == "bred-choices.txt"
        lines = read_choices(Path(download.value.path()))
        assert lines == ("4.2", "to a storm #1 at sea", "1.1", "start", "to", "3.1")
        session = Session(TREE, 5, 0.1, "")
        for line in lines:
            session = session.say(line)
        assert [(str(each.parent), each.target) for each in session.tree.generations[5:]] == [
            ("4.2", ""), ("1.1", "a storm #1 at sea"), ("start", "a storm #1 at sea"), ("3.1", "")
        ]  # fmt: skip

    def test_what_genes_turn_to_already_is_there_and_may_be_taken_away(
        self, browser: Any, tmp_path: Path
    ) -> None:
        tree = Tree(2, (Generation(BEGINNING, 0.3, "the sea"),))
        bred(tmp_path / "library", tree, 3).build(tmp_path / "site")
        context = browser.new_context(accept_downloads=True)
        page = context.new_page()
        page.goto(f"{(tmp_path / 'site').as_uri()}/{paths.tree('bred')}")
        assert page.input_value("#target") == "the sea"
        page.click('[data-gene="1.1"]')
        page.fill("#target", "")
        page.click('[data-gene="1.2"]')
        assert page.locator("#chosen li").all_inner_texts() == ["1.1", "to", "1.2"]
        assert page.locator('[data-gene="1.2"]').get_attribute("aria-pressed") == "true"
        page.click('[data-do="undo-choice"]')
        assert page.locator("#chosen li").all_inner_texts() == ["1.1"]
        assert page.input_value("#target") == "the sea"
        grown = Tree(2, (*tree.generations, Generation(Gene(1, 1), 0.3)))
        bred(tmp_path / "library", grown, 3).build(tmp_path / "site")
        page.reload()
        assert page.locator("#chosen li").all_inner_texts() == []  # bred already
        context.close()

    def test_choices_stay_when_the_page_is_left(self, open_page: Any) -> None:
        open_page.click('[data-gene="4.2"]')
        open_page.reload()
        assert open_page.locator("#chosen li").all_inner_texts() == ["4.2"]

    def test_what_others_wrote_into_the_store_is_checked(self, open_page: Any) -> None:
        open_page.evaluate(
            """() => localStorage.setItem(`babelgen:${babelgen.library}:choices:bred:5`,
                JSON.stringify(["1.1", "rm -rf", "to x\\nq", 7, "2.2", "<b>"]))"""
        )
        open_page.reload()
        assert open_page.locator("#chosen li").all_inner_texts() == ["1.1", "2.2"]

    def test_it_needs_no_script_to_be_read_and_fits_a_small_screen(self, browser: Any, site: Path) -> None:
        context = browser.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{site.as_uri()}/{paths.tree('bred')}")
        assert page.locator(".choices").is_hidden()
        assert page.get_by_text("--choose GENE").is_visible()
        assert page.locator("main").bounding_box()["width"] <= 320
        context.close()
