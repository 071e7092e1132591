"""The store: the only writer of a library folder.

Law: a file is written beside its place, synced, moved into place, and its folder synced; the picture first, its
row last. So whatever moment the power fails, what the catalog reports is there, whole.
May import: errors, catalog, library, Pillow; never torch.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sqlite3
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import filelock
import numpy as np
import tomlkit
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from babelgen import catalog
from babelgen.catalog import Failure, Picture
from babelgen.errors import UserError
from babelgen.library import FILE as LIBRARY_FILE

THUMBNAIL_WIDTH = 160
VIEW_QUALITY = 80
# How hard to look for fewer bytes: where twice the time and more would save less than a tenth of a file.
PNG_LEVEL, WEBP_METHOD = 4, 2
SUFFIXES = {"pictures": ".png", "views": ".webp", "thumbs": ".webp"}


def file_of(root: Path, folder: str, name: str) -> Path:
    """Where a picture's file lies; folder: pictures (lossless), views, thumbs."""
    return root / folder / name[:2] / f"{name}{SUFFIXES[folder]}"


def write_atomic(path: Path, data: bytes) -> None:
    """Put a file in its place whole, or not at all, and durably; UserError where the machine refuses."""
    try:
        _make_folder(path.parent)
        _replace(path, data)
        _sync_folder(path.parent)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}.") from error


def _replace(path: Path, data: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each as durable as a file."""
    if folder.exists():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def encode_png(pixels: NDArray[np.uint8], texts: Mapping[str, str]) -> bytes:
    """RGB pixels (height, width, 3) as PNG with text chunks; the same input gives the same bytes."""
    info = PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    buffer = io.BytesIO()
    Image.fromarray(pixels, "RGB").save(buffer, "PNG", pnginfo=info, compress_level=PNG_LEVEL)
    return buffer.getvalue()


def encode_webp(pixels: NDArray[np.uint8], width: int | None = None) -> bytes:
    """RGB pixels as WebP, scaled to a width where one is given."""
    image = Image.fromarray(pixels, "RGB")
    if width is not None and width < image.width:
        height = max(1, round(image.height * width / image.width))
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=VIEW_QUALITY, method=WEBP_METHOD)
    return buffer.getvalue()


def put_picture(root: Path, name: str, pixels: NDArray[np.uint8], texts: Mapping[str, str]) -> None:
    """Write a picture's three files, the lossless one last, since it is the one that counts."""
    write_atomic(file_of(root, "thumbs", name), encode_webp(pixels, THUMBNAIL_WIDTH))
    write_atomic(file_of(root, "views", name), encode_webp(pixels))
    write_atomic(file_of(root, "pictures", name), encode_png(pixels, texts))


def in_place(root: Path, name: str) -> bool:
    """Whether a picture's files are all there and not empty."""
    for folder in SUFFIXES:
        try:
            if file_of(root, folder, name).stat().st_size == 0:
                return False
        except OSError:
            return False
    return True


@dataclass(frozen=True)
class Store:
    """The open library folder of the one process that holds its lock; see `open_store`."""

    root: Path
    connection: sqlite3.Connection

    def record(self, pictures: Sequence[Picture], failures: Sequence[Failure] = ()) -> None:
        """Report pictures done, or failed, in one durable transaction."""
        marks = ", ".join("?" * len(catalog.COLUMNS))
        with catalog.telling(self.root), self.connection:
            self.connection.executemany(
                f"INSERT OR REPLACE INTO pictures VALUES ({marks})", [catalog.as_row(p) for p in pictures]
            )
            self.connection.executemany("DELETE FROM failures WHERE name = ?", [(p.name,) for p in pictures])
            self.connection.executemany(
                "INSERT OR REPLACE INTO failures VALUES (?, ?, ?, ?, ?)",
                [(f.name, f.key, f.edition, f.reason, f.failed_at) for f in failures],
            )

    def record_facts(self, table: str, key: str, facts: Mapping[str, str]) -> None:
        """Keep the facts of a profile or an edition; table: profiles, editions."""
        text = json.dumps(dict(facts), ensure_ascii=False)
        with catalog.telling(self.root), self.connection:
            self.connection.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", (key, text))


@contextlib.contextmanager
def open_store(root: Path) -> Iterator[Store]:
    """Open a library for writing. UserError when another process has it open; a dead one holds nothing."""
    try:
        _make_folder(root)
        lock = filelock.FileLock(root / "render.lock", timeout=0)
        lock.acquire()
    except filelock.Timeout as error:
        raise UserError(f"Another process is rendering into {root}: wait for it to end.") from error
    except OSError as error:
        raise UserError(f"The library folder {root} cannot be written: {error.strerror}.") from error
    try:
        connection = _connect(root)
        try:
            yield Store(root, connection)
        finally:
            connection.close()
    finally:
        lock.release()


def _connect(root: Path) -> sqlite3.Connection:
    catalog.connect(root).close()  # refuses a damaged catalog, or one of another version
    with catalog.telling(root):
        connection = sqlite3.connect(root / catalog.FILE, timeout=60)
        connection.execute("PRAGMA synchronous = EXTRA")  # the folder too: a row is there once it is reported
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version < catalog.SCHEMA_VERSION:
            changes = "".join(catalog.UPGRADES[version:])
            now = f"PRAGMA user_version = {catalog.SCHEMA_VERSION}"
            connection.executescript(f"BEGIN IMMEDIATE; {changes} {now}; COMMIT;")
    return connection


def copy_recipe(recipe: Path, root: Path) -> None:
    """Make a recipe the library file of a library, followed by the collections that commands added to it.

    Where the recipe has not changed since it was last copied, nothing is written: the copy may be edited.
    """
    data = _read(recipe)
    with changing(root):
        _copy_recipe(recipe, data, root)


def _copy_recipe(recipe: Path, data: bytes, root: Path) -> None:
    target, original = root / LIBRARY_FILE, root / "recipe.toml"
    if target.exists() and (target.samefile(recipe) or (original.exists() and _read(original) == data)):
        return
    text, added = _resolve_editions(recipe, data), []
    if target.exists():
        old = _read(target)
        added = [table for table in _parse(target, old).get("collection", []) if table.get("added")]
        write_atomic(root / f"{LIBRARY_FILE}.old", old)
    write_atomic(target, _append(target, text, added))
    write_atomic(original, data)


@contextlib.contextmanager
def changing(root: Path) -> Iterator[None]:
    """Hold a library's own file for a change: from reading it to writing it, one process at a time."""
    try:
        _make_folder(root)
        lock = filelock.FileLock(root / "library.lock")
        lock.acquire()
    except OSError as error:
        raise UserError(f"The library folder {root} cannot be written: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()


def add_collection(root: Path, fields: Mapping[str, object]) -> None:
    """Append a collection to a library's own file; comments and order there stay as they are."""
    with changing(root):
        _add_collection(root, fields)


def _add_collection(root: Path, fields: Mapping[str, object]) -> None:
    target = root / LIBRARY_FILE
    text = _read(target).decode() if target.exists() else tomlkit.dumps({"title": root.resolve().name})
    table = tomlkit.table()
    for name, value in {**fields, "added": True}.items():
        table.append(name, value)
    write_atomic(target, _append(target, text, [table]))


def _resolve_editions(recipe: Path, data: bytes) -> str:
    """A recipe's text with the edition files that it names made absolute: the copy lies elsewhere."""
    document = _parse(recipe, data)
    for table in [document, *document.get("collection", [])]:
        if str(table.get("edition", "")).endswith(".toml"):
            table["edition"] = str((recipe.parent / table["edition"]).resolve())
    return tomlkit.dumps(document)


def _append(target: Path, text: str, tables: Sequence[object]) -> bytes:
    """A library file with more collections at its end; UserError where it could not be read again."""
    for table in tables:
        array = tomlkit.aot()
        array.append(table)
        document = tomlkit.document()
        document.append("collection", array)
        text = text.rstrip("\n") + "\n\n" + tomlkit.dumps(document)
    try:
        names = [table.get("name") for table in tomllib.loads(text).get("collection", [])]
    except ValueError as error:
        raise UserError(
            f"Nothing can be added to {target}: each of its collections must stand under [[collection]]."
        ) from error
    if twin := next((name for name in names if names.count(name) > 1), None):
        raise UserError(f"{target} would have two collections with the name {twin!r}: rename one of them.")
    return text.encode()


def _parse(path: Path, data: bytes) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(data)
    except (UnicodeDecodeError, tomlkit.exceptions.TOMLKitError) as error:
        raise UserError(f"{path} is not valid TOML: {error}.") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
