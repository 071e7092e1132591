"""`site`: build the static site of a library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jinja2 import TemplateError, TemplateSyntaxError

from babelgen.catalog import Catalog
from babelgen.commands.console import say
from babelgen.errors import UserError, first_line
from babelgen.gallery import Built, base_address, build_site
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
    own = publication.templates
    if own is not None and not own.is_dir():
        raise UserError(f"There is no folder {own} with templates.")
    with Catalog.open(library.root) as catalog, _telling(own):
        templates = own or shipped("templates")
        flagged, fresh = publication.flagged, publication.fresh
        return build_site(library, catalog, out, Neighbours(library), templates, flagged, base, fresh=fresh)


@contextmanager
def _telling(own: Path | None) -> Iterator[None]:
    """Turn what is wrong with somebody's own templates into a sentence."""
    try:
        yield
    except TemplateError as error:
        if own is None:  # the mistake is ours
            raise
        place = f", line {error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
        name = (error.name if isinstance(error, TemplateSyntaxError) else None) or "in use"
        raise UserError(
            f"The template {name} cannot be used (templates of {own} go first){place}: {first_line(error).rstrip('.')}."
        ) from error
