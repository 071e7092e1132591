"""Zip files of ours: others read them, and what they consist of is told before they are made."""

import io
import random
import shutil
import stat
import subprocess
import tracemalloc
import zipfile
from pathlib import Path
from typing import IO

import pytest

from babelgen import zips
from babelgen.errors import UserError
from babelgen.zips import END, Zip, is_ours, key_bytes, key_data, key_entry


def made(entries: dict[str, bytes], deflate: bool = False) -> bytes:
    buffer = io.BytesIO()
    with Zip(buffer) as file:
        for name, data in entries.items():
            file.add(name, data, deflate)
    return buffer.getvalue()


ENTRIES = {"b.key": b"second", "a/ü 海.txt": bytes(range(256)) * 50, "empty": b""}


@pytest.mark.parametrize("deflate", [False, True])
def test_others_read_it(deflate: bool) -> None:
    with zipfile.ZipFile(io.BytesIO(made(ENTRIES, deflate))) as file:
        assert file.testzip() is None
        assert {info.filename: file.read(info) for info in file.infolist()} == ENTRIES
        assert file.namelist() == list(ENTRIES)
        for info in file.infolist():
            assert info.date_time == (1980, 1, 1, 0, 0, 0)
            assert info.external_attr >> 16 == stat.S_IFREG | 0o644
            assert info.compress_type == (zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED)


def test_the_same_contents_give_the_same_bytes_and_another_order_others() -> None:
    assert made(ENTRIES) == made(dict(ENTRIES))
    assert made(ENTRIES) != made(dict(reversed(ENTRIES.items())))


@pytest.mark.parametrize(
    "name",
    ["", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/./b", "C:a", "a\\b", "a\nb", "a\0b", "a\u202eb", "a?", '"a"', "a*", "<a>", "a|b"],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_no_entry(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be called"):
        made({name: b"x"})


def test_our_own_are_known(tmp_path: Path) -> None:
    place = tmp_path / "a.zip"
    for entries in ({}, ENTRIES):
        place.write_bytes(made(entries))
        assert is_ours(place)
    place.write_bytes(made(ENTRIES) + b"x")
    assert not is_ours(place)
    place.write_bytes(b"")
    assert not is_ours(place)
    with zipfile.ZipFile(place, "w") as file:
        file.writestr("a", "b" * 100)
    assert not is_ours(place)


@pytest.mark.skipif(not shutil.which("unzip"), reason="no unzip on the path")
@pytest.mark.parametrize("many", [3, 70_000])
def test_unzip_finds_no_fault(tmp_path: Path, many: int) -> None:
    place = tmp_path / "a.zip"
    place.write_bytes(made({f"{number:05d}": b"%d" % number for number in range(many)}, deflate=True))
    tested = subprocess.run(["unzip", "-tq", str(place)], capture_output=True, text=True, check=False)
    assert (tested.returncode, tested.stderr) == (0, "")


def test_a_file_of_nothing_is_one() -> None:
    with zipfile.ZipFile(io.BytesIO(made({}))) as file:
        assert file.namelist() == []


def test_many_entries_and_far_ones_are_read_by_others_and_take_no_memory() -> None:
    """Beyond 65,535 entries, and beyond a start that is lowered so that nobody need write 4 GB."""
    tracemalloc.start()
    try:
        with io.BytesIO() as buffer, Zip(buffer) as file:
            before = tracemalloc.get_traced_memory()[0]
            for number in range(70_000):
                file.add(f"{number:05d}", b"x")
                buffer.seek(0)  # what is written is not what is measured
            grown = tracemalloc.get_traced_memory()[0] - before
        assert grown < 3_000_000
    finally:
        tracemalloc.stop()
    with zipfile.ZipFile(
        io.BytesIO(made({f"{number:05d}": b"%d" % number for number in range(70_000)}))
    ) as many:
        assert len(many.namelist()) == 70_000
        assert many.read("69999") == b"69999"


class Sparse(io.RawIOBase):
    """Counts what is written and keeps the end of it, so that 4 GB are written without a disk."""

    def __init__(self) -> None:
        self.kept: list[tuple[int, bytes]] = []
        self.at = 0

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if len(data) < 1 << 20:
            self.kept.append((self.at, bytes(data)))
        self.at += len(data)
        return len(data)


def test_entries_beyond_four_gigabytes_have_their_place_in_64_bits() -> None:
    out = Sparse()
    large = bytes(1 << 28)
    with Zip(out) as file:  # type: ignore[arg-type]
        for number in range(17):
            file.add(f"large-{number}", large)
        file.add("last", b"the last one")
    with zipfile.ZipFile(_Reader(out)) as read:
        info = read.getinfo("last")
        assert info.header_offset > 2**32
        assert read.read(info) == b"the last one"
        assert read.getinfo("large-3").file_size == 1 << 28


class _Reader(io.RawIOBase):
    """Reads what a Sparse kept; zeros where it kept nothing."""

    def __init__(self, out: Sparse) -> None:
        self.out, self.at = out, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at = offset + (0, self.at, self.out.at)[whence]
        return self.at

    def read(self, size: int = -1) -> bytes:
        end = self.out.at if size < 0 else min(self.out.at, self.at + size)
        found = bytearray(max(0, end - self.at))
        for start, data in self.out.kept:
            low, high = max(start, self.at), min(start + len(data), end)
            if low < high:
                found[low - self.at : high - self.at] = data[low - start : high - start]
        self.at = max(self.at, end)
        return bytes(found)


def test_what_is_too_large_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "_MOST", 100)
    with pytest.raises(UserError, match="too large"):
        made({"a": bytes(100)})


def test_a_failure_leaves_no_list_of_entries() -> None:
    buffer: IO[bytes] = io.BytesIO()

    def fail() -> None:
        with Zip(buffer) as file:
            file.add("a", b"1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    buffer.seek(0)
    assert not zipfile.is_zipfile(buffer)


def test_names_of_keys_sort_as_the_collection_does() -> None:
    random.seed(3)
    for total in (1, 99_999, 100_000, 1_234_567):
        places = sorted({1, total, *(random.randint(1, total) for _ in range(200))})
        names = [key_entry("pages", place, total, f"{random.getrandbits(128):032x}") for place in places]
        assert names == sorted(names)
    assert key_entry("pages", 7, 12, "ab") == "pages/00007-ab.key"


def test_the_size_of_keys_is_known_before() -> None:
    keys = {key_entry("pages", at, 9, "0" * 32): key_data("k" * at * 100) for at in range(1, 9)}
    sizes = sum(key_bytes("pages", at, 9, "0" * 32, at * 100) for at in range(1, 9))
    assert len(made(keys)) == sizes + END
