"""The site: a library and its catalog in, a folder of pages out.

Law: one page at a time, each file wanted once, and nothing in place before all are made.
May import: the standard library, the gallery's other modules.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from babelgen.gallery import data, paths
from babelgen.gallery.axes import Axes, axes_of, table_pages, table_view
from babelgen.gallery.index import Drawer, Index, picture_files
from babelgen.gallery.pages import TEMPLATES, Pages, Site
from babelgen.gallery.source import C, Catalog, Library, Neighbours
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
) -> Built:
    """Build or bring up to date the site of a library.

    `neighbours` says for an edition's id and a key's text which keys come before and after it; `flagged`: whether
    pictures that a safety checker flagged are shown, too.
    Raises UserError for a folder that is not a site, a slug or edition id that cannot name a file, or
    while another build writes the same folder; the old site stays whole whatever is raised.
    """
    with closing(Index(library, catalog, flagged)) as index, open_site(site) as writer:
        named = Site(library.id, plain(library.title), plain(library.description))
        views = Views(index, neighbours, catalog.profiles())
        axes = {one.slug: found for one in library.collections if (found := axes_of(one))}
        build = _Build(writer, Pages(templates, named), index, views, axes)
        build.files(library.root)
        build.pages()
        return writer.commit()


@dataclass(frozen=True)
class _Build:
    writer: Writer
    templates: Pages
    index: Index
    views: Views
    axes: Mapping[str, Axes]

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
        for part in (data.items, data.search):
            for path, text in part(self.index):
                self.writer.write(path, text)

    def pages(self) -> None:
        """Want all pages."""
        self._page("home", paths.HOME, self.views.home())
        for template, path in (("search", paths.SEARCH), ("about", paths.ABOUT), ("404", paths.MISSING)):
            self._page(template, path)
        for edition in self.index.editions:
            self._page("edition", paths.edition(edition), self.views.edition(edition))
        for number in range(1, pages_of(self.index.count("prompts"), PROMPTS) + 1):
            self._page("prompts", paths.prompts(number), self.views.prompts(number))
        self._collections()

    def _collections(self) -> None:
        for drawer in self.index.drawers:
            for number in range(1, pages_of(drawer.printed, SHEET) + 1):
                view = self.views.sheet(drawer, number, drawer.slug in self.axes)
                self._page("sheet", paths.sheet(drawer.slug, number), view)
            self._table(drawer)
            for at, window in enumerate(self.index.walk(drawer)):
                self._item(self.views.item(drawer, at // SHEET + 1, window))

    def _table(self, drawer: Drawer) -> None:
        if axes := self.axes.get(drawer.slug):
            for number in range(1, table_pages(axes) + 1):
                self._page(
                    "axes", paths.table(drawer.slug, number), table_view(self.index, drawer, axes, number)
                )

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
