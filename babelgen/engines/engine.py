"""What engines have in common: orders, what they are supplied with, outcomes, and how a backend is found and run."""

from __future__ import annotations

import importlib
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from babelgen.catalog import Picture
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.plan import Item
from babelgen.settings import ON_CPU, Setting

DIFFUSION = "babelgen.diffusion.worker:work"
DEVELOPING = "babelgen.diffusion.stages:work"  # the same, but for the stages of pictures


@dataclass(frozen=True)
class Order:
    """What every worker of a run is told.

    root: the library's folder. backend: `module:function`. setting: of the run; each worker's own device comes from its
    engine. journals: the folder where each worker writes down what it has done; None for the root itself.
    """

    edition: Edition
    root: Path
    backend: str = DIFFUSION
    setting: Setting = ON_CPU
    journals: Path | None = None

    @property
    def journal_folder(self) -> Path:
        """Where workers write their journals."""
        return self.root if self.journals is None else self.journals


@dataclass(frozen=True)
class Ready:
    """A worker has loaded its model. profile: `id` included. slots: how many items it works on at once."""

    profile: dict[str, str]
    slots: int = 1


@dataclass(frozen=True)
class Done:
    """A picture is in its place on disk, and in the journal of the worker that made it."""

    picture: Picture

    @property
    def name(self) -> str:
        """Of the picture."""
        return self.picture.name


@dataclass(frozen=True)
class Developed:
    """The stages of an item's picture are in their place on disk."""

    item: Item

    @property
    def name(self) -> str:
        """Of the picture."""
        return self.item.name


@dataclass(frozen=True)
class Failed:
    """A picture could not be made, and why. traceback: for those who look for a bug; '' where there is nothing to see."""

    item: Item
    reason: str
    traceback: str = ""

    @property
    def name(self) -> str:
        """Of the picture."""
        return self.item.name


@dataclass(frozen=True)
class Died:
    """A worker is gone before its time; another takes its place. traceback: '' where there is none."""

    reason: str
    traceback: str = ""


@dataclass(frozen=True)
class Pulse:
    """A second has passed. workers: at work, or getting ready. in_hand: items that they have."""

    workers: int
    in_hand: int


Outcome = Ready | Done | Developed | Failed | Died | Pulse
Backend = Callable[[Order, Iterator[Item]], Iterator[Outcome]]


@dataclass(frozen=True)
class End:
    """A worker's last word. complaint: why it stopped early, '' otherwise; expected: it is the user's error."""

    complaint: str = ""
    expected: bool = False


class Supply(Protocol):
    """Where an engine gets its items from."""

    def __len__(self) -> int:
        """How many are left, or fewer."""
        ...

    def take(self, most: int) -> list[Item]:
        """The next ones; none only when there are no more."""
        ...


class Pile:
    """A supply of items that are all known, and nobody else's."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = deque(items)

    def __len__(self) -> int:
        """How many are left."""
        return len(self._items)

    def take(self, most: int) -> list[Item]:
        """The next ones."""
        return [self._items.popleft() for _ in range(min(most, len(self._items)))]


class Engine(Protocol):
    """Runs items through a backend."""

    def run(self, order: Order, supply: Supply) -> Iterator[Outcome]:
        """Work on all items; one Done, Developed or Failed for each, in no fixed order. A worker that dies is replaced."""
        ...


def resolve(backend: str) -> Backend:
    """The function that an import path `module:function` names."""
    module, _, name = backend.partition(":")
    function: Backend = getattr(importlib.import_module(module), name)
    return function


def run_backend(order: Order, items: Iterator[Item]) -> Generator[Outcome | End, None, None]:
    """A worker's whole life, in words: whatever goes wrong is its last."""
    try:
        yield from resolve(order.backend)(order, items)
        yield End()
    except UserError as error:
        yield End(str(error), expected=True)
    except Exception:
        yield End(traceback.format_exc())
