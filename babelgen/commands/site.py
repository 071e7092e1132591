"""`site`: build the static site of a library."""

from __future__ import annotations

from pathlib import Path

from babelgen.catalog import Catalog
from babelgen.commands.console import say
from babelgen.commands.render import DEFAULT
from babelgen.gallery import Neighbour, build_site
from babelgen.keys import KeySpace, format_key, next_key, parse_key, previous_key
from babelgen.library import Library, load_library, picture_name
from babelgen.resources import shipped


def site(folder: Path | None, out: Path) -> int:
    """Build the site of a library, or bring it up to date."""
    library = load_library(folder or DEFAULT)
    with Catalog.open(library.root) as catalog:
        built = build_site(library, catalog, out, Neighbours(library), shipped("templates"))
    if built.added or built.changed or built.removed:
        say(f"{built.added} files added, {built.changed} changed, {built.removed} removed in {out}.")
    else:
        say(f"Nothing to write: {out} is up to date.")
    say(f"Open {(out / 'index.html').resolve()} in a browser.")
    return 0


class Neighbours:
    """The keys before and after a key in the whole library of its edition."""

    def __init__(self, library: Library) -> None:
        editions = {collection.edition for collection in library.collections}
        self._spaces: dict[str, KeySpace] = {edition.id: edition.key_space() for edition in editions}

    def __call__(self, edition: str, key: str) -> tuple[Neighbour, Neighbour]:
        """The previous and the next key, with the names that their pictures have or would have."""
        space = self._spaces[edition]
        address = parse_key(key, space)
        before, after = (format_key(step(address, space), space) for step in (previous_key, next_key))
        return Neighbour(before, picture_name(edition, before)), Neighbour(
            after, picture_name(edition, after)
        )
