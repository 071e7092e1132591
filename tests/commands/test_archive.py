"""Commands on the archive's keys: without a model where none is needed, and from a key to a site with one."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from babelgen.catalog import Catalog
from babelgen.cli import main
from babelgen.edition import Edition
from babelgen.keys.lob1 import LENGTH, step_key, steps_of

from ..conftest import library_factory
from ..gallery.links import check
from ..keys.golden_lob1 import KEYS

Run = Callable[..., tuple[int, str, str]]
LONGEST_PAGE = 60_000  # characters; a whole key has three times as many

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that runs a command and returns code, output and errors."""

    def run(*words: str) -> tuple[int, str, str]:
        return main(list(words)), *capsys.readouterr()

    return run


@pytest.fixture
def key(elsewhere: Path) -> str:
    """A key in a.key."""
    (elsewhere / "a.key").write_text(KEYS["one"] + "\n")
    return KEYS["one"]


def test_what_a_key_says_needs_no_model(run: Run, key: str) -> None:
    code, out, err = run("key", "show", "a.key", "--edition", "sd15-lob", "--json")
    assert (code, err) == (0, "")
    facts = json.loads(out)
    assert (facts["steps"], facts["characters"], facts["size"]) == (steps_of(key), LENGTH, "640x416")
    assert re.fullmatch(r"an embedding that no text has \(\w{8}, 59136 values\)", facts["prompt"])
    assert facts["page"] == facts["negative"] == ""
    assert len(run("key", "show", "a.key", "--edition", "sd15-lob")[1]) < 400


def test_next_and_prev_need_no_model(run: Run, key: str) -> None:
    for verb, sign in (("next", 1), ("prev", -1)):
        words = ("key", verb, "a.key", "--edition", "sd15-lob")
        assert run(*words) == (0, step_key(key, 0, sign) + "\n", "")
        assert run(*words, "--level", "4", "--count", "70") == (0, step_key(key, 4, 70 * sign) + "\n", "")
    code, out, err = run("key", "next", "a.key", "--edition", "sd15-lob", "--level", "shelf")
    assert (code, out) == (1, "")
    assert err == "error: The level must be how many characters are held, 0 to 189435, not 'shelf'.\n"


def test_without_an_edition_the_key_is_known_and_the_edition_asked_for(run: Run, key: str) -> None:
    told = "error: A lob1 key names no edition: say which one it is of with --edition.\n"
    assert run("key", "show", "a.key") == (1, "", told)


def test_a_wrong_key_is_told_in_one_short_sentence(run: Run, elsewhere: Path) -> None:
    (elsewhere / "a.key").write_text(KEYS["one"][:-1] + "-")
    code, out, err = run("key", "show", "a.key", "--edition", "sd15-lob")
    assert (code, out) == (1, "")
    assert err.startswith("error: Character 189436 of the key is '-', of the URL-safe alphabet")
    assert len(err) < 200


def test_rendering_says_that_the_model_is_missing(run: Run, key: str, elsewhere: Path) -> None:
    code, out, err = run("key", "render", "a.key", "--edition", "sd15-lob", "--out", "a.png")
    assert (code, out) == (1, "")
    assert err.startswith(
        "error: The model stable-diffusion-v1-5/stable-diffusion-v1-5 at 451f4fe161 cannot be downloaded"
    )
    assert not (elsewhere / "a.png").exists()


def test_collections_are_added_without_a_model(run: Run, key: str, elsewhere: Path) -> None:
    common = ("--edition", "sd15-lob", "--library", "books", "--add-only", "--count", "2")
    assert run("range", "--start-file", "a.key", "--level", "30", "--stride", "-2", *common)[0] == 0
    assert run("random", "--seed", "3", *common)[0] == 0
    text = (elsewhere / "books/library.toml").read_text()
    assert "\nlevel = 30\n" in text
    assert f'\nstart = "{key}"\n' in text
    code, out, err = run("status", "--library", "books", "--json")
    assert (code, err) == (0, "")
    assert [collection["todo"] for collection in json.loads(out)["collections"]] == [2, 2]


def test_from_keys_to_a_site(
    run: Run, archive_edition_file: Path, archive_edition: Edition, elsewhere: Path
) -> None:
    first = archive_edition.codec.first(2)
    tables = (
        {"kind": "range", "start": first.text, "level": 3, "stride": 4095, "count": 2},
        {"kind": "random", "seed": 1, "count": 1, "steps": 1},
    )
    root = library_factory(archive_edition_file, elsewhere)(*tables)
    code, out, err = run("render", "--library", str(root), "--engine", "inline")
    assert (code, out) == (0, "")
    assert max(map(len, err.splitlines())) < 300
    assert run("site", "--library", str(root), "--out", "pages")[0] == 0
    with Catalog.open(root) as catalog:
        rows = list(catalog.all())
    assert {row.key for row in rows} >= {first.text, first.step(4095, "3").text}
    assert len({row.sha256 for row in rows}) == 3
    assert len({row.prompt for row in rows}) == 2  # the range has one embedding
    assert {row.page for row in rows} == {""}
    site = elsewhere / "pages"
    assert check(site) == []
    for page in site.rglob("*.html"):
        assert len(page.read_text()) < LONGEST_PAGE, page
    for data in (site / "data").iterdir():
        assert len(data.read_text()) < LONGEST_PAGE, data
    for row in rows:
        assert (site / f"keys/{row.name[:2]}/{row.name}.key").read_text() == row.key + "\n"
    item = (site / "collections/shelf-1/item-00001.html").read_text()
    assert "an embedding that no text has (" in item
    assert "<dt>Page</dt>" not in item
    command = re.sub("<[^>]+>", "", item.partition('<div class="command">')[2].partition("</code>")[0])
    assert command.endswith(f".key --edition {archive_edition.id} --out picture.png")
