"""Progress: plain lines, or a bar on a terminal."""

import io
import re

import pytest
from rich.console import Console

from babelgen.commands import console
from babelgen.commands.progress import Meter, RunProgress
from babelgen.edition import Edition
from babelgen.engines import Died, Failed, Pulse, Ready
from babelgen.plan import Item, Plan, Work

ITEMS = tuple(Item(str(at), "key", 1) for at in range(3))


def run(edition: Edition, done: int = 0, failed: int = 0, items: tuple[Item, ...] = ITEMS) -> None:
    """Render three pictures, all of which fail."""
    progress = RunProgress()
    progress.planned(Plan((Work(edition, items),) if items else (), done, failed))
    progress.advanced(Ready({"id": "p", "device": "a CPU"}))
    progress.advanced(Pulse(2, 3))
    for item in items:
        progress.advanced(Failed(item, "It is so."))
    progress.close()
    assert progress.meter.seconds >= 0


@pytest.fixture
def width() -> int:
    return 140


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> io.StringIO:
    """What a terminal would show."""
    shown = io.StringIO()
    monkeypatch.setattr(
        console, "console", Console(file=shown, force_terminal=True, width=width, emoji=False)
    )
    return shown


def test_plain_lines_say_what_there_is_and_when_it_is_done(
    words_edition: Edition, capsys: pytest.CaptureFixture[str]
) -> None:
    run(words_edition)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert re.fullmatch(r"3 pictures to render\.\n3 of 3 pictures, [\d.]+ a second, 0 s left\n", shown.err)


def test_what_is_there_and_what_failed_before_is_told(
    words_edition: Edition, capsys: pytest.CaptureFixture[str]
) -> None:
    run(words_edition, done=7, failed=2, items=())
    told = "0 pictures to render; 7 are there already, 2 failed earlier (--retry-failed tries them again).\n"
    assert capsys.readouterr() == ("", told)


def test_a_terminal_has_a_bar_that_comes_to_its_end(words_edition: Edition, terminal: io.StringIO) -> None:
    run(words_edition)
    plain = re.sub(r"\x1b\[[?\d;]*\w", "", terminal.getvalue())
    assert plain.startswith("3 pictures to render.")
    assert re.search(r"rendering ━+ 3/3 [\d.]+ a second 0:00:00 2 workers on a CPU, 3 in hand", plain)


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_bar_fits_every_terminal(words_edition: Edition, terminal: io.StringIO, width: int) -> None:
    run(words_edition, items=ITEMS * 40_000)
    last = re.sub(r"\x1b\[[?\d;]*\w", "", terminal.getvalue()).replace("\r", "\n").strip().splitlines()[-1]
    assert re.search(r"120000/120000 [\d.]+ a second 0:00:00", last)
    assert len(last.rstrip()) <= width
    assert ("━" in last, "2 workers" in last) == (width >= 80, width >= 120)


def test_a_clock_that_stands_still_does_no_harm(
    words_edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("babelgen.commands.progress.time.monotonic", lambda: 5.0)
    run(words_edition)


def test_what_other_renders_make_counts_and_is_told_once(
    words_edition: Edition, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = RunProgress()
    progress.planned(Plan((Work(words_edition, ITEMS),), 0, 0))
    progress.advanced(Failed(ITEMS[0], "It is so."))
    progress.shared(0, 1)
    assert progress.meter.left == 1
    progress.shared(0, 2)
    progress.waiting(2)
    progress.shared(1, 1)
    progress.waiting(1)
    progress.shared(2, 0)
    assert progress.meter.left == 0
    assert capsys.readouterr().err == (
        "3 pictures to render.\nAnother render is making the last 2 pictures; waiting for it.\n"
    )


def test_the_time_left_counts_on_those_who_help(
    words_edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("babelgen.commands.progress.time.monotonic", lambda: 11.0)
    meter = Meter()
    meter.total, meter.finished, meter.elsewhere, meter.loaded = 60, 10, 20, 1.0
    assert (meter.rate, meter.left, meter.seconds_left) == (1.0, 30, 10.0)
    meter.elsewhere = 0
    assert (meter.left, meter.seconds_left) == (50, 50.0)
    meter.finished = 2
    assert meter.seconds_left is None


def test_a_dead_worker_is_told_of(words_edition: Edition, capsys: pytest.CaptureFixture[str]) -> None:
    progress = RunProgress()
    progress.planned(Plan((Work(words_edition, ITEMS),), 0, 0))
    progress.advanced(Died("A render worker died (exit code -9)"))
    assert capsys.readouterr().err.endswith(
        "warning: A render worker died (exit code -9); another worker takes its place.\n"
    )
    assert progress.meter.deaths == 1
