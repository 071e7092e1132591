"""How a library stands: each picture counted once, at the pace of the latest stretch of work."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from babelgen.catalog import Catalog
from babelgen.edition import Edition
from babelgen.engines import Order
from babelgen.library import Entry, Library, load_library
from babelgen.plan import Item
from babelgen.standing import LATEST, PAUSE, Count, Standing, rate_of, standing_of
from babelgen.store import file_of, open_run, open_store, put_picture

from .conftest import LibraryFactory
from .engines import fake
from .store.samples import FAILURE, PICTURE

RANGE: dict[str, Any] = {"kind": "range", "count": 6}


@pytest.fixture
def library(words_library: LibraryFactory) -> Library:
    """Six items; two of them, and then both again, in another collection; and one that is longer."""
    return load_library(
        words_library(
            RANGE,
            {"kind": "search", "prompts": ["", ""], "page": 4, "count": 2},
            {**RANGE, "steps": 9, "count": 1},
        )
    )


def render(library: Library, entries: list[Entry], edition: Edition, **fields: Any) -> None:
    """Put pictures in place and report them."""
    with open_store(library.root) as store:
        for entry in entries:
            pixels = fake.pixels_of(entry.key)
            sizes = put_picture(library.root, entry.name, pixels, {})
            row = fake.picture(Order(edition, library.root), Item(entry.name, entry.key, 3), pixels, sizes)
            store.record([replace(row, **fields)])


def standing(library: Library) -> Standing:
    with Catalog.open(library.root) as catalog:
        return standing_of(library, catalog)


def counts(library: Library) -> list[Count]:
    found = standing(library)
    return [*(count for _, count in found.collections), found.whole]


def test_a_picture_counts_once_in_the_whole_and_wherever_it_hangs(
    library: Library, words_edition: Edition
) -> None:
    assert [collection for collection, _ in standing(library).collections] == list(library.collections)
    assert [count.total for count in counts(library)] == [6, 4, 1, 7]
    assert [count.todo for count in counts(library)] == [6, 4, 1, 7]
    entries = list(library.entries())
    render(library, [entries[0], entries[4]], words_edition)
    with open_store(library.root) as store:
        store.record([], [replace(FAILURE, name=entries[5].name)])
    assert counts(library) == [
        Count(total=6, done=2, failed=1, todo=3, flagged=0),
        Count(total=4, done=2, failed=2, todo=0, flagged=0),
        Count(total=1, done=0, failed=0, todo=1, flagged=0),
        Count(total=7, done=2, failed=1, todo=4, flagged=0),
    ]


@pytest.mark.parametrize("folder", ["pictures", "views", "thumbs"])
@pytest.mark.parametrize("left", [None, 0, 20])
def test_a_file_that_is_missing_or_truncated_is_to_do(
    library: Library, words_edition: Edition, folder: str, left: int | None
) -> None:
    entries = list(library.entries())
    render(library, entries[:3], words_edition, flagged=True)
    file = file_of(library.root, folder, entries[1].name)
    if left is None:
        file.unlink()
    else:
        with file.open("r+b") as opened:
            opened.truncate(left)
    assert counts(library)[0] == Count(total=6, done=2, failed=0, todo=4, flagged=2)


def test_flagged_pictures_are_counted_where_they_hang_and_are_done(
    library: Library, words_edition: Edition
) -> None:
    entries = list(library.entries())
    render(library, entries[:2], words_edition)
    render(library, entries[4:6], words_edition, flagged=True)
    assert [count.flagged for count in counts(library)] == [2, 4, 0, 2]


def test_pictures_that_no_collection_names_are_counted(library: Library, words_edition: Edition) -> None:
    entries = list(library.entries())
    render(library, entries[:3], words_edition)
    assert standing(library).unnamed == 0
    strange = ["x", "é", "f" * 33, "F" * 32, "g" * 32, "0" * 32, "f" * 32]
    with open_store(library.root) as store:
        store.record([replace(PICTURE, name=name) for name in strange])
    assert standing(library).unnamed == len(strange)
    assert counts(library)[0].done == 3


def test_names_are_read_page_by_page(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("babelgen.standing.PAGE", 7)
    with open_store(library.root) as store:
        store.record([replace(PICTURE, name=f"{number:032x}") for number in range(40)])
        store.record([replace(PICTURE, name=entry.name) for entry in library.entries()])
    assert standing(library).unnamed == 40


def test_an_empty_library_has_nothing(words_library: LibraryFactory) -> None:
    library = load_library(words_library())
    assert standing(library) == Standing((), Count(0, 0, 0, 0, 0), 0, 0, None)
    with open_store(library.root) as store:
        store.record([PICTURE])
    assert standing(library).unnamed == 1


def test_renders_at_work_are_counted_and_the_time_that_they_need(
    library: Library, words_edition: Edition
) -> None:
    assert (standing(library).renders, standing(library).seconds_left) == (0, None)
    with open_run(library.root):
        assert (standing(library).renders, standing(library).seconds_left) == (1, None)  # nobody knows yet
        with open_run(library.root):
            render(library, list(library.entries())[:5], words_edition)
            found = standing(library)
            assert (found.renders, found.whole.todo, found.rate) == (2, 2, 5)
            assert found.seconds_left == pytest.approx(0.4)
    assert (standing(library).renders, standing(library).rate, standing(library).seconds_left) == (0, 5, None)


def test_a_lock_that_one_may_not_open_is_of_no_render_that_one_knows(
    library: Library, tmp_path: Path
) -> None:
    (library.root / "runs/20260102T030405Z-abcdef/run.lock").mkdir(parents=True)
    assert standing(library).renders == 0


def rows(*ends: tuple[float, float]) -> list[tuple[str, float]]:
    """The latest pictures, the very latest first; ends: seconds after a start, and how long each took."""
    start = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
    return [
        ((start + timedelta(seconds=end)).isoformat(timespec="seconds"), seconds) for end, seconds in ends
    ]


def test_a_rate_counts_from_when_work_began() -> None:
    assert rate_of([]) is None
    assert rate_of(rows((100, 50.0))) == pytest.approx(1 / 50)
    batches = [(100, 50.0)] * 4 + [(50, 50.0)] * 4
    assert rate_of(rows(*batches)) == pytest.approx(8 / 100)
    assert rate_of(rows((100, 0.0), (100, 0.0), (100, 0.0))) == 3  # in one second, as far as is told


def test_a_pause_ends_the_stretch() -> None:
    """However slow pictures are: while one is at work there is no pause."""
    late = [(1000, 200.0), (900, 200.0)]
    assert rate_of(rows(*late)) == pytest.approx(2 / 300)
    near, far = 700 - PAUSE, 700 - PAUSE - 1
    assert rate_of(rows(*late, (near, 50.0))) == pytest.approx(3 / (300 + PAUSE + 50))
    assert rate_of(rows(*late, (far, 50.0))) == pytest.approx(2 / 300)


def test_a_long_stretch_is_cut_without_its_first_pictures() -> None:
    """What was at work at the cut began before: a hundred workers of ten seconds a picture make ten a second."""
    ends = [(10_000 - number // 10, 10.0) for number in range(LATEST)]
    assert rate_of(rows(*ends)) == pytest.approx(10)
    assert rate_of(rows(*[(50, 0.5)] * LATEST)) == LATEST
