"""Progress: how a run goes, told to people as it goes: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Column

from babelgen.commands import console
from babelgen.commands.console import say, warn
from babelgen.engines import Developed, Died, Done, Failed, Outcome, Pulse, Ready
from babelgen.farm import Progress
from babelgen.plan import Plan

FIRST_FEW = 8  # pictures before a rate is told
LINE_EVERY = 10.0  # seconds between plain lines where there is no terminal


class Meter:
    """Counts a run's pictures. Loading a model is no measure of what is left, so its clock starts when one is loaded."""

    def __init__(self) -> None:
        self.start = time.monotonic()
        self.loaded: float | None = None
        self.end: float | None = None
        self.total = self.finished = self.elsewhere = self.deaths = self.workers = self.in_hand = 0
        self.device = ""

    def count(self, outcome: Outcome) -> None:
        """Take note of something that has happened."""
        if isinstance(outcome, Ready):
            self.loaded = self.loaded or time.monotonic()
            self.device = outcome.profile.get("device", "")
        elif isinstance(outcome, Done | Developed | Failed):
            self.finished += 1
        elif isinstance(outcome, Died):
            self.deaths += 1
        elif isinstance(outcome, Pulse):
            self.workers, self.in_hand = outcome.workers, outcome.in_hand

    @property
    def left(self) -> int:
        """Pictures that nobody has made yet or is seen to have taken on elsewhere."""
        return max(0, self.total - self.finished - self.elsewhere)

    @property
    def seconds_left(self) -> float | None:
        """Until all is done, as fast as this run and those beside it are together."""
        if self.rate is None:
            return None
        return self.left / self.rate * self.finished / (self.finished + self.elsewhere)

    @property
    def rate(self) -> float | None:
        """Pictures a second; None as long as too few are there to tell: the first ones leave a whole batch late."""
        if not self.finished or self.finished < min(FIRST_FEW, self.total):
            return None
        running = time.monotonic() - (self.loaded or self.start)
        return self.finished / max(running, 1e-6)  # some clocks stand still for a moment

    @property
    def seconds(self) -> float:
        """Since the start, up to the end if there was one."""
        return (self.end or time.monotonic()) - self.start

    @property
    def startup(self) -> float:
        """Seconds from the start until the first worker was ready."""
        return (self.loaded or self.start) - self.start


class RunProgress:
    """A bar with rate, time left and who works on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        self.meter = self._now = Meter()
        self._last = time.monotonic()
        self._waiting = False
        self._bar: Bar | None = None

    def planned(self, plan: Plan) -> None:
        """Say what there is to do."""
        kept = f"; {plan.done} are there already" if plan.done else ""
        failed = f", {plan.failed} failed earlier (--retry-failed tries them again)" if plan.failed else ""
        say(f"{plan.todo} {'picture' if plan.todo == 1 else 'pictures'} to render{kept}{failed}.")
        self._begin(plan.todo)

    def developing(self, count: int) -> None:
        """Say that stages come now; the meter has pictures alone."""
        self.close()
        say(f"Stages of {count} {'picture' if count == 1 else 'pictures'} to make.")
        self.meter.end = time.monotonic()
        self._now, self._waiting = Meter(), False
        self._begin(count)

    def _begin(self, total: int) -> None:
        self._now.total, self._last = total, time.monotonic()
        if total and console.console.is_terminal:
            self._bar = Bar(*_columns(console.console.width), console=console.console)
            self._bar.add_task("rendering", total=total, rate="", crew="")
            self._bar.start()

    def advanced(self, outcome: Outcome) -> None:
        """Count, and show it."""
        self._now.count(outcome)
        if isinstance(outcome, Died):
            warn(f"{outcome.reason.rstrip('.')}; another worker takes its place.")
        self._show()

    def shared(self, done: int, taken: int) -> None:
        """Count what other runs have done or taken on."""
        self._now.elsewhere = taken + (done if self._now is self.meter else 0)

    def waiting(self, count: int) -> None:
        """Say once for what it waits."""
        if not self._waiting:
            pictures = "picture" if count == 1 else "pictures"
            say(f"Another render is making the last {count} {pictures}; waiting for it.")
        self._waiting = True
        self._show()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _show(self) -> None:
        meter = self._now
        rate = "" if meter.rate is None else f"{meter.rate:.1f} a second"
        finished = meter.finished + meter.elsewhere
        if self._bar is not None:
            workers = "worker" if meter.workers == 1 else "workers"
            crew = (
                f"{meter.workers} {workers} on {meter.device}, {meter.in_hand} in hand"
                if meter.device
                else ""
            )
            self._bar.update(self._bar.task_ids[0], completed=finished, rate=rate, crew=crew)
        elif meter.rate and (time.monotonic() - self._last >= LINE_EVERY or not meter.left):
            if not meter.left and self._last == float("inf"):
                return  # the end has been told
            self._last = time.monotonic() if meter.left else float("inf")
            say(f"{finished} of {meter.total} pictures, {rate}, {meter.seconds_left:.0f} s left")


def _columns(width: int) -> list[ProgressColumn]:
    """What a terminal of that width has room for: how many, and how long yet, come first."""
    columns: list[ProgressColumn] = [
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    ]
    if width >= 76:
        columns = [TextColumn("rendering"), BarColumn(width // 5), *columns]
    if width >= 120:
        shortened = Column(no_wrap=True, overflow="ellipsis")
        columns.append(TextColumn("{task.fields[crew]}", table_column=shortened))
    return columns


class Listeners:
    """Several who are told how a run goes."""

    def __init__(self, listeners: Sequence[Progress]) -> None:
        self._listeners = listeners

    def planned(self, plan: Plan) -> None:
        """What there is to do."""
        for listener in self._listeners:
            listener.planned(plan)

    def advanced(self, outcome: Outcome) -> None:
        """What has just happened."""
        for listener in self._listeners:
            listener.advanced(outcome)

    def shared(self, done: int, taken: int) -> None:
        """What other runs have to do with it."""
        for listener in self._listeners:
            listener.shared(done, taken)

    def developing(self, count: int) -> None:
        """Stages come now."""
        for listener in self._listeners:
            listener.developing(count)

    def waiting(self, count: int) -> None:
        """For how many pictures of others this run waits."""
        for listener in self._listeners:
            listener.waiting(count)
