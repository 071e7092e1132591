"""Real renders killed at random moments, their disk filled, their files damaged: what is lost, and what differs in the end.

A small recipe is rendered once in peace. Then it is rendered again and again into fresh libraries by the real command
line, every third time by two renders at once, and SIGKILL strikes: a worker, the parent, all processes, turn about, at a
random time, or a moment after a picture was reported. Renders are started again until the library is complete. A picture
is reported when the catalog has its row; from then on it must be there, whole, and in the end all must be equal to those
made in peace, to the pixel. Then the disk is filled (a tmpfs where one can be mounted, else a limit on the size of
files), and files are cut short, changed and removed, journals torn, and writers killed in the middle of a change.

Ends with 1 where anything was lost, differs, or went otherwise than it should. Needs /proc (Linux).

    python benchmarks/crash.py [--kills 20] [--seed 1] [--edition mini] [--pictures 36] [--steps 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import crash_disk
from crash_damage import CASES, Case, Patient
from crash_render import (
    KINDS,
    LOOK_EVERY,
    PATIENCE,
    Fault,
    Ground,
    Render,
    Witness,
    last_line,
    pixels,
    reported,
)
from throughput import counting_number

from babelgen.catalog import Catalog
from babelgen.edition import load_edition
from babelgen.errors import BabelgenError
from babelgen.store import file_of

MOST_STRUCK = (
    2  # workers of one render that are killed: a picture whose workers die three times has failed by right
)
MOST_FAULTS = 5  # and it is given up
RECIPE = """\
title = "A library that has a hard time"
edition = "{edition}"
[[collection]]
name = "random"
kind = "random"
seed = 6
steps = {steps}
count = {half}
[[collection]]
name = "range"
kind = "range"
steps = {fewer}
count = {rest}
[[collection]]
name = "some-of-them-again"
kind = "range"
steps = {fewer}
count = 2
"""


@dataclass
class Score:
    """What has been done to libraries, and what came of it. lost, differing: pictures."""

    kills: Counter[str] = field(default_factory=Counter)
    renders: int = 0
    libraries: int = 0
    together: int = 0
    lost: int = 0
    differing: int = 0
    survived: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def settle(self, witness: Witness) -> None:
        """Count what was lost or differs in one library."""
        self.lost += len(witness.lost)
        self.differing += len(witness.differing)


@dataclass
class Campaign:
    """All that is done to libraries. true: pixels by name; seconds: what a render takes in peace."""

    ground: Ground
    lot: random.Random
    kills: int
    true: dict[str, str]
    seconds: float
    score: Score = field(default_factory=Score)

    def kill_renders(self) -> None:
        """Fill libraries, and kill whoever does, until it is enough."""
        while sum(self.score.kills.values()) < self.kills and len(self.score.faults) < MOST_FAULTS:
            self.score.libraries += 1
            root = self.ground.scratch / f"library-{self.score.libraries}"
            self._guarded(f"library {self.score.libraries}", root, self._fill)
            say(f"{sum(self.score.kills.values())} kills, {self.score.libraries} libraries complete")

    def _guarded(self, name: str, root: Path, act: Callable[[Witness], None]) -> None:
        """Do something to a library, see that it is equal in the end, and note what went wrong."""
        witness = Witness(root, self.true)
        try:
            act(witness)
            witness.check_end()
            if root.name.startswith("library-"):
                reported(self.ground, root, len(self.true) + 2)
        except (Fault, BabelgenError, subprocess.SubprocessError) as fault:
            self._fault(f"{name}: {fault}")
        if witness.lost or witness.differing:
            self._fault(f"{name}: {len(witness.lost)} pictures are lost and {len(witness.differing)} differ")
        self.score.settle(witness)
        if root.name.startswith("library-"):
            shutil.rmtree(root, ignore_errors=True)

    def _fault(self, sentence: str) -> None:
        say(f"FAULT: {sentence}")
        self.score.faults.append(sentence)

    def _fill(self, witness: Witness) -> None:
        """Render into a library until it is complete, with kills."""
        together = 2 if self.score.libraries % 3 == 0 else 1
        self.score.together += together == 2
        renders: list[Render] = []
        deadline = time.monotonic() + 2 * PATIENCE
        try:
            while not any(has_ended(render) for render in renders):
                if time.monotonic() > deadline:
                    raise Fault("it was not complete after ten minutes")
                running = [render for render in renders if render.runs]
                if not running:
                    time.sleep(self.lot.choice([0, 0, self.lot.uniform(0, 4)]))
                    running = [self._start(witness.root, 3 - together) for _ in range(together)]
                    renders += running
                if sum(self.score.kills.values()) < self.kills:
                    self._strike(witness, self.lot.choice(running))
                time.sleep(LOOK_EVERY)
            for render in renders:
                check_end(render)
        finally:
            for render in renders:
                render.clear()

    def _start(self, root: Path, workers: int) -> Render:
        self.score.renders += 1
        return Render(self.ground, root, workers)

    def _strike(self, witness: Witness, render: Render) -> None:
        """Wait for a moment, and kill."""
        kind = KINDS[sum(self.score.kills.values()) % len(KINDS)]
        if kind == "worker" and render.struck == MOST_STRUCK:
            while render.runs:
                time.sleep(LOOK_EVERY)
            return
        self._wait(witness, render)
        if not render.kill(kind, self.lot.choice):
            return
        self.score.kills[kind] += 1
        if self.lot.random() < 0.5:  # else whoever renders next is the first to read what is left
            witness.check()

    def _wait(self, witness: Witness, render: Render) -> None:
        """For a random time, or until some more pictures are reported and a moment more."""
        goal, moment = sys.maxsize, time.monotonic() + self.lot.uniform(0, self.seconds)
        if self.lot.random() < 0.5:
            goal = witness.look() + self.lot.randint(1, 8)
            moment = time.monotonic() + PATIENCE
        while render.runs and time.monotonic() < moment:
            if witness.look() >= goal:
                goal, moment = sys.maxsize, time.monotonic() + self.lot.uniform(0, 0.4)
            time.sleep(LOOK_EVERY)

    def fill_disks(self) -> None:
        """Disks that are too small, by different amounts, and one with too few names for files."""
        sizes = [sum(path.stat().st_size for path in self._files(name)) for name in self.true]
        if crash_disk.way() == "tmpfs":
            bytes_each = statistics.mean(sizes) + 3 * 4096
            kilobytes = [256 + int(share * bytes_each * len(sizes) / 1024) for share in (0, 0.5, 0.8)]
            options = [f"size={size}k" for size in kilobytes]
            options.append(f"size=1g,nr_inodes={40 + 2 * len(sizes)}")
            for number, option in enumerate(options):
                self.fill_disk(number, f"a tmpfs with {option}", option)
            return
        largest = sorted(max(path.stat().st_size for path in self._files(name)) for name in self.true)
        for number, size in enumerate((4096, largest[len(largest) // 2], largest[-1] - 1)):
            self.fill_disk(number, f"files no larger than {size} bytes (RLIMIT_FSIZE)", size)

    def _files(self, name: str) -> list[Path]:
        root = self.ground.scratch / "peace"
        return [file_of(root, folder, name) for folder in ("pictures", "views", "thumbs")]

    def fill_disk(self, number: int, what: str, bound: str | int) -> None:
        """Render on a disk that is too small, by options of mount or by a limit on the size of files; then with room."""

        def act(witness: Witness) -> None:
            command = self.ground.render(witness.root, 2)
            if isinstance(bound, str):
                told = crash_disk.on_tmpfs(command, witness.root, bound)
            else:
                told = crash_disk.with_limit(command, witness.root, bound)
            witness.seen |= set(told.done)
            errors = [line for line in told.told.splitlines() if line.startswith("error: ")]
            if told.first != 1 or len(errors) != 1 or "Traceback" in told.told:
                raise Fault(f"the render ended with {told.first}: {last_line(told.told)}")
            if told.second != 0:
                raise Fault(f"with room again it ended with {told.second}: {last_line(told.second_told)}")
            self.score.survived.append(
                f"{what}: exit code 1 with {len(told.done)} pictures done, and with room again the rest"
            )
            say(f"{what}: {errors[0]}")

        self._guarded(what, self.ground.scratch / f"library-disk-{number}", act)

    def damage(self, case: Case) -> None:
        """Do harm to a library that is complete, the same one each time, and mend it."""
        root = self.ground.scratch / "damaged"
        if not root.exists():
            shutil.copytree(self.ground.scratch / "peace", root)

        def act(witness: Witness) -> None:
            sentence = case(Patient(self.ground, witness.root, self.lot))
            self.score.survived.append(sentence)
            say(sentence)

        self._guarded(case.__name__, root, act)


def has_ended(render: Render) -> bool:
    """Whether a render has come to its end by itself."""
    return not render.runs and not render.killed


def check_end(render: Render) -> None:
    """It must have ended well, unless it was killed, and never with a traceback."""
    code = render.end()
    if not render.killed and code != 0:
        raise Fault(f"a render ended with {code}: {last_line(render.told)}")
    if "Traceback" in render.told:
        raise Fault(f"a render left a traceback: {last_line(render.told)}")


def say(sentence: str) -> None:
    """A line on how it goes."""
    print(sentence, file=sys.stderr, flush=True)


def prepare(scratch: Path, edition: str, pictures: int, steps: int) -> tuple[Ground, dict[str, str], float]:
    """The recipe, the hashes of its pictures made in peace, and how long that took."""
    path = Path(edition).resolve()
    half = max(1, pictures // 2)
    recipe = scratch / "recipe.toml"
    recipe.write_text(
        RECIPE.format(
            edition=path.as_posix() if path.is_file() else edition, steps=steps, fewer=max(1, steps - 1),
            half=half, rest=max(2, pictures - half),
        )
    )  # fmt: skip
    ground = Ground(recipe, scratch)
    start = time.monotonic()
    ground.mend(scratch / "peace", workers=2)
    seconds = time.monotonic() - start
    with Catalog.open(scratch / "peace") as catalog:
        rows = {row.name: row.sha256 for row in catalog.all()}
    if any(pixels(scratch / "peace", name) != sha256 for name, sha256 in rows.items()):
        raise Fault("a render that nobody disturbed made pictures that are not those of its catalog")
    say(f"in peace: {len(rows)} pictures in {seconds:.1f} s")
    return ground, rows, seconds


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Everything, as one JSON object."""
    start = time.monotonic()
    edition = load_edition(arguments.edition)
    with tempfile.TemporaryDirectory(prefix="babelgen-crash-") as folder:
        made = prepare(Path(folder), arguments.edition, arguments.pictures, arguments.steps)
        ground, true, seconds = made
        campaign = Campaign(ground, random.Random(arguments.seed), arguments.kills, true, seconds)
        campaign.kill_renders()
        campaign.fill_disks()
        for case in CASES:
            campaign.damage(case)
    score = campaign.score
    return {
        "edition": edition.id,
        "seed": arguments.seed,
        "pictures": len(true),
        "kills": sum(score.kills.values()),
        "kills_of": {kind: score.kills[kind] for kind in KINDS},
        "libraries": score.libraries,
        "of_them_by_two_renders": score.together,
        "renders": score.renders,
        "lost": score.lost,
        "differing": score.differing,
        "full_disk_by": crash_disk.way(),
        "survived": score.survived,
        "faults": score.faults,
        "seconds_in_peace": round(seconds, 1),
        "seconds": round(time.monotonic() - start),
    }


def show(result: dict[str, Any]) -> None:
    """The same for people."""
    of = ", ".join(f"{count} of {kind}" for kind, count in result["kills_of"].items())
    rows = [
        ("kills", f"{result['kills']} ({of})"),
        ("libraries filled meanwhile", f"{result['libraries']} of {result['pictures']} pictures"),
        ("of them by two renders at once", result["of_them_by_two_renders"]),
        ("renders started", result["renders"]),
        ("pictures lost", result["lost"]),
        ("pictures that differ", result["differing"]),
    ]
    for name, value in rows:
        print(f"{name:32}{value}")
    print("survived, too:")
    for sentence in result["survived"]:
        print(f"  {sentence}")
    for sentence in result["faults"]:
        print(f"FAULT: {sentence}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=counting_number, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--edition", default="mini", help="a shipped edition's name, or a TOML file")
    parser.add_argument("--pictures", type=counting_number, default=36)
    parser.add_argument("--steps", type=counting_number, default=3)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    try:
        result = measure(arguments)
    except (BabelgenError, Fault) as error:
        raise SystemExit(str(error)) from error
    if arguments.json:
        print(json.dumps(result))
    else:
        show(result)
    if result["lost"] or result["differing"] or result["faults"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
