"""Real renders for crash.py: started by the real command line, killed at any moment, and what they left looked at."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from babelgen.catalog import Catalog, Picture
from babelgen.picture import pixel_hash
from babelgen.store import file_of, in_place

PROGRAM = Path(__file__).parents[1] / "render.py"
KINDS = ("worker", "parent", "both")
PATIENCE = 300.0  # seconds that a render may take that nobody kills
LOOK_EVERY = 0.03  # seconds between looks at what a render has reported
ENDING = 20.0  # seconds in which the workers of a killed parent must be gone


@dataclass(frozen=True)
class Ground:
    """Where all of it takes place. recipe: what is rendered; scratch: a folder that is thrown away."""

    recipe: Path
    scratch: Path

    def command(self, *words: str | Path) -> list[str]:
        """The command line of our program."""
        return [sys.executable, str(PROGRAM), *map(str, words)]

    def render(self, root: Path, workers: int) -> list[str]:
        """The command that renders the recipe into a library."""
        return self.command("render", self.recipe, "--library", root, "--workers", workers, "--device", "cpu")

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run our program to its end."""
        return self._run(self.command(*words))

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, capture_output=True, text=True, env=environment(), check=False, timeout=PATIENCE
        )

    def mend(self, root: Path, workers: int = 1) -> str:
        """Render what a library lacks, in peace; what was told. Fault where it does not end well."""
        ended = self._run(self.render(root, workers))
        if ended.returncode != 0:
            raise Fault(f"render in peace ended with {ended.returncode}: {last_line(ended.stderr)}")
        return ended.stderr


class Fault(Exception):
    """Something that must not be, in a sentence."""


def environment() -> dict[str, str]:
    """Of every process: nobody asks a network for anything."""
    return {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}


def last_line(text: str) -> str:
    """The last thing that was said."""
    return (text.strip().splitlines() or ["nothing was said"])[-1]


class Render:
    """A render in processes of its own, which are a group."""

    def __init__(self, ground: Ground, root: Path, workers: int) -> None:
        self.struck = 0  # workers that were killed
        self.killed = False  # the parent, too
        self._told = ground.scratch / f"told-{time.monotonic_ns()}.txt"
        with self._told.open("wb") as told:
            self._process = subprocess.Popen(
                ground.render(root, workers), stdin=subprocess.DEVNULL, stdout=told, stderr=told,
                start_new_session=True, env=environment(),
            )  # fmt: skip

    @property
    def runs(self) -> bool:
        """Whether its parent process does."""
        return self._process.poll() is None

    @property
    def told(self) -> str:
        """What it has said."""
        return self._told.read_text("utf-8", "replace")

    def kill(self, kind: str, choose: Callable[[Sequence[int]], int]) -> bool:
        """Kill a worker, the parent, or all; whether there was somebody to be killed."""
        while kind == "worker" and self.runs and not self.workers():
            time.sleep(LOOK_EVERY)
        if not self.runs:
            return False
        if kind == "worker":
            self.struck += 1
            return kill(choose(self.workers() or [0]))
        self.killed = True
        if kind == "parent":
            self._process.kill()
        else:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return True

    def workers(self) -> list[int]:
        """Its worker processes."""
        children: list[int] = []
        for listed in Path(f"/proc/{self._process.pid}/task").glob("*/children"):
            children += map(int, read(listed).split())
        return [child for child in children if b"spawn_main" in read(Path(f"/proc/{child}/cmdline"))]

    def end(self, patience: float = PATIENCE) -> int:
        """Its exit code, once all its processes are gone."""
        try:
            code = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self.clear()
            raise Fault(f"a render did not end in {patience:.0f} s: {last_line(self.told)}") from None
        deadline = time.monotonic() + ENDING
        while group_lives(self._process.pid):
            if time.monotonic() > deadline:
                self.clear()
                raise Fault(f"a render left processes behind that lived for {ENDING:.0f} s")
            time.sleep(LOOK_EVERY)
        return code

    def clear(self) -> None:
        """Leave no process behind."""
        if group_lives(self._process.pid):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def read(path: Path) -> bytes:
    """A file of /proc; nothing where the process is gone."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def kill(process: int) -> bool:
    """Kill a process, if there is one."""
    try:
        if process:
            os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return process != 0


def group_lives(group: int) -> bool:
    """Whether a process of a group does."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def pixels(root: Path, name: str) -> str:
    """The hash of a picture's pixels, from its file; '' where there are none."""
    try:
        with Image.open(file_of(root, "pictures", name)) as image:
            return pixel_hash(np.asarray(image))
    except Exception:  # Pillow has many ways to say that a file is damaged
        return ""


@dataclass
class Witness:
    """Who saw what a library reported as done, and holds it to that.

    true: the hash of every picture's pixels in a render that nobody disturbed. lost: pictures that were reported and
    are not there, whole; differing: those whose pixels are others in the end.
    """

    root: Path
    true: dict[str, str]
    seen: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    differing: set[str] = field(default_factory=set)

    def look(self) -> int:
        """How many pictures are reported now; they must be for ever."""
        rows = self._rows()
        self.lost |= self.seen - set(rows)
        self.seen |= set(rows)
        return len(rows)

    def check(self) -> None:
        """Look, and see whether all that is reported is whole, with the pixels that it must have."""
        self.look()
        self.lost |= {name for name, row in self._rows().items() if not self._is_whole(row)}

    def check_end(self) -> None:
        """The library must be complete, and the same to the pixel."""
        self.check()
        self.differing |= {name for name, sha256 in self.true.items() if pixels(self.root, name) != sha256}
        self.differing |= set(self.true) ^ set(self._rows())

    def _rows(self) -> dict[str, Picture]:
        with Catalog.open(self.root) as catalog:
            return {row.name: row for row in catalog.all()}

    def _is_whole(self, row: Picture) -> bool:
        return in_place(self.root, row.name, row.sizes) and pixels(self.root, row.name) == row.sha256


def reported(ground: Ground, root: Path, total: int) -> None:
    """`status` must say that everything is done; no run may be left."""
    told = ground.run("status", "--library", root, "--json")
    if told.returncode != 0:
        raise Fault(f"status ended with {told.returncode}: {last_line(told.stderr)}")
    counts = json.loads(told.stdout)["collections"]
    done, todo = (sum(count[field] for count in counts) for field in ("done", "todo"))
    if (done, todo) != (total, 0):
        raise Fault(f"status says {done} done and {todo} to do, of {total}")
    if left := list((root / "runs").glob("*")):
        raise Fault(f"{len(left)} run folders are left where nobody renders")
