"""Films of collections: what lies in their folder, and how one is taken away."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from babelgen.errors import UserError
from babelgen.films import FOLDER, record_file
from babelgen.store.files import sync_folder

File = os.DirEntry[str]


def forget_film(root: Path, slug: str) -> None:
    """Take a film's record away, durably, before anything else of it changes."""
    path = record_file(root, slug)
    try:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            sync_folder(path.parent)
    except OSError as error:
        raise UserError(f"{path} cannot be removed: {error.strerror}.") from error


def film_files(root: Path) -> list[File]:
    """The files in a library's folder of films, by name."""
    folder = root / FOLDER
    if folder.is_symlink() or not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        files = [file for file in entries if file.is_file(follow_symlinks=False)]
    return sorted(files, key=lambda file: file.name)
