"""A library's own file: copied from a recipe, and what commands add to it."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import filelock
import tomlkit

from babelgen.errors import UserError
from babelgen.library import FILE as LIBRARY_FILE
from babelgen.rooms import is_beside
from babelgen.store.files import make_folder, write_atomic

ROOMS = "rooms"  # the folder of a library for the texts and pictures that its recipe names


def copy_recipe(recipe: Path, root: Path) -> None:
    """Make a recipe the library file of a library, followed by the collections that commands added to it.

    Where the recipe has not changed since it was last copied, the copy stays: it may be edited. The texts and pictures
    that the recipe names are copied, too, whenever they are others than in the library.
    """
    data = _read(recipe)
    with changing(root):
        _copy_recipe(recipe, data, root)


def _copy_recipe(recipe: Path, data: bytes, root: Path) -> None:
    target, original = root / LIBRARY_FILE, root / "recipe.toml"
    if target.exists() and target.samefile(recipe):
        return
    document, added = _parse(recipe, data), []
    _bring_files(document, recipe.parent, root)
    if target.exists() and original.exists() and _read(original) == data:
        return
    if target.exists():
        old = _read(target)
        added = [table for table in _parse(target, old).get("collection", []) if table.get("added")]
        _keep_bred(document, tomllib.loads(old.decode()), recipe, root)
        write_atomic(root / f"{LIBRARY_FILE}.old", old)
    write_atomic(target, _append(target, _resolve_editions(recipe, document), added))
    write_atomic(original, data)


def _keep_bred(document: tomlkit.TOMLDocument, old: Mapping[str, Any], recipe: Path, root: Path) -> None:
    """Have the recipe's evolutions go on as they have in the library; UserError where they cannot be those."""
    bred = {table.get("name"): table.get("generations", []) for table in old.get("collection", [])}
    for table in document.get("collection", []):
        said, grown = table.unwrap().get("generations", []), bred.get(table.get("name"), [])
        if table.get("kind") != "evolution" or len(grown) <= len(said):
            continue
        if grown[: len(said)] != said:
            raise UserError(
                f"{recipe} has other generations of {table['name']!r} than were bred in {root / LIBRARY_FILE}: make them"
                " the same as far as they go, or give the collection another name."
            )
        _append_generations(table, grown[len(said) :])


@contextlib.contextmanager
def changing(root: Path) -> Iterator[None]:
    """Hold a library's own file for a change: from reading it to writing it, one process at a time."""
    try:
        make_folder(root)
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


def add_generations(root: Path, slug: str, generations: Sequence[Mapping[str, object]], after: int) -> None:
    """Append generations to an evolution of a library's own file, which must have `after` so far; the rest stays as it is."""
    with changing(root):
        target = root / LIBRARY_FILE
        data = _read(target)
        document, plain = _parse(target, data), tomllib.loads(data.decode())
        (place,) = (at for at, each in enumerate(plain["collection"]) if each["name"] == slug)
        table, known = document["collection"][place], plain["collection"][place].get("generations", [])
        if len(known) != after:
            raise UserError(f"Collection {slug!r} has got other generations meanwhile: look at it again.")
        plain["collection"][place]["generations"] = [*known, *map(dict, generations)]
        _append_generations(table, generations)
        if _loaded(tomlkit.dumps(document)) != plain:  # as where a comment stands behind the last one
            _set_generations(table, plain["collection"][place]["generations"])
        if _loaded(text := tomlkit.dumps(document)) != plain:
            raise UserError(f"Nothing can be added to {slug!r} in {target}: write its generations as tables.")
        write_atomic(target, text.encode())


def _append_generations(table: Any, generations: Iterable[Mapping[str, object]]) -> None:
    if "generations" not in table:
        _set_generations(table, [])
    inline = isinstance(table["generations"], tomlkit.items.Array)
    for fields in generations:
        one = tomlkit.inline_table() if inline else tomlkit.table()
        one.update(fields)
        table["generations"].append(one)


def _set_generations(table: Any, generations: Iterable[Mapping[str, object]]) -> None:
    """Write all of them anew; comments among them go."""
    if "generations" in table:
        table.remove("generations")
    table.append("generations", tomlkit.array().multiline(True))
    _append_generations(table, generations)


def _loaded(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except ValueError:
        return None


def _bring_files(document: tomlkit.TOMLDocument, folder: Path, root: Path) -> None:
    """Copy the texts and pictures that a recipe in `folder` names into the library, and have the document name the copies."""
    for table, name in _named_files(document):
        path = str(table[name])
        if not is_beside(path):
            raise UserError(f"{path!r} does not lie beside the recipe that names it.")
        target, data = root / ROOMS / path, _read(folder / path)
        if not target.is_file() or _read(target) != data:
            write_atomic(target, data)
        table[name] = f"{ROOMS}/{path}"


def _named_files(document: tomlkit.TOMLDocument) -> Iterator[tuple[Any, str]]:
    """Each table of a recipe that names a file of its own folder, and in which field."""
    if "glossary" in document:
        yield document, "glossary"
    for collection in document.get("collection", []):
        if "essay" in collection:
            yield collection, "essay"
        for reference in collection.get("references", []):
            if "file" in reference:
                yield reference, "file"


def _resolve_editions(recipe: Path, document: tomlkit.TOMLDocument) -> str:
    """A recipe's text with the edition files that it names made absolute: the copy lies elsewhere."""
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
