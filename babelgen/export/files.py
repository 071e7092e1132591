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

from filelock import FileLock, Timeout

from babelgen.copies import same
from babelgen.errors import UserError
from babelgen.zips import Zip, is_ours

# What a killed export leaves behind in a data set.
LEFT_OVER = re.compile(r"\.(.+)\.[0-9a-f]{8}\.tmp")
# What can be in a workshop beside its lock: a site that is only to be packed, and the zip file.
SITE, _ZIP = "site", "zip"


@contextmanager
def telling(path: Path) -> Iterator[None]:
    """Turn what the machine refuses into a sentence."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"The export stopped at {error.filename2 or error.filename or path}: {error.strerror}."
        ) from error


@contextmanager
def whole(path: Path, fresh: Path | None = None) -> Iterator[Path]:
    """Where to write a file; it is put in its place at the end, unless the same bytes are there already.

    fresh: the place to write it; one beside it by default.
    """
    with telling(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = fresh or _beside(path)
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
        if path.suffix.lower() not in ("", ".zip"):
            raise UserError(f"{path} would be a zip file: give it a name that ends in .zip.")
        if os.path.lexists(path) and not (path.is_file() and is_ours(path)):
            raise UserError(f"{path} is there already and is no zip file of ours: choose another name.")


@contextmanager
def workshop(path: Path) -> Iterator[Path]:
    """A hidden folder beside a zip file, to make it in, held against another export of that name; it goes at the end.

    Its name is the same each time, so that one that a killed export left is found, and emptied. UserError as from
    `check_zip`.
    """
    check_zip(path)
    shop = path.with_name(f".{path.name}.export")
    with telling(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(shop / "lock", timeout=0)
    try:
        shop.mkdir(exist_ok=True)
        lock.acquire()
    except Timeout:
        raise UserError(f"Another export is writing {path}: wait for it to end.") from None
    except OSError as error:
        raise UserError(f"The export cannot write beside {path}: {error.strerror}.") from error
    try:
        _clear(shop)
        yield shop
    finally:
        shutil.rmtree(shop, ignore_errors=True)  # while it is held: nobody else can be in it
        lock.release()


def _clear(shop: Path) -> None:
    shutil.rmtree(shop / SITE, ignore_errors=True)
    (shop / _ZIP).unlink(missing_ok=True)


@contextmanager
def zip_file(path: Path, shop: Path) -> Iterator[Zip]:
    """A zip file to fill, made in its workshop and `whole` at the end."""
    with whole(path, shop / _ZIP) as place, place.open("wb") as file, Zip(file) as entries:
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
