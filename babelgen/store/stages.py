"""Stages of pictures, put in their place as one folder, whole or not at all, and taken away."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from babelgen.errors import UserError
from babelgen.stages import FOLDER, RECORD, SERIES, WIDTH, Kept, Stages, file_name, folder_of, read_stages
from babelgen.store.files import make_folder, sync_folder
from babelgen.store.pictures import encode_webp

_NAME = re.compile(r"[0-9a-f]{32}")
_TEMPORARY = re.compile(r"\.[0-9a-f]{32}\.[0-9a-f]{8}\.tmp")
_OURS = re.compile(rf"(?:{'|'.join(SERIES)})-\d\d\.webp|{re.escape(RECORD)}")


@dataclass(frozen=True)
class Stage:
    """One stage as files. timestep: see `Kept`. data: WebP, one for each of SERIES."""

    step: int
    timestep: int | None
    data: tuple[bytes, ...]


def encode_stage(step: int, timestep: int | None, pixels: Sequence[NDArray[np.uint8]]) -> Stage:
    """A stage from its pixels (height, width, 3), one for each of SERIES."""
    return Stage(step, timestep, tuple(encode_webp(one, WIDTH) for one in pixels))


def put_stages(root: Path, name: str, steps: int, size: tuple[int, int], stages: Sequence[Stage]) -> None:
    """Put the stages of a picture in their place, durably; size: the picture's width and height.

    UserError where the machine refuses. What stood in that place and was not whole goes.
    """
    width = min(WIDTH, size[0])
    height = size[1] if width == size[0] else max(1, round(size[1] * width / size[0]))
    kept = tuple(Kept(one.step, one.timestep, tuple(map(len, one.data))) for one in stages)
    files = {
        file_name(one.step, series): data
        for one in stages
        for series, data in zip(SERIES, one.data, strict=True)
    }
    folder = folder_of(root, name)
    try:
        make_folder(folder.parent)
        fresh = _fill(folder, {**files, RECORD: Stages(steps, width, height, kept).record()})
        try:
            _swap(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        sync_folder(folder.parent)
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror}.") from error


def _fill(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A folder beside the place of another, with synced files."""
    fresh = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    fresh.mkdir()
    try:
        for name, data in files.items():
            with (fresh / name).open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        sync_folder(fresh)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return fresh


def _swap(fresh: Path, folder: Path) -> None:
    """Have a folder in a place where another may be: a whole one stays, since it is as good."""
    try:
        os.rename(fresh, folder)
    except OSError:
        if not folder.is_dir() or folder.is_symlink():
            raise
        if read_stages(folder) is None:
            old = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
            os.rename(folder, old)
            os.rename(fresh, folder)
            shutil.rmtree(old, ignore_errors=True)


def stages_in_place(root: Path, name: str) -> bool:
    """Whether a picture's stages are all there, with their sizes."""
    return read_stages(folder_of(root, name)) is not None


def stage_folders(root: Path, part: str) -> tuple[list[Path], list[Path]]:
    """The folders of stages in a part of a library, by name, and what killed writers left beside them."""
    place = root / FOLDER / part
    if (root / FOLDER).is_symlink() or place.is_symlink() or not place.is_dir():
        return [], []
    with os.scandir(place) as entries:
        found = sorted(Path(one.path) for one in entries if one.is_dir(follow_symlinks=False))
    return (
        [one for one in found if _NAME.fullmatch(one.name)],
        [one for one in found if _TEMPORARY.fullmatch(one.name)],
    )


def size_of(folder: Path) -> int:
    """The bytes of the files of stages in a folder; of those that have gone meanwhile, none."""
    size = 0
    for path in _files(folder):
        with contextlib.suppress(FileNotFoundError):
            size += path.lstat().st_size
    return size


def remove_stages(folder: Path) -> None:
    """Remove a folder of stages; it stays where there is something in it that is not ours."""
    for path in _files(folder):
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _files(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return [
            Path(one.path)
            for one in entries
            if one.is_file(follow_symlinks=False) and _OURS.fullmatch(one.name)
        ]
    return []
