"""The plan: what a library lacks is what has no row or no files, each picture once."""

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from babelgen.edition import Edition
from babelgen.engines import Order
from babelgen.library import Library, load_library
from babelgen.plan import Item, Shard, make_plan
from babelgen.store import file_of, open_store, put_picture

from .conftest import LibraryFactory
from .engines import fake
from .store.samples import FAILURE

RANGE: dict[str, Any] = {"kind": "range", "count": 4}
LONG: dict[str, Any] = {"kind": "range", "count": 2, "steps": 9}


@pytest.fixture
def library(words_library: LibraryFactory) -> Library:
    return load_library(words_library(RANGE, LONG, {"kind": "range", "count": 3}))


def render(library: Library, items: list[Item], edition: Edition) -> None:
    """Put pictures in place and report them."""
    with open_store(library.root) as store:
        for item in items:
            pixels = fake.pixels_of(item.key)
            sizes = put_picture(library.root, item.name, pixels, {})
            store.record([fake.picture(Order(edition, library.root), item, pixels, sizes)])


def test_everything_is_to_do_once_and_the_longest_first(library: Library, words_edition: Edition) -> None:
    plan = make_plan(library)
    (work,) = plan.works
    assert work.edition == words_edition
    assert [item.steps for item in work.items] == [9, 9, 3, 3, 3, 3]  # the third collection repeats the first
    assert {(item.name, item.key) for item in work.items} == {(e.name, e.key) for e in library.entries()}
    assert (plan.todo, plan.done, plan.failed) == (6, 0, 0)


def test_planning_writes_nothing(library: Library) -> None:
    make_plan(library)
    assert [path.name for path in library.root.iterdir()] == ["library.toml"]


def test_what_has_a_row_and_files_is_done(library: Library, words_edition: Edition) -> None:
    items = list(make_plan(library).works[0].items)
    render(library, items[:4], words_edition)
    plan = make_plan(library)
    assert ([item for work in plan.works for item in work.items], plan.done) == (items[4:], 4)
    render(library, items[4:], words_edition)
    assert (make_plan(library).works, make_plan(library).done) == ((), 6)


@pytest.mark.parametrize("folder", ["pictures", "views", "thumbs"])
@pytest.mark.parametrize("empty", [False, True])
def test_a_row_without_its_files_is_to_do(
    library: Library, words_edition: Edition, folder: str, empty: bool
) -> None:
    items = list(make_plan(library).works[0].items)
    render(library, items, words_edition)
    file = file_of(library.root, folder, items[2].name)
    file.write_bytes(b"") if empty else file.unlink()
    assert [item for work in make_plan(library).works for item in work.items] == [items[2]]


@pytest.mark.parametrize("folder", ["pictures", "views", "thumbs"])
@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_of_another_size_is_to_do(
    library: Library, words_edition: Edition, folder: str, change: int
) -> None:
    items = list(make_plan(library).works[0].items)
    render(library, items, words_edition)
    file = file_of(library.root, folder, items[3].name)
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size + change)
    assert [item for work in make_plan(library).works for item in work.items] == [items[3]]


def test_files_without_a_row_are_to_do(library: Library) -> None:
    """Written, and killed before it was reported."""
    item = make_plan(library).works[0].items[0]
    put_picture(library.root, item.name, fake.pixels_of(item.key), {})
    assert item in make_plan(library).works[0].items


def test_what_failed_is_left_alone(library: Library) -> None:
    item = make_plan(library).works[0].items[0]
    with open_store(library.root) as store:
        store.record([], [replace(FAILURE, name=item.name)])
    assert (make_plan(library).todo, make_plan(library).failed) == (5, 1)


def test_shards_have_every_picture_once(library: Library) -> None:
    shards = [make_plan(library, Shard(index, 3)) for index in (1, 2, 3)]
    items = [item for plan in shards for work in plan.works for item in work.items]
    assert sorted(item.name for item in items) == sorted(
        item.name for item in make_plan(library).works[0].items
    )


def test_a_shard_knows_what_is_done_in_it(library: Library, words_edition: Edition) -> None:
    """Some have gaps, where other shards' pictures stand."""
    items = list(make_plan(library).works[0].items)
    render(library, items[::2], words_edition)
    for index in (1, 2, 3):
        shard = Shard(index, 3)
        plan = make_plan(library, shard)
        assert [item for work in plan.works for item in work.items] == [
            item for item in items[1::2] if shard.has(item.name)
        ]
        assert plan.done == sum(shard.has(item.name) for item in items[::2])


def test_items_are_made_where_they_are_asked_for(words_library: LibraryFactory) -> None:
    """A range through all numbers of steps, and a sample; the names and keys are those of the library's entries."""
    steps = {"kind": "range", "level": "steps", "count": 100}  # of these the last 36 are the first again
    (work,) = make_plan(load_library(words_library(steps, {"kind": "random", "count": 5}))).works
    library = load_library(words_library(steps, {"kind": "random", "count": 5}, name="again"))
    keys = {entry.name: entry.key for entry in library.entries()}
    items = list(work.items)
    assert len(work.items) == len(items) == 69
    assert {item.name: item.key for item in items} == keys
    assert [item.steps for item in items] == sorted((steps_of(library, item) for item in items), reverse=True)
    assert [work.items[at] for at in range(-69, 69)] == items * 2
    assert work.items[10:60:7] == items[10:60:7]
    for at in (69, -70):
        with pytest.raises(IndexError):
            work.items[at]


def steps_of(library: Library, item: Item) -> int:
    return library.collections[0].edition.codec.parse(item.key).steps


def test_a_large_plan_holds_a_few_bytes_of_each_picture(words_library: LibraryFactory) -> None:
    library = load_library(words_library({"kind": "range", "count": 30_000}))
    tracemalloc.start()
    plan = make_plan(library)
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert plan.todo == 30_000
    assert held < 30_000 * 12 + 2**16  # what is made once, however many there are
    assert most < 30_000 * 120 + 2**20


def test_each_edition_has_work_of_its_own(
    words_library: LibraryFactory, tmp_path: Path, words_edition: Edition
) -> None:
    from . import tiny

    other = {**tiny.edition_fields(words_edition.model), "name": "other"}
    path = tiny.write_edition(tmp_path / "other.toml", other)
    plan = make_plan(load_library(words_library(RANGE, {**RANGE, "edition": str(path)})))
    assert [(work.edition.name, len(work.items)) for work in plan.works] == [("words", 4), ("other", 4)]


def test_an_empty_library_has_nothing_to_do(words_library: LibraryFactory) -> None:
    assert make_plan(load_library(words_library())).works == ()
