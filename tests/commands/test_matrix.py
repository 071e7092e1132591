"""`matrix`: listed without touching anything, and added to a library from JSON and from library files."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from babelgen.cli import main
from babelgen.collections.matrix import Matrix
from babelgen.edition import Edition
from babelgen.keys import parse_key
from babelgen.library import load_library, read_library
from babelgen.resources import shipped

from ..collections.test_matrix import GOLDEN, earlier_tool
from ..conftest import LibraryFactory

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.usefixtures("elsewhere")

CONFIG = {**GOLDEN["config"], "num_configs": 6, "steps": [2, 3]}
RECIPE = """
edition = "{edition}"
title = "Recipe"

[[collection]]
name = "one"
kind = "matrix"
mode = "grid"
subjects = ["the sea", "a forest"]
actions = ["at night"]
title = "One <b>"
description = "A description."
axes = ["subjects", "actions"]

[[collection]]
name = "other"
kind = "range"
count = 1
"""
SECOND = '\n[[collection]]\nname = "two"\nkind = "matrix"\nmode = "grid"\nsubjects = ["mountains"]\nnegatives = ["", "fog"]\n'


@pytest.fixture
def root(words_library: LibraryFactory) -> Path:
    """A library with one collection."""
    return words_library({"name": "first", "kind": "range", "count": 1})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An earlier tool's configuration."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG), "utf-8")
    return path


@pytest.fixture
def recipe(tmp_path: Path, words_edition_file: Path) -> Path:
    """A library file with a matrix."""
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE.format(edition=words_edition_file), "utf-8")
    return path


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command that is refused tells."""
    assert main(["matrix", *words]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    return shown.err


def test_the_list_is_the_earlier_tools(root: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", str(config), "--list", "--library", str(root)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [json.dumps(row, ensure_ascii=False) for row in earlier_tool(CONFIG)]


def test_listing_touches_nothing(
    root: Path,
    config: Path,
    recipe: Path,
    elsewhere: Path,
    words_edition_file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def state() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for place in (root, elsewhere) for path in place.rglob("*")}

    before = state()
    for path in (config, recipe):
        assert main(["matrix", str(path), "--list", "--library", str(root)]) == 0
    assert (
        main(["matrix", str(config), "--list", "--edition", str(words_edition_file)]) == 0
    )  # and of no library
    assert state() == before
    capsys.readouterr()


def test_the_list_of_a_library_file(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", str(recipe), "--list"]) == 0
    assert capsys.readouterr().out == '["the sea at night", 3, 0]\n["a forest at night", 3, 0]\n'


def test_negative_prompts_are_listed_where_there_are_any(
    recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe.write_text(recipe.read_text() + SECOND)
    assert main(["matrix", str(recipe), "--collection", "two", "--list"]) == 0
    assert capsys.readouterr().out == '["mountains", 3, 0, ""]\n["mountains", 3, 0, "fog"]\n'


def test_a_configuration_is_added_once(
    root: Path, config: Path, words_edition: Edition, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["matrix", str(config), "--library", str(root), "--add-only"]
    assert main(words) == 0
    collection = load_library(root).collections[-1]
    assert (collection.slug, collection.kind, collection.added) == ("matrix-a-lighthouse", "matrix", True)
    keys = [parse_key(key, words_edition.key_space()) for key in collection.spec.keys(words_edition)]
    assert [(key.steps, key.page) for key in keys] == [
        (steps, page) for _, steps, page in earlier_tool(CONFIG)
    ]
    assert main(words) == 0
    assert "says the same already" in capsys.readouterr().err
    assert len(load_library(root).collections) == 2


def test_a_librarys_matrix_is_added_with_its_words(
    root: Path, recipe: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["matrix", str(recipe), "--library", str(root), "--add-only"]
    assert main(words) == main(words) == 0
    assert "says the same already" in capsys.readouterr().err
    (_, collection) = load_library(root).collections
    assert (collection.slug, collection.title, collection.description) == ("one", "One <b>", "A description.")
    assert isinstance(collection.spec, Matrix)
    assert collection.spec.table == ("subjects", "actions")
    assert main([*words, "--name", "again", "--title", "Again"]) == 0
    assert [(one.slug, one.title) for one in load_library(root).collections][2:] == [("again", "Again")]


def test_a_file_with_several_needs_a_name(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe.write_text(recipe.read_text() + SECOND)
    told = refused(capsys, str(recipe), "--list")
    assert told.endswith("recipe.toml has several matrices (one, two): say which one with --collection.\n")
    assert refused(capsys, str(recipe), "--list", "--collection", "other").endswith(
        "has no collection of kind matrix with the name 'other'.\n"
    )


WRONG: list[tuple[str, Callable[[Path, Path], str], str]] = [
    ("missing", lambda folder, _: str(folder / "no.toml"), "There is no file"),
    ("missing JSON", lambda folder, _: str(folder / "no.json"), "cannot be read: No such file"),
    ("a folder", lambda folder, _: str(folder), "cannot be read: Is a directory"),
    ("no matrix", lambda folder, _: write(folder, "title = 'x'\n"), "has no collection of kind matrix."),
    ("a slip", lambda folder, _: write(folder, RECIPE.format(edition="mini").replace('"grid"', '"gird"')), "collection 1: mode must be one of sample, grid, not 'gird' (line 8)."),
]  # fmt: skip


def write(folder: Path, text: str) -> str:
    (folder / "wrong.toml").write_text(text)
    return str(folder / "wrong.toml")


@pytest.mark.parametrize(("what", "make", "told"), WRONG, ids=[what for what, _, _ in WRONG])
def test_a_wrong_file_is_told_in_a_sentence(
    what: str,
    make: Callable[[Path, Path], str],
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert told in refused(capsys, make(tmp_path, tmp_path), "--list")


def test_a_name_for_the_one_matrix_of_a_configuration_is_refused(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "has one matrix, and no name for it" in refused(capsys, str(config), "--collection", "x")


def test_steps_beyond_the_most_are_refused_and_nothing_is_written(
    root: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(json.dumps({**CONFIG, "steps": [65]}))
    before = (root / "library.toml").read_bytes()
    assert "steps must be at most 64, not 65" in refused(
        capsys, str(config), "--library", str(root), "--add-only"
    )
    assert (root / "library.toml").read_bytes() == before


def test_a_matrix_renders_and_is_a_table_of_the_site(
    tiny_library: LibraryFactory,
    elsewhere: Path,
    recipe: Path,
    tiny_edition_file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And each picture's key file alone makes the same pixels again."""
    import numpy as np
    from PIL import Image

    recipe.write_text(RECIPE.format(edition=tiny_edition_file))
    root = tiny_library()
    assert main(["matrix", str(recipe), "--library", str(root), "--engine", "inline"]) == 0
    assert main(["site", "--library", str(root), "--out", "pages"]) == 0
    page = (elsewhere / "pages/collections/one/table.html").read_text("utf-8")
    assert page.count("<img") == 2
    keys = sorted((elsewhere / "pages/keys").rglob("*.key"))
    printed = {path.stem: path for path in (elsewhere / "pages/pictures").rglob("*.png")}
    for path in (path for path in keys if path.stem in printed):
        again = elsewhere / "again.png"
        assert (
            main(["key", "render", str(path), "--edition", str(tiny_edition_file), "--out", str(again)]) == 0
        )
        with Image.open(again) as one, Image.open(printed[path.stem]) as other:
            assert np.array_equal(np.asarray(one), np.asarray(other))
    assert len(printed) == 2
    capsys.readouterr()


def test_the_shipped_recipe_is_valid_and_small(tmp_path: Path, words_edition_file: Path) -> None:
    """With an edition whose tokenizer is here."""
    text = (shipped("libraries") / "matrix.toml").read_text("utf-8")
    assert 'edition = "mini"' in text
    path = tmp_path / "matrix.toml"
    path.write_text(text.replace('edition = "mini"', f'edition = "{words_edition_file}"'))
    library = read_library(path, tmp_path)
    assert [(one.kind, one.spec.count()) for one in library.collections] == [("matrix", 19), ("matrix", 16)]
    assert len({entry.name for entry in library.entries()}) == 35
    assert all(one.title and one.description for one in library.collections)
