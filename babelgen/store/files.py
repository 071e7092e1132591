"""Files: put in their place whole, or not at all, and durably."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from babelgen.errors import UserError


def write_atomic(path: Path, data: bytes) -> None:
    """Put a file in its place whole, or not at all, and durably; UserError where the machine refuses."""
    with writing(path) as file:
        file.write(data)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Write a file piece by piece, into its place as `write_atomic` does once all is written; not at all on an error.

    UserError where the machine refuses.
    """
    try:
        make_folder(path.parent)
        with _replacing(path) as file:
            yield file
        sync_folder(path.parent)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.") from error


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    fresh = path.with_name(
        f".{path.name}.{secrets.token_hex(4)}.tmp"
    )  # on a shared disk a process's id says little
    try:
        with fresh.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each as durable as a file."""
    if folder.exists():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
