"""Events: how a run goes, told to programs, and to those who look for what went wrong: one JSON object a line."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from babelgen.commands.console import warn
from babelgen.commands.progress import Meter
from babelgen.engines import Developed, Died, Done, Failed, Outcome, Ready
from babelgen.farm import Tally
from babelgen.picture import short_key
from babelgen.plan import Plan


def to_output() -> Callable[[str], None]:
    """What writes lines to standard output, and no more of them once nobody reads them: the run is not for them alone."""
    gone = False

    def write(line: str) -> None:
        nonlocal gone
        if gone:
            return
        try:
            print(line, flush=True)
        except BrokenPipeError:
            gone = True
            warn("Nobody reads standard output any more; the run goes on without --json-log.")
            with open(
                os.devnull, "w"
            ) as nowhere:  # else what is left of the line would be tried again at the end
                os.dup2(nowhere.fileno(), sys.stdout.fileno())

    return write


class Events:
    """Writes a line for what happens: `event`, `time` (UTC), `host`, `process`, and what there is to say of it.

    pictures: whether each one that is done has a line; else there is only one with counts, every so often.
    """

    def __init__(self, write: Callable[[str], None], pictures: bool, every: float) -> None:
        """every: seconds between lines with counts."""
        self._write = write
        self._pictures = pictures
        self._every = every
        self._last = time.monotonic()
        self._meter = self._pictures_meter = Meter()
        self._done_elsewhere = 0

    def planned(self, plan: Plan) -> None:
        """What there is to do."""
        self._meter.total = plan.todo
        self._tell("planned", to_do=plan.todo, done=plan.done, failed=plan.failed)

    def developing(self, count: int) -> None:
        """All pictures are there, and their stages come."""
        self._meter = Meter()
        self._meter.total = count
        self._tell("developing", to_do=count)

    def advanced(self, outcome: Outcome) -> None:
        """What has just happened."""
        self._meter.count(outcome)
        if isinstance(outcome, Ready):
            self._tell("ready", profile=outcome.profile, slots=outcome.slots)
        elif isinstance(outcome, Done) and self._pictures:
            picture = outcome.picture
            self._tell(
                "done", name=picture.name, key=short_key(picture.key), edition=picture.edition, steps=picture.steps,
                seconds=picture.seconds, flagged=picture.flagged,
            )  # fmt: skip
        elif isinstance(outcome, Developed) and self._pictures:
            self._tell("developed", name=outcome.name, key=short_key(outcome.item.key))
        elif isinstance(outcome, Failed):
            item, reason = outcome.item, outcome.reason
            self._tell(
                "failed", name=item.name, key=short_key(item.key), reason=reason, traceback=outcome.traceback
            )
        elif isinstance(outcome, Died):
            self._tell("died", reason=outcome.reason, traceback=outcome.traceback)
        if time.monotonic() - self._last >= self._every:
            self._counts()

    def shared(self, done: int, taken: int) -> None:
        """What other runs have to do with it."""
        self._done_elsewhere = done
        self._meter.elsewhere = taken + (0 if self._stages else done)

    def waiting(self, count: int) -> None:
        """This run has nothing left to do."""
        self._tell("shared", done=self._done_elsewhere, waiting=count)

    def ended(self, tally: Tally) -> None:
        """The run has come to its end."""
        self._tell(
            "ended", rendered=tally.rendered, flagged=tally.flagged, done_before=tally.done_before,
            done_elsewhere=tally.done_elsewhere, failed=len(tally.failures), failed_before=tally.failed_before,
            deaths=self._deaths, seconds=round(self._pictures_meter.seconds, 3),
            **({"developed": tally.developed, "undeveloped": len(tally.undeveloped)} if self._stages else {}),
        )  # fmt: skip

    def stopped(self, error: BaseException) -> None:
        """The run has not come to its end."""
        self._tell(
            "stopped", error=type(error).__name__, reason=str(error), rendered=self._pictures_meter.finished
        )

    @property
    def _stages(self) -> bool:
        return self._meter is not self._pictures_meter

    @property
    def _deaths(self) -> int:
        return self._pictures_meter.deaths + (self._meter.deaths if self._stages else 0)

    def _counts(self) -> None:
        self._last = time.monotonic()
        meter = self._meter
        seconds_left = None if meter.seconds_left is None else round(meter.seconds_left, 1)
        self._tell(
            "progress", finished=meter.finished, left=meter.left, rate=meter.rate and round(meter.rate, 3),
            seconds_left=seconds_left, workers=meter.workers, in_hand=meter.in_hand, device=meter.device,
        )  # fmt: skip

    def _tell(self, event: str, **facts: Any) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        head = {"event": event, "time": now, "host": platform.node(), "process": os.getpid()}
        self._write(json.dumps({**head, **facts}))
