"""`site`: build the static site of a library."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from babelgen.catalog import Catalog
from babelgen.commands.console import say
from babelgen.commands.render import DEFAULT
from babelgen.gallery import Built, Neighbour, base_address, build_site
from babelgen.keys import Codec
from babelgen.library import Library, load_library, picture_name
from babelgen.resources import shipped
from babelgen.statistics import statistics_of


@dataclass(frozen=True)
class Publication:
    """How a site is to be. flagged: with the pictures that were flagged, too. base_url: its address, if it is to be told."""

    flagged: bool = False
    base_url: str | None = None


PLAIN = Publication()


def site(folder: Path | None, out: Path, publication: Publication = PLAIN) -> int:
    """Build the site of a library, or bring it up to date."""
    built = build(folder or DEFAULT, out, publication)
    if built.added or built.changed or built.removed:
        say(f"{built.added} files added, {built.changed} changed, {built.removed} removed in {out}.")
    else:
        say(f"Nothing to write: {out} is up to date.")
    say(f"Open {(out / 'index.html').resolve()} in a browser.")
    return 0


def build(folder: Path, out: Path, publication: Publication) -> Built:
    """The same without a word."""
    base = "" if publication.base_url is None else base_address(publication.base_url)
    library = load_library(folder)
    for edition in {collection.edition for collection in library.collections}:
        if edition.statistics is not None:
            statistics_of(edition)  # only those that it pins are published
    with Catalog.open(library.root) as catalog:
        flagged, templates = publication.flagged, shipped("templates")
        return build_site(library, catalog, out, Neighbours(library), templates, flagged, base)


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
