"""Neighbours: the keys before and after a key in the whole library of its edition.

Law: light to load and to send, since every process that makes pages has one.
May import: edition, gallery, keys, library.
"""

from __future__ import annotations

from collections.abc import Iterable

from babelgen.edition import Edition
from babelgen.gallery.source import Neighbour
from babelgen.keys import Codec
from babelgen.library import Library, picture_name


class Neighbours:
    """Tells the keys beside a key, with the names that their pictures have or would have."""

    def __init__(self, library: Library) -> None:
        editions: Iterable[Edition] = {collection.edition for collection in library.collections}
        self._codecs: dict[str, Codec] = {edition.id: edition.codec for edition in editions}

    def __call__(self, edition: str, key: str) -> tuple[Neighbour, Neighbour]:
        """The previous and the next key of a key of an edition, by the edition's id."""
        step = self._codecs[edition].parse(key).walk()
        before, after = step(-1), step(1)
        return Neighbour(before, picture_name(edition, before)), Neighbour(
            after, picture_name(edition, after)
        )
