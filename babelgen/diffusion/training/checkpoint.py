"""Checkpoints: the whole state of a training run, replaced atomically.

Law: a run that is killed carries on from its last checkpoint as if nothing had happened.
"""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path
from typing import Any

import torch


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


def learning_rate(step: int, steps: int, peak: float, warmup: int) -> float:
    """Linear warm-up, then half a cosine down to a hundredth of the peak."""
    if step < warmup:
        return peak * (step + 1) / warmup
    progress = min((step - warmup) / max(steps - warmup, 1), 1.0)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


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
