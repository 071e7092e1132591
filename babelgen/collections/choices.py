"""Choices: what somebody says while an evolution goes on, and which generations that comes to."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from babelgen.collections.tree import BEGINNING, Gene, Generation, Tree, gene_of
from babelgen.errors import UserError

AGAIN = ("again", "r", "")
BACK = ("back", "b")
_NUMBER = re.compile("[1-9][0-9]{0,5}")


@dataclass(frozen=True)
class Session:
    """An evolution while it goes on. view: the generation that numbers alone count in; 0 for the start.

    step, target: of the generations to come.
    """

    tree: Tree
    view: int
    step: float
    target: str

    def say(self, line: str) -> Session:
        """The session after a line, with one generation more where that chose a parent; UserError says what is wrong.

        `3` is a gene of the generation in view, `2.4` or `start` any other; `again` is another generation of the same
        parent; `back` has its parent's generation in view; `to PROMPT` (or a key; alone: to nothing) and `step 0.1` are
        for what comes.
        """
        words = line.strip()
        verb, _, rest = words.partition(" ")
        if verb == "to":
            return replace(self, target=rest.strip())
        if verb == "step" and rest:
            return replace(self, step=_step(rest))
        if words in BACK:
            return replace(self, view=self._parent().generation)
        return self.grown(self._parent() if words in AGAIN else self._gene(words))

    def grown(self, parent: Gene) -> Session:
        """The session with a generation of that parent, which comes in view."""
        generation = Generation(parent, self.step, self.target)
        tree = replace(self.tree, generations=(*self.tree.generations, generation))
        return replace(self, tree=tree, view=len(tree.generations))

    def _parent(self) -> Gene:
        """The parent of the generation in view."""
        return self.tree.generations[self.view - 1].parent if self.view else BEGINNING

    def _gene(self, words: str) -> Gene:
        gene = Gene(self.view, int(words)) if _NUMBER.fullmatch(words) and self.view else gene_of(words)
        if gene is None or not self.tree.has(gene):
            numbers = f"1 to {self.tree.genes}, " if self.view else ""
            last = Gene(len(self.tree.generations), self.tree.genes)
            raise UserError(
                f"{words[:40]!r} is no choice: say {numbers}start, a gene up to {last}, again, back, to PROMPT, or step NUMBER."
            )
        return gene


def _step(text: str) -> float:
    try:
        step = float(text)
    except ValueError:
        step = 0.0
    if not 0 < step <= 1:
        raise UserError(f"A step is a number above 0 and at most 1, not {text[:40]!r}.")
    return step
