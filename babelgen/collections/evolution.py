"""An evolution: generations of keys, each around a parent that somebody chose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from babelgen.collections.collection import Embeddings, Place, Places, Spec
from babelgen.collections.frames import (
    Frames,
    check_stop,
    draw_normal,
    is_key,
    negative_of,
    prompts_among,
    quoted,
    require_embeddings,
    same_condition,
)
from babelgen.collections.sample import LARGEST_SEED
from babelgen.collections.start import Started, read_start
from babelgen.collections.tree import BEGINNING, Gene, Generation, Tree, gene_of
from babelgen.edition import Edition
from babelgen.geometry import slerp, slerp_way
from babelgen.keys import Condition, Shelf, Wanted
from babelgen.tokens import tokens_of
from babelgen.toml import Table

STEP = 0.05
MOST_GENES = 100
MOST_GENERATIONS = 1000


@dataclass(frozen=True)
class Evolution(Started):
    """The start, and then generation after generation, `genes` keys each.

    A gene's noise lies `step` of the way from its parent's to fresh noise, which seed, generation and gene draw; its
    condition lies as far from its parent's to the target's, and is the parent's where there is none. What is kept away
    stays. So a gene follows from its parent's key, and two generations of one parent are others.
    """

    genes: int
    generations: tuple[Generation, ...]
    seed: int = 0

    def maker(self, edition: Edition) -> Callable[[int], str]:
        """What makes a gene's key where no prompt moves: see `making`."""
        return self.making(edition, {})

    def making(
        self, edition: Edition, embeddings: Embeddings, known: Sequence[str] = ()
    ) -> Callable[[int], str]:
        """What makes a gene's key from its number; `known`: the keys of the first generations, as far as they are known."""
        first, frames, tree = self.first(edition), Frames(edition, embeddings), self.tree()
        parents: dict[int, str] = {}  # of generations, by their number

        def key_at(gene: Gene) -> str:
            """The key of a gene whose generation's parent is known."""
            if gene == BEGINNING:
                return first.text
            number = tree.position(gene) - 1
            return known[number] if number < len(known) else self._key(frames, gene, parents[gene.generation])

        def make(number: int) -> str:
            gene = tree.gene(number + 1)
            for each in self._line(gene.generation):
                if each not in parents:
                    parents[each] = key_at(self.generations[each - 1].parent)
            return key_at(gene)

        return make

    def _line(self, generation: int) -> list[int]:
        """The generations that lead to one, the oldest first, and itself."""
        line: list[int] = []
        while generation:
            line.append(generation)
            generation = self.generations[generation - 1].parent.generation
        return line[::-1]

    def _key(self, frames: Frames, gene: Gene, parent_key: str) -> str:
        """A gene's key, from its parent's."""
        edition, generation = frames.edition, self.generations[gene.generation - 1]
        parent = edition.codec.parse(parent_key)
        noise = parent.noise()
        fresh = self.noise_of(gene, noise.shape)
        condition: Wanted = parent.condition
        target = _target_of(generation, edition)
        if target is not None and not same_condition(parent.condition, target):
            way = slerp_way(frames.embedding(parent.condition), frames.embedding(target), by_row=True)
            condition = way(generation.step)
        negative = negative_of(parent, edition)
        return frames.write(parent.steps, condition, slerp(noise, fresh, generation.step), negative)

    def noise_of(self, gene: Gene, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """The fresh noise that a gene turns to."""
        return draw_normal(f"babelgen/evolution/{self.seed}/{gene}", shape)

    def shelves(self, edition: Edition) -> tuple[Shelf, ...]:
        """The prompts that genes turn to, and the first of them turn from."""
        targets = [_target_of(each, edition) for each in self.generations]
        moving = [target for target in targets if target is not None]
        return prompts_among([self.first(edition).condition, *moving]) if moving else ()

    def grown(self) -> Spec | None:
        """The same without its last generation."""
        if len(self.generations) < 2:
            return None
        return replace(self, generations=self.generations[:-1])

    def tree(self) -> Tree:
        """Who descends from whom."""
        return Tree(self.genes, self.generations)

    def places(self, edition: Edition) -> Places:
        """What a gene descends from, and what it turns to; of the start there is nothing to say."""
        first, tree, moved = self.first(edition), self.tree(), [False]
        for each in self.generations:
            target = _target_of(each, edition)
            turns = target is not None and not same_condition(target, first.condition)
            moved.append(moved[each.parent.generation] or turns)

        def tell(number: int) -> Place | None:
            gene = tree.gene(number + 1)
            if gene == BEGINNING:
                return None
            generation = self.generations[gene.generation - 1]
            parent = f"gene {generation.parent}" if generation.parent.generation else "the start"
            target = (
                "" if generation.keyed or not generation.target else f" towards {quoted(generation.target)}"
            )
            return Place(f"gene {gene}, from {parent}{target}", moved[gene.generation])

        return tell

    def count(self) -> int:
        """How many genes there are, and the start."""
        return 1 + self.genes * len(self.generations)

    def prompts(self) -> tuple[str, ...]:
        """The prompt at the start, what is kept away, and the targets that are prompts."""
        targets = dict.fromkeys(each.target for each in self.generations if not each.keyed)
        return (*super().prompts(), *filter(None, targets))


def _target_of(generation: Generation, edition: Edition) -> Condition | None:
    """The condition that a generation turns to; None where it turns to none."""
    if generation.keyed:
        return edition.codec.parse(generation.target).condition
    return tokens_of(edition).shelf(generation.target) if generation.target else None


def read_evolution(table: Table, edition: Edition) -> Evolution:
    """The fields of an evolution: those of a start; genes, step, seed, target; generations, each from, step, target."""
    start = read_start(table, edition)
    genes = table.number("genes", 5, low=1, high=MOST_GENES)
    wanted = Generation(BEGINNING, _read_step(table, STEP), *_read_target(table, edition))
    tables = table.tables("generations")
    if len(tables) > MOST_GENERATIONS:
        raise table.error("generations", f"must be at most {MOST_GENERATIONS:,}")
    generations = [
        _read_generation(each, edition, number, genes, wanted) for number, each in enumerate(tables, 1)
    ]
    read = Evolution(
        **start,
        genes=genes,
        generations=tuple(generations) or (wanted,),
        seed=table.number("seed", 0, low=0, high=LARGEST_SEED),
    )
    if read.shelves(edition):
        require_embeddings(table, "target" if wanted.target else "generations", edition)
    return read


def _read_generation(
    table: Table, edition: Edition, number: int, genes: int, wanted: Generation
) -> Generation:
    """One of `generations`. wanted: what it has where it says nothing."""
    parent = gene_of(table.text("from"))
    if parent is None or parent.generation >= number or parent.number > genes:
        before = f", or a gene before it, such as 1.{genes}" if number > 1 else ""
        raise table.error("from", f"must be start{before}, not {table.text('from')[:20]!r}")
    target, keyed = _read_target(table, edition, wanted)
    read = Generation(parent, _read_step(table, wanted.step), target, keyed)
    table.refuse_others()
    return read


def _read_step(table: Table, default: float) -> float:
    step = table.real("step", default)
    if not 0 < step <= 1:
        raise table.error("step", f"must be above 0 and at most 1, the whole way, not {step:g}")
    return step


def _read_target(table: Table, edition: Edition, wanted: Generation | None = None) -> tuple[str, bool]:
    """A target, and whether it is a key."""
    if "target" not in table.names():
        return (wanted.target, wanted.keyed) if wanted else ("", False)
    target = table.text("target")
    if target:
        check_stop(table, "target", target, edition)
    return target, bool(target) and is_key(target, edition)
