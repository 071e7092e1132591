"""The catalog: reading what was recorded, from any folder, in any state."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from babelgen.catalog import COLUMNS, FILE, UNKNOWN, Catalog, Sizes, as_row
from babelgen.errors import UserError
from babelgen.store import open_store

from .store.samples import FAILURE, PICTURE, leave_half_a_change

MANY = [replace(PICTURE, name=f"{n:032x}", prompt=f"{n} 'quoted\" %") for n in range(1200)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with open_store(tmp_path) as store:
        store.record(MANY, [FAILURE])
    return tmp_path


def test_an_empty_folder_has_an_empty_catalog(tmp_path: Path) -> None:
    with Catalog.open(tmp_path) as catalog:
        assert (catalog.count(), catalog.names(), catalog.failures(), list(catalog.all())) == (
            0,
            set(),
            {},
            [],
        )
        assert (catalog.profiles(), catalog.editions(), catalog.picture("a")) == ({}, {}, None)
    assert list(tmp_path.iterdir()) == []


def test_every_query_gives_what_was_recorded(root: Path) -> None:
    with Catalog.open(root) as catalog:
        assert catalog.count() == len(MANY)
        assert list(catalog.all()) == MANY
        assert catalog.names() == {picture.name for picture in MANY}
        assert catalog.failures() == {FAILURE.name: FAILURE}
        asked = [picture.name for picture in MANY[::2]] + ["nowhere", "' OR 1=1"]
        assert catalog.pictures(asked) == {picture.name: picture for picture in MANY[::2]}
        assert catalog.picture(MANY[3].name) == MANY[3]


def test_names_come_in_order_a_page_at_a_time(root: Path) -> None:
    names, after = [], ""
    with Catalog.open(root) as catalog:
        while page := catalog.name_page(after, 500):
            names += [page]
            after = page[-1]
    assert [len(page) for page in names] == [500, 500, 200]
    assert [name for page in names for name in page] == [picture.name for picture in MANY]


def test_the_latest_pictures_come_first_whatever_their_names(root: Path) -> None:
    times = ["2026-01-02T03:04:06+00:00", "2026-02-01T00:00:00+00:00", "2025-12-31T23:59:59+00:00"]
    with open_store(root) as store:
        store.record(
            [
                replace(MANY[at], rendered_at=time, seconds=float(at))
                for time, at in zip(times, (900, 5, 7), strict=True)
            ]
        )
    with Catalog.open(root) as catalog:
        assert catalog.latest(3) == [(times[1], 5.0), (times[0], 900.0), (PICTURE.rendered_at, 0.25)]
        assert catalog.latest(9999)[-1] == (times[2], 7.0)
        assert len(catalog.latest(9999)) == len(MANY)


def test_sizes_and_failures_are_told_of_those_that_are_asked_for(root: Path) -> None:
    sized = replace(MANY[4], bytes=3, view_bytes=2, thumb_bytes=1)
    with open_store(root) as store:
        store.record([sized], [replace(FAILURE, name="f" * 32)])
    with Catalog.open(root) as catalog:
        assert catalog.sizes([MANY[3].name, sized.name, "f" * 32]) == {
            MANY[3].name: UNKNOWN,
            sized.name: Sizes(3, 2, 1),
        }
        assert catalog.failed() == {FAILURE.name, "f" * 32}
        assert catalog.failed([sized.name, "f" * 32]) == {"f" * 32}
        assert [failure.name for failure in catalog.each_failure()] == [FAILURE.name, "f" * 32]


def test_a_row_is_in_the_order_of_the_columns() -> None:
    assert dict(zip(COLUMNS, as_row(PICTURE), strict=True))["rendered_at"] == PICTURE.rendered_at


def test_reading_changes_nothing(root: Path) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {entry.name: (entry.stat().st_size, entry.stat().st_mtime_ns) for entry in os.scandir(root)}

    before = state()
    with Catalog.open(root) as catalog:
        assert len(list(catalog.all())) == len(MANY)
        assert catalog._connection.execute("PRAGMA query_only").fetchone() == (1,)
    assert state() == before


@pytest.mark.parametrize("name", ["50%20?", "a#b", "ü b", "?mode=memory", "file:x"])
def test_a_library_may_lie_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    with open_store(tmp_path / name) as store:
        store.record([PICTURE])
    with Catalog.open(tmp_path / name) as catalog:
        assert catalog.names() == {PICTURE.name}


def test_reading_beside_a_writer_sees_what_was_reported(root: Path) -> None:
    with open_store(root) as store, Catalog.open(root) as catalog:
        store.record([replace(PICTURE, name="new")])
        assert "new" in catalog.names()


def test_what_a_killed_writer_left_is_read_as_it_was_before(root: Path) -> None:
    leave_half_a_change(root)
    with Catalog.open(root) as catalog:
        assert (catalog.count(), len(catalog.failures())) == (len(MANY), 1)


def test_a_damaged_catalog_is_refused(root: Path) -> None:
    data = (root / FILE).read_bytes()
    (root / FILE).write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    with (
        pytest.raises(UserError, match=f"^The catalog .*{FILE} cannot be used: "),
        Catalog.open(root) as catalog,
    ):
        list(catalog.all())


def test_a_catalog_of_another_version_is_refused(root: Path) -> None:
    with open_store(root) as store:
        store.connection.execute("PRAGMA user_version = 9")
    with pytest.raises(UserError, match="is of version 9, and this program reads versions up to 4"):
        Catalog.open(root)


def test_a_folder_in_place_of_the_catalog_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(UserError, match="cannot be used: unable to open database file"):
        Catalog.open(tmp_path)
