"""Fixtures of the gallery's tests: a made-up library and its built site."""

from pathlib import Path

import pytest

from .made_up import MadeLibrary, made_up


@pytest.fixture
def library(tmp_path: Path) -> MadeLibrary:
    """A made-up library of one's own to change."""
    return made_up(tmp_path / "library")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> MadeLibrary:
    """A made-up library to read only; `site` is built from it."""
    return made_up(tmp_path_factory.mktemp("shared") / "library")


@pytest.fixture(scope="session")
def site(shared: MadeLibrary) -> Path:
    """The site of the shared library, to read only."""
    place = shared.root.parent / "site"
    shared.build(place)
    return place
