"""A CLIP tokenizer read without transformers, whose import takes most of a second that commands would wait for.

Law: what it gives is what transformers' CLIPTokenizer gives; where a folder is not exactly of the form for which that was
tried, there is no such tokenizer, and transformers reads the folder.
May import: the standard library; the tokenizers package inside a function.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

_FILES = {"tokenizer.json", "tokenizer_config.json"}
_START, _END, _SUFFIX = "<|startoftext|>", "<|endoftext|>", "</w>"
_CONFIG = {
    "bos_token": _START, "eos_token": _END, "pad_token": _END, "unk_token": _END, "tokenizer_class": "CLIPTokenizer",
}  # fmt: skip
_OTHERS = {"backend", "model_max_length"}  # of the configuration; they change nothing here
_WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
_BYTES = {"type": "ByteLevel", "trim_offsets": True, "use_regex": True}
_FORM = {
    "truncation": None,
    "padding": None,
    "normalizer": {
        "type": "Sequence",
        "normalizers": [
            {"type": "NFC"},
            {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
            {"type": "Lowercase"},
        ],
    },
    "pre_tokenizer": {
        "type": "Sequence",
        "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": _WORDS}, "behavior": "Removed", "invert": True},
            {**_BYTES, "add_prefix_space": False},
        ],
    },
    "decoder": {**_BYTES, "add_prefix_space": True},
}
_MODEL = {
    "type": "BPE", "dropout": None, "unk_token": _END, "continuing_subword_prefix": "", "end_of_word_suffix": _SUFFIX,
    "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
}  # fmt: skip
_MARKER = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}


class _Ids(NamedTuple):
    input_ids: list[int]


class ClipTokens:
    """What is asked of a tokenizer here, under transformers' names."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.bos_token_id: int = tokenizer.token_to_id(_START)
        self.eos_token_id: int = tokenizer.token_to_id(_END)
        self.pad_token_id = self.eos_token_id

    def __len__(self) -> int:
        """How many tokens there are, markers included."""
        return int(self._tokenizer.get_vocab_size(with_added_tokens=True))

    def __call__(self, text: str, add_special_tokens: bool = True, verbose: bool = True) -> _Ids:
        """The tokens of a text."""
        return _Ids(self._tokenizer.encode(text, add_special_tokens=add_special_tokens).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of tokens."""
        text = str(self._tokenizer.decode(list(ids), skip_special_tokens=False))
        return text.replace(_SUFFIX, " ").strip()

    def convert_ids_to_tokens(self, token: int) -> str:
        """How a token is written."""
        return str(self._tokenizer.id_to_token(token))


def read_clip_tokens(folder: Path) -> ClipTokens | None:
    """The tokenizer in a folder; None where it is not of the form that is known here, or cannot be read."""
    try:
        if {path.name for path in folder.iterdir()} != _FILES:
            return None
        config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
        text = (folder / "tokenizer.json").read_text("utf-8")
        if not _is_known({name: config[name] for name in config if name not in _OTHERS}, json.loads(text)):
            return None
        from tokenizers import Tokenizer

        return ClipTokens(Tokenizer.from_str(text))
    except Exception:  # of any type: transformers tells what is wrong
        return None


def _is_known(config: dict[str, Any], parts: dict[str, Any]) -> bool:
    markers = {token["content"]: token for token in parts["added_tokens"]}
    model = {name: value for name, value in parts["model"].items() if name not in ("vocab", "merges")}
    return (
        config == _CONFIG
        and model == _MODEL
        and all(parts[name] == form for name, form in _FORM.items())
        and set(markers) == {_START, _END}
        and all({**token, **_MARKER} == token for token in markers.values())
        and parts["model"]["vocab"].get(_START) == markers[_START]["id"]
        and parts["model"]["vocab"].get(_END) == markers[_END]["id"]
    )
