"""Retired editions: their keys are known, and what needs a model that is gone says which one it was."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from babelgen.cli import main
from babelgen.edition import Edition, load_edition, read_edition, shipped_editions
from babelgen.errors import UserError
from babelgen.keys import Address, Shelf, format_key
from babelgen.tokens import tokens_of

from .. import tiny

Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def editions(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of shipped editions of our own: one, and no retired ones yet."""
    folder = elsewhere / "editions"
    (folder / "retired").mkdir(parents=True)
    tiny.write_edition(folder / "mine.toml", {**tiny.edition_fields(Path("model")), "name": "mine"})
    monkeypatch.setattr("babelgen.edition.EDITIONS", folder)
    return folder


def retire(editions: Path, edition: Edition, model: Path) -> Edition:
    fields = tiny.edition_fields(model)
    fields["model"]["files"] = edition.files
    return read_edition(tiny.write_edition(editions / f"retired/{edition.id}.toml", fields))


@pytest.fixture
def retired(editions: Path, tiny_edition: Edition) -> Edition:
    """The tiny edition, retired, its model gone."""
    return retire(editions, tiny_edition, Path("gone"))


@pytest.fixture
def key(tiny_edition: Edition) -> str:
    shelf = tokens_of(tiny_edition).shelf("the sea at night")
    return format_key(Address(2, shelf, 7), tiny_edition.key_space())


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that runs a `key` command and returns code, output and errors."""

    def run(*words: object) -> tuple[int, str, str]:
        return main(["key", *map(str, words)]), *capsys.readouterr()

    return run


def test_it_is_found_by_its_id_and_listed_nowhere(
    retired: Edition, tiny_edition: Edition, capsys: pytest.CaptureFixture[str]
) -> None:
    assert retired.id == tiny_edition.id
    assert load_edition(retired.id) == retired
    assert retired.retired
    assert not tiny_edition.retired
    with pytest.raises(UserError, match=r"^There is no edition 'tiny'; shipped ones are mine-\w{8}, others"):
        load_edition("tiny")
    assert [path.name for path in shipped_editions()] == ["mine.toml"]
    assert main(["edition", "list"]) == 0
    assert re.fullmatch(r"mine-\w{8}  Tiny \(.*\)\n", capsys.readouterr().out)
    assert main(["edition", "show", retired.id]) == 0
    assert capsys.readouterr().out.startswith(f"Edition: {retired.id} (retired: another edition has taken")


def test_its_files_must_be_pinned(editions: Path) -> None:
    path = tiny.write_edition(editions / "retired/old.toml", tiny.edition_fields(Path("model")))
    with pytest.raises(
        UserError, match=r"model\.files must pin the files of a retired edition \(line 25\)\.$"
    ):
        read_edition(path)


def test_its_keys_are_known(run: Run, retired: Edition, key: str) -> None:
    assert run("check", "--text", key) == (
        0,
        f"This is a key of codec babel2 and edition {retired.id}.\n",
        "",
    )
    following = format_key(Address(2, retired.codec.parse(key).condition, 8), retired.key_space())
    assert run("next", "--text", key) == (0, following + "\n", "")
    code, out, err = run("show", "--text", key)
    assert (code, err) == (0, "")
    assert re.search(
        r"^prompt +a prompt of \d+ tokens, which only the retired edition's tokenizer can tell$", out, re.M
    )
    assert run("decode", "--text", key, "--no-embeddings", "--out", "a.npz") == (0, "", "")
    assert run("encode", "a.npz", "--edition", retired.id) == (0, f"{key}\n", "")
    assert run("random", "--edition", retired.id, "--uniform")[0] == 0


def test_what_needs_its_model_says_which(run: Run, retired: Edition, key: str) -> None:
    for words in (
        ("render", "--text", key, "--out", "a.png"),
        ("decode", "--text", key, "--out", "a.npz"),
        ("random", "--edition", retired.id),
    ):
        code, out, err = run(*words)
        assert (code, out) == (1, "")
        assert err.startswith(f"error: Edition {retired.id} is retired, and needs the model that it had in ")
        for name in ("text_encoder/model", "unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model"):
            digest = retired.files[f"{name}.safetensors"]
            assert f"{name}.safetensors (SHA-256 {digest[:16]}…)" in err
        assert "config.json" not in err
        assert err.count("\n") == 1


def test_with_its_model_everything_works(
    run: Run, editions: Path, tiny_edition: Edition, key: str, elsewhere: Path
) -> None:
    retire(editions, tiny_edition, tiny_edition.model)
    assert "prompt     the sea at night\n" in run("show", "--text", key)[1]
    code, _, err = run("decode", "--text", key, "--out", "a.npz")
    assert (code, err) == (0, "")
    with np.load("a.npz") as arrays:
        assert arrays["prompt_embeddings"].shape == (16, 8)


class TestRebase:
    """A key moves on to another edition."""

    def test_prompts_move_by_their_text(
        self, run: Run, words_edition: Edition, words_edition_file: Path, tiny_edition_file: Path, key: str
    ) -> None:
        words = ("rebase", "--text", key, "--from", tiny_edition_file, "--edition", words_edition_file)
        code, out, err = run(*words)
        assert code == 0
        moved = words_edition.codec.parse(out.strip())
        assert (moved.steps, moved.page) == (2, 7)
        assert moved.condition == tokens_of(words_edition).shelf("the sea at night")
        assert re.search(rf"In edition {words_edition.id} this is another picture than in tiny-\w+\.\n$", err)

    def test_with_one_tokenizer_no_model_is_needed(
        self, run: Run, retired: Edition, tiny_edition: Edition, elsewhere: Path, key: str
    ) -> None:
        fields = tiny.edition_fields(Path("gone"))
        fields["model"]["files"] = {**tiny_edition.files, "unet/more.json": "0" * 64}
        toml = tiny.write_edition(elsewhere / "new.toml", fields)
        assert run("rebase", "--text", key, "--edition", toml, "--out", "b.key")[0] == 0
        moved = load_edition(str(toml)).codec.parse(Path("b.key").read_text().strip())
        assert moved.condition == retired.codec.parse(key).condition

    def test_another_tokenizer_needs_the_old_one(
        self, run: Run, retired: Edition, words_edition_file: Path, key: str
    ) -> None:
        code, out, err = run("rebase", "--text", key, "--edition", words_edition_file)
        assert (code, out) == (1, "")
        assert err.startswith(f"error: Edition {retired.id} is retired, and needs the model ")

    def test_what_cannot_move_is_told(
        self, run: Run, key: str, tiny_edition_file: Path, elsewhere: Path, fitted_edition: Edition,
        fitted_edition_file: Path,
    ) -> None:  # fmt: skip
        fields = tiny.edition_fields(Path("model")) | {
            "picture": {"width": 16, "height": 16, "latents": [4, 8, 8]}
        }
        larger = tiny.write_edition(elsewhere / "larger.toml", fields)
        own = ("rebase", "--text", key, "--from", tiny_edition_file, "--edition")
        assert "error: Latents are 4x4x8 in edition tiny-" in run(*own, larger)[2]
        assert "error: Keys of edition sd15-lob-" in run(*own, "sd15-lob")[2]
        code, out, err = run(*own, tiny_edition_file)
        assert (code, out) == (0, f"{key}\n")
        assert "already" in err
        first = fitted_edition.codec.first(1)
        embedding = fitted_edition.codec.encode(1, Shelf("v", 5), first.noise()).key.text
        own = ("rebase", "--text", embedding, "--from", fitted_edition_file, "--edition", tiny_edition_file)
        code, out, err = run(*own)
        assert (code, out) == (1, "")
        assert err.startswith("error: The key has an embedding, which only edition fitted-")
