"""Other processes that take part in a library's runs, to be killed."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from babelgen.store import open_journal, open_run

from .samples import picture

ROOT = Path(__file__).parents[2]


def parent(root: str, *names: str) -> None:
    """A run that claims pictures and has written half of them down, but not entered them in the catalog."""
    with open_run(Path(root)) as run:
        run.claim(names)
        with open_journal(run.folder) as journal:
            for name in names[: len(names) // 2]:
                journal.record(picture(name))
            print("ready", flush=True)
            sys.stdin.read()


def worker(folder: str, *names: str) -> None:
    """A worker of a run that has written some pictures down."""
    with open_journal(Path(folder)) as journal:
        for name in names:
            journal.record(picture(name))
        print("ready", flush=True)
        sys.stdin.read()


def passer_by(root: str, times: str) -> None:
    """Runs that begin, claim and end, one after the other."""
    for number in range(int(times)):
        with open_run(Path(root)) as run:
            names = [f"{os.getpid()}-{number}", f"{number}"]
            mine = run.claim(names)
            with open_journal(run.folder) as journal:
                for name in mine:
                    journal.record(picture(name))
            run.merge()


def taker(root: str, count: str) -> None:
    """A run that claims the same names as all others, a few at a time, and prints what it got."""
    with open_run(Path(root)) as run:
        print("ready", flush=True)
        sys.stdin.readline()
        for start in range(0, int(count), 3):
            for name in sorted(run.claim([str(number) for number in range(start, start + 3)])):
                print(name, flush=True)
        print("end", flush=True)
        sys.stdin.read()


@contextmanager
def started(function: Callable[..., None], *given: object) -> Iterator["subprocess.Popen[str]"]:
    """One of these functions in a process of its own, which is killed in the end."""
    code = f"import sys; from {__name__} import {function.__name__} as work; work(*sys.argv[1:])"
    with ExitStack() as stack:
        process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", code, *map(str, given)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            )
        )  # fmt: skip
        stack.callback(process.kill)
        yield process


@contextmanager
def ready(function: Callable[..., None], *given: object) -> Iterator["subprocess.Popen[str]"]:
    """The same, once it is ready."""
    with started(function, *given) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


def dead(function: Callable[..., None], *given: object) -> None:
    """What such a process leaves that was killed."""
    with ready(function, *given) as process:
        process.kill()
        process.wait()


def seconds(action: Callable[[], object]) -> float:
    """How long something takes."""
    start = time.monotonic()
    action()
    return time.monotonic() - start
