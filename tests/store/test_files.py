"""Files: whole or not at all, and durably."""

import os
import re
from pathlib import Path

import pytest

from babelgen.errors import UserError
from babelgen.store import write_atomic, writing

from .samples import every_file


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


class TestWriting:
    """The same, piece by piece."""

    def test_nothing_is_in_its_place_before_all_is_written(self, tmp_path: Path) -> None:
        write_atomic(tmp_path / "a", b"old")
        with writing(tmp_path / "a") as file:
            for piece in (b"one ", b"two"):
                file.write(piece)
            file.flush()
            assert (tmp_path / "a").read_bytes() == b"old"
        assert (tmp_path / "a").read_bytes() == b"one two"
        assert every_file(tmp_path) == ["a"]

    @pytest.mark.parametrize("error", [UserError("A picture is missing."), KeyboardInterrupt()])
    def test_an_error_in_between_leaves_the_old_file(self, tmp_path: Path, error: BaseException) -> None:
        write_atomic(tmp_path / "a", b"old")

        def write() -> None:
            with writing(tmp_path / "a") as file:
                file.write(b"half")
                raise error

        with pytest.raises(type(error)):
            write()
        assert (tmp_path / "a").read_bytes() == b"old"
        assert every_file(tmp_path) == ["a"]
