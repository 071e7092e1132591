"""The crash test: a handful of kills, some damage, a full disk; and that it would see what it is there to see."""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import crash
import crash_damage
import crash_disk
import numpy as np
import pytest
from crash_render import Fault, Ground, Render, Witness, kill, pixels

from babelgen.catalog import Catalog
from babelgen.store import encode_png, file_of, open_store

from ..conftest import LibraryFactory
from ..engines import fake
from ..test_farm import load_library, render

KILLS = 3


@pytest.fixture(scope="module")
def campaign(tiny_edition_file: Path, tmp_path_factory: pytest.TempPathFactory) -> crash.Campaign:
    """Real renders of a real model, which makes pictures in no time."""
    scratch = tmp_path_factory.mktemp("crash")
    ground, true, seconds = crash.prepare(scratch, str(tiny_edition_file), pictures=40, steps=64)
    assert len(true) == 40
    return crash.Campaign(ground, random.Random(7), KILLS, true, seconds)


def check(campaign: crash.Campaign) -> None:
    score = campaign.score
    assert (score.lost, score.differing, score.faults) == (0, 0, [])


def test_renders_that_are_killed_lose_nothing(campaign: crash.Campaign) -> None:
    campaign.kill_renders()
    check(campaign)
    assert sum(campaign.score.kills.values()) == KILLS
    assert campaign.score.kills == {"worker": 1, "parent": 1, "both": 1}
    assert list(campaign.ground.scratch.glob("library-*")) == []


@pytest.mark.parametrize(
    "case", [crash_damage.cut_short, crash_damage.flipped, crash_damage.catalog_half_changed],
    ids=lambda case: case.__name__,
)  # fmt: skip
def test_damage_is_mended(campaign: crash.Campaign, case: crash_damage.Case) -> None:
    before = len(campaign.score.survived)
    campaign.damage(case)
    check(campaign)
    assert len(campaign.score.survived) == before + 1


def test_a_full_disk_is_survived(campaign: crash.Campaign) -> None:
    """With a limit on the size of files, which works everywhere."""
    campaign.fill_disk(0, "files no larger than 20,000 bytes", 20_000)
    check(campaign)
    assert "exit code 1 with " in campaign.score.survived[-1]


WRITE = """
import sys
try:
    with open(sys.argv[1], "wb") as file:
        file.write(b"x" * 300_000)
except OSError as error:
    sys.exit(f"error: {error.strerror}")
"""


def test_a_limit_on_files_ends_writes_in_the_middle(tmp_path: Path) -> None:
    told = crash_disk.with_limit([sys.executable, "-c", WRITE, str(tmp_path / "file")], tmp_path, 100_000)
    assert (told.first, told.told, told.done, told.second) == (1, "error: File too large\n", [], 0)
    assert (tmp_path / "file").stat().st_size == 300_000


@pytest.mark.skipif(not crash_disk.mounting(), reason="needs the right to mount a tmpfs")
def test_a_small_disk_is_full_and_then_has_room(tmp_path: Path) -> None:
    """Nobody else sees it, and what was written is copied out."""
    program = f"import sys, os; os.makedirs(sys.argv[1], exist_ok=True); sys.argv[1] += '/file'\n{WRITE}"
    root = tmp_path / "library"
    told = crash_disk.on_tmpfs([sys.executable, "-c", program, str(root)], root, "size=100k")
    assert (told.first, told.told, told.second) == (1, "error: No space left on device\n", 0)
    assert (root / "file").stat().st_size == 300_000
    assert list((tmp_path / "library-disk").iterdir()) == []


@pytest.fixture
def witness(words_library: LibraryFactory) -> Witness:
    """Of a library of five pictures, which has seen them all."""
    library = load_library(words_library({"kind": "range", "count": 5}))
    render(library)
    with Catalog.open(library.root) as catalog:
        true = {row.name: row.sha256 for row in catalog.all()}
    witness = Witness(library.root, true)
    assert witness.look() == 5
    witness.check_end()
    assert (witness.lost, witness.differing) == (set(), set())
    return witness


def forget(root: Path, name: str) -> None:
    with open_store(root) as store:
        store.forget([name])


def cut(root: Path, name: str) -> None:
    path = file_of(root, "views", name)
    os.truncate(path, path.stat().st_size - 1)


def spoil(root: Path, name: str) -> None:
    path = file_of(root, "pictures", name)
    data = bytearray(path.read_bytes())
    data[-30] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("harm", [forget, cut, spoil])
def test_a_witness_sees_what_is_lost(witness: Witness, harm: Callable[[Path, str], None]) -> None:
    name = min(witness.true)
    harm(witness.root, name)
    witness.check()
    assert witness.lost == {name}


def test_a_witness_sees_other_pixels_and_whatever_is_too_many(witness: Witness) -> None:
    first, second = sorted(witness.true)[:2]
    other = encode_png(np.zeros((8, 16, 3), np.uint8), {})
    file_of(witness.root, "pictures", first).write_bytes(other)
    del witness.true[second]
    witness.check_end()
    assert witness.differing == {first, second}
    assert pixels(witness.root, "no such picture") == ""


def test_what_goes_wrong_otherwise_is_a_fault(tmp_path: Path, campaign: crash.Campaign) -> None:
    """An exit code that is not the expected one, and a library that is not whole in the end."""
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("title = ")
    bad = crash.Campaign(Ground(recipe, tmp_path), random.Random(1), 1, campaign.true, 1.0)
    with pytest.raises(Fault, match=r"ended with 1: error: .* is not valid TOML"):
        bad.ground.mend(tmp_path / "library")
    run = Render(bad.ground, tmp_path / "library", 1)
    with pytest.raises(Fault, match="a render ended with 1: error: "):
        crash.check_end(run)
    (tmp_path / "damaged").mkdir()
    bad.damage(lambda patient: "nothing was done")
    assert (bad.score.survived, bad.score.lost, bad.score.differing) == ([], 0, 40)
    assert bad.score.faults == ["<lambda>: 0 pictures are lost and 40 differ"]


def test_nobody_is_killed_who_is_not_there(tmp_path: Path, campaign: crash.Campaign) -> None:
    assert not kill(0)
    run = Render(Ground(tmp_path / "no.toml", tmp_path), tmp_path / "library", 1)
    assert not run.kill("worker", min)
    assert (run.struck, run.end()) == (0, 1)
    assert not fake.is_alive(run._process.pid)


RESULT = {
    "kills": 3, "kills_of": {"worker": 1, "parent": 1, "both": 1}, "libraries": 1, "pictures": 36, "renders": 4,
    "of_them_by_two_renders": 0, "lost": 0, "differing": 0, "survived": ["a flood"], "faults": [],
}  # fmt: skip


@pytest.mark.parametrize("given", [[], ["--json"]])
@pytest.mark.parametrize(
    ("change", "code"), [({}, 0), ({"lost": 1}, 1), ({"differing": 1}, 1), ({"faults": ["a flaw"]}, 1)]
)
def test_the_result_is_told_and_decides_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    given: list[str], change: dict[str, object], code: int,
) -> None:  # fmt: skip
    result = {**RESULT, **change}
    monkeypatch.setattr(crash, "measure", lambda arguments: result)
    monkeypatch.setattr(sys, "argv", ["crash.py", *given])
    if code:
        with pytest.raises(SystemExit) as ended:
            crash.main()
        assert ended.value.code == code
    else:
        crash.main()
    told = capsys.readouterr().out
    if given:
        assert json.loads(told) == result
    else:
        assert "3 (1 of worker, 1 of parent, 1 of both)" in told
        assert "  a flood\n" in told
        assert told.count("FAULT: a flaw\n") == len(result["faults"])


def test_mistakes_are_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["crash.py", "--edition", "no-such-edition"])
    with pytest.raises(SystemExit, match="There is no edition 'no-such-edition'"):
        crash.main()
