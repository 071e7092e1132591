"""What the documents say of themselves: links lead somewhere, and the example key is a key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from babelgen.edition import load_edition
from babelgen.keys import parse_key
from babelgen.tokens import tokens_of

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "babelgen/models/mini/README.md",
]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file(path: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)", path.read_text("utf-8")):
        assert (path.parent / link).is_file(), link


def test_the_example_key_is_a_key_of_the_shipped_edition() -> None:
    (key,) = re.findall(r"^babel2:\S+$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    mini = load_edition("mini")
    address = parse_key(key, mini.key_space())
    assert tokens_of(mini).text(address.shelf) == "mountains at dawn"
