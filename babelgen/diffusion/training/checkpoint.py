"""Checkpoints: the whole state of a training run, replaced atomically.

Law: a run that is killed carries on from its last checkpoint as if nothing had happened.
"""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path
from typing import Any, Protocol

import torch


class Schedule(Protocol):
    """The part of a recipe that settles learning rates. All but the rate count steps."""

    @property
    def steps(self) -> int:
        """Of the whole training."""

    @property
    def warmup(self) -> int:
        """Steps at its start."""

    @property
    def decay(self) -> int:
        """Steps at its end."""

    @property
    def learning_rate(self) -> float:
        """Between the two."""


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint beside the old one, then put it in its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".tmp")
    torch.save(state, fresh)
    os.replace(fresh, path)


def load(path: Path) -> dict[str, Any] | None:
    """The last checkpoint, or None where there is none."""
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def learning_rate(step: int, recipe: Schedule) -> float:
    """Linear warm-up, a level stretch, then half a cosine down to a hundredth over the last `decay` steps.

    The level stretch is where a finished run can be carried on with more steps.
    """
    if step < recipe.warmup:
        return recipe.learning_rate * (step + 1) / recipe.warmup
    progress = min(max((step - recipe.steps) / recipe.decay + 1, 0.0), 1.0)
    return recipe.learning_rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


class Log:
    """A line of JSON now and then, on the screen and in a file, with the time spent so far."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start = time.monotonic()
        path.parent.mkdir(parents=True, exist_ok=True)

    def line(self, **facts: float | int | str) -> None:
        """Append one line of facts."""
        text = json.dumps({**facts, "seconds": round(time.monotonic() - self._start, 1)})
        print(text, flush=True)
        with self._path.open("a") as file:
            file.write(text + "\n")
