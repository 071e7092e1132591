"""`status`: one table for people, one JSON object for programs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from babelgen.catalog import Catalog
from babelgen.cli import main
from babelgen.edition import Edition
from babelgen.engines import Order
from babelgen.library import Library, load_library
from babelgen.plan import Item
from babelgen.store import file_of, open_store, put_picture

from ..conftest import LibraryFactory
from ..engines import fake
from ..store.samples import FAILURE

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def library(words_library: LibraryFactory, words_edition: Edition) -> Library:
    """Six items: two done, one without its file, one failed, two to do; and the done ones once more."""
    library = load_library(words_library({"kind": "range", "count": 6}, {"kind": "range", "count": 2}))
    entries = list(library.entries())
    with open_store(library.root) as store:
        for entry in entries[:3]:
            pixels = fake.pixels_of(entry.key)
            put_picture(library.root, entry.name, pixels, {})
            item = Item(entry.name, entry.key, 3)
            store.record([fake.picture(Order(words_edition, library.root), item, pixels)])
        store.record(
            [], [replace(FAILURE, name=entries[3].name, key=entries[3].key, reason="[bold]海 :fire:")]
        )
    file_of(library.root, "views", entries[2].name).unlink()
    return library


def status(library: Library, *words: str) -> int:
    return main(["status", "--library", str(library.root), *words])


def test_json_is_one_object_and_all_there_is(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(library, "--json") == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    found: dict[str, Any] = json.loads(shown.out)
    (failure,) = found.pop("failures")
    assert (failure["reason"], failure["key"]) == ("[bold]海 :fire:", list(library.entries())[3].key)
    assert found == {
        "library": str(library.root),
        "collections": [
            {
                "collection": "shelf-1",
                "kind": "range",
                "total": 6,
                "done": 2,
                "failed": 1,
                "todo": 3,
                "flagged": 0,
            },
            {
                "collection": "shelf-2",
                "kind": "range",
                "total": 2,
                "done": 2,
                "failed": 0,
                "todo": 0,
                "flagged": 0,
            },
        ],
    }


def test_a_table_for_people(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(library) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    lines = [line.replace("│", " ").split() for line in shown.out.splitlines()]
    assert ["shelf-1", "range", "6", "2", "1", "3"] in lines
    assert ["shelf-2", "range", "2", "2", "0", "0"] in lines
    assert "[bold]海 :fire:" in shown.out


def test_flagged_pictures_are_counted_where_they_are_done(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = list(library.entries())
    with open_store(library.root) as store, Catalog.open(library.root) as catalog:
        rows = catalog.pictures([entries[1].name, entries[2].name])  # the latter has lost a file
        store.record([replace(row, flagged=True) for row in rows.values()])
    assert status(library, "--json") == 0
    counts = json.loads(capsys.readouterr().out)["collections"]
    assert [(count["done"], count["flagged"]) for count in counts] == [(2, 1), (2, 1)]
    assert status(library) == 0
    lines = [line.replace("│", " ").split() for line in capsys.readouterr().out.splitlines()]
    assert ["shelf-1", "range", "6", "2", "1", "3", "1"] in lines


def test_a_library_that_nobody_rendered_is_all_to_do(
    words_library: LibraryFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    library = load_library(words_library({"kind": "range", "count": 3}))
    before = sorted(library.root.iterdir())
    assert status(library, "--json") == 0
    assert json.loads(capsys.readouterr().out)["collections"][0]["todo"] == 3
    assert sorted(library.root.iterdir()) == before


def test_what_is_wrong_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], library: Library) -> None:
    assert main(["status", "--library", str(tmp_path / "nowhere")]) == 1
    told = f"error: There is no library in {tmp_path / 'nowhere'}: it has no library.toml.\n"
    assert capsys.readouterr() == ("", told)
    (library.root / "catalog.sqlite").write_bytes(b"no catalog at all" * 100)
    assert status(library, "--json") == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err.count("\n")) == ("", 1)
    assert shown.err.endswith("cannot be used: file is not a database.\n")
