"""Axes: a collection's pictures as a table of two of its lists, a page of a collection of its own.

Law: as for all views: no HTML, no files, and nothing larger than the table is held.
May import: the standard library, gallery.index, gallery.paths, gallery.text, gallery.thumbs, gallery.views.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from babelgen.gallery import paths
from babelgen.gallery.index import Drawer, Index
from babelgen.gallery.text import plain
from babelgen.gallery.thumbs import Thumb, thumb
from babelgen.gallery.views import Pager, pages_of

CELLS = 240  # about so many on a page: whole rows


class Places(Protocol):
    """Where the pictures of each cell stand in the collection."""

    def total(self, row: int, column: int, /) -> int:
        """How many pictures a cell has."""

    def first(self, row: int, column: int, /) -> Sequence[int]:
        """The positions of its first ones."""


class Axes(Protocol):
    """A table of two of a collection's lists."""

    @property
    def across(self) -> str:
        """The name of the list whose values are over the columns."""

    @property
    def columns(self) -> Sequence[str]:
        """Untrusted."""

    @property
    def down(self) -> str:
        """The name of the list whose values are beside the rows."""

    @property
    def rows(self) -> Sequence[str]:
        """Untrusted."""

    @property
    def places(self) -> Places:
        """What is in the cells."""


@dataclass(frozen=True)
class Cell:
    """One cell: those of its first pictures that are printed, how many it has, and how many more than it shows."""

    thumbs: tuple[Thumb, ...]
    total: int
    more: int


@dataclass(frozen=True)
class Row:
    """One row."""

    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class AxesView:
    """A page of a collection's table."""

    drawer: Drawer
    sheet: str
    across: str
    down: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    pager: Pager


def table_pages(axes: Axes) -> int:
    """How many pages a table has."""
    return pages_of(len(axes.rows), _rows(axes))


def table_view(index: Index, drawer: Drawer, axes: Axes, number: int) -> AxesView:
    """The number-th page (from 1) of a collection's table."""
    each = _rows(axes)
    rows = range((number - 1) * each, min(number * each, len(axes.rows)))
    pages = tuple(paths.table(drawer.slug, page) for page in range(1, table_pages(axes) + 1))
    return AxesView(
        drawer=drawer,
        sheet=paths.sheet(drawer.slug),
        across=named(axes.across),
        down=named(axes.down),
        columns=tuple(map(_label, axes.columns)),
        rows=tuple(
            Row(
                _label(axes.rows[row]),
                tuple(_cell(index, drawer, axes.places, row, column) for column in range(len(axes.columns))),
            )
            for row in rows
        ),
        pager=Pager(number, pages),
    )


def named(list_name: str) -> str:
    """A list's name for people: `suffixes_2` is "suffixes 2"."""
    return list_name.replace("_", " ")


def _rows(axes: Axes) -> int:
    return max(1, CELLS // len(axes.columns))


def _label(text: str) -> str:
    return plain(text) or "(empty)"


def _cell(index: Index, drawer: Drawer, places: Places, row: int, column: int) -> Cell:
    total, first = places.total(row, column), places.first(row, column)
    thumbs = tuple(thumb(item) for position in first if (item := index.at(drawer, position)))
    return Cell(thumbs, total, total - len(first))
