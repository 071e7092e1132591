"""`range`, `random`, `search`: add a collection to a library, and render it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from babelgen.collections import check_slug, read_collection
from babelgen.commands.console import say, warn_prompts
from babelgen.commands.render import render_and_report, settled
from babelgen.edition import load_edition
from babelgen.errors import UserError
from babelgen.library import DEFAULT, DEFAULT_EDITION, FILE, load_library
from babelgen.rooms import FIELDS
from babelgen.settings import Run
from babelgen.store import add_collection
from babelgen.toml import Table, read_toml


@dataclass(frozen=True)
class Addition:
    """A collection that a command adds. fields: as in a library file. words: what its name is made of."""

    kind: str
    fields: Mapping[str, object]
    words: str
    name: str | None = None
    title: str | None = None
    edition: str | None = None
    description: str | None = None


def add(addition: Addition, folder: Path | None, run: Run, only: bool) -> int:
    """Add a collection, unless it is there already, and render what is missing, unless `only` adding is asked for."""
    root = folder or DEFAULT
    if not only:
        run = settled(run)
    if addition.edition is not None and addition.edition.endswith(".toml"):
        # The library file lies elsewhere, and names in it count from there.
        addition = replace(addition, edition=str(Path(addition.edition).resolve()))
    known = _tables(root)
    twin = next((name for name, table in known.items() if _same(table, addition)), None)
    if twin is not None:
        say(f"Collection {twin!r} says the same already; nothing was added.")
    else:
        fields = _fields(addition, known, root)
        add_collection(root, fields)
        say(f"Added collection {fields['name']!r} to {root / FILE}.")
    library = load_library(root)
    if not only:
        return render_and_report(library, run)
    if twin is None:
        added = library.collections[-1]
        warn_prompts(added.edition, added.spec.prompts())
    return 0


def _tables(root: Path) -> dict[str, dict[str, object]]:
    """The collections of a library file as plain tables, by name; none where there is no library yet."""
    if not (root / FILE).is_file():
        return {}
    library = load_library(root)
    raw = read_toml(root / FILE).raw("collection")
    return {collection.slug: table for collection, table in zip(library.collections, raw, strict=True)}


def _same(table: Mapping[str, object], addition: Addition) -> bool:
    wanted = {"kind": addition.kind, **addition.fields}
    if addition.edition is not None:
        wanted["edition"] = addition.edition
    for_people = ("name", "title", "description", "added", *FIELDS)
    bare = {name: value for name, value in table.items() if name not in for_people}
    return bare == wanted and addition.name in (None, table.get("name"))


def _fields(addition: Addition, known: Mapping[str, object], root: Path) -> dict[str, object]:
    """The new collection's table, validated before anything is written."""
    name = _free_name(addition.words, known) if addition.name is None else addition.name
    if complaint := check_slug(name):
        raise UserError(f"The name of a collection {complaint}.")
    if name in known:
        raise UserError(f"{root} has another collection with the name {name!r}.")
    fields: dict[str, object] = {
        "name": name,
        "title": addition.title or addition.words,
        "kind": addition.kind,
    }
    if addition.description:
        fields["description"] = addition.description
    if addition.edition is not None:
        fields["edition"] = addition.edition
    fields |= addition.fields
    read_collection(Table(dict(fields), "the new collection"), load_edition(edition_of(addition, root), root))
    return fields


def edition_of(addition: Addition, root: Path) -> str:
    """The name of the edition that a collection will be of: its own, or the library's."""
    if addition.edition is not None:
        return addition.edition
    if not (root / FILE).is_file():
        return DEFAULT_EDITION
    return read_toml(root / FILE).text("edition", DEFAULT_EDITION)


def _free_name(words: str, known: Mapping[str, object]) -> str:
    stem = "-".join(re.findall(r"[a-z0-9]+", words.lower()))[:48].strip("-") or "collection"
    if stem not in known:
        return stem
    number = next(n for n in range(2, len(known) + 3) if f"{stem}-{n}" not in known)
    return f"{stem}-{number}"
