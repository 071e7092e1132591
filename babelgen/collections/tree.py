"""Trees: how the pictures of a collection descend from one another."""

from __future__ import annotations

import re
from dataclasses import dataclass

START = "start"
_GENE = re.compile(r"([1-9][0-9]{0,5})\.([1-9][0-9]{0,5})")


@dataclass(frozen=True, order=True)
class Gene:
    """One picture of a generation, both counted from 1. (0, 0) is the start, which all descend from."""

    generation: int
    number: int

    def __str__(self) -> str:
        return f"{self.generation}.{self.number}" if self.generation else START


BEGINNING = Gene(0, 0)


@dataclass(frozen=True)
class Generation:
    """Genes of one parent. step: how far they are from it. target: the prompt that they turn to, '' for none; keyed: or the key."""

    parent: Gene
    step: float
    target: str = ""
    keyed: bool = False


@dataclass(frozen=True)
class Tree:
    """Generations of `genes` each, in the order in which they were made; a parent is of an earlier one."""

    genes: int
    generations: tuple[Generation, ...]

    def position(self, gene: Gene) -> int:
        """Where a gene stands in the collection, from 1: the start, then generation after generation."""
        return 1 + (gene.generation - 1) * self.genes + gene.number if gene.generation else 1

    def gene(self, position: int) -> Gene:
        """The gene at a position."""
        if position == 1:
            return BEGINNING
        generation, number = divmod(position - 2, self.genes)
        return Gene(generation + 1, number + 1)

    def has(self, gene: Gene) -> bool:
        """Whether there is such a gene."""
        if gene == BEGINNING:
            return True
        return 1 <= gene.generation <= len(self.generations) and 1 <= gene.number <= self.genes

    def parent(self, gene: Gene) -> Gene | None:
        """What a gene descends from; None of the start."""
        return self.generations[gene.generation - 1].parent if gene.generation else None


def gene_of(text: str) -> Gene | None:
    """The gene that is called so: `start`, or generation and number, such as `3.2`; None for other texts."""
    if text == START:
        return BEGINNING
    parts = _GENE.fullmatch(text)
    return Gene(int(parts[1]), int(parts[2])) if parts else None
