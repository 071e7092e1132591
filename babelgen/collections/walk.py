"""A walk: steps from a key in random directions, through noise, conditions, or both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from babelgen.collections.collection import MOST, Embeddings, Place, Places
from babelgen.collections.frames import (
    Frames,
    draw_normal,
    draw_uniform,
    in_words,
    negative_of,
    prompts_among,
    require_embeddings,
)
from babelgen.collections.sample import LARGEST_SEED
from babelgen.collections.start import Started, read_start
from babelgen.edition import Edition
from babelgen.geometry import Way, turn_way
from babelgen.keys import Key, Shelf, Wanted
from babelgen.statistics import statistics_of
from babelgen.toml import Table

SPACES = ("noise", "condition", "both")
STYLES = ("sphere", "linear")
STEPS = {"sphere": 0.05, "linear": 0.0095}
MOST_DIRECTIONS = 1000
LONGEST_STEP = 10.0  # radians, or units of noise


@dataclass(frozen=True)
class Walk(Started):
    """`length` steps from the start in each of some directions, one direction after the other.

    Each direction begins with the start itself; with `back` it leads back, but for the start, so that the frames can be
    shown round and round. style: `sphere` turns by `step` radians towards the direction, `linear` adds `step` times it.
    """

    space: str
    directions: int
    length: int
    step: float
    seed: int = 0
    style: str = "sphere"
    back: bool = False

    def maker(self, edition: Edition) -> Callable[[int], str]:
        """What makes a frame's key where no prompt moves: see `making`."""
        return self.making(edition, {})

    def making(
        self, edition: Edition, embeddings: Embeddings, known: Sequence[str] = ()
    ) -> Callable[[int], str]:
        """What makes a frame's key from its number."""
        first, frames, each = self.first(edition), Frames(edition, embeddings), self._each

        @lru_cache(maxsize=2)
        def path(direction: int) -> Callable[[int], str]:
            return self._path(frames, first, direction)

        def make(number: int) -> str:
            direction, at = divmod(number, each)
            at = min(at, 2 * self.length - at)
            return path(direction)(at) if at else first.text

        return make

    def places(self, edition: Edition) -> Places:
        """How many steps a frame is from the start, and in which direction; of the start itself there is nothing to say."""
        start = in_words(self.first(edition), edition) or "the start"

        def tell(number: int) -> Place | None:
            direction, at = divmod(number, self._each)
            far = min(at, 2 * self.length - at)
            if not far:
                return None
            words = f"{far:,} {'step' if far == 1 else 'steps'} from {start}"
            if self.directions > 1:
                words += f", direction {direction + 1:,} of {self.directions:,}"
            if at > self.length:
                words += ", on the way back"
            return Place(words, self.space != "noise")

        return tell

    @property
    def _each(self) -> int:
        """How many frames a direction has."""
        return 2 * self.length if self.back else self.length + 1

    def _path(self, frames: Frames, first: Key, direction: int) -> Callable[[int], str]:
        """What writes the key that is so many steps from the first, in a direction."""
        label = f"babelgen/walk/{self.seed}/{direction}"
        noise, below = first.noise(), negative_of(first, frames.edition)
        moved = self._way(noise, f"{label}/noise") if self.space != "condition" else None
        condition = self._shown(frames, first, f"{label}/condition")
        negative = self._kept_away(frames, first, f"{label}/negative")

        def write(at: int) -> str:
            here = at * self.step
            return frames.write(
                first.steps,
                condition(here) if condition else first.condition,
                moved(here) if moved else noise,
                negative(here) if negative else below,
            )

        return write

    def _shown(self, frames: Frames, first: Key, label: str) -> Callable[[float], Wanted] | None:
        """The way of the condition; None where it is held."""
        if self.space == "noise":
            return None
        embedding = frames.embedding(first.condition).astype(np.float64)
        if self.style == "linear" or not frames.edition.codec.prompts:
            return self._way(embedding, label)
        # Counted in deviations from the mean, embeddings are much as noise is: no coordinate leaves what prompts have.
        statistics = statistics_of(frames.edition)
        mean, deviation = statistics.coded_moments
        way = self._way((embedding[statistics.coded] - mean) / deviation, label)

        def at(angle: float) -> NDArray[np.float64]:
            values = embedding.copy()
            values[statistics.coded] = mean + deviation * way(angle)
            return values

        return at

    def _kept_away(self, frames: Frames, first: Key, label: str) -> Callable[[float], Wanted] | None:
        """The way of the negative condition, which linear walks alone move, and only where it plays a part."""
        below = negative_of(first, frames.edition)
        if not self._moves_negative(frames.edition) or below is None:
            return None
        return self._way(frames.embedding(below).astype(np.float64), label)

    def _moves_negative(self, edition: Edition) -> bool:
        return self.style == "linear" and self.space != "noise" and edition.guidance != 1

    def _way(self, start: NDArray[np.floating], label: str) -> Way:
        if self.style == "sphere":
            return turn_way(start, draw_normal(label, start.shape))
        delta, begin = draw_uniform(label, start.shape), start.astype(np.float64)
        return lambda far: begin + far * delta

    def shelves(self, edition: Edition) -> tuple[Shelf, ...]:
        """The prompt that conditions lead away from, and the negative one."""
        if self.space == "noise":
            return ()
        first = self.first(edition)
        negative = negative_of(first, edition) if self._moves_negative(edition) else None
        return prompts_among([first.condition, negative])

    def count(self) -> int:
        """How many frames there are."""
        return self.directions * self._each


def read_walk(table: Table, edition: Edition) -> Walk:
    """The fields of a walk: start, or prompt, page, negative, steps; space, directions, frames, step, seed, style, back."""
    start = read_start(table, edition)
    style = table.choice("style", STYLES, "sphere")
    space = table.choice("space", SPACES, "both")
    if space != "noise":
        require_embeddings(table, "space" if "space" in table.names() else "kind", edition)
    directions = table.number("directions", 1, low=1, high=MOST_DIRECTIONS)
    return Walk(
        **start,
        space=space,
        directions=directions,
        length=table.number("frames", low=1, high=MOST // (2 * directions)),
        step=_read_step(table, style),
        seed=table.number("seed", 0, low=0, high=LARGEST_SEED),
        style=style,
        back=table.flag("back", False),
    )


def _read_step(table: Table, style: str) -> float:
    step = table.real("step", STEPS[style])
    if not 0 < step <= LONGEST_STEP:
        raise table.error("step", f"must be above 0 and at most {LONGEST_STEP:g}, not {step:g}")
    return step
