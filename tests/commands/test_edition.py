"""`edition fit`: another edition, in place or elsewhere, and nothing written where it cannot be made."""

import os
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from babelgen.cli import main
from babelgen.edition import Edition, load_edition
from babelgen.keys import Address, Shelf, format_key
from babelgen.statistics import statistics_of

from .. import tiny

pytestmark = pytest.mark.usefixtures("elsewhere")

Fit = Callable[..., tuple[int, str, str]]


@pytest.fixture
def toml(tiny_edition: Edition, elsewhere: Path) -> Path:
    """A TOML of the tiny edition in a folder of its own, with a comment, its model beside it."""
    (elsewhere / "mine").mkdir()
    shutil.copytree(tiny_edition.model, elsewhere / "mine/model")
    path = tiny.write_edition(
        elsewhere / "mine/my.tiny.toml", tiny.edition_fields(Path("model"), pinned=False)
    )
    path.write_text("# Mine.\n" + path.read_text())
    return path


@pytest.fixture
def fit(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Fit:
    """A function that runs `edition fit` with a small sample, and returns code, output and errors."""
    monkeypatch.setattr("babelgen.diffusion.fit.SAMPLE", 24)

    def fit(*words: object) -> tuple[int, str, str]:
        code = main(["edition", "fit", *map(str, words)])
        return code, *capsys.readouterr()

    return fit


def test_an_edition_is_fitted_in_place(fit: Fit, toml: Path) -> None:
    before = load_edition(str(toml))
    code, out, err = fit(toml)
    after = load_edition(str(toml))
    assert (code, out) == (0, f"{after.id}\n")
    assert after.id != before.id
    assert f"is edition {after.id} now: keys of {before.id} mean something else, and are refused.\n" in err
    assert "120 of 128 values of an embedding are coded" in err
    assert statistics_of(after).coordinates == 120
    assert after.statistics is not None
    assert after.statistics.path == toml.parent / "my.tiny.npy"
    assert (after.model, after.title, after.vocabulary) == (before.model, before.title, before.vocabulary)
    text = toml.read_text()
    assert text.startswith("# Mine.\n")
    assert "\n\n[text.statistics]\nfile = " in text
    assert "coordinates = 120\n\n[random]\n" in text
    assert {path.name for path in toml.parent.iterdir()} == {"model", "my.tiny.toml", "my.tiny.npy"}


def test_fitting_again_changes_nothing(fit: Fit, toml: Path) -> None:
    fit(toml)
    files = {path: path.read_bytes() for path in toml.parent.glob("my.*")}
    code, out, err = fit(toml)
    assert (code, out) == (0, f"{load_edition(str(toml)).id}\n")
    assert "has these statistics already" in err
    assert {path: path.read_bytes() for path in toml.parent.glob("my.*")} == files


def test_lost_statistics_are_fitted_again(fit: Fit, toml: Path) -> None:
    _, fitted, _ = fit(toml)
    (toml.parent / "my.tiny.npy").unlink()
    assert fit(toml)[:2] == (0, fitted)


def test_an_edition_is_fitted_into_another_folder(fit: Fit, toml: Path, elsewhere: Path) -> None:
    text = toml.read_text()
    code, out, _ = fit(toml, "--out", "a/b")
    copy = load_edition("a/b/my.tiny.toml")
    assert (code, out) == (0, f"{copy.id}\n")
    assert copy.model == elsewhere / "mine/model"
    assert statistics_of(copy).coordinates == 120
    assert toml.read_text() == text
    assert not (toml.parent / "my.tiny.npy").exists()


def test_a_table_on_one_line_is_fitted_too(fit: Fit, toml: Path) -> None:
    lines = toml.read_text().splitlines()
    at = lines.index("[text]")
    fields = tomllib.loads("\n".join(lines))["text"]
    inline = f"text = {{ vocabulary = {fields['vocabulary']}, length = {fields['length']} }}"
    rest = lines[:at] + lines[at + 3 :]
    first = next(place for place, line in enumerate(rest) if line.startswith("["))
    toml.write_text("\n".join([*rest[:first], inline, *rest[first:]]))
    code, out, _ = fit(toml)
    assert (code, out) == (0, f"{load_edition(str(toml)).id}\n")


def test_a_shipped_edition_is_found_by_name_and_left_alone_with_out(
    fit: Fit, toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("babelgen.edition.EDITIONS", toml.parent)
    code, out, _ = fit("tiny", "--out", "here")
    assert (code, out) == (0, f"{load_edition('here/my.tiny.toml').id}\n")


def test_what_cannot_be_written_is_told_before_anything_is_computed(
    fit: Fit, toml: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("nothing should be computed")

    monkeypatch.setattr("babelgen.diffusion.fit.fit_statistics", never)
    (elsewhere / "taken").mkdir()
    (elsewhere / "taken/my.tiny.npy").touch()
    (elsewhere / "file").touch()
    for out, told in [
        ("new.toml", "--out names a folder, and new.toml looks like a file."),
        ("taken", "taken/my.tiny.npy is there already; take it away, or choose another folder with --out."),
        (
            "file",
            "file/my.tiny.toml cannot be written, since file is not writable; choose a folder with --out.",
        ),
    ]:
        assert fit(toml, "--out", out) == (1, "", f"error: {told}\n")
    monkeypatch.setattr(os, "access", lambda *_: False)
    told = (
        f"error: {toml} cannot be written, since {toml.parent} is not writable; choose a folder with --out.\n"
    )
    assert fit(toml) == (1, "", told)


def test_what_cannot_be_fitted_is_told(fit: Fit, elsewhere: Path) -> None:
    assert fit("nowhere")[2].startswith("error: There is no edition 'nowhere'")
    code, out, err = fit("sd15-lob", "--out", "here")
    assert (code, out) == (1, "")
    assert "hold whole embeddings, and need no statistics." in err
    assert [*elsewhere.iterdir()] == []


def test_a_key_of_an_embedding_is_shown_and_stepped(
    fitted_edition: Edition, fitted_edition_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = fitted_edition.key_space()
    key = format_key(Address(4, Shelf("v", 2**1440 - 1), 0, Shelf("v", 5)), space)
    words = ["--text", key, "--edition", str(fitted_edition_file)]
    assert main(["key", "show", *words]) == 0
    shown = capsys.readouterr().out
    assert "prompt     an embedding that no text has (g84yr9pv, 120 coded values)\n" in shown
    assert "negative   an embedding that no text has (v5, 120 coded values)\n" in shown
    assert main(["key", "next", *words, "--level", "shelf"]) == 0
    assert capsys.readouterr().out.strip() == format_key(Address(5, Shelf("v", 0), 0, Shelf("v", 5)), space)


def test_a_key_of_an_embedding_needs_statistics(
    words_edition: Edition, words_edition_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from ..keys.spaces import sign

    key = sign(f"babel2:{words_edition.id}:4.v5.0")
    assert main(["key", "show", "--text", key, "--edition", str(words_edition_file)]) == 1
    assert capsys.readouterr().err == (
        f"error: The shelf at character 25 is of kind 'v', an embedding, and edition {words_edition.id} has no "
        "statistics to read one with.\n"
    )
