"""A printed library to export."""

from pathlib import Path

import pytest

from ..conftest import LibraryFactory
from .printed import print_library

RANGE = {"name": "range", "title": "A <range>", "kind": "range", "prompt": "the sea", "count": 4}
SEARCH = {"name": "search", "kind": "search", "prompts": ["green hills", "the sea"], "count": 2}


@pytest.fixture
def books(words_library: LibraryFactory) -> Path:
    """A library of two collections with 8 items, all printed, 6 different ones."""
    root = words_library(RANGE, SEARCH)
    print_library(root)
    return root
