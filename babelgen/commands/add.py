"""What adds a collection to a library, and renders it: `range`, `random`, `search`, `matrix`, `interpolate`, `walk`, `evolve`."""

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
from babelgen.gallery.text import titled
from babelgen.library import DEFAULT, DEFAULT_EDITION, FILE, load_library
from babelgen.rooms import FIELDS
from babelgen.settings import Destination, Run
from babelgen.store import add_collection
from babelgen.toml import Table, read_toml


@dataclass(frozen=True)
class Addition:
    """A collection that a command adds. fields: as in a library file. words: what its name is made of."""

    kind: str
    fields: Mapping[str, object]
    words: str
    description: str | None = None


def add(addition: Addition, destination: Destination, run: Run) -> int:
    """Add a collection, unless it is there already, and render what is missing, unless only adding is asked for."""
    if not destination.only:
        run = settled(run)
    before = len(_tables(destination.library or DEFAULT))
    ensure(addition, destination)
    library = load_library(destination.library or DEFAULT)
    if not destination.only:
        return render_and_report(library, run)
    for added in library.collections[before:]:
        warn_prompts(added.edition, added.spec.prompts())
    return 0


def ensure(addition: Addition, destination: Destination) -> str:
    """Add a collection, unless it is there already; its name."""
    root = destination.library or DEFAULT
    if destination.edition is not None and destination.edition.endswith(".toml"):
        # The library file lies elsewhere, and names in it count from there.
        destination = replace(destination, edition=str(Path(destination.edition).resolve()))
    known = _tables(root)
    twin = next((name for name, table in known.items() if _same(table, addition, destination)), None)
    if twin is not None:
        say(f"Collection {twin!r} says the same already; nothing was added.")
        return twin
    fields = _fields(addition, destination, known, root)
    add_collection(root, fields)
    say(f"Added collection {fields['name']!r} to {root / FILE}.")
    return str(fields["name"])


def _tables(root: Path) -> dict[str, dict[str, object]]:
    """The collections of a library file as plain tables, by name; none where there is no library yet."""
    if not (root / FILE).is_file():
        return {}
    library = load_library(root)
    raw = read_toml(root / FILE).raw("collection")
    return {collection.slug: table for collection, table in zip(library.collections, raw, strict=True)}


def _same(table: Mapping[str, object], addition: Addition, destination: Destination) -> bool:
    wanted = {"kind": addition.kind, **addition.fields}
    if destination.edition is not None:
        wanted["edition"] = destination.edition
    # For people, for pages, or what came of it.
    besides = ("name", "title", "description", "added", "generations", "stages", "film", *FIELDS)
    bare = {name: value for name, value in table.items() if name not in besides}
    return bare == wanted and destination.name in (None, table.get("name"))


def _fields(
    addition: Addition, destination: Destination, known: Mapping[str, object], root: Path
) -> dict[str, object]:
    """The new collection's table, validated before anything is written."""
    name = _free_name(addition.words, known) if destination.name is None else destination.name
    if complaint := check_slug(name):
        raise UserError(f"The name of a collection {complaint}.")
    if name in known:
        raise UserError(f"{root} has another collection with the name {name!r}.")
    fields: dict[str, object] = {
        "name": name,
        "title": destination.title or titled(" ".join(addition.words.split())),
        "kind": addition.kind,
    }
    if addition.description:
        fields["description"] = addition.description
    if destination.edition is not None:
        fields["edition"] = destination.edition
    fields |= addition.fields
    edition = load_edition(edition_of(destination.edition, root), root)
    read_collection(Table(dict(fields), "the new collection"), edition)
    return fields


def edition_of(named: str | None, root: Path) -> str:
    """The name of the edition that a collection will be of: the one that is named, or the library's."""
    if named is not None:
        return named
    if not (root / FILE).is_file():
        return DEFAULT_EDITION
    return read_toml(root / FILE).text("edition", DEFAULT_EDITION)


def _free_name(words: str, known: Mapping[str, object]) -> str:
    stem = "-".join(re.findall(r"[a-z0-9]+", words.lower()))[:48].strip("-") or "collection"
    if stem not in known:
        return stem
    number = next(n for n in range(2, len(known) + 3) if f"{stem}-{n}" not in known)
    return f"{stem}-{number}"
