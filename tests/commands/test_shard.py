"""`render --shard`: parts of a library, by themselves, in any order; and the job array of docs/slurm.sh that uses it."""

import os
import subprocess
import sys

import pytest

from babelgen.catalog import Catalog
from babelgen.cli import main
from babelgen.library import Library, load_library
from babelgen.plan import Shard

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


def submit(library: Library, *parts: str, task: int | None) -> "subprocess.CompletedProcess[str]":
    """What SLURM does for one job of an array."""
    return subprocess.run(
        ["bash", str(SCRIPT), *parts, "--library", str(library.root), "--engine", "inline"],
        env={
            **os.environ, "PYTHON": sys.executable, "SLURM_SUBMIT_DIR": str(ROOT),
            **({} if task is None else {"SLURM_ARRAY_TASK_ID": str(task)}),
        },
        cwd="/", capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip


def test_a_job_array_renders_everything(library: Library) -> None:
    """Each job its part, whichever were submitted together."""
    seen: set[str] = set()
    for task in (2, 1, 3):
        ended = submit(library, "3", task=task)
        assert ended.returncode == 0, ended.stderr
        now = rendered(library)
        assert now - seen == {entry.name for entry in library.entries() if Shard(task, 3).has(entry.name)}
        seen = now
    assert seen == {entry.name for entry in library.entries()}


@pytest.mark.parametrize(
    ("parts", "task", "told"),
    [
        (["3"], None, "SLURM_ARRAY_TASK_ID"),  # outside an array it does not take itself for the only part
        (["3"], 4, "4/3"),
        ([], 1, "--shard"),
    ],
)
def test_what_is_no_part_renders_nothing(
    library: Library, parts: list[str], task: int | None, told: str
) -> None:
    ended = submit(library, *parts, task=task)
    assert ended.returncode != 0
    assert told in ended.stderr
    assert rendered(library) == set()


def test_without_anything_it_says_what_comes_first() -> None:
    ended = subprocess.run(["bash", str(SCRIPT)], capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert "say first how many parts there are" in ended.stderr


def test_the_script_says_how_it_is_submitted() -> None:
    command = "sbatch --array=1-8 docs/slurm.sh 8 libraries/sd15.toml"
    assert command in (ROOT / "docs/farm.md").read_text()
    assert command in SCRIPT.read_text()
    assert SCRIPT.stat().st_mode & 0o100
