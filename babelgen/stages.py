"""Stages: what a library keeps of how a picture came out of its noise.

They lie in a folder of their own, `stages/ab/NAME`, which comes into its place whole: two small pictures for each stage
and a record of them. Where the folder and all that its record tells of are there, a picture's stages are made.
Law: what is read here anybody may have written: a record that is not one of ours is none.
May import: the standard library.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = "stages"
RECORD = "stages.json"
SERIES = ("noisy", "clean")  # what there is after a step, and what the network guesses from it
MOST = 24  # stages that are kept of a picture, the first and the last among them
WIDTH = 320  # pixels, at most
_LARGEST = 2**31


@dataclass(frozen=True)
class Kept:
    """One stage. timestep: at which the next step begins; None for the last stage. bytes: of its files, as in SERIES."""

    step: int
    timestep: int | None
    bytes: tuple[int, ...]


@dataclass(frozen=True)
class Stages:
    """The stages of a picture of so many steps, in order; width and height are those of their files."""

    steps: int
    width: int
    height: int
    kept: tuple[Kept, ...]

    def files(self) -> Iterator[tuple[str, int]]:
        """The name and the size of each file."""
        for one in self.kept:
            for series, size in zip(SERIES, one.bytes, strict=True):
                yield file_name(one.step, series), size

    def record(self) -> bytes:
        """What stands in their folder."""
        rows = [[one.step, one.timestep, *one.bytes] for one in self.kept]
        fields = {"steps": self.steps, "width": self.width, "height": self.height, "stages": rows}
        return (json.dumps(fields) + "\n").encode("ascii")


def chosen(steps: int) -> list[int]:
    """After how many steps the stages are kept: of all of them, or of MOST evenly spread ones."""
    count = min(steps + 1, MOST)
    return [round(at * steps / (count - 1)) for at in range(count)]


def file_name(step: int, series: str) -> str:
    """What a stage's file is called."""
    return f"{series}-{step:02}.webp"


def folder_of(root: Path, name: str) -> Path:
    """Where the stages of a picture lie."""
    return root / FOLDER / name[:2] / name


def read_stages(folder: Path) -> Stages | None:
    """The stages in a folder; None where there are none, or not all that the record tells of."""
    try:
        stages = parse_record((folder / RECORD).read_bytes())
        whole = all((folder / name).stat().st_size == size for name, size in stages.files())
    except (OSError, KeyError, TypeError, ValueError, RecursionError):
        return None
    return stages if whole else None


def parse_record(data: bytes) -> Stages:
    """What a record tells. KeyError, TypeError, ValueError or RecursionError for any other text."""
    fields = json.loads(data)
    rows = fields["stages"]
    if not isinstance(rows, list):
        raise TypeError("stages are a list")
    kept = []
    for step, timestep, *sizes in rows:
        after = None if timestep is None else _number(timestep, 0)
        kept.append(Kept(_number(step, 0), after, tuple(_number(size, 1) for size in sizes)))
    stages = Stages(
        _number(fields["steps"], 1), _number(fields["width"], 1), _number(fields["height"], 1), tuple(kept)
    )
    steps = [one.step for one in kept]
    if steps != chosen(stages.steps) or any(len(one.bytes) != len(SERIES) for one in kept):
        raise ValueError("not the stages of a picture")
    if stages.record() != data:
        raise ValueError("not a record as they are written")
    return stages


def _number(value: object, low: int) -> int:
    if type(value) is not int or not low <= value < _LARGEST:
        raise ValueError("not a number that stands in a record")
    return value
