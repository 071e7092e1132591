"""The command line: each way to end has its exit code and one sentence, and results alone go to standard output."""

import errno
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from babelgen.cli import app, main
from babelgen.errors import BabelgenError, BadKey, ItemError, UserError
from babelgen.exits import guard

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.usefixtures("elsewhere")


def every_command(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from every_command(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(every_command(typer.main.get_command(app)))


def test_the_commands_are_those_of_the_design() -> None:
    assert {" ".join(path) for path in COMMANDS} == {
        "render", "range", "random", "search", "matrix", "interpolate", "walk", "evolve", "rank", "site", "status", "verify", "gc",
        "key show", "key render", "key next", "key prev", "key random", "key check", "key rebase", "key decode",
        "key encode", "export keys", "export dataset", "export site", "edition list", "edition show", "edition check", "edition pin", "edition fit",
        "animate", "develop", "import",
    }  # fmt: skip


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example_that_is_valid(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*path, "--help"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    (example,) = re.findall(r"^ *Example: render\.py (.+)$", shown.out, re.MULTILINE)
    words = shlex.split(example)
    assert tuple(words[: len(path)]) == path
    COMMANDS[path].make_context("x", words[len(path) :])  # raises where an option or argument is wrong


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_is_explained(path: tuple[str, ...]) -> None:
    for parameter in COMMANDS[path].params:
        assert parameter.help, f"{path}: {parameter.name}"


WRONG_USAGE = [
    [], ["key"], ["edition"], ["nothing"], ["render", "--nothing"], ["render", "a", "b"], ["render", "--workers", "0"],
    ["render", "--slots", "0"], ["render", "--engine", "spark"], ["render", "--device", "tpu"], ["verify", "--precision", "int8"], ["random", "--count", "0"], ["random", "--seed", "x"], ["range", "--steps", "65"],
    ["range", "--level", "book"], ["range", "--page", "-1"], ["range", "--page", "9" * 5000], ["search"],
    ["interpolate", "--frames", "0"], ["interpolate", "--method", "spline"], ["walk", "a", "b"], ["walk", "--space", "time"], ["evolve", "--genes", "0"], ["evolve", "--auto", "-1"],
    ["animate"], ["animate", "a", "--out", "b.webp", "--fps", "0"], ["develop", "a"], ["import"], ["import", "a", "--noise", "x"],
    ["key", "show", "a", "b"], ["key", "render", "a"], ["key", "next", "--count"], ["edition", "show"],
    ["export"], ["export", "keys"], ["export", "dataset", "--base-url", "a"], ["export", "site", "a"],
]  # fmt: skip


@pytest.mark.parametrize("words", WRONG_USAGE, ids=lambda words: " ".join(words)[:40])
def test_wrong_usage_is_told_with_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    shown = capsys.readouterr()
    assert "Usage:" in shown.err or shown.err.startswith("Error: ")
    assert shown.out == ""
    assert "Traceback" not in shown.err


def raising(error: BaseException) -> Callable[[], int]:
    def action() -> int:
        raise error

    return action


ENDS = [
    (UserError("It is so."), 1, "error: It is so.\n"),
    (BadKey("The key is so."), 1, "error: The key is so.\n"),
    (ItemError("The picture is so."), 4, "error: The picture is so.\n"),
    (BabelgenError("A worker died."), 4, "error: A worker died.\n"),
    (KeyboardInterrupt(), 130, "error: Interrupted; what was done is kept.\n"),
    (OSError(errno.ENOSPC, "No space left on device", "a"), 1, "error: No space left on device: a.\n"),
    (OSError(errno.EROFS, "Read-only file system"), 1, "error: Read-only file system: while writing.\n"),
]


@pytest.mark.parametrize(("error", "code", "told"), ENDS, ids=[type(error).__name__ for error, _, _ in ENDS])
def test_each_end_has_its_code(
    error: BaseException, code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guard(raising(error)) == code
    assert capsys.readouterr() == ("", told)


@pytest.mark.parametrize("result", [0, 4, None])
def test_what_a_command_returns_is_its_code(result: int | None) -> None:
    assert guard(lambda: result) == (result or 0)


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("a slip"),
        EOFError("a slip"),
        MemoryError("a slip"),
        OSError(errno.EBADF, "a slip"),
        ValueError("a slip \udcff 海"),
    ],
    ids=repr,
)
def test_a_bug_is_logged_and_not_shown(
    error: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, elsewhere: Path
) -> None:
    """Through a whole command, since Typer has its own views on some errors."""
    monkeypatch.setattr("babelgen.commands.status.status", lambda *_: raising(error)())
    assert main(["status"]) == 3
    shown = capsys.readouterr()
    assert shown.out == ""
    told = re.fullmatch(
        r"error: This is a bug in Babelgen, sorry; what happened is in (.+\.log)\.\n", shown.err
    )
    assert told
    log = Path(told[1]).read_text("utf-8")
    assert log.startswith("Traceback")
    assert f"{type(error).__name__}: " in log
    assert "a slip" in log
    assert Path(told[1]).parent == elsewhere


def test_an_interrupt_in_a_command_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("babelgen.commands.status.status", lambda *_: raising(KeyboardInterrupt())())
    assert main(["status"]) == 130
    assert capsys.readouterr().err == "error: Interrupted; what was done is kept.\n"


def test_editions_are_listed_and_shown(capsys: pytest.CaptureFixture[str], words_edition_file: Path) -> None:
    assert main(["edition", "list"]) == 0
    listed = capsys.readouterr().out
    assert re.match(r"mini-\w{8} +mini, the built-in model \(its model is here\)\n", listed)
    assert main(["edition", "show", listed.split()[0]]) == 0
    assert capsys.readouterr().out.startswith(f"Edition: {listed.split()[0]}")
    assert main(["edition", "show", str(words_edition_file)]) == 0
    shown = capsys.readouterr().out
    assert "provisional" in shown
    assert "Picture: 16 x 8 pixels\n" in shown


@pytest.mark.parametrize("name", ["nowhere", "nowhere.toml", "."])
def test_an_edition_that_is_not_there_is_told(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["edition", "show", name]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert re.fullmatch(r"error: There is no edition [^\n]*\.\n", shown.err)


def run(*words: str, **settings: Any) -> "subprocess.CompletedProcess[str]":
    """The command as a user runs it."""
    return subprocess.run(
        [sys.executable, str(ROOT / "render.py"), *words],
        text=True,
        capture_output=True,
        check=False,
        **settings,
    )


def test_the_program_ends_with_the_code() -> None:
    done = run("status", "--library", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: There is no library in nowhere: it has no library.toml.\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_gone_is_no_bug(unbuffered: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(
        [sys.executable, str(ROOT / "render.py"), "edition", "list"],
        stdout=writer, stderr=subprocess.PIPE, check=False, env=environment,
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


def test_an_interrupt_before_a_command_has_begun_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("babelgen.cli.app", interrupted)
    assert main(["status"]) == 130
    assert capsys.readouterr().err == "error: Interrupted; nothing was begun.\n"
