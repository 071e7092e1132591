"""Fixtures of the gallery's tests: a made-up library and its built site."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .made_up import MadeLibrary, made_up
from .reader import Reader


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


@pytest.fixture
def reader(browser: Any, site: Path) -> Iterator[Reader]:
    """Somebody who reads the site; whatever the browser complains of fails the test."""
    context = browser.new_context(accept_downloads=True)
    reader = Reader(context.new_page(), site)
    yield reader
    context.close()
    assert reader.troubles == []


@pytest.fixture
def plain_reader(browser: Any, site: Path) -> Iterator[Reader]:
    """Somebody who reads it without JavaScript."""
    context = browser.new_context(java_script_enabled=False)
    yield Reader(context.new_page(), site)
    context.close()
