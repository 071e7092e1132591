"""`site`: build the static site of a library."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from babelgen.catalog import Catalog
from babelgen.commands.console import say
from babelgen.errors import UserError
from babelgen.gallery import Built, base_address, build_site, is_finished
from babelgen.library import DEFAULT, load_library
from babelgen.neighbours import Neighbours
from babelgen.resources import shipped
from babelgen.statistics import statistics_of


@dataclass(frozen=True)
class Publication:
    """How a site is to be.

    flagged: with the pictures that were flagged, too. base_url: its address, if it is to be told. templates: a folder of
    the user's, whose templates and assets go before the shipped ones of the same names. fresh: whether all is made and
    compared, whatever is known of the last build.
    """

    flagged: bool = False
    base_url: str | None = None
    templates: Path | None = None
    fresh: bool = False


PLAIN = Publication()


def site(folder: Path | None, out: Path, publication: Publication = PLAIN) -> int:
    """Build the site of a library, or bring it up to date."""
    root = folder or DEFAULT
    try:
        built = build(root, out, publication)
    except KeyboardInterrupt as stop:
        left = "as it was" if is_finished(out) else "not finished, and the next build ends it"
        raise KeyboardInterrupt(f"the site in {out} is {left}") from stop
    for collection, _ in load_library(root).waiting():
        say(f"Collection {collection.slug!r} is left out: its keys are worked out by the next render.")
    if built.added or built.changed or built.removed:
        say(f"{built.added} files added, {built.changed} changed, {built.removed} removed in {out}.")
    else:
        say(f"Nothing to write: {out} is up to date.")
    if built.lacking:
        keys = "1 key has" if built.lacking == 1 else f"{built.lacking:,} keys have"
        say(
            f"{keys} no picture in it: not rendered yet, not whole, or flagged; `render.py status` says more."
        )
    say(f"Open {(out / 'index.html').resolve()} in a browser.")
    return 0


def build(folder: Path, out: Path, publication: Publication) -> Built:
    """The same without a word."""
    base = "" if publication.base_url is None else base_address(publication.base_url)
    library = load_library(folder).known()
    for edition in {collection.edition for collection in library.collections}:
        if edition.statistics is not None:
            statistics_of(edition)  # only those that it pins are published
    own = publication.templates
    if own is not None and not own.is_dir():
        raise UserError(f"There is no folder {own} with templates.")
    with Catalog.open(library.root) as catalog:
        templates = own or shipped("templates")
        flagged, fresh = publication.flagged, publication.fresh
        return build_site(library, catalog, out, Neighbours(library), templates, flagged, base, fresh=fresh)
