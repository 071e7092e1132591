"""`status`: one table for people, one JSON object for programs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from babelgen.catalog import Catalog
from babelgen.cli import main
from babelgen.commands.status import MOST_LISTED, span
from babelgen.edition import Edition
from babelgen.engines import Order
from babelgen.library import Library, load_library
from babelgen.plan import Item
from babelgen.store import file_of, open_journal, open_run, open_store, put_picture

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
            sizes = put_picture(library.root, entry.name, pixels, {})
            item = Item(entry.name, entry.key, 3)
            store.record([fake.picture(Order(words_edition, library.root), item, pixels, sizes)])
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
        "whole": {"total": 6, "done": 2, "failed": 1, "todo": 3, "flagged": 0},
        "waiting": [],
        "unnamed": 0,
        "renders": 0,
        "rate": 3.0,
        "seconds_left": None,
    }


def test_a_table_for_people(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(library) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    lines = [line.replace("│", " ").split() for line in shown.out.splitlines()]
    assert ["shelf-1", "range", "6", "2", "1", "3"] in lines
    assert ["shelf-2", "range", "2", "2", "0", "0"] in lines
    assert ["each", "picture", "once", "6", "2", "1", "3"] in lines
    assert "No render is at work; the latest pictures came at 3.0 pictures a second.\n" in shown.out
    assert "gc" not in shown.out
    assert "[bold]海 :fire:" in shown.out


def test_a_narrow_terminal_has_lines(
    library: Library, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert status(library) == 0
    told = capsys.readouterr().out
    assert told.startswith(
        "shelf-1: 2 of 6 done, 1 failed, 3 to do\nshelf-2: 2 of 2 done, 0 failed, 0 to do\n"
    )


def test_a_failure_of_a_key_that_nobody_names_is_told_apart(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of a name that ends with zeros, too."""
    with open_store(library.root) as store:
        store.record([], [replace(FAILURE, name="ab" * 15 + "00", reason="Long ago.")])
    assert status(library) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("failed: ")]
    assert [line.endswith(" (in no collection any more)") for line in lines] == [
        "Long ago." in line for line in lines
    ]
    assert len(lines) == 2


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


def test_what_a_render_at_work_has_to_do_yet_is_told(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_run(library.root):
        assert status(library) == 0
        assert "1 render is at work: 3.0 pictures a second, 1 s left.\n" in capsys.readouterr().out
        with open_run(library.root):
            assert status(library, "--json") == 0
            found = json.loads(capsys.readouterr().out)
            assert (found["renders"], found["rate"], found["seconds_left"]) == (2, 3.0, 1)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.4, "0 s"),
        (89.9, "90 s"),
        (119, "2 min"),
        (3569, "59 min"),
        (3571, "1 h 0 min"),
        (86_000, "23 h 53 min"),
        (90_000, "1 d 1 h"),
        (10**8, "1157 d 9 h"),
    ],
)
def test_times_are_told_in_their_largest_units(seconds: float, told: str) -> None:
    assert span(seconds) == told


def test_pictures_that_no_collection_names_any_more_are_told_of(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    file = library.root / "library.toml"
    text = file.read_text()
    for count, told in (
        (5, None),
        (2, "1 picture is in no collection any more: `render.py gc` removes what no collection names.\n"),
        (1, "2 pictures are in no collection any more: "),
    ):
        file.write_text(text.replace("count = 2", "count = 1").replace("count = 6", f"count = {count}"))
        assert status(library) == 0
        shown = capsys.readouterr().out
        assert told in shown if told else "any more" not in shown
    assert status(library, "--json") == 0
    assert json.loads(capsys.readouterr().out)["unnamed"] == 2


def test_long_keys_are_told_by_their_ends_and_many_failures_by_their_number(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"{number:032x}" for number in range(MOST_LISTED + 5)]
    with open_store(library.root) as store:
        store.record([], [replace(FAILURE, name=name, key="A" * 189_000 + name) for name in names])
    assert status(library, "--json") == 0
    failures = json.loads(capsys.readouterr().out)["failures"]
    assert [failure["name"] for failure in failures if failure["key"].startswith("AAAA")] == names
    assert {len(failure["key"]) for failure in failures} <= set(range(81))
    assert failures[0]["key"].endswith(f"…{names[0][-20:]}")
    assert status(library) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("failed: ")]) == MOST_LISTED
    assert lines[-1] == "... and 6 more failed; --json lists them all."


def test_what_a_killed_render_wrote_down_is_settled_first(
    library: Library, capsys: pytest.CaptureFixture[str], words_edition: Edition
) -> None:
    entry = list(library.entries())[4]
    folder = library.root / "runs/20260102T030405Z-abcdef"
    folder.mkdir(parents=True)
    pixels = fake.pixels_of(entry.key)
    sizes = put_picture(library.root, entry.name, pixels, {})
    with open_journal(folder) as journal:
        item = Item(entry.name, entry.key, 3)
        journal.record(fake.picture(Order(words_edition, library.root), item, pixels, sizes))
    (library.root / "render.lock").unlink()
    (library.root / "render.lock").mkdir()  # who may not lock a library may read it all the same
    assert status(library, "--json") == 0
    assert json.loads(capsys.readouterr().out)["whole"]["done"] == 2
    (library.root / "render.lock").rmdir()
    assert status(library, "--json") == 0
    assert json.loads(capsys.readouterr().out)["whole"]["done"] == 3
    assert not folder.exists()


def test_a_truncated_picture_is_to_do(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    file = file_of(library.root, "pictures", next(library.entries()).name)
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2)
    assert status(library, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [(count["done"], count["todo"]) for count in found["collections"]] == [(1, 4), (1, 1)]


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
