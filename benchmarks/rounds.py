"""Processes that are measured in turns, and what is counted of their rounds.

Nothing here knows torch: each process loads it when it starts, after its threads are settled. A process that is not
asked for anything waits at its pipe, and so takes no time from the others.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from babelgen.edition import Edition
from babelgen.errors import BabelgenError
from babelgen.settings import Setting

PATIENCE = 10.0  # seconds for a process to end; what is left of it then ends with this one
Steps = tuple[int, ...]  # of pictures, a number each, in the order in which they are made


@dataclass(frozen=True)
class Task:
    """What all processes have in common: pictures of so many steps, and how they are computed, with nothing left open.

    compiled: by this sampler; diffusers' pipeline is left as it comes.
    """

    edition: Edition
    steps: int
    device: str
    precision: str
    compiled: bool
    slots: int

    @property
    def setting(self) -> Setting:
        """The same as the farm's workers take it."""
        return Setting(self.device, self.precision, self.compiled, self.slots)

    @property
    def rows_a_slot(self) -> int:
        """UNet rows that one step of one picture needs: one, or two with guidance."""
        return 1 if self.edition.guidance == 1 else 2


@dataclass(frozen=True)
class Told:
    """What a process says of a round: how many pictures it has, all of them numbers, and its peak memory in bytes."""

    pictures: int
    memory: int


@dataclass(frozen=True)
class Round:
    """One round of all the processes of a contender: wall seconds, pictures, useful UNet rows, peak memory in bytes."""

    seconds: float
    pictures: int
    rows: int
    memory: int = 0

    @property
    def rate(self) -> float:
        """Useful rows a second."""
        return self.rows / self.seconds


def useful_rows(steps: Iterable[int], rows_a_slot: int) -> int:
    """UNet rows that these pictures need; what fills the slots of a batch beside them is not counted."""
    return rows_a_slot * sum(steps)


def deal(steps: Iterable[int], hands: int) -> list[Steps]:
    """Pictures for so many processes, longest first, each to the one that has the fewest steps so far."""
    dealt: list[list[int]] = [[] for _ in range(hands)]
    for number in sorted(steps, reverse=True):
        min(dealt, key=sum).append(number)
    return [tuple(hand) for hand in dealt]


class Child:
    """A process that gets ready, says what it is, and answers one question at a time.

    start: `module:function`, which is called there with the arguments and returns what the process says when it is
    ready, and the function that answers. one_thread: whether torch is to have a single thread there.
    """

    def __init__(self, start: str, *arguments: object, one_thread: bool = False) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_live, args=(theirs, start, arguments, one_thread), daemon=True
        )
        self._process.start()
        theirs.close()  # so that the pipe closes with the process

    def ask(self, question: object) -> None:
        """Send a question, and do not wait."""
        with contextlib.suppress(ConnectionError):  # that it has ended is told when its answer is waited for
            self._connection.send(question)

    def told(self) -> Any:
        """What it says next: first what it is, then its answers."""
        try:
            return self._connection.recv()
        except (EOFError, ConnectionError):
            raise SystemExit("A process that was to be measured has ended early: see above.") from None

    def end(self) -> None:
        """Let it go."""
        self._connection.close()
        self._process.join(PATIENCE)


def _live(connection: Connection, start: str, arguments: Sequence[object], one_thread: bool) -> None:
    if one_thread:
        os.environ["OMP_NUM_THREADS"] = "1"  # before torch is loaded, as in the farm's workers
    importlib.import_module("babelgen.diffusion")  # how torch and its kind are to be loaded
    module, _, name = start.partition(":")
    try:
        ready, answer = getattr(importlib.import_module(module), name)(*arguments)
        with contextlib.suppress(EOFError, ConnectionError):  # let go
            connection.send(ready)
            while True:
                connection.send(answer(connection.recv()))
    except BabelgenError as error:
        sys.exit(str(error))
    os._exit(0)  # at once: taking torch apart takes seconds, in which others may be measured


def run_round(children: Sequence[Child], steps: Steps, rows_a_slot: int) -> Round:
    """Have pictures made by all children together, by the wall clock from the first word to the last."""
    hands = deal(steps, len(children))
    start = time.perf_counter()
    for child, hand in zip(children, hands, strict=True):
        child.ask(hand)
    told: list[Told] = [child.told() for child in children]
    seconds = time.perf_counter() - start
    if missing := len(steps) - sum(each.pictures for each in told):
        raise SystemExit(f"{missing} of {len(steps)} pictures have values that are not numbers.")
    memory = sum(each.memory for each in told)
    return Round(seconds, len(steps), useful_rows(steps, rows_a_slot), memory)


def best(rounds: Sequence[Round]) -> Round:
    """The fastest."""
    return max(rounds, key=lambda one: one.rate)


Turn = Callable[[], Round]
