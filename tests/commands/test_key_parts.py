"""`key decode` and `key encode`: the same key again, what is lost told, and every wrong file refused."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from babelgen.cli import main
from babelgen.edition import Edition
from babelgen.keys import Address, Shelf, format_key, page_noise, shelf_of_tokens
from babelgen.tokens import tokens_of

from ..keys.golden_lob1 import KEYS

Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that runs a `key` command and returns code, output and errors."""

    def run(*words: object) -> tuple[int, str, str]:
        return main(["key", *map(str, words)]), *capsys.readouterr()

    return run


class TestPrompts:
    """Without a model: tokens say everything."""

    @pytest.fixture
    def edition(self, words_edition_file: Path) -> tuple[str, str]:
        return "--edition", str(words_edition_file)

    @pytest.mark.parametrize("negative", [None, "in the fog", "a"])
    @pytest.mark.parametrize("prompt", ["", "the sea at night"])
    def test_a_key_is_encoded_to_itself(
        self, run: Run, words_edition: Edition, edition: tuple[str, str], prompt: str, negative: str | None
    ) -> None:
        tokens = tokens_of(words_edition)
        shelf = None if negative is None else tokens.shelf(negative)
        address = Address(9, tokens.shelf(prompt), 2**1536 - 1, shelf)
        key = format_key(address, words_edition.key_space())
        words = ("decode", "--text", key, *edition, "--no-embeddings", "--out", "a.npz")
        assert run(*words) == (0, "", "")
        assert run("encode", "a.npz", *edition) == (0, f"{key}\n", "")
        with np.load("a.npz", allow_pickle=False) as arrays:
            assert arrays["num_inference_steps"] == 9
            assert np.array_equal(arrays["latents"], page_noise(address.page, words_edition.latent_shape))
            assert tuple(arrays["tokens"]) == tokens.encode(prompt).ranks
            assert ("negative_tokens" in arrays) == (negative is not None)
            assert "prompt_embeddings" not in arrays

    def test_tokens_need_no_word_of_the_tokenizer(
        self, run: Run, words_edition: Edition, edition: tuple[str, str]
    ) -> None:
        """Ranks that no text gives come back as they are."""
        space = words_edition.key_space()
        key = format_key(Address(1, shelf_of_tokens([825] * 14, space), 0), space)
        assert run("decode", "--text", key, *edition, "--no-embeddings", "--out", "a.npz")[0] == 0
        assert run("encode", "a.npz", *edition)[1] == f"{key}\n"

    def test_standard_output_and_input(
        self, words_edition: Edition, edition: tuple[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = words_edition.codec.first(4).text
        data = io.BytesIO()
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", io.TextIOWrapper(data))
            assert main(["key", "decode", "--text", key, *edition, "--no-embeddings", "--out", "-"]) == 0
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data.getvalue())))
        assert main(["key", "encode", "-", *edition, "--out", "a.key"]) == 0
        assert Path("a.key").read_text() == f"{key}\n"

    def test_noise_beyond_the_table_is_counted(
        self, run: Run, words_edition: Edition, edition: tuple[str, str]
    ) -> None:
        latents = np.zeros((1, *words_edition.latent_shape), np.float16)
        latents.flat[:3] = 5
        np.savez("a.npz", num_inference_steps=4, tokens=np.arange(2), latents=latents)
        code, out, err = run("encode", "a.npz", *edition)
        assert (code, err) == (
            0,
            "warning: 3 values were beyond the ends of the table of noise, and moved to them.\n",
        )
        assert words_edition.codec.parse(out.strip()).noise().flat[0] > 3.7

    WRONG: ClassVar[list[tuple[dict[str, Any], str]]] = [
        ({"latents": None}, "a.npz lacks the array latents."),
        ({"num_inference_steps": None}, "a.npz lacks the array num_inference_steps."),
        ({"tokens": None}, "a.npz has no tokens nor prompt_embeddings, which says what the picture is to show."),
        ({"negative_token": [1]}, "a.npz has 'negative_token', and may have only "),
        ({"num_inference_steps": 0}, "must be from 1 to 64, not 0."),
        ({"num_inference_steps": 65}, "must be from 1 to 64, not 65."),
        ({"num_inference_steps": 4.0}, "must be a whole number, not float64 of shape ()."),
        ({"num_inference_steps": [4, 5]}, "must be a whole number, not int64 of shape (2,)."),
        ({"num_inference_steps": np.array({})}, "holds Python objects, not numbers."),
        ({"latents": np.zeros((4, 8, 4))}, "must be floats of shape (4, 4, 8), not float64 of shape (4, 8, 4)."),
        ({"latents": np.zeros((4, 4, 8), int)}, "must be floats of shape (4, 4, 8), not int64 of shape"),
        ({"latents": np.full((4, 4, 8), np.nan)}, "must be finite, and its value 1 is not."),
        ({"latents": np.full((4, 4, 8), -np.inf)}, "must be finite, and its value 1 is not."),
        ({"latents": np.full((4, 4, 8), "1")}, "must be floats of shape (4, 4, 8), not <U1 of shape"),
        ({"tokens": [1.0]}, "must be a list of whole numbers, not float64 of shape (1,)."),
        ({"tokens": [[1], [2]]}, "must be a list of whole numbers, not int64 of shape (2, 1)."),
        ({"tokens": [826]}, "Token 1 is 826, which is outside 0 to 825."),
        ({"tokens": [-1]}, "Token 1 is -1, which is outside 0 to 825."),
        ({"tokens": [1] * 15}, "The prompt has 15 tokens, and edition words-"),
        ({"tokens": None, "prompt_embeddings": np.zeros((16, 8))}, "has no statistics to read embeddings with."),
        ({"negative_embeddings": np.zeros((16, 8))}, "has no statistics to read embeddings with."),
    ]  # fmt: skip

    @pytest.mark.parametrize(("change", "told"), WRONG, ids=[told for _, told in WRONG])
    def test_wrong_arrays_are_told(
        self, run: Run, edition: tuple[str, str], change: dict[str, Any], told: str, elsewhere: Path
    ) -> None:
        arrays = {"num_inference_steps": 4, "tokens": [1, 2], "latents": np.zeros((4, 4, 8))} | change
        np.savez("a.npz", **{name: array for name, array in arrays.items() if array is not None})
        code, out, err = run("encode", "a.npz", *edition, "--out", "a.key")
        assert (code, out) == (1, "")
        assert err.startswith("error: ")
        assert told in err
        assert err.count("\n") == 1
        assert len(err) < 250
        assert [path.name for path in elsewhere.iterdir()] == ["a.npz"]

    def test_a_codec_that_is_not_the_editions_is_told(
        self, run: Run, words_edition: Edition, edition: tuple[str, str]
    ) -> None:
        told = f"error: Keys of edition {words_edition.id} are of codec babel2, not 'lob1'.\n"
        assert run("encode", "a.npz", *edition, "--codec", "lob1") == (1, "", told)
        assert run("random", *edition, "--codec", "lob1") == (1, "", told)

    def test_embeddings_of_prompts_need_the_model(
        self, run: Run, words_edition: Edition, edition: tuple[str, str]
    ) -> None:
        key = words_edition.codec.first(4).text
        code, out, err = run("decode", "--text", key, *edition, "--out", "a.npz")
        assert (code, out) == (1, "")
        assert err.startswith(
            f"error: The model of edition {words_edition.id} in {words_edition.model} has no weights"
        )
        assert not Path("a.npz").exists()


class TestEmbeddings:
    """With the tiny model, and its statistics."""

    @pytest.fixture
    def edition(self, fitted_edition_file: Path) -> tuple[str, str]:
        return "--edition", str(fitted_edition_file)

    def test_the_embedding_of_a_prompt_is_encoded_as_one(
        self, run: Run, fitted_edition: Edition, edition: tuple[str, str]
    ) -> None:
        shelf = tokens_of(fitted_edition).shelf("the sea at night")
        key = format_key(Address(5, shelf, 7), fitted_edition.key_space())
        assert run("decode", "--text", key, *edition, "--out", "a.npz") == (0, "", "")
        assert run("encode", "a.npz", *edition)[1] == f"{key}\n"
        with np.load("a.npz") as arrays:
            whole = dict(arrays)
        assert (whole["prompt_embeddings"].dtype, whole["prompt_embeddings"].shape) == (np.float32, (16, 8))
        del whole["tokens"]
        np.savez("b.npz", **whole)
        code, out, _ = run("encode", "b.npz", *edition)
        assert code == 0
        said = fitted_edition.codec.parse(out.strip())
        assert isinstance(said.condition, Shelf)
        assert (said.condition.kind, said.page) == ("v", 7)

    def test_embeddings_are_encoded_to_themselves(
        self, run: Run, fitted_edition: Edition, edition: tuple[str, str]
    ) -> None:
        address = Address(4, Shelf("v", 2**1440 - 1), 0, Shelf("v", 5))
        key = format_key(address, fitted_edition.key_space())
        assert run("decode", "--text", key, *edition, "--no-embeddings", "--out", "a.npz") == (0, "", "")
        assert run("encode", "a.npz", *edition) == (0, f"{key}\n", "")
        with np.load("a.npz") as arrays:
            assert set(arrays) == {
                "num_inference_steps", "latents", "prompt_embeddings", "negative_embeddings",
            }  # fmt: skip
            whole = dict(arrays)
        whole["prompt_embeddings"] = whole["prompt_embeddings"] + 1e6
        np.savez("a.npz", **whole)
        code, _, err = run("encode", "a.npz", *edition)
        assert (code, err) == (
            0,
            "warning: 128 of the prompt_embeddings could not be kept, and became the nearest values.\n",
        )


class TestArchive:
    """Codec lob1, without a model."""

    EDITION = ("--edition", "sd15-lob")

    @pytest.mark.parametrize("name", KEYS)
    def test_a_key_is_encoded_to_itself(self, run: Run, name: str) -> None:
        Path("a.key").write_text(KEYS[name] + "\n")
        assert run("decode", "a.key", *self.EDITION, "--out", "a.npz") == (0, "", "")
        assert run("encode", "a.npz", *self.EDITION, "--codec", "lob1") == (0, KEYS[name] + "\n", "")
        with np.load("a.npz") as arrays:
            forms = {name: (array.dtype.name, array.size, array.ndim) for name, array in arrays.items()}
        assert forms == {
            "num_inference_steps": ("int64", 1, 0),
            "prompt_embeddings": ("float16", 59_136, 1),
            "latents": ("float16", 16_640, 1),
        }

    def test_what_a_key_cannot_keep_is_told(self, run: Run) -> None:
        arrays = {"prompt_embeddings": np.ones((1, 77, 768)), "latents": np.zeros((1, 4, 52, 80), "f4")}
        np.savez("a.npz", num_inference_steps=20, **arrays)
        code, out, err = run("encode", "a.npz", *self.EDITION)
        assert (code, len(out)) == (0, 189_437)
        assert err == (
            "warning: 16640 values were beyond the range of lob1, and moved to its ends.\n"
            "warning: Value 20 of the embedding is always -28.078125 in lob1, and was another.\n"
            "warning: Value 682 of the embedding is always 33.09375 in lob1, and was another.\n"
        )

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"prompt_embeddings": np.ones((768, 77))}, "must be floats of shape (77, 768), not float64 of shape"),
            ({"prompt_embeddings": None}, "a.npz has no prompt_embeddings, which says what the picture"),
            ({"tokens": [1]}, "a.npz has 'tokens', and may have only num_inference_steps, latents, prompt_em"),
            ({"latents": np.ones(16_641)}, "must be floats of shape (4, 52, 80), not float64 of shape (16641,)."),
            ({"latents": np.full(16_640, np.inf, "f2")}, "must be finite, and its value 1 is not."),
        ],
    )  # fmt: skip
    def test_wrong_arrays_are_told(self, run: Run, change: dict[str, Any], told: str) -> None:
        arrays = {"num_inference_steps": 4, "prompt_embeddings": np.ones(59_136), "latents": np.ones(16_640)}
        np.savez("a.npz", **{name: array for name, array in (arrays | change).items() if array is not None})
        code, out, err = run("encode", "a.npz", *self.EDITION)
        assert (code, out) == (1, "")
        assert told in err
        assert err.count("\n") == 1
