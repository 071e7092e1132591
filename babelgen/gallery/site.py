"""The site: a library and its catalog in, a folder of pages out.

Law: nothing in place before all pages are made; what would be as it was is not made again. A build goes from the cheap to
the dear: if library, catalog, templates and program are what they were, nothing else is looked at; if not, what each page
is made from is compared; and what is made has its bytes compared with those of the site.
May import: the standard library, the gallery's other modules.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath

from babelgen.gallery import data, feeds, paths, references
from babelgen.gallery.axes import Axes, table_pages, table_view
from babelgen.gallery.crew import Crew, processes_for
from babelgen.gallery.films import FilmView, film_of
from babelgen.gallery.headings import Heading
from babelgen.gallery.index import Standing, remember_neighbours
from babelgen.gallery.intake import fit_slugs, take
from babelgen.gallery.making import Keys, List, Maker, Sheet, Task, Work, key_files, runs
from babelgen.gallery.marks import Marks, block
from babelgen.gallery.mistakes import telling_of_templates
from babelgen.gallery.pages import TEMPLATES, Site
from babelgen.gallery.signs import program, sign
from babelgen.gallery.source import C, Catalog, Library, Neighbours
from babelgen.gallery.state import state_of
from babelgen.gallery.takeaway import key_zips
from babelgen.gallery.text import WHOLE_KEY, plain
from babelgen.gallery.trees import Tree, tree_pages, tree_view
from babelgen.gallery.views import SHEET
from babelgen.gallery.writer import Built, Wish, Writer, open_site


def build_site(
    library: Library[C],
    catalog: Catalog,
    site: Path,
    neighbours: Neighbours,
    templates: Path = TEMPLATES,
    flagged: bool = False,
    base: str = "",
    *,
    fresh: bool = False,
    processes: int | None = None,
    told: Callable[[str], None] = lambda stage: None,
) -> Built:
    """Build or bring up to date the site of a library.

    `neighbours` says for an edition's id and a key's text which keys come before and after it; `templates`: a folder
    whose templates and assets go before the shipped ones of the same names; `flagged`: whether pictures that a safety
    checker flagged are shown, too; `base`: the address that the site is to have, if it is to be told (see
    `base_address`); `fresh`: whether every page is made and every file compared, whatever is known of the last build;
    `processes`: how many make pages, where it is not left to their number and this machine's cores; `told` hears which
    stage begins: "reading", "pages", "placing".
    Raises UserError for a folder that is not a site, a slug or edition id that cannot name a file, or
    while another build writes the same folder; the old site stays whole whatever is raised.
    """
    fit_slugs([collection.slug for collection in library.collections])
    folders = [templates, *([TEMPLATES] if templates != TEMPLATES else [])]
    named = Site(library.id, plain(library.title), plain(library.description), base, bool(library.glossary))
    with (
        telling_of_templates(folders),
        open_site(site, library.root, fresh) as writer,
        closing(Crew(folders, named)) as crew,
    ):
        state = state_of(library, catalog, folders, flagged, base)
        if built := writer.finished(state):
            return built
        told("reading")
        if writer.moved() is None:
            # Every page is to be made: those who do it start while the library is read.
            crew.hire(processes or processes_for(catalog.count()))
        with closing(take(writer.snapshot, library, catalog, flagged, program(), writer.moved())) as index:
            editions = index.editions
            films = {drawer.slug: film_of(library.root, index, drawer) for drawer in index.drawers}
        work = Work(
            writer.snapshot, editions, [heading(one, films.get(one.slug)) for one in library.collections], library.glossary, neighbours,
            catalog.profiles(), folders, named, writer.places,
        )  # fmt: skip
        with closing(Maker(work)) as maker:
            build = _Build(writer, work, maker, Marks(work, maker), crew, processes)
            build.files()
            build.pages()
            build.tables({one.slug: one.axes for one in library.collections if one.axes})
            build.trees({one.slug: one.tree for one in library.collections if one.tree})
            told("pages")
            build.drawers()
            told("placing")
            if base:
                build.told()
            lacking = sum(drawer.total - drawer.printed for drawer in index.drawers)
            return writer.commit(build.small, state, lacking)


def heading(collection: C, film: FilmView | None = None) -> Heading:
    """A collection without its keys, and its film."""
    one = collection
    axes, tree = one.axes, one.tree
    numbers = (table_pages(axes) if axes else 0, *((tree_pages(tree), tree.genes) if tree else ()))
    return Heading(one.slug, one.title, one.kind, one.description, one.origin, one.room, film, *numbers)


@dataclass(frozen=True)
class _Build:
    writer: Writer
    work: Work
    maker: Maker
    marks: Marks
    crew: Crew
    processes: int | None

    def files(self) -> None:
        """Want the assets, the pictures, the editions' statistics and the scripts' data."""
        index, writer = self.maker.index, self.writer
        for path, text in self.maker.pages.assets():
            writer.write(path, text)
        writer.hang(
            (name, f"{self.marks.common} {files}", letters > WHOLE_KEY)
            for name, files, letters in index.files()
        )
        self._stages()
        self._films()
        for edition_id in index.editions:
            self._edition(edition_id)
        self._references()
        for path, script, made_from in data.parts(index, writer.called):
            if script is None:
                writer.stands(path, made_from)
            else:
                writer.write(path, script, made_from)

    def _stages(self) -> None:
        """Want the files of the pictures' stages."""
        for name, files, stages in self.maker.index.staged():
            for file, _ in stages.files():
                path = paths.stage(name, file)
                if not self.writer.stands(path, sign(files)):
                    self.writer.copy(path, self.work.places.library / path, sign(files))

    def _films(self) -> None:
        """Want the films, and the files of their keys."""
        library = self.work.places.library
        for one in self.work.headings:
            for path, source in one.film.files(library, one.slug) if one.film else ():
                if not self.writer.stands(path, sign(one.film)):
                    self.writer.copy(path, source, sign(one.film))

    def _edition(self, edition_id: str) -> None:
        """Want what the keys of an edition are read and rendered with: its file, and its statistics where it has some."""
        edition = self.maker.index.editions[edition_id]
        text = edition.document(PurePosixPath(paths.statistics(edition_id)).name).rstrip("\n")
        file, script = paths.edition_file(edition_id), paths.edition_script(edition_id)
        self.writer.write(file, text + "\n")
        self.writer.write(script, data.script(script, text))
        if edition.statistics is not None:
            self.writer.copy(paths.statistics(edition_id), edition.statistics.path)

    def _references(self) -> None:
        """Want the sizes of the reference pictures; they are made where the site has them not."""
        rooms = self.maker.rooms
        for reference in rooms.references():
            sizes = rooms.sizes(reference)
            kept = [self.writer.keep(path) for path, _ in sizes.files]  # both are wanted, in any case
            if not all(kept):
                for path, made in references.make(reference, sizes):
                    self.writer.write(path, made)

    def pages(self) -> None:
        """Want the pages that there are one of, or one for each edition."""
        views = self.maker.views
        self._page("home", paths.HOME, views.home())
        for template, path in (
            ("search", paths.SEARCH),
            ("favourites", paths.FAVOURITES),
            ("404", paths.MISSING),
        ):
            self._page(template, path)
        self._page("about", paths.ABOUT, views.about())
        if views.profiles:
            self._page("profiles", paths.PROFILES, views.computed())
        if views.rooms.explains:
            self._page("glossary", paths.glossary(), views.glossary())
        for edition in self.maker.index.editions:
            self._page("edition", paths.edition(edition), views.edition(edition))

    def tables(self, axes: Mapping[str, Axes]) -> None:
        """Want the tables of the collections that have one."""
        index = self.maker.index
        for drawer in index.drawers:
            if table := axes.get(drawer.slug):
                for number in range(1, table_pages(table) + 1):
                    view = table_view(index, drawer, table, number)
                    self._page("axes", paths.table(drawer.slug, number), view)

    def trees(self, trees: Mapping[str, Tree]) -> None:
        """Want the trees of the collections that have one."""
        index = self.maker.index
        for drawer in index.drawers:
            if tree := trees.get(drawer.slug):
                for number in range(1, tree_pages(tree) + 1):
                    self._page(
                        "tree", paths.tree(drawer.slug, number), tree_view(index, drawer, tree, number)
                    )

    def _page(self, template: str, path: str, view: object = None) -> None:
        made_from = sign(self.marks.common, template, view)
        if not self.writer.stands(path, made_from):
            self.writer.write(path, self.maker.pages.html(template, path, view), made_from)

    def drawers(self) -> None:
        """Want the pages of all collections and of the prompts index, and have them made."""
        tasks: Iterable[Task] = self._lists()
        if not self.crew:
            tasks = list(tasks)
            self.crew.hire(self.processes or processes_for(len(tasks) + self.writer.unmade()))
        self._make(tasks)

    def _lists(self) -> Iterator[Task]:
        """The contact sheets, zip files and pages of the prompts index to make; with them items' pages are wished."""
        for drawer in self.maker.index.drawers:
            blocks: list[str] = []
            self.writer.wish(self._wishes(drawer.number, blocks))
            keys = key_zips(self.maker.index, drawer)
            for part in keys:
                made_from = sign(self.marks.common, part, drawer.total, blocks)
                if not self.writer.stands(part.path, made_from):
                    yield Keys(drawer.number, part, self.writer.holds(part.path))
            for number, (path, made_from) in enumerate(self.marks.sheets(drawer, blocks, keys), 1):
                if not self.writer.stands(path, made_from):
                    yield Sheet(drawer.number, number, path, keys, self.writer.holds(path))
        for number, (path, made_from) in enumerate(self.marks.lists(), 1):
            if not self.writer.stands(path, made_from):
                yield List(number, path, self.writer.holds(path))

    def _items(self) -> Iterator[Task]:
        """The items' pages to make; ask for the first of them once all are wished."""
        yield from runs(self.writer.to_make())

    def _wishes(self, number: int, blocks: list[str]) -> Iterator[Wish]:
        """The wishes for items' pages of a collection; to `blocks` comes what is shown on each of its sheets."""
        drawer, part = self.maker.index.drawers[number], list[Standing]()
        for wish, standing in self.marks.items(drawer):
            yield wish
            part.append(standing)
            if len(part) == SHEET:
                blocks.append(block(drawer, self.maker, part))
                part.clear()
        if part:
            blocks.append(block(drawer, self.maker, part))

    def _make(self, tasks: Iterable[Task]) -> None:
        todo = chain(tasks, self._items())
        made = self.crew.make(self.work, todo) if self.crew else map(self.maker.make, todo)
        with self.maker.index.reading():
            for part in made:
                self.writer.made(part)
        new = self.writer.neighbours()
        if (first := next(new, None)) is not None:
            remember_neighbours(self.work.snapshot, chain([first], new))
            for number in self.writer.unsigned():
                drawer = self.maker.index.drawers[number]
                self.writer.resign((wish.path, wish.sign) for wish, _ in self.marks.items(drawer))

    def told(self) -> None:
        """Want what tells other programs of a site that has an address, once all pages are known."""
        site = self.work.site
        newest = self.maker.index.newest(feeds.NEWEST)
        self.writer.write(paths.FEED, feeds.feed(site.base, site.title, site.description, newest))
        self.writer.write(paths.ROBOTS, feeds.robots(site.base))
        for path, text in feeds.site_map(site.base, self.writer.pages()):
            self.writer.write(path, text)

    def small(self, name: str) -> list[tuple[str, bytes]]:
        """The files of a picture's key."""
        key = self.maker.index.key(name)
        script = paths.key_script(name) if len(key) > WHOLE_KEY else ""
        return [(path, text.encode()) for path, text in key_files(key, paths.key_file(name), script)]
