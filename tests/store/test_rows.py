"""Rows: one writer at a time, and what it finds."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from babelgen import store
from babelgen.catalog import FILE, Catalog, Facts
from babelgen.errors import UserError
from babelgen.store import Store, open_store

from .samples import FAILURE, NAME, PICTURE, leave_half_a_change, picture

HOLD = """
import sys, time
from pathlib import Path
from babelgen.store import open_store
with open_store(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the library in `tmp_path` open."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    root = Path(store.__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


class TestOpening:
    """One writer, and what it finds."""

    def test_another_process_is_refused_until_the_first_is_gone(
        self, tmp_path: Path, holder: subprocess.Popen[str]
    ) -> None:
        with pytest.raises(UserError) as refused, open_store(tmp_path, 0):
            pass
        assert str(refused.value) == f"Another process has locked the library {tmp_path}: wait for it to end."
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with open_store(tmp_path):
            pass

    def test_a_second_store_in_this_process_is_refused_too(self, tmp_path: Path) -> None:
        refusal = pytest.raises(UserError, match=r"^Another process has locked ")
        with open_store(tmp_path), refusal, open_store(tmp_path, 0):
            pass
        with open_store(tmp_path):
            pass

    def test_the_lock_goes_with_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(ZeroDivisionError), open_store(tmp_path):
            _ = 1 / 0
        with open_store(tmp_path):
            pass

    def test_a_folder_that_cannot_be_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        for root in (tmp_path / "file", tmp_path / "file/below"):
            with (
                pytest.raises(UserError, match=f"^The library folder {root} cannot be written: "),
                open_store(root),
            ):
                pass

    @pytest.mark.parametrize("half", [None, b""])
    def test_a_catalog_that_was_hardly_begun_is_made(self, tmp_path: Path, half: bytes | None) -> None:
        if half is not None:
            (tmp_path / FILE).write_bytes(half)
        with open_store(tmp_path) as opened:
            opened.record([PICTURE])
        with Catalog.open(tmp_path) as catalog:
            assert catalog.picture(NAME) == PICTURE

    def test_a_catalog_of_another_version_is_refused(self, tmp_path: Path) -> None:
        with sqlite3.connect(tmp_path / FILE) as connection:
            connection.execute("PRAGMA user_version = 9")
        with (
            pytest.raises(UserError, match="is of version 9, and this program reads versions up to 4"),
            open_store(tmp_path),
        ):
            pass

    def test_a_file_that_is_no_catalog_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / FILE).write_bytes(b"not a database at all" * 100)
        with (
            pytest.raises(UserError, match=f"^The catalog .*{FILE} cannot be used: file is not a database"),
            open_store(tmp_path),
        ):
            pass

    def test_a_writer_that_was_killed_in_the_middle_of_a_change_is_undone(self, tmp_path: Path) -> None:
        """SQLite leaves a journal that must be played back before anything is read."""
        with open_store(tmp_path) as opened:
            opened.record([PICTURE])
        leave_half_a_change(tmp_path)
        with open_store(tmp_path) as opened:
            opened.record([replace(PICTURE, name="cd" * 16)])
        with Catalog.open(tmp_path) as catalog:
            assert (catalog.count(), catalog.failures()) == (2, {})


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path) as opened:
        yield opened


class TestRecording:
    """Rows."""

    def test_a_row_comes_back_as_it_was(self, tmp_path: Path, opened: Store) -> None:
        opened.record([PICTURE])
        with Catalog.open(tmp_path) as catalog:
            assert catalog.picture(NAME) == PICTURE

    def test_the_last_row_of_a_name_counts(self, tmp_path: Path, opened: Store) -> None:
        opened.record([PICTURE])
        opened.record([replace(PICTURE, seconds=9.0)])
        with Catalog.open(tmp_path) as catalog:
            assert [picture.seconds for picture in catalog.all()] == [9.0]

    def test_a_failure_is_there_until_the_picture_is(self, tmp_path: Path, opened: Store) -> None:
        opened.record([], [FAILURE])
        opened.record([], [replace(FAILURE, reason="Again.")])
        with Catalog.open(tmp_path) as catalog:
            assert catalog.failures() == {NAME: replace(FAILURE, reason="Again.")}
        opened.record([PICTURE])
        with Catalog.open(tmp_path) as catalog:
            assert (catalog.failures(), catalog.count()) == ({}, 1)

    def test_what_is_forgotten_is_neither_done_nor_failed(self, tmp_path: Path, opened: Store) -> None:
        others = [picture("cd" * 16), picture("ef" * 16)]
        opened.record([PICTURE, *others], [replace(FAILURE, name=name) for name in ("x", "y")])
        opened.forget(iter([NAME, others[0].name, "x", "never seen"]))
        with Catalog.open(tmp_path) as catalog:
            assert (list(catalog.all()), catalog.failed()) == (others[1:], {"y"})
        opened.forget([])
        opened.record([PICTURE])
        with Catalog.open(tmp_path) as catalog:
            assert catalog.names() == {NAME, others[1].name}

    def test_what_is_forgiven_is_failed_no_longer(self, tmp_path: Path, opened: Store) -> None:
        opened.record([PICTURE], [replace(FAILURE, name=name) for name in ("x", "y", "z")])
        opened.forgive(iter(["x", "y", "never seen", NAME]))
        with Catalog.open(tmp_path) as catalog:
            assert (catalog.names(), catalog.failed()) == ({NAME}, {"z"})

    def test_forgetting_is_all_or_nothing(self, tmp_path: Path, opened: Store) -> None:
        def names() -> Iterator[str]:
            yield NAME
            raise KeyboardInterrupt

        opened.record([PICTURE], [replace(FAILURE, name="x")])
        for change in (opened.forget, opened.forgive):
            with pytest.raises(KeyboardInterrupt):
                change(names())
        with Catalog.open(tmp_path) as catalog:
            assert (catalog.names(), catalog.failed()) == ({NAME}, {"x"})

    def test_facts_are_kept(self, tmp_path: Path, opened: Store) -> None:
        opened.record([], [], [Facts("profiles", "p", {"device": "a “CPU”"})])
        opened.record([], [], [Facts("profiles", "p", {"device": "another"})])
        opened.record([], [], [Facts("editions", "e", {"Title": "海"})])
        with Catalog.open(tmp_path) as catalog:
            assert catalog.profiles() == {"p": {"device": "another"}}
            assert catalog.editions() == {"e": {"Title": "海"}}

    def test_a_full_disk_is_told_and_loses_nothing(self, tmp_path: Path, opened: Store) -> None:
        opened.record([PICTURE])
        opened.connection.execute("PRAGMA max_page_count = 1")  # no larger than it is
        with pytest.raises(UserError, match=r"^The catalog .* cannot be used: database or disk is full\.$"):
            opened.record([], [replace(FAILURE, name=str(n), reason="r" * 1000) for n in range(50)])
        with Catalog.open(tmp_path) as catalog:
            assert (catalog.count(), catalog.failures()) == (1, {})

    def test_our_own_slips_are_no_users_error(self, opened: Store) -> None:
        with pytest.raises(sqlite3.DatabaseError):
            opened.record([], [], [Facts("shelves", "a", {})])
