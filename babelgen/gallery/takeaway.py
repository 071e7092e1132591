"""What a reader can take away of a collection: its keys, as zip files beside its pages.

Law: a zip file has the bytes that `render.py export keys` gives it; it is bounded, so that a collection of many long keys
has several, and pictures added at a collection's end leave all but the last as they are.
May import: the standard library, babelgen.zips, gallery.index, gallery.paths.
"""

from dataclasses import dataclass
from io import BytesIO

from babelgen.gallery import paths
from babelgen.gallery.index import Drawer, Index
from babelgen.zips import END, Zip, key_bytes, key_data, key_entry

MOST = 32 << 20  # bytes of one zip file, unless a single key has more
_NAME = "0" * 32  # as long as every picture's


@dataclass(frozen=True)
class KeysZip:
    """A zip file with the keys of a collection's printed items from one position to another."""

    path: str
    first: int
    last: int
    keys: int
    size: int


def key_zips(index: Index, drawer: Drawer) -> tuple[KeysZip, ...]:
    """The zip files of a collection; none where nothing is printed."""
    found: list[KeysZip] = []
    first = last = keys = 0
    size = END

    def close() -> None:
        if keys:
            path = paths.keys_zip(drawer.slug, len(found) + 1)
            found.append(KeysZip(path, first, last, keys, size))

    for position, length in index.key_lengths(drawer):
        more = key_bytes(drawer.slug, position, drawer.total, _NAME, length)
        if keys and size + more > MOST:
            close()
            keys, size = 0, END
        first, last = position if not keys else first, position
        keys, size = keys + 1, size + more
    close()
    return tuple(found)


def zipped(index: Index, drawer: Drawer, part: KeysZip) -> bytes:
    """The bytes of one of them."""
    buffer = BytesIO()
    with Zip(buffer) as file:
        for position, name, key in index.keys(drawer, part.first, part.last):
            file.add(key_entry(drawer.slug, position, drawer.total, name), key_data(key))
    return buffer.getvalue()
