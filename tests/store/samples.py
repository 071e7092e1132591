"""A picture and a failure for tests to record, and what a writer that was killed leaves behind."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from babelgen.catalog import FILE, Failure, Picture

NAME = "ab" * 16
PICTURE = Picture(
    name=NAME, key="babel2:…~", edition="tiny-00000000", steps=3, prompt="the sea, 海 <b>", negative="", page="7",
    width=16, height=8, sha256="5e" * 32, colour="#010203", profile="p", seconds=0.25,
    rendered_at="2026-01-02T03:04:05+00:00",
)  # fmt: skip
FAILURE = Failure(
    NAME, PICTURE.key, PICTURE.edition, "It has values that are not numbers.", PICTURE.rendered_at
)


def picture(name: str) -> Picture:
    return replace(PICTURE, name=name)


def every_file(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


HALF = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA cache_size = 2")  # so that the change reaches the file before it is complete
connection.execute("BEGIN")
for n in range(200):
    connection.execute("INSERT INTO failures VALUES (?, ?, '', '', '')", (str(n), "k" * 500))
os.kill(os.getpid(), signal.SIGKILL)
"""


def leave_half_a_change(root: Path) -> None:
    """Kill a process while it writes the catalog."""
    process = subprocess.run([sys.executable, "-c", HALF, str(root / FILE)], check=False)
    assert process.returncode == -signal.SIGKILL
    assert (root / f"{FILE}-journal").stat().st_size > 0
