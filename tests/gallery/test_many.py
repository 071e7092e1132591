"""The search over more pictures than a browser is to hold: parts of the index are read as they are needed, and let go."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from babelgen.gallery import data, paths

from .made_up import MINI, MadeCollection, MadeLibrary, key_of, row
from .reader import Reader

MANY = 120_000
KEPT = 100_000  # as search.js has it
WORDS = ("the sea", "a town", "mountains", "a Café", "an orchard", "a ship", "snow", "a garden")


def prompt(number: int) -> str:
    return f"{WORDS[number % 8]} at {('dusk', 'dawn', 'noon')[number % 3]}, number {number} of them all"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site whose index of search has 120,000 rows; of the pictures themselves there are ten."""
    root = tmp_path_factory.mktemp("many")
    library = MadeLibrary(root / "library")
    library.add(MadeCollection("all", "All of them"), [row(at, prompt(at)) for at in range(10)])
    library.build(root / "site")
    shutil.rmtree(root / "site/.babelgen")
    parts = range(0, MANY, data.PART)
    for number, start in enumerate(parts, 1):
        rows = [
            [prompt(at), 0, at + 1, f"{at:032x}", "#808080", 32, 20, key_of(at), 20 + at % 2, 0]
            for at in range(start, start + data.PART)
        ]
        path = paths.search_data(number)
        (root / "site" / path).write_text(data.script(path, rows), "ascii")
    items = root / "site" / paths.ITEMS_DATA
    told = json.loads(re.fullmatch(r'babelgen\.receive\("data/items\.js",(.*)\);\n', items.read_text())[1])  # type: ignore[index]
    told |= {
        "collections": [["all", "All of them", [[1, MANY, 0]]]],
        "editions": [[MINI, "Mini", MANY, 0]],
        "steps": [[20, MANY // 2], [21, MANY // 2]],
        "search": [paths.search_data(number) for number in range(1, len(parts) + 1)],
        "pictures": MANY,
        "files": {},
    }
    items.write_text(data.script(paths.ITEMS_DATA, told), "ascii")
    return root / "site"


@pytest.fixture
def seeker(browser: Any, many: Path) -> Iterator[Reader]:
    context = browser.new_context()
    seeker = Reader(context.new_page(), many)
    seeker.open(paths.SEARCH)
    yield seeker
    context.close()
    assert [
        trouble for trouble in seeker.troubles if "thumbs/" not in trouble and "ERR_FILE" not in trouble
    ] == []


def found(seeker: Reader, count: int) -> None:
    words = f"{count:,} pictures" if count != 1 else "1 picture"
    seeker.page.locator("#found", has_text=re.compile(f"^{words}$")).wait_for(timeout=30_000)


def read(seeker: Reader) -> list[str]:
    """The parts of the index that were read since this was asked last."""
    parts = [name for url in seeker.asked if (name := url.rpartition("/")[2]).startswith("search-")]
    seeker.asked.clear()
    return parts


def test_all_are_searched_and_those_beyond_100000_are_not_kept(seeker: Reader) -> None:
    assert read(seeker) == []  # before anything is asked
    page = seeker.page
    page.fill("#query", '"number 119999 of"')
    found(seeker, 1)
    assert page.text_content("#results .words") == prompt(119_999)
    assert len(set(read(seeker))) == MANY // data.PART
    page.fill("#query", '"cafe at dusk"')
    found(seeker, len([at for at in range(MANY) if at % 8 == 3 and at % 3 == 0]))
    again = read(seeker)
    assert len(again) == len(set(again)) == (MANY - KEPT) // data.PART
    page.select_option("#filter-steps", "21")
    found(seeker, len([at for at in range(MANY) if at % 8 == 3 and at % 3 == 0 and at % 2]))
    assert page.locator("#results .plate").count() == 60


def test_the_latest_search_counts_however_long_another_takes(seeker: Reader) -> None:
    page = seeker.page
    for words in ("t", "to", "tow", "town", "town 77"):
        page.fill("#query", words)
        page.wait_for_timeout(130)
    found(seeker, sum("77" in f"{prompt(at)} {key_of(at)}" and at % 8 == 1 for at in range(MANY)))
    page.fill("#query", "")
    page.wait_for_selector("#results .plate", state="detached")
