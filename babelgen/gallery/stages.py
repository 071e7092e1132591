"""Stages: how a picture came out of its noise, as its page shows it.

Law: no HTML here; paths are site paths.
May import: the standard library, babelgen.stages, gallery.index, gallery.paths.
"""

from dataclasses import dataclass

from babelgen.gallery import paths
from babelgen.gallery.index import Index
from babelgen.stages import SERIES, file_name


@dataclass(frozen=True)
class StageView:
    """One stage: in words, and its two pictures."""

    words: str
    noisy: str
    clean: str


@dataclass(frozen=True)
class StagesView:
    """The stages of a picture; `start` numbers the one (from 0) that is shown first. width, height: of their pictures."""

    steps: int
    width: int
    height: int
    stages: tuple[StageView, ...]
    start: int


def stages_view(index: Index, name: str) -> StagesView | None:
    """The stages of a printed picture, where it has some."""
    found = index.stages(name)
    if found is None:
        return None
    views = tuple(
        StageView(
            _words(one.step, found.steps, one.timestep),
            *(paths.stage(name, file_name(one.step, series)) for series in SERIES),
        )
        for one in found.kept
    )
    # In the middle most is to be seen at once: much noise, and already a guess.
    return StagesView(found.steps, found.width, found.height, views, len(views) // 2)


def _words(step: int, steps: int, timestep: int | None) -> str:
    where = "the picture" if timestep is None else f"timestep {timestep}"
    return f"Step {step} of {steps}, {where}"
