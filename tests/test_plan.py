"""The plan: what a library lacks is what has no row or no files, each picture once."""

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
            put_picture(library.root, item.name, pixels, {})
            store.record([fake.picture(Order(edition, library.root), item, pixels)])


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
