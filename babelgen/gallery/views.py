"""Views: what each page shows, as frozen dataclasses made from the index.

Law: no HTML here and no files; paths in views are site paths, texts are still to be escaped.
May import: the standard library, markupsafe, babelgen.catalog, gallery.index, gallery.paths, gallery.rooms,
gallery.source, gallery.takeaway, gallery.text, gallery.thumbs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from babelgen.catalog import Picture
from babelgen.gallery import paths
from babelgen.gallery.index import Drawer, Index, Item, Prompt
from babelgen.gallery.rooms import GlossaryView, Piece, Rooms, RoomView
from babelgen.gallery.source import Neighbour, Neighbours
from babelgen.gallery.takeaway import KeysZip
from babelgen.gallery.text import WHOLE_KEY, command, ends, plain, shorten
from babelgen.gallery.thumbs import Link, Thumb, describe, thumb, where

SHEET = 120  # pictures on a contact sheet
PROMPTS = 200  # prompts on a page of their index
COVERS = 4
STRIP = 12  # pictures of a prompt or edition shown elsewhere
_SHORT_KEY = 100
_WORDS = 220  # characters of a collection's description on the home page

KINDS = {"range": "a range of keys", "random": "a random sample", "search": "a prompt search"}


@dataclass(frozen=True)
class KeyView:
    """A key: `short` to show; `whole` unless it is too long to show; `file` and, for such a long one, its
    twin `script` where the site has them."""

    name: str
    text: str
    short: str
    whole: str
    file: str
    script: str
    command: str


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

    notes: the captions of its pictures, by position. edition: where the library has several.
    """

    drawer: Drawer
    kind: str
    pager: Pager
    thumbs: tuple[Thumb, ...]
    keys: tuple[KeysZip, ...] = ()
    room: RoomView | None = None
    notes: Mapping[int, Markup] = field(default_factory=dict)
    edition: Link | None = None


@dataclass(frozen=True)
class EditionView:
    """An edition's page.

    statistics: the site path of their file, where the edition has some. file: of its TOML, and script: the same as a
    script. whereabouts: of its model. commands: what checks the model, and what renders a key.
    """

    title: str
    provisional: bool
    facts: tuple[tuple[str, str], ...]
    statistics: str
    thumbs: tuple[Thumb, ...]
    file: str
    script: str
    whereabouts: str
    commands: tuple[str, str]


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
    """One page of the prompts index."""

    pager: Pager
    prompts: tuple[PromptView, ...]
    total: int


@dataclass(frozen=True)
class ItemView:
    """An item's page. The ends and neighbours in the collection are absent where they would be itself.

    words: the prompt in pieces, where terms of the glossary are among them.
    """

    drawer: Drawer
    position: int
    sheet: str
    picture: Picture
    alt: str
    key: KeyView
    edition: Link
    provisional: bool
    profile: tuple[tuple[str, str], ...]
    first: Thumb | None
    previous: Thumb | None
    following: Thumb | None
    last: Thumb | None
    key_before: NeighbourView
    key_after: NeighbourView
    elsewhere: tuple[Link, ...]
    siblings: tuple[Thumb, ...]
    prompt_entry: str
    words: tuple[Piece, ...] = ()
    caption: Markup | None = None


def key_view(key: str, name: str, edition: str, filed: bool) -> KeyView:
    """A key of an edition (its id) to show; `filed` where the site has a file for it however short it is."""
    long = len(key) > WHOLE_KEY
    return KeyView(
        name=name,
        text=key,
        short=key if len(key) <= _SHORT_KEY else ends(key, 56, 24),
        whole="" if long else key,
        file=paths.key_file(name) if filed or long else "",
        script=paths.key_script(name) if long else "",
        command=command(key, name, edition, WHOLE_KEY),
    )


def kind(drawer: Drawer) -> str:
    """What a collection is, in words."""
    return KINDS.get(drawer.kind, drawer.kind)


def pages_of(total: int, each: int) -> int:
    """The number of pages of a list; an empty list has one."""
    return max(1, -(-total // each))


def _entry(prompt: Prompt) -> str:
    return f"{paths.prompts(prompt.rank // PROMPTS + 1)}#prompt-{prompt.rank % PROMPTS + 1}"


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

    def _drawer(self, drawer: Drawer) -> DrawerView:
        covers = self._chosen(drawer)[:COVERS] or tuple(map(thumb, self.index.spread(drawer, COVERS)))
        words = self.rooms.teaser(drawer.slug) or shorten(drawer.description, _WORDS)
        edition = self._edition_of(drawer)
        return DrawerView(
            drawer, paths.sheet(drawer.slug), kind(drawer), covers, words, edition.label if edition else ""
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

    def _room(self, drawer: Drawer, here: str) -> RoomView | None:
        room = RoomView(
            self.rooms.essay(drawer.slug, here), self._chosen(drawer), self.rooms.shown(drawer.slug, here)
        )
        return room if room.essay or room.chosen or room.references else None

    def glossary(self) -> GlossaryView:
        """The glossary's page."""
        rooms: dict[int, list[Link]] = {}
        for drawer in self.index.drawers:
            place = Link(paths.sheet(drawer.slug), drawer.title)
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
        room = self._room(drawer, here) if number == 1 else None
        shown = {one.position for one in (*thumbs, *(room.chosen if room else ()))}
        notes = {
            at: note for at in sorted(shown) if (note := self.rooms.caption(drawer.slug, at, here)) is not None
        }
        return SheetView(drawer, kind(drawer), pager, thumbs, keys, room, notes, self._edition_of(drawer))

    def edition(self, edition_id: str) -> EditionView:
        """An edition's page."""
        edition = self.index.editions[edition_id]
        return EditionView(
            title=plain(edition.title) or edition_id,
            provisional=edition.provisional,
            facts=tuple((plain(label), plain(value)) for label, value in edition.facts()),
            statistics=paths.statistics(edition_id) if edition.statistics is not None else "",
            thumbs=tuple(map(thumb, self.index.of_edition(edition_id, STRIP))),
            file=paths.edition_file(edition_id),
            script=paths.edition_script(edition_id),
            whereabouts=plain(edition.whereabouts()),
            commands=(
                f"python render.py edition check {edition_id}.toml",
                f"python render.py key render picture.key --edition {edition_id}.toml --out picture.png",
            ),
        )

    def prompts(self, number: int) -> PromptsView:
        """The number-th page (from 1) of the prompts index."""
        total = self.index.count("prompts")
        pages = tuple(paths.prompts(n) for n in range(1, pages_of(total, PROMPTS) + 1))
        found = self.index.prompts((number - 1) * PROMPTS, PROMPTS)
        return PromptsView(Pager(number, pages), tuple(map(self._prompt, found)), total)

    def _prompt(self, prompt: Prompt) -> PromptView:
        thumbs = tuple(map(thumb, self.index.prompt_items(prompt.text, STRIP)))
        anchor = _entry(prompt).partition("#")[2]
        return PromptView(anchor, prompt.text, prompt.pictures, thumbs, prompt.pictures - len(thumbs))

    def item(self, drawer: Drawer, sheet: int, window: tuple[Item | None, Item, Item | None]) -> ItemView:
        """The page of the middle one of three items of a collection, which is on its `sheet`-th contact sheet."""
        before, item, after = window
        picture, edition = item.picture, self.index.editions[item.picture.edition]
        first, last = self.index.ends(drawer)
        key_before, key_after = self.neighbours(picture.edition, picture.key)
        return ItemView(
            drawer=drawer,
            position=item.position,
            sheet=paths.sheet(drawer.slug, sheet),
            picture=picture,
            alt=describe(picture.prompt),
            key=key_view(picture.key, picture.name, picture.edition, filed=True),
            edition=Link(paths.edition(picture.edition), plain(edition.title) or picture.edition),
            provisional=edition.provisional,
            profile=self._profile(picture.profile),
            first=thumb(first) if before else None,
            previous=thumb(before) if before else None,
            following=thumb(after) if after else None,
            last=thumb(last) if after else None,
            key_before=self._neighbour(key_before, item),
            key_after=self._neighbour(key_after, item),
            elsewhere=self._elsewhere(item),
            siblings=tuple(map(thumb, self.index.siblings(picture, drawer.slug, STRIP))),
            prompt_entry=_entry(self.index.prompt(picture.prompt)),
            words=self.rooms.pieces(picture.prompt),
            caption=self.rooms.caption(drawer.slug, item.position, paths.item(drawer.slug, item.position)),
        )

    def _profile(self, profile: str) -> tuple[tuple[str, str], ...]:
        return tuple((plain(label), plain(value)) for label, value in self.profiles.get(profile, {}).items())

    def _neighbour(self, neighbour: Neighbour, item: Item) -> NeighbourView:
        if self.index.withholds(neighbour.name):
            return NeighbourView(None, None)
        place = self.index.place(neighbour.name, item.slug)
        key = key_view(neighbour.key, neighbour.name, item.picture.edition, place is not None)
        return NeighbourView(key, thumb(place) if place else None)

    def _elsewhere(self, item: Item) -> tuple[Link, ...]:
        others = (place for place in self.index.places(item.picture.name) if place != item)
        return tuple(Link(paths.item(o.slug, o.position), where(o)) for o in others)
