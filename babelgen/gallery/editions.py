"""Editions' pages: what the keys of an edition mean, and what renders them.

Law: no HTML here and no files; texts are still to be escaped.
May import: the standard library, gallery.index, gallery.paths, gallery.snapshot, gallery.text, gallery.thumbs.
"""

from dataclasses import dataclass

from babelgen.gallery import paths
from babelgen.gallery.index import Index
from babelgen.gallery.snapshot import STRIP
from babelgen.gallery.text import plain
from babelgen.gallery.thumbs import Thumb, thumb


@dataclass(frozen=True)
class EditionView:
    """An edition's page.

    statistics: the site path of their file, where the edition has some. name: of its TOML, file: that one's site path,
    and script: the same as a script. whereabouts: of its model. commands: what checks the model, and what renders a key.
    """

    title: str
    provisional: bool
    facts: tuple[tuple[str, str], ...]
    statistics: str
    thumbs: tuple[Thumb, ...]
    name: str
    file: str
    script: str
    whereabouts: str
    commands: tuple[str, str]


def edition_view(index: Index, edition_id: str) -> EditionView:
    """The view of an edition's page."""
    edition = index.editions[edition_id]
    return EditionView(
        title=plain(edition.title) or edition_id,
        provisional=edition.provisional,
        facts=tuple((plain(label), plain(value)) for label, value in edition.facts()),
        statistics=paths.statistics(edition_id) if edition.statistics is not None else "",
        thumbs=tuple(map(thumb, index.of_edition(edition_id, STRIP))),
        name=f"{edition_id}.toml",
        file=paths.edition_file(edition_id),
        script=paths.edition_script(edition_id),
        whereabouts=plain(edition.whereabouts()),
        commands=(
            f"python render.py edition check {edition_id}.toml",
            f"python render.py key render picture.key --edition {edition_id}.toml --out picture.png",
        ),
    )
