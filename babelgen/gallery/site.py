"""The site: a library and its catalog in, a folder of pages out.

Law: one page at a time, each file wanted once, and nothing in place before all are made.
May import: the standard library, the gallery's other modules.
"""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from babelgen.gallery import data, feeds, paths
from babelgen.gallery.index import Index, picture_files
from babelgen.gallery.pages import TEMPLATES, Pages, Site
from babelgen.gallery.source import C, Catalog, Library, Neighbours
from babelgen.gallery.takeaway import key_zips, zipped
from babelgen.gallery.text import plain
from babelgen.gallery.views import PROMPTS, SHEET, ItemView, KeyView, Views, pages_of
from babelgen.gallery.writer import Built, Writer, open_site


def build_site(
    library: Library[C],
    catalog: Catalog,
    site: Path,
    neighbours: Neighbours,
    templates: Path = TEMPLATES,
    flagged: bool = False,
    base: str = "",
) -> Built:
    """Build or bring up to date the site of a library.

    `neighbours` says for an edition's id and a key's text which keys come before and after it; `flagged`: whether
    pictures that a safety checker flagged are shown, too; `base`: the address that the site is to have, if it is to be
    told (see `base_address`).
    Raises UserError for a folder that is not a site, a slug or edition id that cannot name a file, or
    while another build writes the same folder; the old site stays whole whatever is raised.
    """
    with closing(Index(library, catalog, flagged)) as index, open_site(site) as writer:
        named = Site(library.id, plain(library.title), plain(library.description), base)
        build = _Build(writer, Pages(templates, named), index, Views(index, neighbours, catalog.profiles()))
        build.files(library.root)
        build.pages()
        if base:
            build.told(named)
        return writer.commit()


@dataclass(frozen=True)
class _Build:
    writer: Writer
    templates: Pages
    index: Index
    views: Views

    def files(self, root: Path) -> None:
        """Want the assets, the pictures, the editions' statistics and the scripts' data."""
        for path, text in self.templates.assets():
            self.writer.write(path, text)
        for name in self.index.names():
            targets = (paths.picture(name), paths.view(name), paths.thumb(name))
            for path, source in zip(targets, picture_files(root, name), strict=True):
                self.writer.copy(path, source)
        for edition_id, edition in self.index.editions.items():
            if edition.statistics is not None:
                self.writer.copy(paths.statistics(edition_id), edition.statistics.path)
        for path, text in data.parts(self.index):
            self.writer.write(path, text)

    def pages(self) -> None:
        """Want all pages."""
        self._page("home", paths.HOME, self.views.home())
        for template, path in (
            ("search", paths.SEARCH),
            ("favourites", paths.FAVOURITES),
            ("about", paths.ABOUT),
            ("404", paths.MISSING),
        ):
            self._page(template, path)
        for edition in self.index.editions:
            self._page("edition", paths.edition(edition), self.views.edition(edition))
        for number in range(1, pages_of(self.index.count("prompts"), PROMPTS) + 1):
            self._page("prompts", paths.prompts(number), self.views.prompts(number))
        self._collections()

    def told(self, site: Site) -> None:
        """Want what tells other programs of a site that has an address, once all pages are known."""
        newest = self.index.newest(feeds.NEWEST)
        self.writer.write(paths.FEED, feeds.feed(site.base, site.title, site.description, newest))
        self.writer.write(paths.ROBOTS, feeds.robots(site.base))
        for path, text in feeds.site_map(site.base, list(self.writer.pages())):
            self.writer.write(path, text)

    def _collections(self) -> None:
        for drawer in self.index.drawers:
            keys = key_zips(self.index, drawer)
            for part in keys:
                self.writer.write(part.path, zipped(self.index, drawer, part))
            for number in range(1, pages_of(drawer.printed, SHEET) + 1):
                self._page("sheet", paths.sheet(drawer.slug, number), self.views.sheet(drawer, number, keys))
            for at, window in enumerate(self.index.walk(drawer)):
                self._item(self.views.item(drawer, at // SHEET + 1, window))

    def _item(self, view: ItemView) -> None:
        self._page("item", paths.item(view.drawer.slug, view.position), view)
        for key in (view.key, view.key_before.key, view.key_after.key):
            if key:
                self._key(key)

    def _key(self, key: KeyView) -> None:
        if key.file:
            self.writer.write(key.file, key.text + "\n")
        if key.script:
            self.writer.write(key.script, data.script(key.script, key.text))

    def _page(self, template: str, path: str, view: object = None) -> None:
        self.writer.write(path, self.templates.html(template, path, view))
