"""Journals: what a process has done, a line each, durable before anybody is told of it.

A line is the CRC-32 of its text in 8 hexadecimal digits, a space, and the text, a JSON object. A line that is torn or
damaged is seen to be, and what it told of counts as not done.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import threading
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock

from babelgen.catalog import Facts, Failure, Picture
from babelgen.errors import UserError
from babelgen.store.files import sync_folder

Entry = Picture | Failure | Facts
_KINDS: dict[str, type[Picture] | type[Failure] | type[Facts]] = {
    "picture": Picture,
    "failure": Failure,
    "facts": Facts,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
SUFFIX, LOCK_SUFFIX = ".journal", ".lock"
PATIENCE = 10.0  # seconds; others take a journal's lock for a moment, to see whether it is held


class Journal:
    """One process's journal, for its threads to write; see `open_journal`."""

    def __init__(self, path: Path, handle: int) -> None:
        self._path = path
        self._handle = handle
        self._turn = threading.Lock()

    def record(self, entry: Entry) -> None:
        """Write an entry; when this returns, no failure of power or process loses it. UserError on a full disk."""
        line = _line(entry)
        with self._turn:
            end = os.fstat(self._handle).st_size
            try:
                if os.write(self._handle, line) < len(line):
                    raise OSError(28, "No space left on device")
                os.fsync(self._handle)
            except OSError as error:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._handle, end)  # so that half a line does not spoil the next
                raise UserError(f"{self._path} cannot be written: {error.strerror}.") from error


@contextlib.contextmanager
def open_journal(folder: Path) -> Iterator[Journal]:
    """A new journal in the folder of a run, which is there already; while it is open a lock beside it says so."""
    path = folder / f"{secrets.token_hex(4)}{SUFFIX}"
    if not folder.is_dir():  # locking would make it
        raise UserError(f"{path} cannot be written: the folder of its run is gone.")
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(filelock.FileLock(path.with_suffix(LOCK_SUFFIX), timeout=PATIENCE))
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
            stack.callback(os.close, handle)
            sync_folder(folder)
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror}.") from error
        yield Journal(path, handle)


def _line(entry: Entry) -> bytes:
    text = json.dumps({_NAMES[type(entry)]: asdict(entry)}).encode("ascii")
    return b"%08x %s\n" % (zlib.crc32(text), text)


@dataclass
class Reader:
    """Reads a journal that may still be written. offset: of the first line not read yet. damaged: lines so far."""

    path: Path
    offset: int = 0
    damaged: int = 0

    def read(self, most: int = -1) -> list[Entry]:
        """The entries since the last time; what is not a whole line yet is left for the next.

        most: bytes that are read at once, but for one longer line; below zero for all. None are there, or left, where
        `offset` stays.
        """
        with self.path.open("rb") as file:
            file.seek(self.offset)
            data = file.read(most)
            if most >= 0 and b"\n" not in data:
                data += file.readline()
        lines, _, _ = data.rpartition(b"\n")
        if not lines:
            return []
        self.offset += len(lines) + 1
        entries = [_entry(line) for line in lines.split(b"\n")]
        self.damaged += entries.count(None)
        return [entry for entry in entries if entry is not None]


def _entry(line: bytes) -> Entry | None:
    """The entry of a line; None where it is damaged."""
    check, _, text = line.partition(b" ")
    if check != b"%08x" % zlib.crc32(text):
        return None
    try:
        ((name, fields),) = json.loads(text).items()
        return _KINDS[name](**fields)
    except (AttributeError, KeyError, TypeError, ValueError):  # of another version of this program
        return None
