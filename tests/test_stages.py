"""Stages on disk: which are kept, the record of them, and a folder that is there whole or not at all."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from babelgen import stages
from babelgen.errors import UserError
from babelgen.stages import MOST, RECORD, Kept, Stages, chosen, folder_of, parse_record, read_stages
from babelgen.store import (
    Stage,
    encode_stage,
    put_stages,
    remove_stages,
    size_of,
    stage_folders,
    stages_in_place,
)

NAME = "ab" * 16


def made(steps: int = 3, shade: int = 0) -> list[Stage]:
    """Stages of a picture of 16 x 8 pixels."""
    pixels = np.full((8, 16, 3), shade, np.uint8)
    return [
        encode_stage(at, None if at == steps else 900 - at, (pixels + at, pixels)) for at in chosen(steps)
    ]


def put(root: Path, shade: int = 0) -> Path:
    put_stages(root, NAME, 3, (16, 8), made(shade=shade))
    return folder_of(root, NAME)


@pytest.mark.parametrize("steps", range(1, 65))
def test_stages_are_spread_evenly_from_the_first_to_the_last(steps: int) -> None:
    kept = chosen(steps)
    assert (kept[0], kept[-1]) == (0, steps)
    assert len(kept) == min(steps + 1, MOST)
    ways = {after - before for before, after in pairwise(kept)}
    assert min(ways) >= 1
    assert max(ways) - min(ways) <= 1


def test_a_record_says_what_there_is(tmp_path: Path) -> None:
    folder = put(tmp_path)
    found = read_stages(folder)
    assert found == parse_record((folder / RECORD).read_bytes())
    assert found is not None
    assert (found.steps, found.width, found.height) == (3, 16, 8)
    assert [(one.step, one.timestep) for one in found.kept] == [(0, 900), (1, 899), (2, 898), (3, None)]
    assert {path.name: path.stat().st_size for path in folder.iterdir() if path.name != RECORD} == dict(
        found.files()
    )
    assert stages_in_place(tmp_path, NAME)
    assert size_of(folder) == sum(path.stat().st_size for path in folder.iterdir())


def test_large_pictures_are_made_smaller(tmp_path: Path) -> None:
    from PIL import Image

    pixels = np.zeros((416, 640, 3), np.uint8)
    put_stages(tmp_path, NAME, 1, (640, 416), [encode_stage(at, None, (pixels, pixels)) for at in (0, 1)])
    found = read_stages(folder_of(tmp_path, NAME))
    assert found is not None
    assert (found.width, found.height) == (320, 208)
    with Image.open(folder_of(tmp_path, NAME) / "noisy-00.webp") as image:
        assert image.size == (320, 208)


GOOD = Stages(1, 16, 8, (Kept(0, 999, (5, 6)), Kept(1, None, (7, 7))))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        json.dumps(json.loads(GOOD.record())).encode(),  # no end of the line: cut short
        GOOD.record().replace(b"999", b"-999"),
        GOOD.record().replace(b"999", b"true"),
        GOOD.record().replace(b"999", b'"9"'),
        GOOD.record().replace(b"5, 6", b"5, 6, 7"),
        GOOD.record().replace(b"5, 6", b"5"),
        GOOD.record().replace(b"[1,", b"[2,"),
        GOOD.record().replace(b'"steps": 1', b'"steps": 2'),
        GOOD.record().replace(b'"width": 16', b'"width": 1e9'),
        GOOD.record().replace(b'"width": 16', b'"width": 99999999999'),
        GOOD.record() + b" ",
    ],
)
def test_what_is_no_record_is_none(tmp_path: Path, data: bytes) -> None:
    assert parse_record(GOOD.record()) == GOOD
    folder = put(tmp_path)
    (folder / RECORD).write_bytes(data)
    assert read_stages(folder) is None


def test_a_missing_or_cut_file_is_seen_and_the_folder_made_again(tmp_path: Path) -> None:
    folder = put(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for spoil in (
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
    ):
        spoil(folder / "clean-02.webp")
        assert not stages_in_place(tmp_path, NAME)
        put(tmp_path)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        assert [path.name for path in folder.parent.iterdir()] == [NAME]


def test_what_is_there_whole_stays(tmp_path: Path) -> None:
    folder = put(tmp_path)
    before = (folder / "noisy-00.webp").stat().st_ino
    put(tmp_path, shade=100)
    assert (folder / "noisy-00.webp").stat().st_ino == before
    assert [path.name for path in folder.parent.iterdir()] == [NAME]


@pytest.mark.parametrize("call", ["rename", "fsync"])
def test_what_stops_in_between_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def refuse(*words: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / stages.FOLDER / "ab").mkdir(parents=True)
    monkeypatch.setattr(f"babelgen.store.stages.os.{call}", refuse)
    with pytest.raises(UserError, match="cannot be written: No space left"):
        put(tmp_path)
    assert list((tmp_path / stages.FOLDER / "ab").iterdir()) == []


def test_only_what_is_ours_is_removed(tmp_path: Path) -> None:
    folder = put(tmp_path)
    half = folder.with_name(f".{NAME}.01234567.tmp")
    half.mkdir()
    (half / "noisy-00.webp").write_bytes(b"half")
    (folder.parent / "cd" / "x").mkdir(parents=True)
    (folder.parent / ("cd" * 16)).symlink_to(tmp_path)
    assert stage_folders(tmp_path, "ab") == ([folder], [half])
    assert stage_folders(tmp_path, "00") == ([], [])
    (folder / "mine.txt").write_text("mine")
    remove_stages(folder)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    remove_stages(half)
    assert not half.exists()
