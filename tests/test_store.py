"""The store: whole files or none, rows after files, one writer at a time, and a kill at any moment."""

import io
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from PIL import Image

from babelgen import store
from babelgen.catalog import FILE, Catalog, Facts, Failure, Picture
from babelgen.errors import UserError
from babelgen.store import (
    Store,
    encode_png,
    encode_webp,
    file_of,
    in_place,
    open_store,
    put_picture,
    write_atomic,
)

NAME = "ab" * 16
PICTURE = Picture(
    name=NAME, key="babel2:…~", edition="tiny-00000000", steps=3, prompt="the sea, 海 <b>", negative="", page="7",
    width=16, height=8, sha256="5e" * 32, colour="#010203", profile="p", seconds=0.25,
    rendered_at="2026-01-02T03:04:05+00:00",
)  # fmt: skip
FAILURE = Failure(
    NAME, PICTURE.key, PICTURE.edition, "It has values that are not numbers.", PICTURE.rendered_at
)

Pixels = NDArray[np.uint8]
relaxed = settings(deadline=None, max_examples=30)


def noise(height: int = 8, width: int = 16) -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


def every_file(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


class TestWriteAtomic:
    """One file at a time."""

    def test_it_makes_folders_and_leaves_one_file(self, tmp_path: Path) -> None:
        for data in (b"first", b"second"):
            write_atomic(tmp_path / "a/b/c", data)
            assert (tmp_path / "a/b/c").read_bytes() == data
        assert every_file(tmp_path) == ["a/b/c"]

    @pytest.mark.parametrize("call", ["replace", "fsync"])
    @pytest.mark.parametrize(
        ("error", "seen"),
        [(OSError(28, "No space left on device"), UserError), (KeyboardInterrupt(), KeyboardInterrupt)],
    )
    def test_an_error_leaves_the_old_file_and_nothing_else(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, error: BaseException, seen: type
    ) -> None:
        write_atomic(tmp_path / "a", b"old")

        def fail(*_: object) -> None:
            raise error

        monkeypatch.setattr(os, call, fail)
        with pytest.raises(seen):
            write_atomic(tmp_path / "a", b"new")
        assert (tmp_path / "a").read_bytes() == b"old"
        assert every_file(tmp_path) == ["a"]

    def test_what_the_machine_refuses_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        (tmp_path / "folder").mkdir()
        for name, reason in [
            ("folder", "Is a directory"),
            ("file/below", "Not a directory"),
            ("n" * 250, "File name too long"),
        ]:
            with pytest.raises(UserError) as refused:
                write_atomic(tmp_path / name, b"data")
            assert str(refused.value) == f"{tmp_path / name} cannot be written: {reason}."
        assert every_file(tmp_path) == ["file"]

    def test_data_then_name_then_folders_are_synced(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The order that makes a file survive a power cut; each new folder needs its own."""
        calls: list[str] = []
        fsync, put = os.fsync, os.replace

        def path_of(handle: int) -> str:
            return Path(os.readlink(f"/proc/self/fd/{handle}")).relative_to(tmp_path).as_posix()

        monkeypatch.setattr(
            os, "fsync", lambda handle: (calls.append(f"sync {path_of(handle)}"), fsync(handle))
        )
        monkeypatch.setattr(os, "replace", lambda a, b: (calls.append(f"put {b.name}"), put(a, b)))
        write_atomic(tmp_path / "a/b/c", b"data")
        calls[2] = re.sub("[0-9a-f]{8}", "*", calls[2])
        assert calls == ["sync .", "sync a", "sync a/b/.c.*.tmp", "put c", "sync a/b"]


class TestPicture:
    """The three files of a picture."""

    @relaxed
    @given(pixels=arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
    def test_a_png_holds_the_pixels(self, pixels: Pixels) -> None:
        with Image.open(io.BytesIO(encode_png(pixels, {}))) as image:
            assert image.mode == "RGB"
            assert np.array_equal(np.asarray(image), pixels)

    @relaxed
    @given(texts=st.dictionaries(st.sampled_from(["key", "edition", "parameters"]), st.text(max_size=40)))
    def test_a_png_holds_its_texts_and_nothing_else(self, texts: dict[str, str]) -> None:
        with Image.open(io.BytesIO(encode_png(noise(), texts))) as image:
            image.load()
            assert image.text == texts
            assert set(image.info) == set(texts)

    @pytest.mark.parametrize("text", ["k" * 40_000, "海" * 40_000, "the sea\nSteps: 3", "é"])
    def test_texts_of_any_length_and_script_come_back(self, text: str) -> None:
        with Image.open(io.BytesIO(encode_png(noise(), {"key": text}))) as image:
            image.load()
            assert image.text["key"] == text

    def test_the_same_picture_is_the_same_bytes(self) -> None:
        texts = {"key": "k", "parameters": "海"}
        assert encode_png(noise(), texts) == encode_png(noise().copy(order="F"), dict(texts))
        assert encode_png(noise(), texts) != encode_png(noise(), {**texts, "key": "l"})

    @pytest.mark.parametrize(
        ("height", "width", "thumbnail"),
        [(208, 320, (160, 104)), (8, 16, (16, 8)), (8, 9000, (160, 1)), (900, 161, (160, 894))],
    )
    def test_views_keep_their_size_and_thumbnails_are_narrow(
        self, tmp_path: Path, height: int, width: int, thumbnail: tuple[int, int]
    ) -> None:
        put_picture(tmp_path, NAME, noise(height, width), {})
        for folder, size in (
            ("pictures", (width, height)),
            ("views", (width, height)),
            ("thumbs", thumbnail),
        ):
            with Image.open(file_of(tmp_path, folder, NAME)) as image:
                assert image.size == size
                assert image.format == ("PNG" if folder == "pictures" else "WEBP")

    def test_a_view_looks_like_its_picture(self) -> None:
        smooth = np.tile(np.arange(0, 256, 2, dtype=np.uint8)[:, None, None], (1, 64, 3))
        with Image.open(io.BytesIO(encode_webp(smooth))) as image:
            assert np.abs(np.asarray(image).astype(int) - smooth).mean() < 3

    def test_the_lossless_file_is_the_last_to_be_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put = os.replace
        order: list[str] = []
        monkeypatch.setattr(os, "replace", lambda a, b: (order.append(b.parts[-3]), put(a, b)))
        put_picture(tmp_path, NAME, noise(), {})
        assert order == ["thumbs", "views", "pictures"]
        assert every_file(tmp_path) == [
            f"{f}/ab/{NAME}.{e}" for f, e in (("pictures", "png"), ("thumbs", "webp"), ("views", "webp"))
        ]

    @pytest.mark.parametrize("folder", ["pictures", "views", "thumbs"])
    def test_a_picture_is_in_place_with_all_its_files(self, tmp_path: Path, folder: str) -> None:
        assert not in_place(tmp_path, NAME)
        put_picture(tmp_path, NAME, noise(), {})
        assert in_place(tmp_path, NAME)
        file_of(tmp_path, folder, NAME).write_bytes(b"")
        assert not in_place(tmp_path, NAME)
        file_of(tmp_path, folder, NAME).unlink()
        assert not in_place(tmp_path, NAME)


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
            pytest.raises(UserError, match="is of version 9, and this program reads versions up to 3"),
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


HALF = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA cache_size = 2")  # so that the change reaches the file before it is complete
connection.execute("BEGIN")
for n in range(200):
    connection.execute("INSERT INTO failures VALUES (?, ?, '', '', '')", (str(n), "k" * 500))
os.kill(os.getpid(), signal.SIGKILL)
"""


def leave_half_a_change(root: Path) -> None:
    """Kill a process while it writes the catalog."""
    process = subprocess.run([sys.executable, "-c", HALF, str(root / FILE)], check=False)
    assert process.returncode == -signal.SIGKILL
    assert (root / f"{FILE}-journal").stat().st_size > 0


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
