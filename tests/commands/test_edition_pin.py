"""`edition list`, `show`, `check` and `pin`: what an edition is, whether its model fits, and its files pinned."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from babelgen.cli import main
from babelgen.edition import Edition, load_edition
from babelgen.weights import file_hashes

from .. import tiny

pytestmark = pytest.mark.usefixtures("elsewhere")

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """A function that runs an `edition` command, and returns code, output and errors."""

    def run(*words: object) -> tuple[int, str, str]:
        code = main(["edition", *map(str, words)])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def toml(tiny_edition: Edition, elsewhere: Path) -> Path:
    """A provisional TOML of the tiny edition, with a comment, its model beside it."""
    (elsewhere / "mine").mkdir()
    shutil.copytree(tiny_edition.model, elsewhere / "mine/model")
    path = tiny.write_edition(elsewhere / "mine/tiny.toml", tiny.edition_fields(Path("model")))
    path.write_text("# Mine.\n" + path.read_text())
    return path


def test_shipped_editions_are_listed(command: Command) -> None:
    code, out, _ = command("list", "--json")
    listed = {entry["id"].rpartition("-")[0]: entry for entry in json.loads(out)}
    assert (code, set(listed)) == (0, {"mini", "sd15", "sd15-lob", "sd-turbo"})
    assert (listed["mini"]["provisional"], listed["mini"]["here"]) == (False, True)
    code, out, _ = command("list")
    assert len(out.splitlines()) == 4
    assert all(entry["id"] in out and entry["title"] in out for entry in listed.values())


def test_an_edition_is_shown(command: Command, toml: Path) -> None:
    edition = load_edition(str(toml))
    code, out, _ = command("show", toml, "--json")
    shown = json.loads(out)
    assert (code, shown["id"], shown["provisional"]) == (0, edition.id, True)
    assert shown["facts"] == dict(edition.facts())
    code, out, _ = command("show", toml)
    assert f"Edition: {edition.id} (provisional: its files are not pinned)\n" in out
    assert "Default negative prompt: the empty prompt\n" in out


def test_pinning_writes_the_hashes_and_makes_another_edition(
    command: Command, toml: Path, tiny_edition: Edition
) -> None:
    before = load_edition(str(toml))
    code, out, err = command("pin", toml)
    after = load_edition(str(toml))
    assert (code, out) == (0, f"{after.id}\n")
    assert (after.files, after.provisional) == (file_hashes(before.model), False)
    assert after.id == tiny_edition.id
    assert f"is edition {after.id} now: keys of {before.id} mean something else, and are refused." in err
    assert toml.read_text().startswith("# Mine.\n")
    code, out, err = command("pin", toml)
    assert (code, out) == (0, f"{after.id}\n")
    assert "its 10 files are pinned already" in err


def test_an_edition_is_pinned_elsewhere_with_its_statistics(
    command: Command, fitted_edition_file: Path, fitted_edition: Edition, elsewhere: Path
) -> None:
    code, out, _ = command("pin", fitted_edition_file, "--out", "other")
    assert (code, out) == (0, f"{fitted_edition.id}\n")
    moved = load_edition(str(elsewhere / "other/fitted.toml"))
    assert (moved.id, moved.model) == (fitted_edition.id, fitted_edition.model)
    assert moved.statistics is not None
    assert moved.statistics.path == Path(elsewhere / "other/fitted.npy")
    code, _, err = command("pin", fitted_edition_file, "--out", "other")
    assert code == 1
    assert "is there already" in err


def test_a_model_is_checked(command: Command, toml: Path) -> None:
    edition = load_edition(str(toml))
    code, out, err = command("check", toml)
    assert (code, out) == (0, "")
    assert f"fits edition {edition.id}, which is provisional" in err
    command("pin", toml)
    code, out, err = command("check", toml)
    assert (code, out) == (0, "")
    assert "its 10 files are as pinned" in err


@pytest.mark.parametrize("verb", ["check", "pin"])
def test_a_model_that_does_not_fit_is_refused_and_nothing_is_written(
    command: Command, toml: Path, verb: str
) -> None:
    text = toml.read_text().replace("width = 16", "width = 32")
    toml.write_text(text)
    code, out, err = command(verb, toml)
    assert (code, out) == (1, "")
    assert "does not fit its model: latents of 4x8 make pictures of 16x8." in err
    assert toml.read_text() == text


def test_files_that_changed_after_pinning_are_refused(command: Command, toml: Path) -> None:
    command("pin", toml)
    config = toml.parent / "model/vae/config.json"
    config.write_text(config.read_text() + "\n")
    for verb in ("check", "pin"):
        code, _, err = command(verb, toml)
        assert code == 1
        assert "The file vae/config.json in" in err


def test_a_safety_checker_is_checked_too_and_pinned_when_it_is_switched_on(
    command: Command, toml: Path
) -> None:
    """Under the same id, since it changes no pixel."""
    _, before, _ = command("pin", toml)
    toml.write_text(toml.read_text().replace("[model]\n", "[model]\nsafety_checker = true\n"))
    code, _, err = command("check", toml)
    assert code == 1
    assert "has no weights for its safety_checker" in err
    tiny.make_safety_checker(toml.parent / "model")
    code, _, err = command("check", toml)
    assert code == 1
    assert "is not one of those that edition" in err
    code, after, _ = command("pin", toml)
    assert (code, after) == (0, before)
    assert command("check", toml)[0] == 0
    (toml.parent / "model/safety_checker/config.json").write_text("{}")
    assert command("check", toml)[0] == 1


@pytest.mark.parametrize("text", ["[]", "{}", "[", '{"unet": 3}'])
def test_an_index_that_is_none_is_the_models_fault_and_not_ours(
    command: Command, toml: Path, text: str
) -> None:
    (toml.parent / "model/model_index.json").write_text(text)
    code, out, err = command("check", toml)
    assert (code, out) == (1, "")
    assert "cannot be loaded: " in err
