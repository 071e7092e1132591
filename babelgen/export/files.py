"""Files of an export: whole under their own name or not there, and left alone where nothing has changed."""

from __future__ import annotations

import contextlib
import filecmp
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from babelgen.copies import same
from babelgen.errors import UserError
from babelgen.zips import Zip, is_ours

# What a killed export leaves behind.
LEFT_OVER = re.compile(r"\.(.+)\.[0-9a-f]{8}\.tmp")


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turn what the machine refuses into a sentence."""
    try:
        yield
    except OSError as error:
        raise UserError(f"The export stopped at {error.filename or path}: {error.strerror}.") from error


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Where to write a file; it is put in its place at the end, unless the same bytes are there already."""
    with telling(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = _beside(path)
        try:
            fresh.touch(exist_ok=False)
            yield fresh
            if path.is_file() and filecmp.cmp(fresh, path, shallow=False):
                return
            with fresh.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(fresh, path)
        finally:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)


def check_zip(path: Path) -> None:
    """UserError where a zip file may not go: what is there already is none, or is not ours."""
    with telling(path):
        if path.is_dir():
            raise UserError(f"{path} is a folder: say the name of a file.")
        if os.path.lexists(path) and not (path.is_file() and is_ours(path)):
            raise UserError(f"{path} is there already and is no zip file of ours: choose another name.")


@contextmanager
def zip_file(path: Path) -> Iterator[Zip]:
    """A zip file to fill, `whole` at the end; UserError as from `check_zip`."""
    check_zip(path)
    with whole(path) as place, place.open("wb") as file, Zip(file) as entries:
        yield entries


def put(source: Path, target: Path) -> bool:
    """Have a file's bytes at a place: a hard link where the disk allows it, else a copy. False where they are there."""
    if target.is_file() and same(source, target):
        return False
    fresh = _beside(target)
    try:
        try:
            os.link(source, fresh)
        except OSError:  # another file system, or one without links, or too many links
            shutil.copy2(source, fresh)
        os.replace(fresh, target)
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
    return True


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
