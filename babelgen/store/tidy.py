"""Tidying: what lies in the folders of pictures, and how pictures are taken out of a library.

Law: a picture's row goes first, durably, and its files after it: so whatever moment the power fails, no row is left
whose files were taken away, but perhaps files without a row, which are seen to be nobody's. Only plain files are
removed, and no link is followed.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from babelgen.store.pictures import SUFFIXES
from babelgen.store.rows import Store
from babelgen.store.runs import RUNS

BATCH = 500  # rows that are taken out in one transaction
PARTS = tuple(f"{number:02x}" for number in range(256))  # of each folder of pictures: how their names begin
_PART = re.compile(r"[0-9a-f]{2}")
_FILE = re.compile(r"([0-9a-f]{32})(\.[a-z]+)")
_TEMPORARY = re.compile(r"\..+\.tmp")

File = os.DirEntry[str]


@dataclass(frozen=True)
class Part:
    """What lies in one part of the three folders of pictures.

    files: of pictures, by name. temporary: what killed writers were writing. strange: what is not ours, or a link.
    spoilt: names of pictures in whose place something strange stands; None where that may be any of them.
    """

    files: dict[str, list[File]] = field(default_factory=dict)
    temporary: list[File] = field(default_factory=list)
    strange: list[Path] = field(default_factory=list)
    spoilt: set[str] | None = field(default_factory=set)


def read_part(root: Path, part: str) -> Part:
    """Look into one part of a library's folders of pictures."""
    found = Part()
    for folder, suffix in SUFFIXES.items():
        place = root / folder / part
        if _is_linked(root / folder) or _is_linked(place):
            return Part(spoilt=None)
        with contextlib.suppress(FileNotFoundError), os.scandir(place) as entries:
            for entry in entries:
                _sort(entry, part, suffix, found)
    return found


def _sort(entry: File, part: str, suffix: str, found: Part) -> None:
    named = _FILE.fullmatch(entry.name)
    name = named[1] if named and named[2] == suffix and named[1].startswith(part) else None
    if not entry.is_file(follow_symlinks=False):
        found.strange.append(Path(entry.path))
        if name and found.spoilt is not None:
            found.spoilt.add(name)
    elif name:
        found.files.setdefault(name, []).append(entry)
    elif _TEMPORARY.fullmatch(entry.name):
        found.temporary.append(entry)
    else:
        found.strange.append(Path(entry.path))


def _is_linked(path: Path) -> bool:
    """Whether something other than a folder of our own stands there."""
    return path.is_symlink() or (path.exists() and not path.is_dir())


def strangers(root: Path) -> list[Path]:
    """What stands in a library's folders of pictures and of runs and is no part of them; parts are not looked into."""
    found = []
    for folder in (*SUFFIXES, RUNS):
        if _is_linked(root / folder):
            found.append(root / folder)
            continue
        with contextlib.suppress(FileNotFoundError), os.scandir(root / folder) as entries:
            for entry in entries:
                ours = folder == RUNS or _PART.fullmatch(entry.name)
                if not (ours and entry.is_dir(follow_symlinks=False)):
                    found.append(Path(entry.path))
    return sorted(found)


def forget_pictures(store: Store, names: Sequence[str]) -> None:
    """Take pictures and failures out of a library's catalog, some hundreds at a time; their files may go then."""
    for start in range(0, len(names), BATCH):
        store.forget(names[start : start + BATCH])


def remove_files(paths: Iterable[str | Path]) -> None:
    """Remove files, of which some may be gone. That need not be durable: one that comes back has no row."""
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
