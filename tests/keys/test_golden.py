"""Golden vectors: what is committed is what the codec does. A missing file fails; nothing here writes it."""

import json
from typing import Any

import pytest

from .golden import FILE, all_vectors, read_vector

SECTIONS = ["keys", "noise", "order", "draws", "embeddings", "encodings"]


def committed() -> dict[str, Any]:
    """The vectors in the file."""
    vectors: dict[str, Any] = json.loads(FILE.read_text(encoding="ascii"))
    return vectors


def test_no_section_is_missing() -> None:
    assert list(committed()) == SECTIONS
    assert all(committed().values())


@pytest.mark.parametrize("section", SECTIONS)
def test_vectors_hold(section: str) -> None:
    assert all_vectors()[section] == committed()[section]


def test_keys_read_back_to_their_vectors() -> None:
    for vector in committed()["keys"]:
        assert json.loads(json.dumps(read_vector(vector))) == vector
