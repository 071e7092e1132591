"""Favourites in the browser, opened from disk: stars, the shelf, the file of keys, and what a browser forbids."""

import base64
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from babelgen.gallery import paths
from babelgen.keys.spelling import compute_check

from .made_up import MADE, MadeCollection, MadeLibrary, made_up, name_of, row
from .reader import Reader

PLACE = "babelgen:made-up:favourites"


def kept(reader: Reader) -> list[str]:
    """The names that the browser holds."""
    return list(json.loads(reader.page.evaluate(f"localStorage.getItem('{PLACE}')") or "[]"))


def keep(reader: Reader, held: object) -> None:
    """Put something into the browser's store, as anybody could."""
    reader.open(paths.ABOUT).evaluate(f"held => localStorage.setItem('{PLACE}', held)", json.dumps(held))


def shelf(reader: Reader) -> list[str]:
    """The places of the plates on the shelf."""
    reader.open(paths.FAVOURITES)
    reader.wait("#none, #results .plate")
    return list(reader.page.locator("#results .place").all_text_contents())


def give(reader: Reader, text: str) -> None:
    """Choose a file of keys."""
    file = {"name": "keys.txt", "mimeType": "text/plain", "buffer": text.encode()}
    reader.page.set_input_files("#import", files=[file])


class TestStars:
    def test_one_on_an_items_page_stays_from_page_to_page(self, reader: Reader) -> None:
        page = reader.open(paths.item("pages", 3))
        assert page.get_attribute(".tools .star", "aria-pressed") == "false"
        page.click(".tools .star")
        assert page.get_attribute(".tools .star", "aria-pressed") == "true"
        assert kept(reader) == [row(2, "").name]
        reader.open(paths.item("found", 2))
        reader.open(paths.item("pages", 3))
        assert page.get_attribute(".tools .star", "aria-pressed") == "true"
        page.keyboard.press("f")
        assert page.get_attribute(".tools .star", "aria-pressed") == "false"
        assert kept(reader) == []

    def test_each_plate_has_one_that_says_whose_it_is(self, reader: Reader) -> None:
        page = reader.open(paths.sheet("pages"))
        labels = [star.get_attribute("aria-label") for star in page.locator(".plate + .star").all()]
        assert labels[0] == "Favourite: Picture for “the sea at sunset”, number 1"
        assert len(set(labels)) == 8
        page.click(".plate + .star >> nth=4")
        assert kept(reader) == [row(4, "").name]
        assert page.url.endswith(paths.sheet("pages"))  # not followed, though it lies over the link
        reader.open(paths.item("pages", 5))
        assert page.get_attribute(".tools .star", "aria-pressed") == "true"

    def test_search_results_have_them(self, reader: Reader) -> None:
        page = reader.open(f"{paths.SEARCH}#q=cafe")
        page.click("#results .star")
        assert len(kept(reader)) == 1

    def test_another_tab_shows_it_at_once(self, reader: Reader, site: Path) -> None:
        page = reader.open(paths.item("pages", 3))
        other = page.context.new_page()
        other.goto(f"{site.as_uri()}/{paths.sheet('pages')}")
        page.click(".tools .star")
        other.wait_for_selector('.plate + .star[aria-pressed="true"]', timeout=5000)
        other.click(".plate + .star >> nth=0")
        assert kept(reader) == [row(2, "").name, row(0, "").name]

    def test_libraries_do_not_share_them(self, reader: Reader, tmp_path: Path) -> None:
        library = made_up(tmp_path / "library")
        library.id = "another"
        library.build(tmp_path / "site")
        page = reader.open(paths.item("pages", 3))
        page.click(".tools .star")
        page.goto(f"{(tmp_path / 'site').as_uri()}/{paths.item('pages', 3)}")
        assert page.get_attribute(".tools .star", "aria-pressed") == "false"

    def test_without_javascript_there_are_none(self, plain_reader: Reader) -> None:
        page = plain_reader.open(paths.item("pages", 3))
        assert page.locator(".star:visible").count() == 0
        assert plain_reader.open(paths.sheet("pages")).locator(".star").count() == 0
        assert "need JavaScript" in plain_reader.open(paths.FAVOURITES).inner_text("main")


class TestShelf:
    def test_the_latest_comes_first_with_its_place(self, reader: Reader) -> None:
        for position in (2, 5, 1):
            reader.open(paths.item("pages", position)).click(".tools .star")
        assert shelf(reader) == [f"The first pages <em>, no.\u00a0{position}" for position in (1, 5, 2)]
        reader.found("3 pictures")
        reader.page.click("#results a >> nth=1")
        assert reader.at(paths.item("pages", 5))

    def test_what_is_taken_off_stays_in_its_place_until_the_page_is_left(self, reader: Reader) -> None:
        keep(reader, [row(at, "").name for at in range(3)])
        assert len(shelf(reader)) == 3
        page = reader.page
        page.click("#results .star >> nth=1")
        reader.found("2 pictures")
        assert page.locator("#results .plate").count() == 3
        page.click("#results .star >> nth=1")
        reader.found("3 pictures")
        page.click('[data-do="empty"]')
        assert kept(reader) == []
        assert page.is_disabled('[data-do="export"]')
        page.click("#results .star >> nth=0")
        assert len(shelf(reader)) == 1

    def test_an_empty_one_says_how_to_fill_it(self, reader: Reader) -> None:
        assert shelf(reader) == []
        assert "A star beside a picture" in reader.page.inner_text("#none")

    def test_many_are_shown_part_by_part(self, browser: Any, tmp_path: Path) -> None:
        library = MadeLibrary(tmp_path / "library")
        rows = [row(at, f"picture {at}") for at in range(150)]
        library.add(MadeCollection("many", "Many"), rows)
        library.build(tmp_path / "site")
        reader = Reader(browser.new_context().new_page(), tmp_path / "site")
        keep(reader, [one.name for one in rows])
        assert len(shelf(reader)) == 60
        reader.page.click("#more")
        reader.wait("#results li:nth-child(120)")
        assert reader.page.evaluate("document.activeElement.href").endswith(paths.item("many", 150 - 60))
        reader.page.click("#more")
        reader.wait("#results li:nth-child(150)")
        assert reader.page.is_hidden("#more")
        reader.page.context.close()
        assert reader.troubles == []

    def test_those_that_are_not_in_the_site_any_more_are_told_and_can_be_forgotten(
        self, reader: Reader
    ) -> None:
        keep(reader, ["0" * 32, row(1, "").name, "f" * 32])
        assert len(shelf(reader)) == 1
        reader.told("2 pictures that you starred are not in this site.", "#lost")
        reader.page.click("#lost button")
        reader.page.wait_for_selector("#lost", state="hidden")
        assert kept(reader) == [row(1, "").name]


class TestFile:
    def test_the_keys_come_out_exactly_and_go_in_again(self, reader: Reader, shared: MadeLibrary) -> None:
        long = next(one for one in shared.rows.values() if one.prompt == "a long way out")
        names = [row(1, "").name, long.name, row(6, "").name]
        keep(reader, names)
        shelf(reader)
        with reader.page.expect_download() as saving:
            reader.page.click('[data-do="export"]')
        assert saving.value.suggested_filename == "favourites.txt"
        saved = Path(saving.value.path()).read_bytes()
        assert saved == "".join(f"{shared.rows[name].key}\n" for name in reversed(names)).encode()
        reader.page.click('[data-do="empty"]')
        give(reader, saved.decode())
        reader.told("3 pictures added.", "[role=status]")
        assert kept(reader) == names

    def test_what_a_file_holds_besides_is_told(self, reader: Reader) -> None:
        keep(reader, [row(1, "").name])
        shelf(reader)
        body = row(77, "").key.partition("~")[0]
        absent, slip = f"{body}~{compute_check(body)}", row(77, "").key
        lines = [row(1, "").key, absent, slip, "<b>no key</b>", "", f" {row(2, '').key}\r"]
        give(reader, "\n".join(lines))
        reader.told("1 picture added, 1 already here, 1 not printed in this library, ", "[role=status]")
        reader.told(
            "1 key with a wrong character, as the check tells, 1 line without a key.", "[role=status]"
        )
        assert kept(reader) == [row(1, "").name, row(2, "").name]

    @pytest.mark.parametrize("text", ["", "\n\n", "\0\1\2", "A" * 200000])
    def test_a_file_without_keys_adds_nothing(self, reader: Reader, text: str) -> None:
        shelf(reader)
        give(reader, text)
        reader.told("0 pictures added", "[role=status]")
        assert kept(reader) == []

    @pytest.mark.parametrize(
        ("name", "start", "told"),
        [
            ("a.png", b"\x89PNG\r\n\x1a\n", "That is a picture: the search page looks it up"),
            ("keys.zip", b"PK\x03\x04", "That is a zip file: unpack it"),
        ],
    )
    def test_what_is_taken_for_a_file_of_keys_is_told_of(
        self, reader: Reader, name: str, start: bytes, told: str
    ) -> None:
        shelf(reader)
        file = {
            "name": name,
            "mimeType": "application/octet-stream",
            "buffer": start + bytes(range(256)) * 40,
        }
        reader.page.set_input_files("#import", files=[file])
        reader.told(told, "[role=status]")
        assert kept(reader) == []

    def test_keys_of_189436_characters_come_out_whole(self, browser: Any, tmp_path: Path) -> None:
        library = MadeLibrary(tmp_path / "library")
        keys = [base64.b64encode(random.Random(seed).randbytes(142077)).decode() for seed in range(3)]
        rows = [replace(MADE, name=name_of(key), key=key, prompt="an embedding") for key in keys]
        library.add(MadeCollection("long", "Long"), rows)
        library.build(tmp_path / "site")
        reader = Reader(browser.new_context().new_page(), tmp_path / "site")
        keep(reader, [one.name for one in rows])
        shelf(reader)
        with reader.page.expect_download() as saving:
            reader.page.click('[data-do="export"]')
        saved = Path(saving.value.path()).read_text()
        assert saved.splitlines() == keys[::-1]
        reader.page.click('[data-do="empty"]')
        give(reader, saved)
        reader.told("3 pictures added", "[role=status]")
        reader.page.context.close()
        assert reader.troubles == []


class TestStore:
    @pytest.mark.parametrize(
        "held",
        [
            "no list",
            {"length": 3},
            [1, None, {}, ["a"]],
            ["../../etc", "<script>alert(1)</script>", "g" * 32, "A" * 32],
            [["0" * 32]],
        ],
    )
    def test_what_is_not_ours_in_it_is_left_out(self, reader: Reader, held: object) -> None:
        keep(reader, held)
        assert shelf(reader) == []
        reader.open(paths.item("pages", 1)).click(".tools .star")
        assert kept(reader) == [row(0, "").name]

    def test_text_that_is_no_json_is_left_out(self, reader: Reader) -> None:
        reader.open(paths.ABOUT).evaluate(f"localStorage.setItem('{PLACE}', '[\"broken')")
        assert shelf(reader) == []

    def test_it_has_room_for_5000(self, reader: Reader) -> None:
        keep(reader, [f"{at:032x}" for at in range(4999)])
        page = reader.open(paths.sheet("pages"))
        page.click(".plate + .star >> nth=0")
        assert len(kept(reader)) == 5000
        page.click(".plate + .star >> nth=1")
        reader.told("the shelf is full, it has room for 5,000 pictures", "[role=status]")
        assert len(kept(reader)) == 5000
        assert page.get_attribute(".plate + .star >> nth=1", "aria-pressed") == "false"

    @pytest.fixture(params=["forbidden", "absent", "full"])
    def crippled(self, request: pytest.FixtureRequest, browser: Any, site: Path) -> Iterator[Reader]:
        """A reader whose browser keeps nothing."""
        ways = {
            "forbidden": "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })",
            "absent": "Object.defineProperty(window, 'localStorage', { value: undefined })",
            "full": "Storage.prototype.setItem = () => { throw new DOMException('no', 'QuotaExceededError'); }",
        }
        context = browser.new_context()
        context.add_init_script(ways[request.param])
        reader = Reader(context.new_page(), site)
        yield reader
        context.close()
        assert reader.troubles == []

    def test_a_browser_that_keeps_nothing_is_told_of(
        self, crippled: Reader, request: pytest.FixtureRequest
    ) -> None:
        page = crippled.open(paths.item("pages", 1))
        page.click(".tools .star")
        full = request.node.callspec.params["crippled"] == "full"
        why = "the store of this browser is full" if full else "this browser lets pages keep nothing"
        crippled.told(f"Not kept: {why}.", "[role=status]")
        assert page.get_attribute(".tools .star", "aria-pressed") == "false"
        page = crippled.open(paths.FAVOURITES)
        crippled.wait("#none")
        page.keyboard.press("?")
        page.uncheck("dialog input")
