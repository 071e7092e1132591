"""What becomes of a library for crash.py: files that are cut short, changed or gone, and what killed writers leave.

Each of these takes a library that is complete, and its folder's name says nothing of which. It does harm, and mends it
with the program's own commands; that all pixels are the same then is seen by whoever asked. It returns a sentence.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crash_render import LOOK_EVERY, Fault, Ground, Render, last_line

from babelgen.catalog import FILE, Catalog
from babelgen.store import SUFFIXES, file_of

ATTEMPTS = 8  # to catch a render with something in its journals
FEWEST = 2  # lines of two journals each that it is killed with


@dataclass(frozen=True)
class Patient:
    """A complete library, and the lot by which pictures are drawn."""

    ground: Ground
    root: Path
    lot: random.Random

    def some(self, count: int) -> list[str]:
        """The names of some of its pictures."""
        with Catalog.open(self.root) as catalog:
            return self.lot.sample(sorted(catalog.names()), count)

    def mend(self, lacking: int) -> None:
        """Render; it must see by itself that so many pictures are lacking."""
        told = self.ground.mend(self.root)
        are = "1 picture" if lacking == 1 else f"{lacking} pictures"
        if f"{are} to render" not in told:
            raise Fault(f"{lacking} pictures were damaged, and render says: {told.strip().splitlines()[0]}")


def cut_short(patient: Patient) -> str:
    """A file of each kind, cut in the middle: render sees it by the sizes in the catalog."""
    for name, folder in zip(patient.some(3), SUFFIXES, strict=True):
        path = file_of(patient.root, folder, name)
        os.truncate(path, path.stat().st_size // 2)
    patient.mend(3)
    return "a picture, a view and a thumbnail cut short: render saw it and made them again"


def removed(patient: Patient) -> str:
    """Files that are gone or empty."""
    names = patient.some(3)
    file_of(patient.root, "views", names[0]).unlink()
    file_of(patient.root, "pictures", names[1]).unlink()
    file_of(patient.root, "thumbs", names[2]).write_bytes(b"")
    patient.mend(3)
    return "a view and a picture removed, a thumbnail emptied: render made them again"


def flipped(patient: Patient) -> str:
    """A byte changed, the length unchanged: that costs reading everything, which is what verify is for."""
    (name,) = patient.some(1)
    path = file_of(patient.root, "pictures", name)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)
    verify(patient, 4)
    verify(patient, 4, "--discard")
    patient.mend(1)
    verify(patient, 0)
    return "a flipped byte in a picture: verify ended with 4, verify --discard took it away, render made it again"


def verify(patient: Patient, code: int, *words: str) -> None:
    """Verify the library's files; it must end with this code."""
    ended = patient.ground.run("verify", "--library", patient.root, "--sample", "0", *words)
    if ended.returncode != code:
        raise Fault(f"verify ended with {ended.returncode}, not {code}: {last_line(ended.stderr)}")


def journals(patient: Patient) -> str:
    """A render killed with lines in its workers' journals, one of which is torn then and another has bytes changed."""
    torn, changed = sorted(caught(patient), key=lambda path: path.stat().st_size)[-2:]
    os.truncate(torn, torn.stat().st_size - 40)
    data = bytearray(changed.read_bytes())
    for at in (len(data) // 3, 2 * len(data) // 3):
        data[at] ^= 1 << patient.lot.randrange(8)
    changed.write_bytes(data)
    patient.ground.mend(patient.root)
    return "a journal of a killed run torn, another with two flipped bytes: what they told of was read or made again"


def caught(patient: Patient) -> list[Path]:
    """Empty the library, render into it, and kill all when two workers have written some lines; their journals."""
    for attempt in range(ATTEMPTS):
        empty(patient.root)
        render = Render(patient.ground, patient.root, 2)
        try:
            while render.runs:
                lines = {path: lines_of(path) for path in patient.root.glob("runs/*/*.journal")}
                if sum(count > FEWEST + attempt % 3 for count in lines.values()) >= 2:
                    render.kill("both", min)
                time.sleep(LOOK_EVERY / 3)
            render.end()
        finally:
            render.clear()
        if len(left := list(patient.root.glob("runs/*/*.journal"))) >= 2:
            return left
    raise Fault(f"no render could be killed in the middle, in {ATTEMPTS} attempts")


def lines_of(path: Path) -> int:
    """How many lines a journal has, if it is there."""
    try:
        return path.read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def empty(root: Path) -> None:
    """Take everything out of a library but its library file."""
    with Catalog.open(root) as catalog:
        names = catalog.names()
    for name in names:
        for folder in SUFFIXES:
            file_of(root, folder, name).unlink(missing_ok=True)
    (root / FILE).unlink(missing_ok=True)


def leftovers(patient: Patient) -> str:
    """What a writer leaves that was killed before its file was in its place."""
    names = patient.some(2)
    for name in names:
        path = file_of(patient.root, "pictures", name)
        data = path.read_bytes()
        path.with_name(f".{path.name}.0123abcd.tmp").write_bytes(data[: len(data) // 2])
    file_of(patient.root, "pictures", names[0]).unlink()
    patient.mend(1)
    return "half-written temporary files beside pictures: they are no pictures, and no harm"


HALF = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute(f"PRAGMA cache_size = {sys.argv[2]}")
connection.execute("BEGIN")
connection.execute("UPDATE pictures SET sha256 = 'spoilt', bytes = 1")
connection.execute("DELETE FROM profiles")
for n in range(2000):
    connection.execute("INSERT INTO failures VALUES (?, ?, '', '', '')", (str(n), "k" * 500))
os.kill(os.getpid(), signal.SIGKILL)
"""


def catalog_half_changed(patient: Patient, pages: int = 2) -> str:
    """A writer killed in the middle of a change, which has reached the file in part: SQLite's journal undoes it."""
    root = patient.root
    with sqlite3.connect(root / FILE) as connection:
        before = connection.execute("SELECT name, sha256, bytes FROM pictures ORDER BY name").fetchall()
    command = [sys.executable, "-c", HALF, str(root / FILE), str(pages)]
    if subprocess.run(command, check=False).returncode != -signal.SIGKILL:
        raise Fault("the writer could not be killed in the middle of its change")
    journal = root / f"{FILE}-journal"
    if not journal.exists():
        raise Fault("the killed writer left no journal of SQLite's")
    file_of(root, "thumbs", patient.some(1)[0]).unlink()  # so that there is something to do
    patient.mend(1)
    with sqlite3.connect(root / FILE) as connection:
        after = connection.execute("SELECT name, sha256, bytes FROM pictures ORDER BY name").fetchall()
        failures = connection.execute("SELECT count(*) FROM failures").fetchone()[0]
    if before != after or failures:
        raise Fault("half of a change that was killed is in the catalog")
    return "a catalog half-written by a killed writer: SQLite's journal undid it"


def journal_half_written(patient: Patient) -> str:
    """A writer killed before its change had reached the file: SQLite's journal is there, and unfinished."""
    catalog_half_changed(patient, 100_000)
    return "a half-written journal of SQLite's: it was passed over"


Case = Callable[[Patient], str]
CASES: tuple[Case, ...] = (
    cut_short,
    removed,
    flipped,
    leftovers,
    catalog_half_changed,
    journal_half_written,
    journals,
)
