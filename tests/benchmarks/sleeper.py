"""A process to be measured that loads nothing and sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable

from rounds import Steps, Told

from babelgen.errors import UserError


def sleeper(seconds: float) -> tuple[str, Callable[[Steps], Told]]:
    """Takes its time over each picture, and cannot make those of 13 steps; 0 seconds is the user's mistake."""
    if not seconds:
        raise UserError("Nobody is that fast.")

    def answer(steps: Steps) -> Told:
        time.sleep(seconds * len(steps))
        return Told(len(steps) - steps.count(13), memory=100)

    return "ready", answer
