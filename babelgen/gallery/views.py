"""Views: what each page shows, as frozen dataclasses made from the index.

Law: no HTML here and no files; paths in views are site paths, texts are still to be escaped.
May import: the standard library, markupsafe, babelgen.catalog, gallery.editions, gallery.films, gallery.index, gallery.paths,
gallery.rooms, gallery.shelfmarks, gallery.snapshot, gallery.source, gallery.stages, gallery.takeaway, gallery.text, gallery.thumbs.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from markupsafe import Markup

from babelgen.catalog import Picture
from babelgen.gallery import paths
from babelgen.gallery.editions import EditionView, edition_view
from babelgen.gallery.films import FilmView
from babelgen.gallery.index import Drawer, Index, Item, Prompt
from babelgen.gallery.rooms import GlossaryView, Piece, Rooms, RoomView
from babelgen.gallery.shelfmarks import EXAMPLE, KeyView, Specimen, key_view, specimen
from babelgen.gallery.snapshot import STRIP
from babelgen.gallery.source import Neighbour, Neighbours
from babelgen.gallery.stages import StagesView, stages_view
from babelgen.gallery.takeaway import KeysZip
from babelgen.gallery.text import capitalized, in_words, plain, shorten, titled
from babelgen.gallery.thumbs import Link, Thumb, describe, thumb, where

SHEET = 120  # pictures on a contact sheet
COVERS = 4
SIBLINGS = 6  # other pictures of a prompt on an item's page, and
ELSEWHERE = 8  # other places of the picture: the page is to be small
_HEADING = 1000  # characters of a prompt that pages show at once; most prompts are far shorter
_KEPT = 500  # small pictures at once
_WORDS = 220  # characters of a collection's description on the home page


@dataclass(frozen=True)
class NeighbourView:
    """A neighbouring key, and its picture where that is in the library; no key where its picture is withheld."""

    key: KeyView | None
    thumb: Thumb | None


@dataclass(frozen=True)
class Pager:
    """The pages of a list; `number` of them, from 1, is this one."""

    number: int
    pages: tuple[str, ...]


@dataclass(frozen=True)
class DrawerView:
    """A collection on the home page. edition: its title, where the library has several."""

    drawer: Drawer
    page: str
    kind: str
    covers: tuple[Thumb, ...]
    words: str
    edition: str


@dataclass(frozen=True)
class HomeView:
    """The home page."""

    drawers: tuple[DrawerView, ...]
    editions: tuple[Link, ...]
    pictures: int
    prompts: int


@dataclass(frozen=True)
class SheetView:
    """One contact sheet of a collection; the first has the room, where there is one.

    notes: the captions of its pictures, by position. edition: where the library has several. origin: of its keys.
    """

    drawer: Drawer
    kind: str
    pager: Pager
    thumbs: tuple[Thumb, ...]
    keys: tuple[KeysZip, ...] = ()
    room: RoomView | None = None
    notes: Mapping[int, Markup] = field(default_factory=dict)
    edition: Link | None = None
    origin: str = ""
    ways: tuple[Link, ...] = ()  # to the same pictures as a table, or as a tree
    film: FilmView | None = None


@dataclass(frozen=True)
class PromptView:
    """One prompt of the index; `more` counts the pictures that are not among the thumbs."""

    anchor: str
    text: str
    pictures: int
    thumbs: tuple[Thumb, ...]
    more: int


@dataclass(frozen=True)
class PromptsView:
    """One page of the prompts index. total: of all prompts, on the first page; a new prompt changes few of the others."""

    pager: Pager
    prompts: tuple[PromptView, ...]
    total: int


@dataclass(frozen=True)
class ProfileView:
    """How pictures were computed: details as label and value."""

    id: str
    anchor: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ItemView:
    """An item's page. The ends and neighbours in the collection are absent where they would be itself.

    said: the prompt, or what is said in its stead: where the picture stands among others. place: that, where it is said beside the prompt.
    others: whether it hangs in more places than those elsewhere. heading: what is said, or the beginning of what is very long. words: that in pieces, where terms of the glossary
    are among them. asked: the prompt as it was written, where the key says another text. profile: the place of its profile on the page of profiles, where more is known of it.
    """

    drawer: Drawer
    position: int
    sheet: str
    picture: Picture
    said: str
    place: str
    alt: str
    key: KeyView
    edition: Link
    provisional: bool
    heading: str
    profile: str
    first: Thumb | None
    previous: Thumb | None
    following: Thumb | None
    last: Thumb | None
    key_before: NeighbourView
    key_after: NeighbourView
    elsewhere: tuple[Link, ...]
    others: bool
    siblings: tuple[Thumb, ...]
    prompt_entry: str
    words: tuple[Piece, ...] = ()
    stages: StagesView | None = None
    descent: str = ""  # where it is in the tree of its collection
    film: str = ""  # where its collection's film is shown
    asked: str = ""
    caption: Markup | None = None


def pages_of(total: int, each: int) -> int:
    """The number of pages of a list; an empty list has one."""
    return max(1, -(-total // each))


def _entry(prompt: Prompt) -> str:
    return f"{prompt.path}#{prompt.anchor}"


def _plain(facts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((plain(label), plain(value)) for label, value in facts.items())


def _anchor(profile: str) -> str:
    return f"profile-{hashlib.blake2b(profile.encode(), digest_size=6).hexdigest()}"


@dataclass(frozen=True)
class Views:
    """Makes the view of each page of a site from its index."""

    index: Index
    neighbours: Neighbours
    profiles: Mapping[str, Mapping[str, str]]
    rooms: Rooms = field(default_factory=Rooms)

    def home(self) -> HomeView:
        """The home page: the collections and the editions."""
        editions = sorted(self.index.editions.items())
        return HomeView(
            drawers=tuple(self._drawer(drawer) for drawer in self.index.drawers),
            editions=tuple(
                Link(paths.edition(id_), plain(edition.title) or id_) for id_, edition in editions
            ),
            pictures=self.index.count("pictures"),
            prompts=self.index.count("prompts"),
        )

    def about(self) -> Specimen:
        """The about page: a key of this site to explain keys with, if one of its first is short."""
        first = (
            specimen(item.picture.key, paths.item(item.slug, item.position))
            for item in self.index.firsts(0, 100)
        )
        return next(filter(None, first), EXAMPLE)

    def _drawer(self, drawer: Drawer) -> DrawerView:
        chosen, spread = self._chosen(drawer), map(thumb, self.index.spread(drawer, COVERS))
        covers = tuple({one.image: one for one in (*chosen, *spread)}.values())[:COVERS]
        words = self.rooms.teaser(drawer.slug) or shorten(drawer.description, _WORDS)
        edition = self._edition_of(drawer)
        return DrawerView(
            drawer,
            paths.sheet(drawer.slug),
            in_words(drawer.kind),
            covers,
            words,
            edition.label if edition else "",
        )

    def _edition_of(self, drawer: Drawer) -> Link | None:
        """The edition of a collection, where the library has several; as a picture of it tells."""
        if len(self.index.editions) < 2:
            return None
        return next((self._edition(item.picture.edition) for item in self.index.ends(drawer)), None)

    def _edition(self, edition_id: str) -> Link:
        title = plain(self.index.editions[edition_id].title)
        return Link(paths.edition(edition_id), title or edition_id)

    def _chosen(self, drawer: Drawer) -> tuple[Thumb, ...]:
        items = (self.index.at(drawer, position) for position in self.rooms.chosen(drawer.slug))
        return tuple(thumb(item) for item in items if item)

    def room(self, drawer: Drawer, here: str) -> RoomView | None:
        """What stands before the plates of a collection on the page `here`; None where that is nothing."""
        room = RoomView(
            self.rooms.essay(drawer.slug, here), self._chosen(drawer), self.rooms.shown(drawer.slug, here)
        )
        return room if room.essay or room.chosen or room.references else None

    def glossary(self) -> GlossaryView:
        """The glossary's page."""
        rooms: dict[int, list[Link]] = {}
        for drawer in self.index.drawers:
            place = Link(paths.sheet(drawer.slug), titled(drawer.title))
            prompts = self.index.prompts_of(drawer)
            for number in self.rooms.mentions(drawer.slug, self._printed(drawer), prompts):
                rooms.setdefault(number, []).append(place)
        terms = self.rooms.glossary()
        return GlossaryView(tuple((term, tuple(rooms.get(term.number, ()))) for term in terms))

    def _printed(self, drawer: Drawer) -> Callable[[int], bool]:
        return lambda position: self.index.at(drawer, position) is not None

    def sheet(self, drawer: Drawer, number: int, keys: tuple[KeysZip, ...] = ()) -> SheetView:
        """The number-th contact sheet (from 1) of a collection; keys: the zip files of its keys."""
        thumbs = tuple(map(thumb, self.index.sheet(drawer, (number - 1) * SHEET, SHEET)))
        sheets = range(1, pages_of(drawer.printed, SHEET) + 1)
        pager = Pager(number, tuple(paths.sheet(drawer.slug, n) for n in sheets))
        here = paths.sheet(drawer.slug, number)
        room = self.room(drawer, here) if number == 1 else None
        shown = {one.position for one in (*thumbs, *(room.chosen if room else ()))}
        notes = {
            at: note
            for at in sorted(shown)
            if (note := self.rooms.caption(drawer.slug, at, here)) is not None
        }
        edition, origin = self._edition_of(drawer), self.rooms.origin(drawer.slug)
        ways = self.rooms.ways(drawer.slug)
        film = self.rooms.film(drawer.slug) if number == 1 else None
        return SheetView(
            drawer, in_words(drawer.kind), pager, thumbs, keys, room, notes, edition, origin, ways, film
        )

    def edition(self, edition_id: str) -> EditionView:
        """An edition's page."""
        return edition_view(self.index, edition_id)

    def prompts(self, number: int) -> PromptsView:
        """The number-th page (from 1) of the prompts index."""
        pager = Pager(number, self.index.ledger())
        total = self.index.count("prompts") if number == 1 else 0
        return PromptsView(pager, tuple(map(self._prompt, self.index.prompts(number))), total)

    def _prompt(self, prompt: Prompt) -> PromptView:
        thumbs = tuple(map(thumb, self.index.prompt_items(prompt.text, STRIP)))
        text = shorten(prompt.text, _HEADING)
        return PromptView(prompt.anchor, text, prompt.pictures, thumbs, prompt.pictures - len(thumbs))

    def item(self, drawer: Drawer, sheet: int, window: tuple[Item | None, Item, Item | None]) -> ItemView:
        """The page of the middle one of three items of a collection, which is on its `sheet`-th contact sheet."""
        before, item, after = window
        picture, edition = item.picture, self.index.editions[item.picture.edition]
        first, last = self.index.ends(drawer)
        key_before, key_after = self.neighbours(picture.edition, picture.key)
        heading = shorten(item.said, _HEADING)
        return ItemView(
            drawer=drawer,
            position=item.position,
            sheet=paths.sheet(drawer.slug, sheet),
            picture=picture,
            said=item.said,
            place="" if item.unsaid else capitalized(item.words),
            alt=describe(item),
            key=key_view(picture.key, picture.name, picture.edition, filed=True),
            edition=Link(paths.edition(picture.edition), plain(edition.title) or picture.edition),
            provisional=edition.provisional,
            heading=heading,
            profile=self._profile(picture.profile),
            first=self._thumb(first) if before else None,
            previous=self._thumb(before) if before else None,
            following=self._thumb(after) if after else None,
            last=self._thumb(last) if after else None,
            key_before=self._neighbour(key_before, item, before),
            key_after=self._neighbour(key_after, item, after),
            elsewhere=(elsewhere := self._elsewhere(item))[:ELSEWHERE],
            others=len(elsewhere) > ELSEWHERE,
            siblings=self._siblings(picture, drawer.slug),
            prompt_entry=_entry(self.index.prompt(picture.prompt)),
            words=self.rooms.pieces(heading),
            stages=stages_view(self.index, picture.name),
            descent=self.rooms.descent(drawer.slug, item.position),
            film=paths.film_anchor(drawer.slug) if self.rooms.film(drawer.slug) else "",
            asked=self.rooms.asked(drawer.slug, item.position, picture.prompt),
            caption=self.rooms.caption(drawer.slug, item.position, paths.item(drawer.slug, item.position)),
        )

    def _siblings(self, picture: Picture, slug: str) -> tuple[Thumb, ...]:
        found = self._kin(picture.prompt, slug)
        return tuple(one for name, one in found if name != picture.name)[:SIBLINGS]

    @cached_property
    def _kin(self) -> Callable[[str, str], tuple[tuple[str, Thumb], ...]]:
        """The first pictures of a prompt; kept for a while, since pictures of a prompt come one after another."""

        def kin(prompt: str, slug: str) -> tuple[tuple[str, Thumb], ...]:
            items = self.index.siblings(prompt, slug, SIBLINGS + 1)
            return tuple((item.picture.name, thumb(item)) for item in items)

        return lru_cache(maxsize=64)(kin)

    def _profile(self, profile: str) -> str:
        return paths.profile(_anchor(profile)) if profile in self._known else ""

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(map(plain, self.profiles))

    def computed(self) -> tuple[ProfileView, ...]:
        """All profiles, by id."""
        found = sorted((plain(id_), facts) for id_, facts in self.profiles.items())
        return tuple(ProfileView(id_, _anchor(id_), _plain(facts)) for id_, facts in found)

    def _neighbour(self, neighbour: Neighbour, item: Item, likely: Item | None) -> NeighbourView:
        """A neighbouring key; `likely`: what hangs beside the item, and has that key in most collections."""
        if self.index.withholds(neighbour.name):
            return NeighbourView(None, None)
        same = likely is not None and likely.picture.name == neighbour.name
        place = likely if same else self.index.place(neighbour.name, item.slug)
        key = key_view(neighbour.key, neighbour.name, item.picture.edition, place is not None)
        return NeighbourView(key, self._thumb(place) if place else None)

    def _thumb(self, item: Item) -> Thumb:
        """The small picture of an item; kept for a while, since what hangs beside one item is the next one's neighbour."""
        found = self._kept.get((item.slug, item.position))
        if found is None:
            if len(self._kept) > _KEPT:
                self._kept.clear()
            found = self._kept[item.slug, item.position] = thumb(item)
        return found

    @cached_property
    def _kept(self) -> dict[tuple[str, int], Thumb]:
        return {}

    def _elsewhere(self, item: Item) -> tuple[Link, ...]:
        """Other places of a picture, one more than are shown where there are more."""
        if not self.index.has_repeats:
            return ()
        return tuple(
            Link(paths.item(slug, position), where(title, position))
            for slug, title, position in self.index.places(item.picture.name, ELSEWHERE + 2)
            if (slug, position) != (item.slug, item.position)
        )[: ELSEWHERE + 1]
