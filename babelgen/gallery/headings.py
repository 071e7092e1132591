"""Headings: collections without their keys, as processes that make pages get them.

Law: what is here travels to another process, and does not grow with the collection.
May import: the standard library, gallery.films, gallery.source.
"""

from dataclasses import dataclass

from babelgen.gallery.films import FilmView
from babelgen.gallery.source import Room


@dataclass(frozen=True)
class Heading:
    """A collection without its keys.

    slug: names its folder. title, description, origin: untrusted. kind: as library files say it. room: what its pages have
    beside the pictures. axes, tree: how many pages its table and its tree have, which the first process makes. genes: how
    many each generation of the tree has.
    """

    slug: str
    title: str
    kind: str
    description: str
    origin: str
    room: Room
    film: FilmView | None = None
    axes: int = 0
    tree: int = 0
    genes: int = 0
