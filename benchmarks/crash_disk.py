"""A full disk for crash.py: a small tmpfs, or else files that may not grow.

As a script it is told everything in JSON, mounts a tmpfs of a given size over a folder, which nobody outside sees, renders
into it until there is no room, makes room, renders again, and copies the library out:

    unshare --user --map-root-user --mount python benchmarks/crash_disk.py '{"command": [...], ...}'
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PATIENCE = 300.0  # seconds
UNSHARE = (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"])


@dataclass(frozen=True)
class Told:
    """How the render on the full disk ended, and the one that had room again. done: pictures that the first reported."""

    first: int
    told: str
    done: list[str]
    second: int
    second_told: str


def way() -> str:
    """How a disk can be made full here: `tmpfs`, or `RLIMIT_FSIZE` where nothing can be mounted."""
    return "tmpfs" if mounting() else "RLIMIT_FSIZE"


def mounting() -> list[str]:
    """What lets a command mount a tmpfs for itself; nothing where none does."""
    for prefix in UNSHARE:
        try:
            tried = subprocess.run(
                [*prefix, "mount", "-t", "tmpfs", "-o", "size=64k", "none", "/mnt"],
                capture_output=True,
                check=False,
            )
        except FileNotFoundError:
            return []
        if tried.returncode == 0:
            return prefix
    return []


def on_tmpfs(command: list[str], root: Path, options: str) -> Told:
    """Render into `root` on a disk with these options of mount, then with room."""
    task = {"command": command, "root": str(root), "options": options}
    ended = subprocess.run(
        [*mounting(), sys.executable, __file__, json.dumps(task)],
        stdout=subprocess.PIPE, text=True, check=True, timeout=2 * PATIENCE,
    )  # fmt: skip
    return Told(**json.loads(ended.stdout))


def inside(command: list[str], root: Path, options: str) -> Told:
    """The same, for whoever may mount."""
    disk = root.with_name(f"{root.name}-disk")
    disk.mkdir()
    mount(options, disk)
    here = [str(disk / "library") if word == str(root) else word for word in command]
    told = twice(here, disk / "library", lambda: mount("remount,size=2g,nr_inodes=1000000", disk))
    shutil.copytree(disk / "library", root)
    return told


def mount(options: str, folder: Path) -> None:
    """Mount a tmpfs."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=True)


def with_limit(command: list[str], root: Path, size: int) -> Told:
    """Render with a limit on the size of files, which ends writes in the middle as a full disk does; then without."""

    def set_limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    return twice(command, root, lambda: None, set_limit)


def twice(
    command: list[str], root: Path, make_room: Callable[[], object], before: Callable[[], None] | None = None
) -> Told:
    """Render, make room, render again."""
    first = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=PATIENCE, preexec_fn=before
    )
    done = reported(root)
    make_room()
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    return Told(first.returncode, first.stderr, done, second.returncode, second.stderr)


def reported(root: Path) -> list[str]:
    """The names of the pictures that a library reports as done and whose files are in place."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from babelgen.catalog import Catalog
    from babelgen.store import in_place

    with Catalog.open(root) as catalog:
        lacking = [row.name for row in catalog.all() if not in_place(root, row.name, row.sizes)]
        if lacking:
            raise SystemExit(f"{len(lacking)} pictures are reported whose files are not whole")
        return sorted(catalog.names())


if __name__ == "__main__":
    task: dict[str, Any] = json.loads(sys.argv[1])
    os.umask(0o022)
    print(json.dumps(asdict(inside(task["command"], Path(task["root"]), task["options"]))))
