"""A library: a folder with its library file, read and validated.

Law: an invalid library file is refused before anything is rendered; a key's place on disk follows from the
edition and the key alone.
May import: errors, edition, collections, rooms, toml; never torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from babelgen.collections import Collection, Derived, derived, read_collection
from babelgen.edition import Edition, load_edition
from babelgen.errors import UserError
from babelgen.rooms import Term, read_glossary
from babelgen.toml import Table, read_toml

FILE = "library.toml"
LIBRARIES = Path("library")
DEFAULT = LIBRARIES / "default"  # the library where none is named
DEFAULT_EDITION = "mini"


@dataclass(frozen=True)
class Entry:
    """One item of a collection: a key of an edition, and the name that its picture's files have."""

    edition: Edition
    key: str
    name: str


@dataclass(frozen=True)
class Library:
    """A library file, validated. `id` sets this library's data apart from others' in a reader's browser."""

    root: Path
    id: str
    title: str
    description: str
    collections: tuple[Collection, ...]
    glossary: tuple[Term, ...] = ()

    def collection(self, slug: str) -> Collection:
        """The collection of that name; UserError where there is none."""
        for collection in self.collections:
            if collection.slug == slug:
                return collection
        known = ", ".join(collection.slug for collection in self.collections) or "none"
        raise UserError(f"The library in {self.root} has no collection {slug[:80]!r}; it has {known}.")

    def keys(self, collection: Collection) -> Iterator[Entry]:
        """The items of a collection in order; one key may stand in many collections."""
        edition = collection.edition
        for key in collection.spec.keys(edition):
            yield Entry(edition, key, picture_name(edition.id, key))

    def edition_of(self, collection: Collection) -> Edition:
        """The edition of a collection's keys."""
        return collection.edition

    def keys_state(self, collection: Collection) -> str:
        """What a collection's keys follow from, so that they are what they were as long as this is; '' if that is not sure."""
        edition = collection.edition
        if edition.provisional:  # its tokenizer may become another one
            return ""
        try:
            words = edition.words.stat()
        except OSError:
            return ""
        worked_out = ""
        if isinstance(collection.spec, Derived):
            found = collection.spec.path.stat()
            worked_out = f"{found.st_size} {found.st_mtime_ns}"
        said = repr(
            (
                worked_out,
                edition.id,
                collection.kind,
                collection.spec,
                edition.lengths,
                words.st_size,
                words.st_mtime_ns,
            )
        )
        return hashlib.blake2b(said.encode("utf-8", "backslashreplace"), digest_size=12).hexdigest()

    def waiting(self) -> list[tuple[Collection, Derived]]:
        """The collections whose keys are not worked out yet: asking for these is refused."""
        specs = [(collection, collection.spec) for collection in self.collections]
        return [(of, spec) for of, spec in specs if isinstance(spec, Derived) and not spec.ready]

    def known(self) -> Library:
        """The library without those collections."""
        waiting = [collection for collection, _ in self.waiting()]
        return replace(self, collections=tuple(each for each in self.collections if each not in waiting))

    def entries(self) -> Iterator[Entry]:
        """The items of all collections."""
        for collection in self.collections:
            yield from self.keys(collection)


def picture_name(edition: str, key: str) -> str:
    """The name of a picture's files: 32 hexadecimal characters of a BLAKE2b hash of edition and key."""
    return hashlib.blake2b(f"{edition}\n{key}".encode(), digest_size=16).hexdigest()


def load_library(root: Path) -> Library:
    """The library in a folder."""
    if not (root / FILE).is_file():
        raise UserError(f"There is no library in {root}: it has no {FILE}.")
    return read_library(root / FILE, root)


def read_library(path: Path, root: Path) -> Library:
    """Read a library file (or a recipe) for the library in `root`; UserError says which field is wrong."""
    top = read_toml(path)
    default = _edition(top, path, None)
    collections = [
        _keyed(read_collection(table, _edition(table, path, default), path.parent), root)
        for table in top.tables("collection")
    ]
    library = Library(
        root=root,
        id=picture_name("library", root.resolve().name)[:8],
        title=top.text("title", root.name),
        description=top.text("description", ""),
        collections=tuple(collections),
        glossary=read_glossary(top, path.parent),
    )
    top.refuse_others()
    _refuse_twins(library, path)
    return library


def _keyed(collection: Collection, root: Path) -> Collection:
    """A collection whose keys are in a file of the library where only the model can tell them."""
    if not collection.spec.shelves(collection.edition):
        return collection
    spec = derived(collection.spec, collection.slug, collection.kind, collection.edition, root)
    return replace(collection, spec=spec)


def _edition(table: Table, path: Path, default: Edition | None) -> Edition:
    """The edition that a table names, or the default where it names none."""
    if default is not None and "edition" not in table.names():
        return default
    name = table.text("edition", DEFAULT_EDITION)
    try:
        return load_edition(name, path.parent)
    except UserError as error:
        raise table.error("edition", f"is refused: {str(error).rstrip('.')}") from error


def _refuse_twins(library: Library, path: Path) -> None:
    seen: set[str] = set()
    for collection in library.collections:
        if collection.slug in seen:
            raise UserError(f"{path}: two collections have the name {collection.slug!r}.")
        seen.add(collection.slug)
