"""`site`: build the static site of a library."""

from __future__ import annotations

from pathlib import Path

from babelgen.catalog import Catalog
from babelgen.commands.console import say
from babelgen.commands.render import DEFAULT
from babelgen.gallery import Neighbour, build_site
from babelgen.keys import Codec
from babelgen.library import Library, load_library, picture_name
from babelgen.resources import shipped
from babelgen.statistics import statistics_of


def site(folder: Path | None, out: Path, flagged: bool = False) -> int:
    """Build the site of a library, or bring it up to date; `flagged`: with the pictures that were flagged, too."""
    library = load_library(folder or DEFAULT)
    for collection, _ in library.waiting():
        say(f"Collection {collection.slug!r} is left out: its keys are worked out by the next render.")
    library = library.known()
    for edition in {collection.edition for collection in library.collections}:
        if edition.statistics is not None:
            statistics_of(edition)  # only those that it pins are published
    with Catalog.open(library.root) as catalog:
        built = build_site(library, catalog, out, Neighbours(library), shipped("templates"), flagged)
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
        self._codecs: dict[str, Codec] = {edition.id: edition.codec for edition in editions}

    def __call__(self, edition: str, key: str) -> tuple[Neighbour, Neighbour]:
        """The previous and the next key, with the names that their pictures have or would have."""
        here = self._codecs[edition].parse(key)
        before, after = (here.step(count).text for count in (-1, 1))
        return Neighbour(before, picture_name(edition, before)), Neighbour(
            after, picture_name(edition, after)
        )
