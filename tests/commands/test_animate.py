"""`animate`: a collection's printed pictures as a film, their keys beside it; nothing where one is missing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from babelgen.cli import main
from babelgen.library import load_library
from babelgen.picture import psnr
from babelgen.store import file_of

from ..conftest import LibraryFactory

SEA = {"name": "sea", "kind": "search", "prompts": ["the sea", "a forest"], "count": 3}
pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def root(tiny_library: LibraryFactory) -> Path:
    """A library of six pictures, printed."""
    root = tiny_library(SEA)
    assert main(["render", "--library", str(root), "--engine", "inline", "--device", "cpu"]) == 0
    return root


def animate(root: Path, out: Path, *words: str) -> int:
    return main(["animate", "sea", "--library", str(root), "--out", str(out), *words])


def keys_of(root: Path) -> list[str]:
    library = load_library(root)
    return [entry.key for entry in library.keys(library.collections[0])]


def pixels_of(root: Path, name: str) -> NDArray[np.uint8]:
    with Image.open(file_of(root, "pictures", name)) as picture:
        return np.asarray(picture.convert("RGB"))


def test_it_shows_the_pictures_in_order_and_back(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "films/sea.gif"
    assert animate(root, out, "--ping-pong", "--fps", "10") == 0
    library = load_library(root)
    names = [entry.name for entry in library.keys(library.collections[0])]
    shown = [*names, *names[4:0:-1]]
    with Image.open(out) as film:
        assert getattr(film, "n_frames", 1) == len(shown)
        for at, name in enumerate(shown):
            film.seek(at)
            near = {each: psnr(np.asarray(film.convert("RGB")), pixels_of(root, each)) for each in names}
            assert max(near, key=near.__getitem__) == name
            assert near[name] > 35


def test_the_keys_are_beside_it_and_in_it(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "sea.webp"
    assert animate(root, out) == 0
    beside = (tmp_path / "sea.webp.keys").read_bytes()
    assert beside.decode().splitlines() == keys_of(root)
    with Image.open(out) as film:
        said = film.info["xmp"].decode()
    assert "\n".join(keys_of(root)) in said
    assert hashlib.sha256(beside).hexdigest() in said


def test_long_keys_are_in_the_file_beside_it_alone(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("babelgen.commands.animate.LONGEST_NOTE", 200)
    assert animate(root, tmp_path / "sea.webp") == 0
    with Image.open(tmp_path / "sea.webp") as film:
        said = film.info["xmp"].decode()
    assert keys_of(root)[0] not in said
    assert hashlib.sha256((tmp_path / "sea.webp.keys").read_bytes()).hexdigest() in said


def test_the_same_pictures_make_the_same_file(root: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert animate(root, tmp_path / f"{name}.webp") == 0
    assert (tmp_path / "one.webp").read_bytes() == (tmp_path / "two.webp").read_bytes()


def test_a_width_scales_it(root: Path, tmp_path: Path) -> None:
    assert animate(root, tmp_path / "sea.webp", "--width", "8") == 0
    with Image.open(tmp_path / "sea.webp") as film:
        assert film.size == (8, 4)


def test_an_mp4_has_a_poster(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("av")
    assert animate(root, tmp_path / "sea.mp4") == 0
    with Image.open(tmp_path / "sea.poster.webp") as poster:
        assert poster.size == (16, 8)
    assert (tmp_path / "sea.mp4").stat().st_size > 0


def refused(root: Path, out: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert animate(root, out, *words) == 1
    assert not out.exists()
    assert not out.with_name(f"{out.name}.keys").exists()
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_missing_picture_is_refused(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = load_library(root)
    names = [entry.name for entry in library.keys(library.collections[0])]
    for name in names[2:4]:
        file_of(root, "pictures", name).unlink()
    said = refused(root, tmp_path / "sea.webp", capsys)
    assert "'sea' lacks 2 of its 6 pictures, first number 3" in said


def test_a_damaged_picture_is_refused(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = load_library(root)
    name = next(iter(library.keys(library.collections[0]))).name
    path = file_of(root, "pictures", name)
    path.write_bytes(b"\0" * path.stat().st_size)
    capsys.readouterr()
    assert animate(root, tmp_path / "sea.webp") == 1
    assert f"{path} cannot be read" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.webp"))
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("sea.avi", (), "must end in .webp, .gif, .mp4"),
        ("sea.gif", ("--fps", "60"), "at most 50 frames a second"),
    ],
)
def test_what_no_film_can_be_is_refused(
    root: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    words: tuple[str, ...],
    said: str,
) -> None:
    assert said in refused(root, tmp_path / name, capsys, *words)


def test_an_unknown_collection_is_refused(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["animate", "see", "--library", str(root), "--out", str(tmp_path / "x.webp")]) == 1
    assert "has no collection 'see'; it has sea." in capsys.readouterr().err
