"""What engines have in common: orders, outcomes, and how a backend is found."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from babelgen.catalog import Picture
from babelgen.edition import Edition
from babelgen.plan import Item
from babelgen.settings import ON_CPU, Setting

DIFFUSION = "babelgen.diffusion.worker:work"


@dataclass(frozen=True)
class Order:
    """What every worker of a run is told.

    root: the library's folder. backend: `module:function`. setting: of the run; each worker's own device comes from its
    engine.
    """

    edition: Edition
    root: Path
    backend: str = DIFFUSION
    setting: Setting = ON_CPU


@dataclass(frozen=True)
class Ready:
    """A worker has loaded its model. profile: `id` included. slots: how many items it works on at once."""

    profile: dict[str, str]
    slots: int = 1


@dataclass(frozen=True)
class Done:
    """A picture is in its place on disk; what remains is to record it."""

    picture: Picture


@dataclass(frozen=True)
class Failed:
    """A picture could not be made, and why."""

    item: Item
    reason: str


Outcome = Ready | Done | Failed
Backend = Callable[[Order, Iterator[Item]], Iterator[Outcome]]


class Engine(Protocol):
    """Runs items through a backend."""

    def run(self, order: Order, items: Sequence[Item]) -> Iterator[Outcome]:
        """Work on all items; one Done or Failed for each, in no fixed order."""
        ...


def resolve(backend: str) -> Backend:
    """The function that an import path `module:function` names."""
    module, _, name = backend.partition(":")
    function: Backend = getattr(importlib.import_module(module), name)
    return function
