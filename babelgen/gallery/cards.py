"""Cards: what another site shows of a page that somebody links to there.

Law: of a picture that is left out of the site nothing is said, since cards are made from what pages show; texts are
short, and still to be escaped.
May import: the standard library, gallery.editions, gallery.paths, gallery.rooms, gallery.text, gallery.thumbs, gallery.views.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath

from babelgen.gallery import paths
from babelgen.gallery.editions import EditionView
from babelgen.gallery.rooms import GlossaryView
from babelgen.gallery.text import shorten
from babelgen.gallery.thumbs import Thumb, describe_prompt
from babelgen.gallery.views import HomeView, ItemView, PromptsView, SheetView

_TITLE, _DESCRIPTION = 80, 240  # characters; more is cut off wherever cards are shown
_LARGE = (300, 157)  # pixels; smaller pictures do not fill a large card


@dataclass(frozen=True)
class Card:
    """What is said of a page. image: a site path, or '' where the page has no picture of its own."""

    title: str
    description: str
    image: str = ""
    width: int = 0
    height: int = 0
    alt: str = ""

    @property
    def kind(self) -> str:
        """How large it is to be shown."""
        return "summary_large_image" if self.width >= _LARGE[0] and self.height >= _LARGE[1] else "summary"


def card(view: object, title: str, description: str) -> Card:
    """The card of a page's view; title, description: the site's, for pages that are of nothing in particular."""
    match view:
        case HomeView():
            covers = [cover for drawer in view.drawers for cover in drawer.covers]
            return _card(title, description, covers)
        case SheetView():
            words = view.drawer.description or f"A collection of “{title}”."
            chosen = view.room.chosen if view.room else ()
            return _card(view.drawer.title, words, chosen or view.thumbs)
        case ItemView():
            return _item(view)
        case EditionView():
            return _card(view.title, f"An edition of “{title}”: what its keys mean.", view.thumbs)
        case PromptsView():
            thumbs = [thumb for prompt in view.prompts for thumb in prompt.thumbs]
            return _card(f"Prompts of “{title}”", description, thumbs)
        case GlossaryView():
            return _card(f"Glossary of “{title}”", description, ())
        case _:
            return _card(title, description, ())


def _item(view: ItemView) -> Card:
    picture = view.picture
    # What the title has whole is not said again.
    said = f"{shorten(view.said, 150)}. " if len(view.said) > _TITLE else ""
    place = f"Number {view.position:,} of “{shorten(view.drawer.title, 40)}”"
    return Card(
        title=shorten(view.said, _TITLE) or "The empty prompt",
        description=f"{said}{place}. Its key alone re-creates it.",
        image=paths.picture(picture.name),
        width=picture.width,
        height=picture.height,
        alt=view.alt,
    )


def _card(title: str, description: str, thumbs: "list[Thumb] | tuple[Thumb, ...]") -> Card:
    words = shorten(title, _TITLE), shorten(description, _DESCRIPTION)
    if not thumbs:
        return Card(*words)
    first = thumbs[0]
    picture = paths.picture(PurePosixPath(first.view).stem)
    return Card(*words, picture, first.width, first.height, first.alt or describe_prompt(first.prompt))
