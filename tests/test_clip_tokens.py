"""The quick tokenizer gives what transformers' own gives, or there is none."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import CLIPTokenizer

from babelgen.clip_tokens import ClipTokens, read_clip_tokens
from babelgen.edition import load_edition

FOLDER = load_edition("mini").model / "tokenizer"
WORDS = (
    "a red house",
    "<|startoftext|>",
    "<|endoftext|>",
    "it's",
    " ",
    "\n\t",
    "İ",
    "ﬁ",
    "2nd",
    "a\u0301",
    "中",
    "</w>",
    "’",
)


@pytest.fixture(scope="module")
def quick() -> ClipTokens:
    found = read_clip_tokens(FOLDER)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def theirs() -> Any:
    return CLIPTokenizer.from_pretrained(FOLDER, local_files_only=True)


def alike(quick: ClipTokens, theirs: Any, text: str) -> None:
    ids = quick(text, add_special_tokens=False, verbose=False).input_ids
    assert ids == theirs(text, add_special_tokens=False, verbose=False).input_ids
    assert quick.decode(ids) == theirs.decode(ids)


@settings(deadline=None)
@given(text=st.text(max_size=80))
def test_any_text_has_the_same_tokens(quick: ClipTokens, theirs: Any, text: str) -> None:
    alike(quick, theirs, text)


def test_so_have_words_markers_and_what_is_between(quick: ClipTokens, theirs: Any) -> None:
    rng = random.Random(7)
    for _ in range(1000):
        alike(quick, theirs, rng.choice(("", " ")).join(rng.choices(WORDS, k=rng.randrange(9))))


def test_any_tokens_have_the_same_text(quick: ClipTokens, theirs: Any) -> None:
    rng = random.Random(8)
    for _ in range(1000):
        ids = rng.choices(range(len(theirs)), k=rng.randrange(12))
        assert quick.decode(ids) == theirs.decode(ids)


def test_markers_and_size_are_the_same(quick: ClipTokens, theirs: Any) -> None:
    for name in ("bos_token_id", "eos_token_id", "pad_token_id"):
        assert getattr(quick, name) == getattr(theirs, name)
    assert len(quick) == len(theirs)
    assert quick.convert_ids_to_tokens(5) == theirs.convert_ids_to_tokens(5)


@pytest.mark.parametrize(
    ("file", "where", "value"),
    [
        ("tokenizer.json", ("normalizer",), None),
        ("tokenizer.json", ("model", "dropout"), 0.5),
        ("tokenizer.json", ("decoder", "add_prefix_space"), False),
        ("tokenizer_config.json", ("pad_token",), "!"),
        ("tokenizer_config.json", ("clean_up_tokenization_spaces",), True),
    ],
)
def test_a_folder_of_another_form_is_left_to_transformers(
    tmp_path: Path, file: str, where: tuple[str, ...], value: object
) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "tokenizer")
    assert read_clip_tokens(folder) is not None
    parts = json.loads((folder / file).read_text("utf-8"))
    inner = parts
    for name in where[:-1]:
        inner = inner[name]
    inner[where[-1]] = value
    (folder / file).write_text(json.dumps(parts), "utf-8")
    assert read_clip_tokens(folder) is None


def test_so_is_one_with_other_files_or_none(tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "tokenizer")
    (folder / "merges.txt").write_text("#version: 0.2\n")
    assert read_clip_tokens(folder) is None
    assert read_clip_tokens(tmp_path / "nothing") is None
