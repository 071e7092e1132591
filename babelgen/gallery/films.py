"""Films: those that the library has of its collections, where they show what is printed.

Law: no HTML here; paths are site paths. A film that shows other pictures than those of the site, or fewer, or more, is none.
May import: the standard library, babelgen.films, gallery.index, gallery.paths, gallery.signs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from babelgen.films import film_file, keys_file, read_record, record_file, sign_of
from babelgen.gallery import paths
from babelgen.gallery.index import Drawer, Index
from babelgen.gallery.signs import stamp


@dataclass(frozen=True)
class FilmView:
    """A collection's film. stamp: of its record. poster: the first picture. rate, seconds: in digits."""

    stamp: str
    path: str
    keys: str
    poster: str
    width: int
    height: int
    pictures: int
    frames: int
    rate: str
    seconds: str
    loops: bool
    size: int

    def files(self, root: Path, slug: str) -> Iterator[tuple[str, Path]]:
        """Its site paths, each with the library's file."""
        yield self.path, film_file(root, slug)
        yield self.keys, keys_file(root, slug)


def film_of(root: Path, index: Index, drawer: Drawer) -> FilmView | None:
    """The film of a collection, where the library in `root` has one that shows what is printed of it, and all of it."""
    found = read_record(root, drawer.slug)
    if found is None or not found.pictures == drawer.printed == drawer.total:
        return None
    if sign_of(index.pixels(drawer)) != found.made_from:
        return None
    return FilmView(
        stamp=stamp(record_file(root, drawer.slug)),
        path=paths.film(drawer.slug),
        keys=paths.film_keys(drawer.slug),
        poster=paths.view(index.ends(drawer)[0].picture.name),
        width=found.width,
        height=found.height,
        pictures=found.pictures,
        frames=found.frames,
        rate=f"{float(Fraction(found.rate)):.3g}",
        seconds=f"{found.seconds:.1f}",
        loops=not found.loop,
        size=found.film,
    )
