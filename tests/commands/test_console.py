"""What is said while a library is rendered: plain lines, or a bar on a terminal."""

import io
import re

import pytest
from rich.console import Console

from babelgen.commands import console
from babelgen.commands.console import RunProgress, say, warn, warn_prompts
from babelgen.edition import Edition
from babelgen.engines import Failed, Ready
from babelgen.plan import Item, Plan, Work

ITEMS = tuple(Item(str(at), "key", 1) for at in range(3))


def run(edition: Edition, done: int = 0, failed: int = 0, items: tuple[Item, ...] = ITEMS) -> None:
    """Render three pictures, all of which fail."""
    progress = RunProgress()
    progress.planned(Plan((Work(edition, items),) if items else (), done, failed))
    progress.advanced(Ready({"id": "p"}))
    for item in items:
        progress.advanced(Failed(item, "It is so."))
    progress.close()
    assert progress.seconds >= 0


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a terminal would show."""
    shown = io.StringIO()
    monkeypatch.setattr(console, "console", Console(file=shown, force_terminal=True, width=100, emoji=False))
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
    assert re.search(r"rendering ━+ 3/3 [\d.]+ a second", plain)


def test_a_clock_that_stands_still_does_no_harm(
    words_edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("babelgen.commands.console.time.monotonic", lambda: 5.0)
    run(words_edition)


def test_texts_are_said_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    text = "[bold]a[/] :fire: " + "long " * 40
    say(text)
    warn(text)
    assert capsys.readouterr() == ("", f"{text}\nwarning: {text}\n")


def test_many_unknown_words_are_counted(words_edition: Edition, capsys: pytest.CaptureFixture[str]) -> None:
    words = [f"zebra{chr(97 + at)}" for at in range(15)]
    warn_prompts(words_edition, [" ".join(words[:4]), " ".join(words[2:])])
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.endswith(f"{', '.join(map(repr, words[:12]))} and 3 more words; expect something else.")
