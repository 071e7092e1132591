"""Fixtures that everything shares: the tiny edition, libraries of it, and what a test may touch."""

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from babelgen.edition import Edition, load_edition

from . import tiny
from .browser import browser

__all__ = ["browser"]

os.environ["HF_HUB_OFFLINE"] = (
    "1"  # no test asks a network for a model; see tests/hub.py for how downloads are tried
)

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as where tests run in the background of a script
    signal.signal(signal.SIGINT, signal.default_int_handler)

LibraryFactory = Callable[..., Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests run side by side, those of one file stay together, as do all of engines: they share what is slow to make."""
    for item in items:
        together = item.path.parent if item.path.parent.name == "engines" else item.path
        item.add_marker(pytest.mark.xdist_group(str(together)))


@pytest.fixture(scope="session")
def words_edition_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TOML of an edition with a tokenizer and no networks: enough for keys and prompts, and no torch."""
    folder = tmp_path_factory.mktemp("words")
    tiny.make_words(folder / "model")
    return tiny.write_edition(
        folder / "words.toml", {**tiny.edition_fields(folder / "model"), "name": "words"}
    )


@pytest.fixture(scope="session")
def words_edition(words_edition_file: Path) -> Edition:
    """The edition that has words alone; provisional."""
    return load_edition(str(words_edition_file))


@pytest.fixture(scope="session")
def tiny_edition_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TOML of the tiny edition, its model in `model` beside it, pinned."""
    folder = tmp_path_factory.mktemp("tiny")
    tiny.make_words(folder / "model")
    tiny.make_networks(folder / "model")
    return tiny.write_edition(folder / "tiny.toml", tiny.edition_fields(folder / "model", pinned=True))


@pytest.fixture(scope="session")
def tiny_edition(tiny_edition_file: Path) -> Edition:
    """The tiny edition: real networks, pictures of 16 x 8 pixels in milliseconds."""
    return load_edition(str(tiny_edition_file))


@pytest.fixture(scope="session")
def archive_edition_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TOML of an edition of the archive's keys, with random networks."""
    folder = tmp_path_factory.mktemp("archive")
    tiny.make_words(folder / "model", length=77)
    tiny.make_networks(folder / "model", length=77, width=768, blocks=2)
    return tiny.write_edition(folder / "archive.toml", tiny.archive_fields(folder / "model", pinned=True))


@pytest.fixture(scope="session")
def archive_edition(archive_edition_file: Path) -> Edition:
    """An edition of codec lob1 that renders, pictures of 160 x 104 pixels."""
    return load_edition(str(archive_edition_file))


@pytest.fixture(scope="session")
def fitted_edition_file(tiny_edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TOML of the tiny edition with statistics of its embeddings, of a small sample."""
    from babelgen.diffusion.fit import fit_statistics

    folder = tmp_path_factory.mktemp("fitted")
    plain = {**tiny.edition_fields(tiny_edition.model, pinned=True), "name": "fitted"}
    return tiny.write_edition(
        folder / "fitted.toml", tiny.fit(folder, plain, fit_statistics(tiny_edition, 400))
    )


@pytest.fixture(scope="session")
def fitted_edition(fitted_edition_file: Path) -> Edition:
    """The tiny edition, with shelves of kind v."""
    return load_edition(str(fitted_edition_file))


@pytest.fixture
def tiny_library(tiny_edition_file: Path, tmp_path: Path) -> LibraryFactory:
    """A function that writes a library of the tiny edition and returns its folder; see `library_factory`."""
    return library_factory(tiny_edition_file, tmp_path)


@pytest.fixture
def words_library(words_edition_file: Path, tmp_path: Path) -> LibraryFactory:
    """The same with the edition that has words alone."""
    return library_factory(words_edition_file, tmp_path)


def library_factory(toml: Path, folder: Path) -> LibraryFactory:
    """Writes `folder`/`name`/library.toml; collections: tables as in a library file, names made up where absent."""

    def make(*collections: Mapping[str, Any], name: str = "books") -> Path:
        tables = [{"name": f"shelf-{at}", **table} for at, table in enumerate(collections, 1)]
        root = folder / name
        root.mkdir()
        text = tomlkit.dumps(
            {"title": "Books", "edition": str(toml), **({"collection": tables} if tables else {})}
        )
        (root / "library.toml").write_text(text, "utf-8")
        return root

    return make


@pytest.fixture
def elsewhere(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run commands in, where logs go too: no test writes into the tree or the user's home."""
    folder = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(folder)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder
