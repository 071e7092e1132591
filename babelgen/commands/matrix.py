"""`matrix`: prompts put together from lists, read from a file, listed or added to a library."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from babelgen.collections import read_collection
from babelgen.collections.matrix import Matrix
from babelgen.collections.matrix_fields import fields_of_json
from babelgen.commands.add import Addition, add, edition_of
from babelgen.edition import load_edition
from babelgen.errors import UserError
from babelgen.library import DEFAULT, read_library
from babelgen.settings import Destination, Run
from babelgen.toml import Table, read_toml


@dataclass(frozen=True)
class Request:
    """Which matrix of a file is wanted, and where it goes; what that leaves open is as the file says."""

    config: Path
    collection: str | None
    destination: Destination


def matrix(request: Request, run: Run) -> int:
    """Add the matrix to a library, and render it, unless only adding is asked for."""
    return add(*_addition(request), run)


def list_matrix(request: Request) -> int:
    """Print its prompts, numbers of steps and pages, a JSON array a line; nothing is written or rendered."""
    addition, destination = _addition(request)
    root = destination.library or DEFAULT
    edition = load_edition(edition_of(destination.edition, root), root)
    fields = {"name": destination.name or "matrix", "kind": addition.kind, **addition.fields}
    spec = read_collection(Table(fields, str(request.config)), edition).spec
    if not isinstance(spec, Matrix):
        raise AssertionError("a collection of kind matrix is a matrix")
    parts = spec.parts()
    for number in range(spec.count()):
        said = parts(number)
        row = [said.prompt, said.steps, said.page]
        # A fourth value only where there are negative prompts, so that a list without them is the earlier tool's.
        print(json.dumps(row if said.negative is None else [*row, said.negative], ensure_ascii=False))
    return 0


def _addition(request: Request) -> tuple[Addition, Destination]:
    """The matrix of a file, and where it goes, by its ending: of a library file (TOML), or else an earlier tool's JSON."""
    path = request.config
    if path.suffix.lower() == ".toml":
        fields = _fields_of_toml(path, request.collection)
    elif request.collection is not None:
        raise UserError(f"{path} has one matrix, and no name for it: leave out --collection.")
    else:
        fields = fields_of_json(path)
    words = f"matrix {fields['subjects'][0]}"
    told = {name: fields.pop(name, None) for name in ("name", "title", "description", "edition")}
    for name in ("kind", "added"):
        fields.pop(name, None)
    wanted = request.destination
    destination = replace(
        wanted, name=wanted.name or told["name"], title=wanted.title or told["title"], edition=wanted.edition or told["edition"],
    )  # fmt: skip
    return Addition("matrix", fields, str(told["title"] or words), told["description"]), destination


def _fields_of_toml(path: Path, name: str | None) -> dict[str, Any]:
    """The fields of a library file's matrix, of the one with that name where there are several."""
    if not path.is_file():
        raise UserError(f"There is no file {path}.")
    collections = read_library(path, path.parent).collections
    top = read_toml(path)
    raw = zip(collections, top.raw("collection"), strict=True)
    found = [table for one, table in raw if one.kind == "matrix" and name in (None, one.slug)]
    if len(found) > 1:
        slugs = ", ".join(str(table["name"]) for table in found)
        raise UserError(f"{path} has several matrices ({slugs}): say which one with --collection.")
    if not found:
        named = "" if name is None else f" with the name {name!r}"
        raise UserError(f"{path} has no collection of kind matrix{named}.")
    fields = dict(found[0])
    edition = fields.get("edition") or top.text("edition", "")
    if edition.endswith(".toml"):
        edition = str((path.parent / edition).resolve())
    return fields | ({"edition": edition} if edition else {})
