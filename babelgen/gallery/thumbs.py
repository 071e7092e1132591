"""Small pictures, and links: what pages lead to other pages with.

Law: no HTML here; paths are site paths, texts are still to be escaped.
May import: the standard library, gallery.index, gallery.paths, gallery.text.
"""

from dataclasses import dataclass

from babelgen.gallery import paths
from babelgen.gallery.index import Item
from babelgen.gallery.text import shorten, titled

_SAID = 125  # characters of a prompt in a picture's text; a reader hears them at each picture
_CAPTION = 300  # characters of a prompt under a small picture, of which three lines show


@dataclass(frozen=True)
class Thumb:
    """A small picture that leads to its item's page."""

    page: str
    image: str
    view: str
    width: int
    height: int
    colour: str
    alt: str
    prompt: str
    position: int
    place: str


@dataclass(frozen=True)
class Link:
    """A page and what to call it."""

    page: str
    label: str


def thumb(item: Item) -> Thumb:
    """The small picture of an item."""
    picture = item.picture
    return Thumb(
        page=paths.item(item.slug, item.position),
        image=paths.thumb(picture.name),
        view=paths.view(picture.name),
        width=picture.width,
        height=picture.height,
        colour=picture.colour,
        alt=describe(item),
        prompt=shorten(item.said, _CAPTION),
        position=item.position,
        place=where(item.title, item.position),
    )


def where(title: str, position: int) -> str:
    """An item's place in words: the title of its collection, and the position there."""
    return f"{titled(title)}, no.\N{NO-BREAK SPACE}{position}"


def describe(item: Item) -> str:
    """A picture's text for those who do not see it: all that is known of it is its prompt, or where it stands."""
    return f"Picture {shorten(item.words, _SAID)}" if item.unsaid else describe_prompt(item.picture.prompt)


def describe_prompt(prompt: str) -> str:
    """That of a picture of which its prompt is known."""
    return f"Picture for “{shorten(prompt, _SAID)}”" if prompt else "Picture for the empty prompt"
