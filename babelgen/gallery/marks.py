"""Marks: what each page is made from, as short signs, so that a page that would be the same is not made.

Law: all that enters a page enters its sign; more may, since a page that is made again is still written only where its
bytes are others.
May import: the standard library, gallery.index, gallery.making, gallery.paths, gallery.signs, gallery.takeaway, gallery.text,
gallery.views, gallery.writer.
"""

from collections.abc import Iterator
from dataclasses import astuple, replace

from babelgen.gallery import paths
from babelgen.gallery.index import Drawer, Standing
from babelgen.gallery.making import Maker, Work
from babelgen.gallery.signs import folder, program, sign
from babelgen.gallery.takeaway import KeysZip
from babelgen.gallery.text import plain
from babelgen.gallery.views import SHEET
from babelgen.gallery.writer import Wish


class Marks:
    """The signs of a site's pages. The program, the templates and what stands on every page are part of each."""

    def __init__(self, work: Work, maker: Maker) -> None:
        self._maker = maker
        terms = [(term.term, tuple(term.forms), term.explanation) for term in work.glossary]
        self.common = sign(program(), [folder(place) for place in work.templates], astuple(work.site), terms)
        self._editions = {
            id_: (plain(edition.title), edition.provisional) for id_, edition in work.editions.items()
        }
        self._profiles = set(map(plain, work.profiles))

    def items(self, drawer: Drawer) -> Iterator[tuple[Wish, Standing]]:
        """The wish for each item's page of a collection; its sign is empty while nobody knows the item's neighbours."""
        ends = tuple(sign(end.picture, end.position) for end in self._maker.index.ends(drawer))
        film = self._maker.rooms.film(drawer.slug) is not None
        tree = self._maker.rooms.descent(drawer.slug, 2)
        heading = sign(self.common, _heading(drawer), ends, film, tree)
        before: tuple[int, str] = (0, "")
        waiting: tuple[int, Standing] | None = None
        for place, here in enumerate(self._maker.index.standing(drawer)):
            if waiting:
                yield self._item(drawer, heading, before, *waiting, (here.position, here.shown)), waiting[1]
                before = (waiting[1].position, waiting[1].shown)
            waiting = place, here
        if waiting:
            yield self._item(drawer, heading, before, *waiting, (0, "")), waiting[1]

    def _item(
        self,
        drawer: Drawer,
        heading: str,
        before: tuple[int, str],
        place: int,
        here: Standing,
        after: tuple[int, str],
    ) -> Wish:
        path, made_from = paths.item(drawer.slug, here.position), ""
        if here.known:
            beside = (before, after, self._editions[here.edition], here.profile in self._profiles)
            caption = self._maker.rooms.caption(drawer.slug, here.position, path)
            asked = self._maker.rooms.asked(drawer.slug, here.position)
            made_from = sign(heading, place // SHEET, tuple(here), beside, caption, asked)
        return Wish(path, made_from, drawer.number, place, here.position)

    def sheets(self, drawer: Drawer, blocks: list[str], keys: tuple[KeysZip, ...]) -> list[tuple[str, str]]:
        """Path and sign of each contact sheet of a collection; `blocks`: what is shown of its pictures, by sheet."""
        view = self._maker.views.sheet(replace(drawer, printed=0), 2, keys)  # all but pictures
        heading = sign(self.common, _heading(drawer), repr(view.edition), view.origin, view.ways, keys)
        found = []
        for number, block in enumerate(blocks or [""], 1):
            path = paths.sheet(drawer.slug, number)
            room = self._room(drawer, path) if number == 1 else ""
            found.append((path, sign(heading, number, len(blocks), block, room)))
        return found

    def _room(self, drawer: Drawer, path: str) -> str:
        rooms = self._maker.rooms
        notes = [rooms.caption(drawer.slug, position, path) for position in rooms.chosen(drawer.slug)]
        return repr((self._maker.views.room(drawer, path), notes, rooms.film(drawer.slug)))

    def lists(self) -> list[tuple[str, str]]:
        """Path and sign of each page of the prompts index."""
        index = self._maker.index
        pages, total = index.ledger(), index.count("prompts")
        heading = sign(self.common, pages)
        return [
            (path, sign(heading, number, total if number == 1 else 0, index.lists(number)))
            for number, path in enumerate(pages, 1)
        ]


def block(drawer: Drawer, maker: Maker, standing: list[Standing]) -> str:
    """The sign of what a contact sheet shows of its pictures."""
    path = paths.sheet(drawer.slug)
    captions = [maker.rooms.caption(drawer.slug, one.position, path) for one in standing]
    return sign([(one.position, one.shown) for one in standing], captions)


def _heading(drawer: Drawer) -> tuple[object, ...]:
    return drawer.slug, drawer.title, drawer.kind, drawer.description, drawer.total, drawer.printed
