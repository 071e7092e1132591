"""`evolve`, from choices to pictures: what was chosen is in the library file, and each gene is made again from its key."""

import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomlkit
from PIL import Image

from babelgen.cli import main
from babelgen.collections import Derived
from babelgen.commands.genes import open_picture
from babelgen.library import Library, load_library
from babelgen.store import file_of

pytestmark = pytest.mark.usefixtures("elsewhere")
ROOT = Path("library/default")
RENDER = Path(__file__).parents[2] / "render.py"


@pytest.fixture
def evolve(fitted_edition_file: Path) -> Any:
    """Runs `evolve` on the fitted tiny edition, in library/default."""

    def run(*words: str, code: int = 0) -> None:
        assert main(["evolve", "--edition", str(fitted_edition_file), *words]) == code

    return run


def go_on(*words: str, code: int = 0) -> None:
    assert main(["evolve", "--name", "bred", *words]) == code


def generations() -> list[dict[str, Any]]:
    (table,) = tomllib.loads((ROOT / "library.toml").read_text())["collection"]
    return list(table.get("generations", []))


def printed(library: Library) -> int:
    return sum(file_of(library.root, "pictures", entry.name).is_file() for entry in library.entries())


def test_what_is_chosen_is_in_the_file_and_rendered(evolve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    evolve("the sea", "--name", "bred", "--genes", "2", "--step", "0.3", "--seed", "4", "--choose", "2")
    assert generations() == [{"from": "start"}, {"from": "1.2"}]
    assert printed(load_library(ROOT)) == 5
    go_on("--choose", "to a forest", "--choose", "1", "--choose", "step 0.9", "--choose", "start")
    assert generations()[2:] == [
        {"from": "2.1", "target": "a forest"},
        {"from": "start", "step": 0.9, "target": "a forest"},
    ]
    library = load_library(ROOT)
    assert isinstance(library.collections[0].spec, Derived)
    assert printed(library) == 9
    assert f"Generation 4, of start: {ROOT / 'evolutions/bred.webp'}" in capsys.readouterr().err
    with Image.open(ROOT / "evolutions/bred.webp") as sheet:
        assert sheet.width > 2 * 16


def test_keys_that_were_worked_out_stay_when_it_grows(evolve: Any) -> None:
    """Even where another machine rounds otherwise: here an older file says other keys than would be worked out."""
    evolve("the sea", "--name", "bred", "--genes", "2", "--target", "a forest", "--step", "0.4")
    library = load_library(ROOT)
    spec = library.collections[0].spec
    assert isinstance(spec, Derived)
    before = [entry.key for entry in library.entries()]
    from babelgen.collections import key_lines

    swapped = [before[0], before[2], before[1]]
    spec.path.write_bytes(b"".join(key_lines(swapped)))
    go_on("--choose", "1")
    after = [entry.key for entry in load_library(ROOT).entries()]
    assert after[:3] == swapped
    assert len(set(after)) == 5
    assert len(list((ROOT / "keys").iterdir())) == 1  # the shorter one went


def test_the_same_choices_make_the_same_pictures(evolve: Any, tmp_path: Path) -> None:
    """One after the other, or all at once from a file."""
    begin = ["the sea", "--name", "bred", "--genes", "2", "--target", "a forest", "--step", "0.4"]
    evolve(*begin)
    go_on("--choose", "2")
    go_on("--choose", "1")
    choices = tmp_path / "choices.txt"
    choices.write_text("2  # the darker one\n# and its child\n\n1\n")
    evolve(*begin, "--library", "library/other", "--choices", str(choices))
    one, other = (load_library(Path(f"library/{name}")) for name in ("default", "other"))
    assert [entry.key for entry in one.entries()] == [entry.key for entry in other.entries()]
    for entry in one.entries():
        first, second = (
            file_of(library.root, "pictures", entry.name).read_bytes() for library in (one, other)
        )
        assert first == second


def test_a_gene_is_made_again_from_its_key_file_alone(
    evolve: Any, fitted_edition_file: Path, tmp_path: Path
) -> None:
    evolve(
        "the sea", "--name", "bred", "--genes", "2", "--target", "a forest", "--step", "0.4", "--choose", "2"
    )
    library = load_library(ROOT)
    assert main(["export", "keys", "--library", str(ROOT), "--out", str(tmp_path / "keys.zip")]) == 0
    subprocess.run([sys.executable, "-m", "zipfile", "-e", tmp_path / "keys.zip", tmp_path], check=True)
    files = sorted(tmp_path.glob("**/*.key"))
    assert len(files) == 5
    for file, entry in zip(files, library.entries(), strict=True):
        out = tmp_path / "again.png"
        assert (
            main(["key", "render", str(file), "--edition", str(fitted_edition_file), "--out", str(out)]) == 0
        )
        again, before = (
            np.asarray(Image.open(path)) for path in (out, file_of(ROOT, "pictures", entry.name))
        )
        assert np.array_equal(again, before)


class TestChoosingByItself:
    def test_the_lot_is_the_seeds(self, evolve: Any) -> None:
        chosen = []
        for library in ("a", "b"):
            evolve(
                "the sea",
                "--name",
                "bred",
                "--genes",
                "3",
                "--library",
                library,
                "--auto",
                "3",
                "--seed",
                "5",
            )
            (table,) = tomllib.loads((Path(library) / "library.toml").read_text())["collection"]
            chosen.append([each["from"] for each in table["generations"]])
        assert chosen[0] == chosen[1]
        assert [name.split(".")[0] for name in chosen[0]] == ["start", "1", "2", "3"]

    def test_a_gene_is_most_like_itself(self, evolve: Any) -> None:
        evolve("the sea", "--name", "bred", "--genes", "4", "--step", "0.9")
        library = load_library(ROOT)
        names = [entry.name for entry in library.entries()]
        go_on("--auto", "1", "--like-picture", str(file_of(ROOT, "pictures", names[3])))
        assert generations()[-1]["from"] == "1.3"

    def test_likeness_to_a_prompt_chooses_too(self, evolve: Any) -> None:
        evolve("the sea", "--name", "bred", "--genes", "3", "--auto", "2", "--like", "a forest")
        assert len(generations()) == 3


def test_on_a_terminal_somebody_is_asked(evolve: Any, fitted_edition_file: Path) -> None:
    evolve("the sea", "--name", "bred", "--genes", "2")
    parent, child = pty.openpty()
    os.write(parent, b"2\nnonsense\nback\nto <|endoftext|>\nagain\nq\n")
    done = subprocess.run(
        [sys.executable, RENDER, "evolve", "--name", "bred"], stdin=child, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    os.close(parent)
    os.close(child)
    assert done.returncode == 0, done.stderr
    assert [each["from"] for each in generations()] == ["start", "1.2", "start"]
    assert "'nonsense' is no choice: say 1 to 2, start" in done.stderr
    assert "target is refused: A prompt cannot contain" in done.stderr


REFUSED = [
    (["--choose", "9"], "'9' is no choice: say 1 to 2, start, a gene up to 1.2"),
    (["--choose", "2", "--choose", "to <|endoftext|>", "--choose", "1"], "'to <|endoftext|>': generations 1: target is refused"),
    (["--choices", "nowhere.txt"], "nowhere.txt is no file of choices that can be read."),
    (["--auto", "1", "--like", "a", "--like-picture", "b"], "Likeness is asked for twice"),
    (["--like", "a"], "Likeness chooses for --auto alone"),
    (["--auto", "1", "--like-picture", "nowhere.png"], "The picture nowhere.png cannot be read."),
    (["--auto", "1", "--like", "<|endoftext|>"], "A prompt cannot contain"),
    (["--step", "2"], "A step is a number above 0 and at most 1, not '2.0'."),
    (["--genes", "3"], "'bred' has begun: its genes can no longer be said."),
    (["--title", "Other", "--choose", "1"], "'bred' has begun: its title and its edition can no longer be said."),
    (["--step", "0.5"], "A step or a target is of the generations that are chosen after it, and none is."),
    (["--choose", "1", "--choose", "to the sea"], "A step or a target is of the generations that are chosen after it"),
    (["--auto", "1", "--add-only"], "--auto chooses among rendered pictures: leave out --add-only."),
]  # fmt: skip


def test_what_is_wrong_is_one_sentence_and_changes_nothing(
    evolve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    evolve("the sea", "--name", "bred", "--genes", "2", "--add-only")
    text = (ROOT / "library.toml").read_text()
    for words, told in REFUSED:
        capsys.readouterr()
        go_on(*words, code=1)
        err = capsys.readouterr().err
        (error,) = (line for line in err.splitlines() if "generation" not in line or line.startswith("error"))
        assert error.startswith(f"error: {told}"), err
        assert (ROOT / "library.toml").read_text() == text
    assert not (ROOT / "pictures").exists()


def test_another_kind_cannot_be_bred(evolve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    ROOT.mkdir(parents=True)
    table = {"name": "bred", "kind": "range", "count": 1}
    (ROOT / "library.toml").write_text(tomlkit.dumps({"collection": [table]}))
    go_on("--choose", "1", code=1)
    assert capsys.readouterr().err == (
        "error: Say where to start, a prompt or --start, or with --name which evolution to go on with.\n"
    )


def test_a_slip_in_the_name_begins_no_other(evolve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    evolve("the sea", "--name", "bred", "--genes", "2", "--add-only")
    text = (ROOT / "library.toml").read_text()
    assert main(["evolve", "--name", "breed", "--choose", "2"]) == 1
    assert capsys.readouterr().err.endswith("to go on with; library/default has bred.\n")
    assert (ROOT / "library.toml").read_text() == text


def test_other_collections_wait(evolve: Any, fitted_edition_file: Path) -> None:
    words = ["range", "--count", "4", "--add-only", "--edition", str(fitted_edition_file)]
    assert main(words) == 0
    evolve("the sea", "--name", "bred", "--genes", "2")
    assert printed(load_library(ROOT)) == 3


def test_a_photograph_is_seen_as_it_was_held(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.new("RGB", (100, 60)).save(tmp_path / "held.jpg", exif=exif)
    assert open_picture(tmp_path / "held.jpg").shape == (100, 60, 3)


def test_a_file_that_says_no_generations_gets_its_first_with_the_second(evolve: Any) -> None:
    evolve("the sea", "--name", "bred", "--genes", "2", "--add-only")
    assert generations() == []
    go_on("--choose", "2", "--add-only")
    assert generations() == [{"from": "start"}, {"from": "1.2"}]
