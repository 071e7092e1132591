"""The state of all that a site is made from, as one sign: where it is what it was, there is nothing to do.

Law: it is told from what is read at once: the library's file, its texts, the catalog's count of changes, the templates, the
program; never by going through keys, rows or pictures.
May import: the standard library, babelgen.films, gallery.signs, gallery.source.
"""

from collections.abc import Sequence
from pathlib import Path

from babelgen.films import record_file
from babelgen.gallery.signs import folder, program, sign, stamp
from babelgen.gallery.source import C, Catalog, Edition, Library


def state_of(
    library: Library[C], catalog: Catalog, templates: Sequence[Path], flagged: bool, base: str
) -> str:
    """The sign of what a site is made from; '' where something of it cannot be told so."""
    rows = catalog.state()
    keys = [library.keys_state(collection) for collection in library.collections]
    if not rows or not all(keys):
        return ""
    words = [(term.term, tuple(term.forms), term.explanation) for term in library.glossary]
    return sign(
        program(), [folder(place) for place in templates], flagged, base, str(library.root), library.id, library.title,
        library.description, words, rows, keys, [_collection(library, one) for one in library.collections],
    )  # fmt: skip


def _collection(library: Library[C], one: C) -> object:
    room = one.room
    hung = [(stamp(each.path), each.caption, each.source, each.credit) for each in room.references]
    texts = (room.text(), sorted(room.captions.items()), tuple(room.chosen), hung, room.asked)
    edition, film = library.edition_of(one), stamp(record_file(library.root, one.slug))
    return film, one.slug, one.title, one.kind, one.description, one.origin, texts, _edition(edition)


def _edition(edition: Edition | None) -> object:
    if edition is None:
        return None
    statistics = stamp(edition.statistics.path) if edition.statistics else ""
    said = (
        edition.title,
        edition.provisional,
        list(edition.facts()),
        edition.whereabouts(),
        edition.document(""),
    )
    return edition.id, said, statistics
