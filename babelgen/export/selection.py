"""The selection: which items of a library an export takes, in the library's order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from babelgen.catalog import Catalog, Picture
from babelgen.collections import Collection
from babelgen.library import Entry, Library
from babelgen.store import in_place

_BATCH = 500  # keys that the catalog is asked about at once


def chosen(library: Library, slug: str | None) -> tuple[Collection, ...]:
    """One collection of a library, or all of them; UserError for a name that none has."""
    return library.collections if slug is None else (library.collection(slug),)


def items(
    library: Library, collection: Collection, catalog: Catalog, flagged: bool
) -> Iterator[tuple[int, Entry, Picture | None]]:
    """Each item with its position (from 1) and its picture, if that is there; without those that were flagged.

    flagged: with these, too.
    """
    entries = enumerate(library.keys(collection), 1)
    while batch := list(islice(entries, _BATCH)):
        rows = catalog.pictures([entry.name for _, entry in batch])
        for position, entry in batch:
            row = rows.get(entry.name)
            if row is not None and row.flagged and not flagged:
                continue
            if row is not None and not in_place(library.root, row.name, row.sizes):
                row = None
            yield position, entry, row
