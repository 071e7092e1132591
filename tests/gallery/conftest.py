"""Fixtures of the gallery's tests: a made-up library, its built site, and a browser."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .made_up import MadeLibrary, made_up

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


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


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium; without one the tests are skipped, but fail where CI is set."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not found:
        reason = "no chromium on the path: the pages' scripts are not tested"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield chromium
        chromium.close()
