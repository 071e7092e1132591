"""`render --shard`: parts of a library, by themselves, in any order; and the job array of docs/slurm.sh that uses it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from babelgen.catalog import Catalog
from babelgen.cli import main
from babelgen.library import Library, load_library

from ..conftest import LibraryFactory
from ..test_cli import ROOT

SCRIPT = ROOT / "docs/slurm.sh"


@pytest.fixture
def library(tiny_library: LibraryFactory) -> Library:
    """Twelve pictures."""
    return load_library(tiny_library({"kind": "range", "count": 12}))


def rendered(library: Library) -> set[str]:
    with Catalog.open(library.root) as catalog:
        return catalog.names()


def test_parts_add_up_in_any_order(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    seen: set[str] = set()
    for index in (3, 1, 2):
        words = ["render", "--library", str(library.root), "--engine", "inline", "--shard", f"{index}/3"]
        assert main(words) == 0
        now = rendered(library)
        assert seen < now
        assert f"{len(now - seen)} pictures to render" in capsys.readouterr().err
        seen = now
    assert seen == {entry.name for entry in library.entries()}


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1", "1/0", "a/b", "1/3/5", "-1/3", ""])
def test_a_part_that_is_none_is_wrong_usage(shard: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "--shard", shard]) == 2
    assert "--shard" in capsys.readouterr().err


def submit(library: Library, task: int, **array: str) -> "subprocess.CompletedProcess[str]":
    """What SLURM does for one job of an array."""
    return subprocess.run(
        ["bash", str(SCRIPT), "--library", str(library.root), "--engine", "inline"],
        env={
            **os.environ, "PYTHON": sys.executable, "SLURM_SUBMIT_DIR": str(ROOT), "SLURM_ARRAY_TASK_ID": str(task),
            **{f"SLURM_ARRAY_TASK_{name}": value for name, value in array.items()},
        },
        cwd="/", capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip


def test_a_job_array_renders_everything(library: Library) -> None:
    """`--array=2-6:2`: three jobs, which do not begin at 1 and have a step."""
    seen: set[str] = set()
    for task in (2, 4, 6):
        ended = submit(library, task, MIN="2", STEP="2", COUNT="3")
        assert ended.returncode == 0, ended.stderr
        assert seen < rendered(library)
        seen = rendered(library)
    assert seen == {entry.name for entry in library.entries()}


def test_outside_an_array_it_ends_at_once(library: Library) -> None:
    """It does not take itself for the only part."""
    ended = submit(library, 1)
    assert ended.returncode != 0
    assert "SLURM_ARRAY_TASK_MIN" in ended.stderr
    assert rendered(library) == set()


def test_the_script_says_how_it_is_submitted() -> None:
    assert "sbatch --array=1-8 docs/slurm.sh libraries/sd15.toml" in Path(ROOT / "docs/farm.md").read_text()
    assert SCRIPT.stat().st_mode & 0o100
