"""The wheel: all that the program needs is in it, and its command works where the tree is not."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RECIPE = '[[collection]]\nname = "sample"\nkind = "random"\nsteps = 2\ncount = 3\n'


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's contents and nothing of the tree's."""
    target = tmp_path_factory.mktemp("installed")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        str(target),
        str(wheel),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return target


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed `babelgen` command in a folder of its own."""
    return subprocess.run(
        [sys.executable, str(installed / "bin" / "babelgen"), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed)},
        check=True,
        capture_output=True,
        text=True,
    )


def test_it_carries_everything(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for needed in (
        "babelgen/templates/base.html",
        "babelgen/libraries/default.toml",
        "babelgen/editions/mini.toml",
        "babelgen/models/mini/unet/diffusion_pytorch_model.safetensors",
        "babelgen/models/mini/words.txt",
        "babelgen/keys/normal_table.npy",
    ):
        assert needed in names
    assert not any(name.startswith(("tests/", "library/", "site/", "build/")) for name in names)


def test_the_installed_command_is_the_wheels_own(installed: Path, tmp_path: Path) -> None:
    code = "import babelgen; print(babelgen.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    where = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert where.stdout.startswith(str(installed))
    assert "Render what a library still lacks" in run(installed, tmp_path, "render", "--help").stdout


def test_it_renders_a_library_and_builds_its_site(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(RECIPE)
    run(installed, tmp_path, "render", "small.toml", "--workers", "1")
    run(installed, tmp_path, "site", "--library", "library/small", "--out", "pages")
    assert len(list(tmp_path.glob("library/small/pictures/*/*.png"))) == 3
    assert (tmp_path / "pages" / "collections" / "sample" / "item-00003.html").is_file()
