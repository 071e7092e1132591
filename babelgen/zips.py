"""Zip files: written as a stream, the same bytes from the same contents on every machine and every day.

Law: no time, owner or place of a machine is in them; entries stand in the order in which they were added; and what is
held in memory is one entry, however many there are. (What is deflated has the same bytes wherever zlib is the same.) They
end with a mark, by which we know our own.
May import: errors and the standard library.
"""

from __future__ import annotations

import os
import shutil
import struct
import tempfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import IO

from babelgen.errors import UserError

_STORED, _DEFLATED = 0, 8
_UTF8 = 0x800  # the flag that says in what names are written
_DAY = 0x21  # the first day that a zip file can tell, 1 January 1980
_UNIX_FILE = 0o100644 << 16
_PLAIN, _LARGE = 20, 45  # the versions that ordinary and large files need
_MOST = 0xFFFFFFFF  # from here on a number stands elsewhere, in 64 bits
_MANY = 0xFFFF
_MARK = b"Made by Babelgen"  # the file's comment
HEADER = 30 + 46  # bytes of an entry beside its data and twice its name
END = 22 + len(_MARK)


class Zip:
    """A zip file that is being written. Use as a context manager: its list of entries comes at the end."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self._offset = self._count = 0
        # On disk beyond a little: a million entries' headers are a hundred megabytes.
        self._entries = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115

    def __enter__(self) -> Zip:
        """The file itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it where nothing went wrong."""
        try:
            if kind is None:
                self._end()
        finally:
            self._entries.close()

    def add(self, name: str, data: bytes, deflate: bool = False) -> None:
        """Add an entry, called by a path below the folder that the file is unpacked in."""
        if not _below(name):
            raise ValueError(f"an entry of a zip file cannot be called {name!r}")
        if len(data) >= _MOST:
            raise UserError(f"{name} is too large for a zip file of ours: it has {len(data):,} bytes.")
        packed = _deflated(data) if deflate else data
        method = _DEFLATED if deflate else _STORED
        label = name.encode("utf-8")
        facts = struct.pack(
            "<HHHHIIIH", _UTF8, method, 0, _DAY, zlib.crc32(data), len(packed), len(data), len(label)
        )
        self._entries.write(self._heading(facts, label))
        self._put(b"PK\3\4" + struct.pack("<H", _PLAIN) + facts + b"\0\0" + label)
        self._put(packed)
        self._count += 1

    def _heading(self, facts: bytes, label: bytes) -> bytes:
        """An entry's line in the list at the end."""
        far = self._offset >= _MOST
        extra = struct.pack("<HHQ", 1, 8, self._offset) if far else b""
        version = _LARGE if far else _PLAIN
        return (
            b"PK\1\2"
            + struct.pack("<HH", 3 << 8 | version, version)  # 3: made on Unix, so that it has permissions
            + facts
            + struct.pack("<HHHHII", len(extra), 0, 0, 0, _UNIX_FILE, _MOST if far else self._offset)
            + label
            + extra
        )

    def _end(self) -> None:
        start, size = self._offset, self._entries.tell()
        self._entries.seek(0)
        shutil.copyfileobj(self._entries, self._out, 1 << 20)
        if self._count >= _MANY or start >= _MOST or size >= _MOST:
            numbers = (self._count, self._count, size, start)
            self._put(b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 3 << 8 | _LARGE, _LARGE, 0, 0, *numbers))
            self._put(b"PK\6\7" + struct.pack("<IQI", 0, start + size, 1))
        count = min(self._count, _MANY)
        places = (min(size, _MOST), min(start, _MOST))
        self._put(b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, *places, len(_MARK)) + _MARK)

    def _put(self, data: bytes) -> None:
        self._out.write(data)
        self._offset += len(data)


def _below(name: str) -> bool:
    """Whether a name leads to a file of the folder that it is unpacked in, whatever the system there."""
    strange = not name.isprintable() or any(character in name for character in '\\:*?"<>|')
    parts = name.split("/")
    return not strange and not {"", ".", ".."} & set(parts)


def is_ours(path: Path) -> bool:
    """Whether a file is a zip file that was written here."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) < END:
            return False
        file.seek(-END, os.SEEK_END)
        end = file.read(END)
    return end.startswith(b"PK\5\6") and end.endswith(_MARK)


def _deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def key_entry(slug: str, position: int, total: int, name: str) -> str:
    """What a key's file is called in a zip: sorted by name they stand as in the collection, which has `total` keys."""
    return f"{slug}/{position:0{max(5, len(str(total)))}d}-{name}.key"


def key_data(key: str) -> bytes:
    """What a key's file holds."""
    return f"{key}\n".encode("ascii")


def key_bytes(slug: str, position: int, total: int, name: str, length: int) -> int:
    """How many bytes of a zip a key of so many characters takes."""
    return HEADER + 2 * len(key_entry(slug, position, total, name)) + length + 1
