"""Making: pages from the snapshot, in this process or in others beside it.

Law: what a page is made from is all in the work and the snapshot, so that it has the same bytes whoever makes it; a task
is a few numbers, its result a few short texts. Nothing here knows torch.
May import: the standard library, the gallery's other modules.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from babelgen.gallery import data
from babelgen.gallery.addresses import Addresses
from babelgen.gallery.headings import Heading
from babelgen.gallery.index import Index
from babelgen.gallery.pages import Pages, Site
from babelgen.gallery.paths import item as item_path
from babelgen.gallery.rooms import Rooms
from babelgen.gallery.source import Edition, Neighbour, Neighbours, Term
from babelgen.gallery.staging import Made, Places, stage
from babelgen.gallery.takeaway import KeysZip, zipped
from babelgen.gallery.views import SHEET, NeighbourView, Views

_RUN = 60  # pages of one task


@dataclass(frozen=True)
class Work:
    """All that pages are made from beside the snapshot, which is in the file of that name."""

    snapshot: Path
    editions: Mapping[str, Edition]
    headings: Sequence[Heading]
    glossary: Sequence[Term]
    neighbours: Neighbours
    profiles: Mapping[str, Mapping[str, str]]
    templates: Sequence[Path]
    site: Site
    places: Places


class Items(NamedTuple):
    """The pages of printed items in a row: `drawer` numbers their collection, `place` the first of them there (from 0).

    known: for each the sign of what the site has, if that is sure.
    """

    drawer: int
    place: int
    first: int
    last: int
    known: tuple[str | None, ...]


class Sheet(NamedTuple):
    """A contact sheet of a collection; number counts from 1."""

    drawer: int
    number: int
    path: str
    keys: tuple[KeysZip, ...]
    known: str | None


class List(NamedTuple):
    """A page of the prompts index; number counts from 1."""

    number: int
    path: str
    known: str | None


class Keys(NamedTuple):
    """A zip file of keys of a collection."""

    drawer: int
    part: KeysZip
    known: str | None


Task = Items | Sheet | List | Keys
MADE = ("item", "sheet", "prompts")  # the templates of what is made so


class Maker:
    """Makes pages. Close it. pages: the templates of the work, where they are read already."""

    def __init__(self, work: Work, pages: Pages | None = None) -> None:
        self._work, self._asked = work, ("", "")
        self.index = Index(work.snapshot, work.editions)
        tables = {one.slug: one.axes for one in work.headings}
        trees = {one.slug: one.tree for one in work.headings}
        addresses = Addresses(self.index, tables, trees, bool(work.profiles))
        self.rooms = Rooms(work.headings, work.glossary, addresses.has)
        self.views = Views(self.index, self._neighbours, work.profiles, self.rooms)
        self.pages = pages or Pages(work.templates, work.site)

    def close(self) -> None:
        """Let go of the snapshot."""
        self.index.close()

    def make(self, task: Task) -> list[Made]:
        """Do a task."""
        match task:
            case Items():
                return list(self._items(task))
            case Sheet():
                drawer = self.index.drawers[task.drawer]
                view = self.views.sheet(drawer, task.number, task.keys)
                return [self._stage(task.path, self.pages.html("sheet", task.path, view), task.known)]
            case List():
                text = self.pages.html("prompts", task.path, self.views.prompts(task.number))
                return [self._stage(task.path, text, task.known)]
            case Keys():
                data = zipped(self.index, self.index.drawers[task.drawer], task.part)
                return [self._stage(task.part.path, data, task.known)]

    def _items(self, task: Items) -> Iterator[Made]:
        drawer = self.index.drawers[task.drawer]
        windows = self.index.walk(drawer, task.first, task.last)
        for at, (window, known) in enumerate(zip(windows, task.known, strict=True), task.place):
            view = self.views.item(drawer, at // SHEET + 1, window)
            path = item_path(drawer.slug, view.position)
            made = self._stage(path, self.pages.html("item", path, view), known)
            before, after = ("-" if self.index.withholds(name) else name for name in self._asked)
            yield made._replace(names=(view.picture.name, before, after))
            for beside in (view.key_before, view.key_after):
                yield from self._beside(path, beside)

    def _beside(self, page: str, neighbour: NeighbourView) -> Iterator[Made]:
        """The files of a key that is too long for the page, and of no picture of this site."""
        if neighbour.key and neighbour.key.file and not neighbour.thumb:
            for path, text in key_files(neighbour.key.text, neighbour.key.file, neighbour.key.script):
                yield self._stage(path, text, None)._replace(page=page)

    def _stage(self, path: str, text: str | bytes, known: str | None) -> Made:
        data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
        return Made(path, *stage(self._work.places, path, data, known))

    def _neighbours(self, edition: str, key: str) -> tuple[Neighbour, Neighbour]:
        before, after = self._work.neighbours(edition, key)
        self._asked = before.name, after.name
        return before, after


def key_files(key: str, file: str, script: str) -> Iterator[tuple[str, str]]:
    """(site path, text) of the files of a key; `script` is empty where it needs none."""
    yield file, key + "\n"
    if script:
        yield script, data.script(script, key)


def runs(found: Iterator[tuple[int, int, int, str | None]]) -> Iterator[Items]:
    """Tasks for items: (collection, place, position, known sign), in order of the first two."""
    run: list[tuple[int, int, int, str | None]] = []
    for one in found:
        if run and (one[:2] != (run[-1][0], run[-1][1] + 1) or len(run) == _RUN):
            yield _items_of(run)
            run = []
        run.append(one)
    if run:
        yield _items_of(run)


def _items_of(run: list[tuple[int, int, int, str | None]]) -> Items:
    return Items(run[0][0], run[0][1], run[0][2], run[-1][2], tuple(known for *_, known in run))
