"""Staging: how one file comes into a site, seen by whoever makes it; several processes may do so at once.

Law: what stands in the site is not touched here but where that cannot be seen: a file that no page names yet, or one that
is replaced by another in one step.
May import: the standard library, babelgen.copies, babelgen.errors, gallery.paths, gallery.signs.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from babelgen.copies import same
from babelgen.errors import UserError
from babelgen.gallery import paths
from babelgen.gallery.signs import sign_bytes

_SHARDS = 64  # processes that write to one folder wait for each other
SAME, ADDED, CHANGED = "unchanged", "added", "changed"


@dataclass(frozen=True)
class Places:
    """The folder of a site, where new files wait for it, and the library's folder."""

    site: Path
    staged: Path
    library: Path


class Made(NamedTuple):
    """A file that was made. holds: the sign of its bytes; state: what it is to the site; page: the one that it is beside.

    names: of an item's page, those of its picture and of the pictures before and after it in the whole library.
    """

    path: str
    holds: str
    state: str
    page: str = ""
    names: tuple[str, str, str] | None = None


def prepare(places: Places) -> None:
    """Make the folders where files wait, empty."""
    shutil.rmtree(places.staged, ignore_errors=True)
    try:
        for shard in range(_SHARDS):
            (places.staged / f"{shard:02x}").mkdir(parents=True)
    except OSError as error:
        raise UserError(f"The site folder {places.site} cannot be written: {error.strerror}.") from error


def stage(places: Places, path: str, data: bytes, known: str | None) -> tuple[str, str]:
    """Have a file wait for the site unless the site has it. `known`: the sign of what it has, if that is sure.

    The sign of the bytes, and what they are to the site.
    """
    sign, target = sign_bytes(data), f"{places.site}/{path}"
    if known == sign:
        return sign, SAME
    there = os.path.exists(target)
    if there and known is None and _read(target, len(data)) == data:
        return sign, SAME
    _put(_waits(places, path), data)
    return sign, CHANGED if there else ADDED


@contextmanager
def placing(places: Places) -> Iterator[None]:
    """Tell of what cannot be put into a site by its place there, and not by the one where it waits."""
    try:
        yield
    except OSError as error:
        place = str(error.filename2 or error.filename or "")
        if not Path(place).is_relative_to(places.site) or Path(place).is_relative_to(places.staged):
            raise
        raise UserError(
            f"{place} cannot be written, so the site is not finished: {error.strerror}."
        ) from error


def move(places: Places, path: str) -> None:
    """Put a file that waits into the site."""
    source, target = _waits(places, path), f"{places.site}/{path}"
    try:
        os.replace(source, target)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.replace(source, target)


def hang(places: Places, name: str, files: list[tuple[str, bytes]]) -> Iterator[str]:
    """Have a picture's three files in the site, and some small ones beside it; what each was to the site."""
    for where in (paths.picture, paths.view, paths.thumb):
        path = where(name)
        yield link(places, path, f"{places.library}/{path}")
    for path, data in files:
        yield _write(places, path, data)


def _write(places: Places, path: str, data: bytes) -> str:
    """Have a file in the site at once: a new one is named by no page, so that nobody sees the half of it."""
    try:
        _put(f"{places.site}/{path}", data, os.O_EXCL)
        return ADDED
    except FileNotFoundError:
        os.makedirs(os.path.dirname(f"{places.site}/{path}"), exist_ok=True)
    except FileExistsError:
        pass
    state = stage(places, path, data, None)[1]
    if state != SAME:
        move(places, path)
    return state


def link(places: Places, path: str, source: str) -> str:
    """Have a file of the library in the site, at once: a hard link to it where the file system allows, else a copy."""
    target = f"{places.site}/{path}"
    try:
        os.link(source, target)
        return ADDED
    except FileExistsError:
        if same(source, target):
            return SAME
        waiting(places, path, source)
        move(places, path)
        return CHANGED
    except OSError:  # no such folder, another file system, one without links, or too many links
        there = os.path.exists(target)
        if there and same(source, target):
            return SAME
        waiting(places, path, source)
        move(places, path)
        return CHANGED if there else ADDED


def waiting(places: Places, path: str, source: str | Path) -> None:
    """Have a file of the library wait for the site."""
    place = _waits(places, path)
    try:
        os.link(source, place)
    except OSError:
        shutil.copy2(source, place)


def holds(path: Path) -> str:
    """The sign of a file's bytes; '' where there is none."""
    try:
        return sign_bytes(path.read_bytes())
    except OSError:
        return ""


def _waits(places: Places, path: str) -> str:
    """Where a file waits: in one of a few folders, since making folders takes longer than making files."""
    return f"{places.staged}/{crc32(path.encode()) % _SHARDS:02x}/{path.replace('/', ',')}"


def _put(place: str, data: bytes, flag: int = os.O_TRUNC) -> None:
    file = os.open(place, os.O_WRONLY | os.O_CREAT | flag, 0o666)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(file, left) :]
    finally:
        os.close(file)


def _read(target: str, size: int) -> bytes | None:
    """What a file holds, if it is of that size."""
    try:
        if os.path.getsize(target) != size:
            return None
        with open(target, "rb") as file:
            return file.read()
    except OSError:
        return None
