"""What commands say: to standard error, so that standard output is left to results."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from babelgen.edition import Edition
from babelgen.engines import Done, Failed, Outcome
from babelgen.plan import Plan
from babelgen.tokens import tokens_of

console = Console(stderr=True, highlight=False, emoji=False)
FIRST_FEW = 8  # pictures before a rate is told
LINE_EVERY = 10.0  # seconds between plain lines where there is no terminal


def say(text: str) -> None:
    """One line for people."""
    console.print(escape(text), soft_wrap=True)


def warn(text: str) -> None:
    """One line that people should not miss."""
    console.print(f"[yellow]warning:[/yellow] {escape(text)}", soft_wrap=True)


def warn_prompts(edition: Edition, prompts: Iterable[str]) -> None:
    """Tell what of some prompts is cut off, and which words the model has never seen."""
    unknown: dict[str, None] = {}
    for prompt in prompts:
        encoded = tokens_of(edition).encode(prompt)
        if encoded.cut:
            warn(f"A prompt is too long for {edition.name} and is cut; what is left out: {encoded.cut}")
        unknown.update(dict.fromkeys(encoded.unknown))
    if unknown:
        warn(f"{edition.name} has never seen {_listed(list(unknown))}; expect something else.")


def _listed(words: list[str]) -> str:
    shown = ", ".join(repr(word) for word in words[:12])
    return shown + (f" and {len(words) - 12} more words" if len(words) > 12 else "")


class RunProgress:
    """A bar with rate and time left on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()
        self._loaded: float | None = None
        self._total = self._finished = 0
        self._bar: Progress | None = None

    def planned(self, plan: Plan) -> None:
        """Say what there is to do."""
        kept = f"; {plan.done} are there already" if plan.done else ""
        failed = f", {plan.failed} failed earlier (--retry-failed tries them again)" if plan.failed else ""
        say(f"{plan.todo} {'picture' if plan.todo == 1 else 'pictures'} to render{kept}{failed}.")
        self._total = plan.todo
        if plan.todo and console.is_terminal:
            self._bar = Progress(
                TextColumn("rendering"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(), console=console,
            )  # fmt: skip
            self._bar.add_task("rendering", total=plan.todo, rate="")
            self._bar.start()

    def advanced(self, outcome: Outcome) -> None:
        """Count one picture."""
        now = time.monotonic()
        if not isinstance(outcome, (Done, Failed)):
            self._loaded = self._loaded or now
            return
        self._finished += 1
        if self._finished < min(FIRST_FEW, self._total):
            return  # the first pictures leave together, a whole batch late: they say nothing of the rate
        # Loading a model is no measure of what is left; and some clocks stand still for a moment.
        running = max(now - (self._loaded or self._start), 1e-6)
        rate = f"{self._finished / running:.1f} a second"
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self._finished, rate=rate)
        elif now - self._last >= LINE_EVERY or self._finished == self._total:
            self._last = now
            left = (self._total - self._finished) * running / self._finished
            say(f"{self._finished} of {self._total} pictures, {rate}, {left:.0f} s left")

    def shared(self, done: int, waiting: int) -> None:
        """Say what other runs have to do with it."""
        if waiting:
            say(f"Another render has taken on {waiting} of the pictures; waiting for them.")

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._start

    @property
    def startup(self) -> float:
        """Seconds from the start until the first worker was ready."""
        return (self._loaded or self._start) - self._start
