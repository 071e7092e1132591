"""Views: what each page shows, as frozen dataclasses made from the index.

Law: no HTML here and no files; paths in views are site paths, texts are still to be escaped.
May import: the standard library, babelgen.catalog, gallery.index, gallery.paths, gallery.source, gallery.text.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from babelgen.catalog import Picture
from babelgen.gallery import paths
from babelgen.gallery.index import Drawer, Index, Item, Prompt
from babelgen.gallery.source import Neighbour, Neighbours
from babelgen.gallery.text import command, ends, plain, shorten

SHEET = 120  # pictures on a contact sheet
PROMPTS = 200  # prompts on a page of their index
COVERS = 4
STRIP = 12  # pictures of a prompt or edition shown elsewhere
WHOLE_KEY = 2000  # characters; a longer key is whole only in its file
_SHORT_KEY = 100

KINDS = {"range": "a range of keys", "random": "a random sample", "search": "a prompt search", "matrix": "a matrix of prompts"}


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
class Link:
    """A page and what to call it."""

    page: str
    label: str


@dataclass(frozen=True)
class Pager:
    """The pages of a list; `number` of them, from 1, is this one."""

    number: int
    pages: tuple[str, ...]


@dataclass(frozen=True)
class DrawerView:
    """A collection on the home page."""

    drawer: Drawer
    page: str
    kind: str
    covers: tuple[Thumb, ...]


@dataclass(frozen=True)
class HomeView:
    """The home page."""

    drawers: tuple[DrawerView, ...]
    editions: tuple[Link, ...]
    pictures: int
    prompts: int


@dataclass(frozen=True)
class SheetView:
    """One contact sheet of a collection."""

    drawer: Drawer
    kind: str
    pager: Pager
    thumbs: tuple[Thumb, ...]
    table: str = ""  # the same pictures as a table, where there is one


@dataclass(frozen=True)
class EditionView:
    """An edition's page. statistics: the site path of their file, where the edition has some."""

    title: str
    provisional: bool
    facts: tuple[tuple[str, str], ...]
    statistics: str
    thumbs: tuple[Thumb, ...]


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
    """An item's page. The ends and neighbours in the collection are absent where they would be itself."""

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
        alt=describe(picture.prompt),
        prompt=picture.prompt,
        position=item.position,
        place=where(item),
    )


def where(item: Item) -> str:
    """An item's place in words."""
    return f"{item.title}, no.\N{NO-BREAK SPACE}{item.position}"


def describe(prompt: str) -> str:
    """A picture's text for those who do not see it: all that is known of it is its prompt."""
    return f"Picture for “{shorten(prompt, 200)}”" if prompt else "Picture for the empty prompt"


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
        covers = tuple(map(thumb, self.index.spread(drawer, COVERS)))
        return DrawerView(drawer, paths.sheet(drawer.slug), kind(drawer), covers)

    def sheet(self, drawer: Drawer, number: int, tabled: bool = False) -> SheetView:
        """The number-th contact sheet (from 1) of a collection. tabled: whether it is a table, too."""
        thumbs = tuple(map(thumb, self.index.sheet(drawer, (number - 1) * SHEET, SHEET)))
        sheets = range(1, pages_of(drawer.printed, SHEET) + 1)
        pager = Pager(number, tuple(paths.sheet(drawer.slug, n) for n in sheets))
        return SheetView(drawer, kind(drawer), pager, thumbs, paths.table(drawer.slug) if tabled else "")

    def edition(self, edition_id: str) -> EditionView:
        """An edition's page."""
        edition = self.index.editions[edition_id]
        return EditionView(
            title=plain(edition.title) or edition_id,
            provisional=edition.provisional,
            facts=tuple((plain(label), plain(value)) for label, value in edition.facts()),
            statistics=paths.statistics(edition_id) if edition.statistics is not None else "",
            thumbs=tuple(map(thumb, self.index.of_edition(edition_id, STRIP))),
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
