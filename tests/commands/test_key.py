"""`key`: from a file, from standard input, as text; and every way in which it can be wrong."""

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from babelgen.cli import main
from babelgen.diffusion.single import render_key
from babelgen.edition import Edition, load_edition
from babelgen.keys import Address, Shelf, format_key, next_key, parse_key
from babelgen.picture import pixel_hash
from babelgen.tokens import tokens_of

from .. import tiny
from ..test_cli import ROOT

Result = tuple[int, str, str]
Run = Callable[..., Result]

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def address(words_edition: Edition) -> Address:
    tokens = tokens_of(words_edition)
    return Address(9, tokens.shelf("the sea at night"), 2**1536 - 1, tokens.shelf("in the fog"))


@pytest.fixture
def key(address: Address, words_edition: Edition) -> str:
    return format_key(address, words_edition.key_space())


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], words_edition_file: Path) -> Run:
    """A function that runs a command with the edition that has words, and returns code, output and errors."""

    def run(*words: str) -> Result:
        code = main([*words, "--edition", str(words_edition_file)])
        return code, *capsys.readouterr()

    return run


def test_what_a_key_says(run: Run, key: str) -> None:
    code, out, err = run("key", "show", "--text", key)
    assert (code, err) == (0, "")
    facts = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert (facts["prompt"], facts["negative"], facts["steps"]) == ("the sea at night", "in the fog", "9")
    assert facts["characters"] == str(len(key))


def test_what_a_key_says_as_one_json_object(run: Run, key: str, words_edition: Edition) -> None:
    code, out, err = run("key", "show", "--json", "--text", key)
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "edition": words_edition.id, "prompt": "the sea at night", "negative": "in the fog", "steps": 9,
        "page": "1zzzzzzz…zzzzzzzz (308 digits of base 32)", "characters": len(key), "size": "16x8",
    }  # fmt: skip


def test_the_empty_prompt_is_told_as_none(run: Run, words_edition: Edition) -> None:
    key = format_key(Address(1, Shelf("t", 0), 0), words_edition.key_space())
    assert "prompt     (none)\n" in run("key", "show", "--text", key)[1]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_key_is_read_from_a_file_and_from_standard_input(
    run: Run, key: str, end: str, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / "a.key").write_bytes((key + end).encode())
    shown = run("key", "show", "--text", key)
    assert run("key", "show", "a.key") == shown
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((key + end).encode())))
    assert run("key", "show", "-") == shown
    assert not sys.stdin.closed  # whoever asks next, such as whether somebody is there, is answered


@pytest.mark.parametrize("level", ["page", "shelf", "steps"])
@pytest.mark.parametrize("count", [1, 5, -3, 2**80])
def test_next_and_prev_print_a_key_and_nothing_else(
    run: Run, address: Address, words_edition: Edition, level: str, count: int
) -> None:
    space = words_edition.key_space()
    key = format_key(address, space)
    words = ("--text", key, "--level", level, "--count", str(count))
    code, out, err = run("key", "next", *words)
    assert (code, err) == (0, "")
    assert out.endswith("\n")
    assert parse_key(out[:-1], space) == next_key(address, space, level, count)
    code, back, err = run("key", "prev", "--text", out[:-1], "--level", level, "--count", str(count))
    assert (code, back, err) == (0, key + "\n", "")


def wrong_check(key: str) -> str:
    return key[:-1] + ("0" if key[-1] != "0" else "1")


FILES: list[tuple[Callable[[str], bytes], str]] = [
    (lambda _: b"", "The key file is empty."),
    (lambda _: b"\n", "The key file is empty."),
    (lambda _: bytes(range(256)) * 8, "Byte 11 of the key file is a line break"),
    (lambda _: b"\x89PNG\r\n\x1a\n", "Byte 1 of the key file is 0x89, which is not ASCII."),
    (lambda _: b"a" * (5 * 2**20), "a.key is longer than 4194304 bytes, and no key is."),
    (lambda _: b"a" * (4 * 2**20), "The key begins with 'aaaaaaa' at character 1"),
    (lambda key: f"{key}\n{key}\n".encode(), "is a line break, and only one final newline may follow a key."),
    (lambda key: f" {key}".encode(), "Character 1 of the key is a space, and a key has none."),
    (lambda key: key.upper().encode(), "Character 1 of the key is the capital 'B'"),
    (lambda key: key[:-1].encode(), "has 7 characters, and must have 8."),
    (lambda key: wrong_check(key).encode(), "The check at character"),
    (lambda key: key.partition("~")[0].encode(), "without its check"),
    (lambda key: key.replace(":", ";").encode(), "The key begins with 'babel2;'"),
]


@pytest.mark.parametrize(("data", "told"), FILES, ids=[told[:50] for _, told in FILES])
@pytest.mark.parametrize("command", ["show", "next", "prev", "render"])
def test_a_wrong_key_file_is_told(
    run: Run, key: str, elsewhere: Path, data: Callable[[str], bytes], told: str, command: str
) -> None:
    (elsewhere / "a.key").write_bytes(data(key))
    more = ("--out", "a.png") if command == "render" else ()
    code, out, err = run("key", command, "a.key", *more)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert told in err
    assert err.count("\n") == 1
    assert len(err) < 300
    assert [path.name for path in elsewhere.iterdir()] == ["a.key"]


def test_a_file_that_cannot_be_read_is_told(run: Run, elsewhere: Path, key: str) -> None:
    (elsewhere / "folder").mkdir()
    for name, reason in (("nowhere", "No such file or directory"), ("folder", "Is a directory")):
        told = f"error: The key file {name} cannot be read: {reason}.\n"
        assert run("key", "show", name) == (1, "", told)


def test_one_key_must_be_given_and_only_one(run: Run, key: str, elsewhere: Path) -> None:
    (elsewhere / "a.key").write_text(key)
    told = "error: Give either a key file (or - for standard input) or the key itself with --text.\n"
    assert run("key", "show") == (1, "", told)
    assert run("key", "show", "a.key", "--text", key) == (1, "", told)


def test_a_key_of_another_edition_is_told(
    run: Run, key: str, words_edition: Edition, capsys: pytest.CaptureFixture[str]
) -> None:
    space = replace(words_edition.key_space(), edition="other-00000000")
    other = format_key(Address(1, Shelf("t", 0), 0), space)
    told = f"error: The key is of edition other-00000000 (character 8), not of {words_edition.id}.\n"
    assert run("key", "show", "--text", other) == (1, "", told)
    assert main(["key", "show", "--text", key]) == 1
    assert capsys.readouterr().err.startswith(
        f"error: There is no edition '{words_edition.id}'; shipped ones are "
    )


def test_prompts_go_to_terminals_of_any_alphabet(words_edition_file: Path, words_edition: Edition) -> None:
    shelf = tokens_of(words_edition).shelf("é 海 🚀")
    key = format_key(Address(1, shelf, 0), words_edition.key_space())
    command = [sys.executable, str(ROOT / "render.py"), "key", "show", "--edition", str(words_edition_file)]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    for more in ((), ("--json",)):
        done = subprocess.run(
            [*command, *more, "--text", key], env=environment, capture_output=True, check=True
        )
        assert b"\\u6d77" in done.stdout
        assert done.stderr == b""
    assert json.loads(done.stdout)["prompt"] == "é 海 🚀"


class TestRendering:
    """`key render`, with the tiny model."""

    @pytest.fixture
    def key(self, tiny_edition: Edition) -> str:
        shelf = tokens_of(tiny_edition).shelf("the sea at night")
        return format_key(Address(2, shelf, 7), tiny_edition.key_space())

    def test_a_key_becomes_a_picture(
        self,
        key: str,
        tiny_edition: Edition,
        tiny_edition_file: Path,
        elsewhere: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        words = ["key", "render", "--text", key, "--edition", str(tiny_edition_file), "--out"]
        assert main([*words, "new/a.png"]) == 0
        assert main([*words, "b.png"]) == 0
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.count(pixel_hash(render_key(tiny_edition, key))) == 2
        assert (elsewhere / "b.png").read_bytes() == (elsewhere / "new/a.png").read_bytes()
        with Image.open(elsewhere / "b.png") as image:
            assert np.array_equal(np.asarray(image), render_key(tiny_edition, key))
            assert image.text["key"] == key
            assert image.text["parameters"].startswith("the sea at night\nSteps: 2, ")
        assert sorted(path.name for path in elsewhere.iterdir()) == ["b.png", "new"]

    def test_a_place_that_cannot_be_written_is_told(
        self, key: str, tiny_edition_file: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        words = ["key", "render", "--text", key, "--edition", str(tiny_edition_file), "--out"]
        (elsewhere / "file").touch()
        for name, told in [
            (".", ". is a folder, and the picture must be a file."),
            ("file/a.png", "file/a.png cannot be written: Not a directory."),
            ("a.jpg", "a.jpg would be a PNG: give it a name that ends in .png."),
        ]:
            assert main([*words, name]) == 1
            assert capsys.readouterr() == ("", f"error: {told}\n")

    def test_a_picture_that_cannot_be_made_is_told_with_code_4(
        self, tiny_edition: Edition, elsewhere: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tiny.make_poisoned(elsewhere, tiny_edition.model, "sea")
        edition = load_edition(str(path))
        key = format_key(Address(2, tokens_of(edition).shelf("the sea"), 7), edition.key_space())
        assert main(["key", "render", "--text", key, "--edition", str(path), "--out", "a.png"]) == 4
        assert capsys.readouterr() == ("", "error: The picture has values that are not numbers.\n")
        assert not (elsewhere / "a.png").exists()

    def test_a_model_that_was_changed_is_told(
        self, tiny_edition: Edition, elsewhere: Path, capsys: pytest.CaptureFixture[str], key: str
    ) -> None:
        """The id is of what the TOML pins, and the model beside it is another."""
        shutil.copytree(tiny_edition.model, elsewhere / "model")
        fields = tiny.edition_fields(Path("model"))
        fields["model"]["files"] = tiny_edition.files
        tiny.write_edition(elsewhere / "e.toml", fields)
        words = ["key", "render", "--text", key, "--edition", "e.toml", "--out", "a.png"]
        assert main(words) == 0
        (elsewhere / "a.png").unlink()
        with (elsewhere / "model/unet/config.json").open("a") as file:
            file.write("\n")
        capsys.readouterr()
        assert main(words) == 1
        told = f"error: The file unet/config.json in model is not the one that edition {tiny_edition.id} was made with.\n"
        assert capsys.readouterr() == ("", told)
        assert not (elsewhere / "a.png").exists()
