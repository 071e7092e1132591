"""Rooms: what stands beside the pictures of a collection, and the glossary, as pages show it.

Law: texts become markup in `prose` and nowhere else; everything here that is not `Markup` is still to be escaped. Texts
are read when they are asked for, so that no more than one essay is held.
May import: the standard library, markupsafe, gallery.films, gallery.headings, gallery.paths, gallery.prose, gallery.references, gallery.source,
gallery.terms, gallery.text, gallery.thumbs.
"""

import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from markupsafe import Markup

from babelgen.gallery import paths
from babelgen.gallery.films import FilmView
from babelgen.gallery.headings import Heading
from babelgen.gallery.references import Sizes, measure
from babelgen.gallery.source import Reference, Room, Term
from babelgen.gallery.terms import Terms
from babelgen.gallery.text import plain, shorten
from babelgen.gallery.thumbs import Link, Thumb

if TYPE_CHECKING:
    from babelgen.gallery.prose import Prose, Ways

_ASKED = 1000  # characters of a prompt as it was written
_LINKS = 12  # words of a prompt that lead to the glossary: an item's page is to be small
_ALT = 200  # characters of a caption as the text for those who do not see the picture


@dataclass(frozen=True)
class ReferenceView:
    """A reference picture. address: of where it is from, where that is on the web."""

    view: str
    small: str
    sizes: Sizes
    alt: str
    caption: Markup
    source: str
    address: str
    credit: str


@dataclass(frozen=True)
class TermView:
    """A term of the glossary."""

    number: int
    anchor: str
    term: str
    forms: tuple[str, ...]
    explanation: Markup


@dataclass(frozen=True)
class RoomView:
    """What stands before the plates of a collection: its essay, the chosen few, the reference pictures."""

    essay: Markup
    chosen: tuple[Thumb, ...]
    references: tuple[ReferenceView, ...]


@dataclass(frozen=True)
class GlossaryView:
    """The glossary: its terms, and the collections where each is a link."""

    terms: tuple[tuple[TermView, tuple[Link, ...]], ...]


@dataclass(frozen=True)
class Piece:
    """A part of a text; `page`: the place in the glossary of the term that it is, or ''."""

    text: str
    page: str


class Rooms:
    """The rooms of a library's collections, by slug, and its glossary."""

    def __init__(
        self,
        collections: Sequence[Heading] = (),
        glossary: Sequence[Term] = (),
        is_page: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """is_page: whether there is a page at a site path that a text may link to."""
        self._is_page = is_page
        self._rooms: Mapping[str, Room] = {one.slug: one.room for one in collections}
        self._origins = {one.slug: plain(one.origin) for one in collections}
        self._films = {one.slug: one.film for one in collections if one.film}
        self._tables = {one.slug for one in collections if one.axes}
        self._genes = {one.slug: one.genes for one in collections if one.genes}
        self._terms = Terms(glossary)
        self._sizes: dict[Path, Sizes] = {}
        self._headings: dict[str, Mapping[str, str]] = {}
        self.explains = bool(glossary)

    @cached_property
    def _prose(self) -> "Prose":
        """What reads texts; it takes a while to load, and most libraries have none."""
        from babelgen.gallery.prose import Prose

        return Prose(self._terms)

    def origin(self, slug: str) -> str:
        """Where the keys of a collection come from; '' where nobody says it."""
        return self._origins.get(slug, "")

    def film(self, slug: str) -> FilmView | None:
        """The film of a collection, where it has one."""
        return self._films.get(slug)

    def ways(self, slug: str) -> tuple[Link, ...]:
        """The other pages on which a collection's pictures stand, all of them in another order."""
        table = (Link(paths.table(slug), "As a table"),) if slug in self._tables else ()
        return table + ((Link(paths.tree(slug), "As a tree"),) if slug in self._genes else ())

    def descent(self, slug: str, position: int) -> str:
        """Where an item is in its collection's tree; '' where there is none."""
        return paths.in_tree(slug, position, self._genes[slug]) if slug in self._genes else ""

    def asked(self, slug: str, position: int, said: str = "") -> str:
        """The prompt that was written for a position of a collection; '' where there is none, or its key says the same."""
        prompts, each = self._rooms[slug].asked if slug in self._rooms else ((), 1)
        number = (position - 1) // each
        text = plain(prompts[number]) if number < len(prompts) else ""
        return "" if text == said else shorten(text, _ASKED)

    def references(self) -> list[Reference]:
        """The reference pictures of all rooms, each as often as it hangs."""
        return [reference for room in self._rooms.values() for reference in room.references]

    def sizes(self, reference: Reference) -> Sizes:
        """The sizes of a reference picture in the site; its file is read once a build."""
        if reference.path not in self._sizes:
            self._sizes[reference.path] = measure(reference)
        return self._sizes[reference.path]

    def chosen(self, slug: str) -> Sequence[int]:
        """The positions that were chosen in a collection, printed or not."""
        return self._rooms[slug].chosen if slug in self._rooms else ()

    def teaser(self, slug: str) -> str:
        """What the essay of a collection begins with; '' where there is none."""
        text = self._rooms[slug].text() if slug in self._rooms else ""
        if not text:
            return ""
        from babelgen.gallery.prose import first_sentence

        return first_sentence(text)

    def essay(self, slug: str, here: str) -> Markup:
        """The essay of a collection on the page `here`; empty where there is none."""
        text = self._rooms[slug].text() if slug in self._rooms else ""
        return self._prose.essay(text, self._ways(here)) if text else Markup()

    def caption(self, slug: str, position: int, here: str) -> Markup | None:
        """The caption at a position of a collection on the page `here`, where there is one."""
        text = self._rooms[slug].captions.get(position, "") if slug in self._rooms else ""
        return self._prose.note(text, self._ways(here)) if text else None

    def shown(self, slug: str, here: str) -> tuple[ReferenceView, ...]:
        """The reference pictures of a collection on the page `here`."""
        references = self._rooms[slug].references if slug in self._rooms else ()
        return tuple(self._reference(reference, here) for reference in references)

    def _reference(self, reference: Reference, here: str) -> ReferenceView:
        from babelgen.gallery.prose import address, bare

        sizes = self.sizes(reference)
        words = bare(reference.caption) if reference.caption else ""
        return ReferenceView(
            view=paths.reference(sizes.name),
            small=paths.small_reference(sizes.name),
            sizes=sizes,
            alt=f"Reference picture: {shorten(words, _ALT)}" if words else "Reference picture",
            caption=self._prose.note(reference.caption, self._ways(here)),
            source=plain(reference.source),
            address=address(reference.source.strip()),
            credit=plain(reference.credit),
        )

    def pieces(self, text: str) -> tuple[Piece, ...]:
        """A text cut where terms of the glossary begin and end; nothing where it has none of them."""
        pieces, at = [], 0
        for found in islice(self._terms.find(text, set()), _LINKS):
            pieces.append(Piece(text[at : found.start], ""))
            pieces.append(Piece(text[found.start : found.end], self._place(found.number)))
            at = found.end
        return (*pieces, Piece(text[at:], "")) if pieces else ()

    def glossary(self) -> tuple[TermView, ...]:
        """The terms in alphabetical order; in an explanation the other terms are links."""
        views = (
            TermView(
                number,
                self._terms.anchors[number],
                plain(term.term),
                tuple(map(plain, term.forms)),
                self._prose.note(term.explanation, self._ways(paths.glossary()), [number]),
            )
            for number, term in enumerate(self._terms.terms)
        )
        return tuple(sorted(views, key=lambda view: (view.term.casefold(), view.number)))

    def mentions(self, slug: str, printed: Callable[[int], bool], prompts: Iterable[str]) -> set[int]:
        """The numbers of the terms that are links in a collection: in its essay, its captions, its prompts."""
        room = self._rooms.get(slug)
        texts = [room.text(), *(note for at, note in room.captions.items() if printed(at))] if room else []
        known = {number for text in filter(None, texts) for number in self._prose.mentions(text)}
        for prompt in prompts:
            if len(known) == len(self._terms.terms):
                break
            for _ in self._terms.find(prompt, known):
                pass
        return known

    def _place(self, number: int) -> str:
        return paths.glossary(self._terms.anchors[number])

    def _ways(self, here: str) -> "Ways":
        from babelgen.gallery.prose import Ways

        return Ways(partial(self._address, here), partial(self._page, here))

    def _address(self, here: str, number: int) -> str:
        place = self._place(number)
        return f"#{place.partition('#')[2]}" if here == paths.glossary() else paths.href(place, here)

    def _page(self, here: str, link: str) -> str:
        target, mark, fragment = link.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
        there = self._is_page(path) or (self.explains and path == paths.glossary())
        if there and fragment:
            fragment = self._headings_of(path).get(unquote(fragment).casefold(), fragment)
        return paths.href(path, here) + mark + fragment if there else ""

    def _headings_of(self, path: str) -> Mapping[str, str]:
        """The ids of the headings of the essay that a page has, by what links say of them."""
        from babelgen.gallery.prose import headings

        if path not in self._headings:
            essay = next((room.text() for slug, room in self._rooms.items() if paths.sheet(slug) == path), "")
            self._headings[path] = headings(essay)
        return self._headings[path]
