"""Addresses: the pages that a site has, for texts that link to them.

Law: a page is here exactly where a build makes it.
May import: the standard library, gallery.index, gallery.paths, gallery.views.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from babelgen.gallery import paths
from babelgen.gallery.index import Index
from babelgen.gallery.views import SHEET, pages_of

_OF_COLLECTION = re.compile(r"collections/([^/]+)/(index|page|table|tree|item)(?:-([0-9]{1,8}))?\.html")
_ALWAYS = {paths.HOME, paths.ABOUT, paths.SEARCH, paths.FAVOURITES, paths.MISSING}


@dataclass(frozen=True)
class Addresses:
    """The pages of a site, but for its glossary. tables, trees: how many pages a collection's table has, by slug, and its
    tree; profiles: whether there is a page of them."""

    index: Index
    tables: Mapping[str, int]
    trees: Mapping[str, int]
    profiles: bool

    def has(self, path: str) -> bool:
        """Whether there is a page at a site path."""
        if place := _OF_COLLECTION.fullmatch(path):
            return self._in_collection(path, place[1], place[2], int(place[3] or 1))
        if path == paths.PROFILES:
            return self.profiles
        editions = map(paths.edition, self.index.editions)
        return path in _ALWAYS or path in editions or path in self.index.ledger()

    def _in_collection(self, path: str, slug: str, kind: str, number: int) -> bool:
        drawer = next((one for one in self.index.drawers if one.slug == slug), None)
        if drawer is None or number < 1:
            return False
        match kind:
            case "item":
                return path == paths.item(slug, number) and self.index.at(drawer, number) is not None
            case "table":
                return path == paths.table(slug, number) and number <= self.tables.get(slug, 0)
            case "tree":
                return path == paths.tree(slug, number) and number <= self.trees.get(slug, 0)
            case _:
                return path == paths.sheet(slug, number) and number <= pages_of(drawer.printed, SHEET)
