"""`render`: with the real backend, in this process; what is said, where it is said, and with which code."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from babelgen.catalog import Catalog
from babelgen.cli import main
from babelgen.diffusion.single import render_key
from babelgen.edition import Edition
from babelgen.keys import parse_key
from babelgen.library import Library, load_library
from babelgen.picture import pixel_hash
from babelgen.store import file_of, in_place

from .. import tiny
from ..conftest import LibraryFactory, library_factory
from ..engines.test_contract import wait_until
from ..test_cli import ROOT

Run = Callable[..., str]

pytestmark = pytest.mark.usefixtures("elsewhere")

SEARCH: dict[str, Any] = {"kind": "search", "prompts": ["the sea", "in the fog"], "count": 2}
RANGE: dict[str, Any] = {"kind": "range", "prompt": "the sea", "count": 3}


@pytest.fixture
def render(capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that renders in this process, expects a code, and returns what was told."""

    def run(*words: str | Path, code: int = 0) -> str:
        assert main(["render", *map(str, words), "--engine", "inline"]) == code
        shown = capsys.readouterr()
        assert shown.out == ""
        return shown.err

    return run


@pytest.fixture
def library(tiny_library: LibraryFactory) -> Library:
    """Seven items, five pictures."""
    return load_library(tiny_library(SEARCH, RANGE))


def rows(library: Library) -> dict[str, str]:
    with Catalog.open(library.root) as catalog:
        return {picture.name: picture.sha256 for picture in catalog.all()}


def test_a_library_is_rendered_once(library: Library, render: Run) -> None:
    told = render("--library", library.root)
    assert "5 pictures to render.\n" in told
    assert f"Rendered 5 pictures into {library.root} in " in told
    assert re.search(r" s each\); the first worker was ready after \d+ s\.\n", told)
    assert set(rows(library)) == {entry.name for entry in library.entries()}
    files = {
        path: path.stat().st_mtime_ns
        for path in library.root.rglob("*.*")
        if path.suffix in (".png", ".webp")
    }
    assert len(files) == 15
    again = render("--library", library.root)
    assert (
        again
        == f"0 pictures to render; 5 are there already.\nNothing to render: {library.root} is complete.\n"
    )
    assert {path: path.stat().st_mtime_ns for path in files} == files


def test_a_picture_is_what_its_key_alone_makes(library: Library, tiny_edition: Edition, render: Run) -> None:
    render("--library", library.root)
    entry = list(library.entries())[4]
    with Image.open(file_of(library.root, "pictures", entry.name)) as image:
        pixels = np.asarray(image)
        assert np.array_equal(pixels, render_key(tiny_edition, entry.key))
        assert image.text["key"] == entry.key
        assert image.text["edition"] == tiny_edition.id
    with Catalog.open(library.root) as catalog:
        row = catalog.picture(entry.name)
        assert row is not None
        assert (row.key, row.edition, row.prompt, row.negative) == (entry.key, tiny_edition.id, "the sea", "")
        assert (row.page, row.width, row.height, row.sha256) == ("0", 16, 8, pixel_hash(pixels))
        assert row.steps == parse_key(entry.key, tiny_edition.key_space()).steps
        profile = catalog.profiles()[row.profile]
    assert {"device", "precision", "batches", "threads", "torch", "diffusers"} <= set(profile)


def test_the_number_of_slots_is_part_of_the_profile(library: Library, render: Run, tmp_path: Path) -> None:
    render("--library", library.root, "--slots", "2")
    with Catalog.open(library.root) as catalog:
        (profile,) = catalog.profiles().values()
    assert profile["batches"] == "text 2, unet 4, decoder 4"


def test_the_precision_is_part_of_the_profile(
    library: Library, tiny_edition_file: Path, render: Run, elsewhere: Path
) -> None:
    """And a key by itself gives the same pixels in the same setting."""
    words = ["--precision", "bfloat16", "--slots", "2", "--device", "cpu", "--no-compile"]
    render("--library", library.root, *words)
    with Catalog.open(library.root) as catalog:
        (profile,) = catalog.profiles().values()
        row = next(iter(catalog.all()))
    assert (profile["precision"], profile["batches"]) == ("bfloat16", "text 2, unet 4, decoder 4")
    key = ["key", "render", "--text", row.key, "--edition", str(tiny_edition_file), "--out", "one.png"]
    assert main([*key, *words]) == 0
    with Image.open("one.png") as image:
        assert pixel_hash(np.asarray(image)) == row.sha256


@pytest.mark.parametrize(
    "words",
    [
        ["render", "--library", "BOOKS"],
        ["render", "libraries/default.toml"],
        ["random", "--library", "new"],
        ["verify", "BOOKS"],
        ["key", "render", "one.key", "--out", "one.png"],
    ],
    ids=lambda words: words[0],
)
def test_a_gpu_that_is_not_there_is_told_before_anything_is_written(
    library: Library, capsys: pytest.CaptureFixture[str], elsewhere: Path,
    monkeypatch: pytest.MonkeyPatch, words: list[str],
) -> None:  # fmt: skip
    monkeypatch.setattr("babelgen.engines.devices.gpu_count", lambda: 0)
    before = sorted(library.root.iterdir())
    assert main([word.replace("BOOKS", str(library.root)) for word in words] + ["--device", "cuda"]) == 1
    assert capsys.readouterr() == (
        "",
        "error: There is no GPU that torch can use: --device cuda needs NVIDIA's driver, and torch built for CUDA.\n",
    )
    assert sorted(library.root.iterdir()) == before
    assert list(elsewhere.iterdir()) == []


def test_a_recipe_is_rendered_into_its_own_library(
    library: Library, render: Run, elsewhere: Path, tmp_path: Path
) -> None:
    recipe = tmp_path / "shelves.toml"
    shutil.copy(library.root / "library.toml", recipe)
    render(recipe)
    made = load_library(elsewhere / "library/shelves")
    assert len(rows(made)) == 5
    recipe.write_text(recipe.read_text().replace("count = 3", "count = 4"))
    assert "1 picture to render; 5 are there already." in render(recipe)
    assert [path.name for path in elsewhere.iterdir()] == ["library"]


def test_a_command_that_adds_renders_what_it_added(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["search", "a forest", "--count", "2", "--engine", "inline", "--library", str(library.root)]
    assert main(words) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "7 pictures to render." in shown.err
    assert len(rows(library)) == 7


@pytest.fixture
def poisoned(tiny_edition: Edition, tmp_path: Path) -> Library:
    """The same library with a model that fails where fog is asked for."""
    edition = tiny.make_poisoned(tmp_path, tiny_edition.model, "fog")
    return load_library(library_factory(edition, tmp_path)(SEARCH, RANGE, name="poisoned"))


def test_what_fails_is_listed_with_code_4_and_can_be_tried_again(
    poisoned: Library, tiny_edition: Edition, library: Library, render: Run
) -> None:
    foggy = [entry.name for entry in poisoned.entries()][2:4]
    told = render("--library", poisoned.root, code=4)
    assert told.count("Not rendered: babel2:tiny-") == 2
    assert told.count("values that are not numbers") == 2
    assert "warning: 2 pictures have failed; `render.py status` lists them, and" in told
    assert set(rows(poisoned)) == {entry.name for entry in poisoned.entries()} - set(foggy)

    again = render("--library", poisoned.root, code=4)
    assert "0 pictures to render; 3 are there already, 2 failed earlier (--retry-failed" in again
    assert "complete" not in again
    with Catalog.open(poisoned.root) as catalog:
        assert set(catalog.failures()) == set(foggy)

    shutil.copytree(tiny_edition.model, poisoned.collections[0].edition.model, dirs_exist_ok=True)
    assert "Rendered 2 pictures" in render("--library", poisoned.root, "--retry-failed")
    render("--library", library.root)  # the failures beside them changed no pixel
    assert list_hashes(poisoned) == list_hashes(library)


def list_hashes(library: Library) -> list[str]:
    hashes = rows(library)
    return [hashes[entry.name] for entry in library.entries()]


def test_prompts_that_are_cut_or_unknown_are_told(tiny_library: LibraryFactory, render: Run) -> None:
    long = "the sea " * 8 + "at :fire: [bold]night"
    root = tiny_library({"kind": "search", "prompts": [long, "a zebra"], "negative": "an ape", "count": 1})
    told = render("--library", root)
    assert (
        "warning: A prompt is too long for tiny and is cut; what is left out: the sea at : fire : [ bold ] night\n"
        in told
    )
    assert (
        "warning: tiny has never seen 'fire', 'bold', 'zebra', 'an', 'ape'; expect something else.\n" in told
    )


def test_a_provisional_edition_is_told(poisoned: Library, render: Run) -> None:
    assert "is provisional: its files are not pinned" in render("--library", poisoned.root, code=4)


def test_a_render_that_was_killed_ends_with_the_same_pixels(
    tiny_library: LibraryFactory, render: Run
) -> None:
    """The real command, all its processes killed while it writes; then the same library without a fright."""
    long = {"kind": "random", "count": 40, "steps": 64}
    whole, broken = (load_library(tiny_library(long, name=name)) for name in ("whole", "broken"))
    command = [
        sys.executable,
        str(ROOT / "render.py"),
        "render",
        "--library",
        str(broken.root),
        "--workers",
        "1",
    ]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        wait_until(lambda: len(rows(broken)) > 4, seconds=120)
        os.killpg(process.pid, signal.SIGKILL)
    reported = rows(broken)
    assert all(in_place(broken.root, name) for name in reported)
    assert len(reported) < 40
    there = re.search(r"; (\d+) are there already", render("--library", broken.root))
    assert there is not None
    assert int(there[1]) >= len(reported)  # and what journals knew beside
    render("--library", whole.root)
    assert rows(broken) == rows(whole)
    for name, digest in rows(broken).items():
        with Image.open(file_of(broken.root, "pictures", name)) as image:
            assert pixel_hash(np.asarray(image)) == digest


REFUSED = [
    (["nowhere.toml"], "There is no library file nowhere.toml."),
    (["."], ". is a folder, and no library file."),
    (["a.toml"], "a.toml is not valid TOML: "),
    (["--library", "file"], "file is a file, and no library's folder."),
    (["--library", "typo"], "There is no library in typo: name the recipe to make one of, too."),
]


@pytest.mark.parametrize(("words", "told"), REFUSED)
def test_what_is_wrong_is_told(render: Run, elsewhere: Path, words: list[str], told: str) -> None:
    (elsewhere / "a.toml").write_text("title = ")
    (elsewhere / "file").touch()
    sentence = render(*words, code=1)
    assert sentence.startswith(f"error: {told}")
    assert sentence.count("\n") == 1
    assert sorted(path.name for path in elsewhere.iterdir()) == ["a.toml", "file"]


def test_a_model_that_is_not_there_is_told(
    words_library: LibraryFactory, render: Run, words_edition: Edition
) -> None:
    told = render("--library", words_library(RANGE), code=1)
    assert (
        f"error: The model of edition {words_edition.id} in {words_edition.model} has no weights for its"
        in told
    )
