"""Keys as one zip file: a folder a collection, a key file an item."""

from __future__ import annotations

from pathlib import Path

from babelgen.catalog import Catalog
from babelgen.export.files import workshop, zip_file
from babelgen.export.selection import chosen, items
from babelgen.library import Library
from babelgen.zips import key_data, key_entry


def export_keys(
    library: Library,
    catalog: Catalog,
    out: Path,
    slug: str | None,
    flagged: bool = False,
    unprinted: bool = False,
) -> int:
    """Write the key files of a collection, or of all, to a zip file, and return how many.

    unprinted: those of items whose picture is not rendered, too.
    """
    count = 0
    collections = chosen(library, slug)
    with workshop(out) as shop, zip_file(out, shop) as keys:
        for collection in collections:
            total = collection.spec.count()
            for position, entry, picture in items(library, collection, catalog, flagged):
                if picture is not None or unprinted:
                    keys.add(key_entry(collection.slug, position, total, entry.name), key_data(entry.key))
                    count += 1
    return count
