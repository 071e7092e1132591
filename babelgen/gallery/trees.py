"""Trees: how a collection's pictures descend from one another, as pages of their own.

A page shows generations in the order in which they were made, as a table: a row is a line of descent, each cell a
generation of the one before it. A second line from the same generation begins in a row of its own below.
Law: as for all views: no HTML, no files; of the tree it is held who descends from whom, of pictures a page of them.
May import: the standard library, gallery.index, gallery.paths, gallery.text, gallery.thumbs, gallery.views.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from babelgen.gallery import paths
from babelgen.gallery.index import Drawer, Index
from babelgen.gallery.text import plain, shorten
from babelgen.gallery.thumbs import Link, Thumb, thumb
from babelgen.gallery.views import Pager, pages_of

_TARGET = 120  # characters of a target


class Gene(Protocol):
    """One picture of a generation; `str` of it is what people call it. Of the start, generation is 0."""

    @property
    def generation(self) -> int:
        """Counted from 1."""

    @property
    def number(self) -> int:
        """Counted from 1."""


class Generation(Protocol):
    """Pictures of one parent."""

    @property
    def parent(self) -> Gene:
        """What they descend from."""

    @property
    def step(self) -> float:
        """How far they are from it, 1 being the whole way."""

    @property
    def target(self) -> str:
        """What they turn to; '' for nothing. Untrusted."""


class Tree(Protocol):
    """Generations in the order in which they were made; a parent is of an earlier one."""

    @property
    def genes(self) -> int:
        """How many each generation has."""

    @property
    def generations(self) -> Sequence[Generation]:
        """All but the start."""


@dataclass(frozen=True)
class GeneView:
    """A gene. thumb: None where it is not printed. children: the generations that descend from it."""

    name: str
    thumb: Thumb | None
    children: tuple[Link, ...]


@dataclass(frozen=True)
class GenerationView:
    """A generation. origin: its parent, and where that is. step: how far from it, 1 being the whole way."""

    number: int
    name: str
    origin: Link | None
    step: str
    target: str
    genes: tuple[GeneView, ...]


@dataclass(frozen=True)
class Line:
    """A line of descent. indent: how many cells stand empty before it."""

    indent: int
    generations: tuple[GenerationView, ...]


@dataclass(frozen=True)
class TreeView:
    """A page of a collection's tree. generations: how many there are in all; step, target: of the last one."""

    drawer: Drawer
    sheet: str
    lines: tuple[Line, ...]
    pager: Pager
    command: str
    file: str
    generations: int
    step: str
    target: str


def tree_pages(tree: Tree) -> int:
    """How many pages a tree has."""
    return pages_of(1 + len(tree.generations), paths.generations_shown(tree.genes))


def tree_view(index: Index, drawer: Drawer, tree: Tree, page: int) -> TreeView:
    """The page-th page (from 1) of a collection's tree."""
    maker = _Maker(index, drawer, tree)
    each = paths.generations_shown(tree.genes)
    shown = range((page - 1) * each, min(page * each, 1 + len(tree.generations)))
    pages = tuple(paths.tree(drawer.slug, number) for number in range(1, tree_pages(tree) + 1))
    file, last = f"{drawer.slug}-choices.txt", tree.generations[-1]
    return TreeView(
        drawer=drawer,
        sheet=paths.sheet(drawer.slug),
        lines=tuple(
            Line(indent, tuple(map(maker.generation, line))) for indent, line in lines(maker.parents, shown)
        ),
        pager=Pager(page, pages),
        command=f"python render.py evolve --name {drawer.slug} --choices {file} --library DIR",
        file=file,
        generations=len(tree.generations),
        step=f"{last.step:.3g}",
        target=plain(last.target),
    )


def lines(parents: Mapping[int, int], shown: range) -> list[tuple[int, list[int]]]:
    """Generations as lines of descent, each with its indent; parents: of each generation that has one, by number.

    A line goes on with the first child of each generation; the others begin lines below it, those furthest along first,
    so that no way from a parent to its child crosses another.
    """
    children: dict[int, list[int]] = {}
    roots: list[int] = []
    for number in shown:
        parent = parents.get(number)
        (children.setdefault(parent, []) if parent is not None and parent in shown else roots).append(number)
    found, waiting = [], [(0, root) for root in reversed(roots)]
    while waiting:
        indent, number = waiting.pop()
        line = [number]
        while number in children:
            number = children[number][0]
            line.append(number)
        found.append((indent, line))
        for at, each in enumerate(line):
            waiting += [(indent + at + 1, child) for child in reversed(children.get(each, [])[1:])]
    return found


class _Maker:
    """Views of the generations of one tree; generation 0 is the start."""

    def __init__(self, index: Index, drawer: Drawer, tree: Tree) -> None:
        self._index, self._drawer, self._tree = index, drawer, tree
        self.parents: dict[int, int] = {}
        self._children: dict[str, list[int]] = {}
        for number, each in enumerate(tree.generations, 1):
            self.parents[number] = each.parent.generation
            self._children.setdefault(str(each.parent), []).append(number)

    def generation(self, number: int) -> GenerationView:
        """One generation, or the start."""
        if not number:
            return GenerationView(0, "Start", None, "", "", (self._gene("start", 1),))
        one = self._tree.generations[number - 1]
        origin = Link(self._page(one.parent.generation), str(one.parent))
        first = 2 + (number - 1) * self._tree.genes
        genes = [self._gene(f"{number}.{at + 1}", first + at) for at in range(self._tree.genes)]
        target = shorten(plain(one.target), _TARGET)
        return GenerationView(number, f"Generation {number}", origin, f"{one.step:.3g}", target, tuple(genes))

    def _gene(self, name: str, position: int) -> GeneView:
        item = self._index.at(self._drawer, position)
        children = [Link(self._page(number), str(number)) for number in self._children.get(name, ())]
        return GeneView(name, thumb(item) if item else None, tuple(children))

    def _page(self, generation: int) -> str:
        """Where a generation is."""
        return paths.tree(self._drawer.slug, 1 + generation // paths.generations_shown(self._tree.genes))
