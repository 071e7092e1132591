"""Derived keys: read from their file alone, which is whole or refused, and never taken for empty."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from babelgen.collections import Derived, key_lines
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.library import Library, load_library

from ..conftest import library_factory
from .conftest import made_up

WAY = {"name": "way", "kind": "interpolation", "through": ["the sea", "a forest"], "frames": 3}
PLAIN = {"name": "plain", "kind": "range", "count": 2}


@pytest.fixture
def library(spoken_edition_file: Path, tmp_path: Path) -> Library:
    """One collection whose keys only the model can tell, and one other."""
    return load_library(library_factory(spoken_edition_file, tmp_path)(PLAIN, WAY))


def spec_of(library: Library, at: int = 1) -> Derived:
    spec = library.collections[at].spec
    assert isinstance(spec, Derived)
    return spec


def work_out(library: Library, edition: Edition) -> list[str]:
    """Write the file that a render would write, with made-up embeddings."""
    spec = spec_of(library)
    make = spec.spec.making(edition, made_up(spec.spec, edition))
    keys = [make(number) for number in range(spec.count())]
    spec.path.parent.mkdir()
    spec.path.write_bytes(b"".join(key_lines(keys)))
    return keys


def test_without_the_file_nobody_takes_the_collection_for_empty(library: Library) -> None:
    assert [collection.slug for collection, _ in library.waiting()] == ["way"]
    assert [collection.slug for collection in library.known().collections] == ["plain"]
    told = r"^The keys of collection 'way' are not worked out yet: `render\.py render` does that first\.$"
    with pytest.raises(UserError, match=told):
        list(library.entries())
    with pytest.raises(UserError, match=told):
        list(library.keys(library.collections[1]))
    assert spec_of(library).count() == 5
    assert spec_of(library).prompts() == ("the sea", "a forest")


def test_with_the_file_it_is_a_collection_like_any_other(library: Library, spoken_edition: Edition) -> None:
    keys = work_out(library, spoken_edition)
    assert library.waiting() == []
    assert library.known() == library
    assert [entry.key for entry in library.keys(library.collections[1])] == keys
    make = spec_of(library).maker(spoken_edition)
    assert [make(number) for number in reversed(range(5))] == keys[::-1]
    assert len(set(keys)) == 5


def test_the_file_is_what_counts(library: Library, spoken_edition: Edition) -> None:
    """Another machine may have rounded otherwise: what it wrote down stays."""
    keys = work_out(library, spoken_edition)
    spec_of(library).path.write_bytes(b"".join(key_lines(keys[::-1])))
    assert [entry.key for entry in library.keys(library.collections[1])] == keys[::-1]


def test_no_torch_is_needed_to_read_it(library: Library, spoken_edition: Edition) -> None:
    keys = work_out(library, spoken_edition)
    code = (
        "import sys; from pathlib import Path; from babelgen.library import load_library;"
        "print(*(entry.key for entry in load_library(Path(sys.argv[1])).entries()), sep='\\n');"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(library.root)], text=True, capture_output=True, check=True
    )
    assert done.stdout.split()[2:] == keys


DAMAGES = {
    "cut in a key": lambda data: data[: len(data) // 2],
    "cut after a key": lambda data: data[: data.index(b"\n") + 1],
    "without its last line": lambda data: data[: data.index(b"#")],
    "cut in its last line": lambda data: data[:-2],
    "empty": lambda data: b"",
    "with another character": lambda data: data.replace(b":3.v", b":4.v", 1),
    "with more behind": lambda data: data + b"\n",
    "of other keys": lambda data: b"".join(key_lines(data.decode("ascii").splitlines()[:-2])),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_a_damaged_file_is_refused(library: Library, spoken_edition: Edition, damage: Any) -> None:
    work_out(library, spoken_edition)
    path = spec_of(library).path
    data = path.read_bytes()
    path.write_bytes(damage(data))
    assert path.read_bytes() != data
    with pytest.raises(UserError, match=r"^The file .*\.keys of the keys of collection 'way' is damaged: "):
        list(library.entries())


def test_its_name_says_what_is_asked_for_and_nothing_else(spoken_edition_file: Path, tmp_path: Path) -> None:
    make = library_factory(spoken_edition_file, tmp_path)

    def path(folder: str, **fields: Any) -> str:
        return spec_of(load_library(make({**WAY, **fields}, name=folder)), 0).path.name

    same = path("one")
    assert path("two", name="other", title="Other", description="words") == same
    others = [
        path("three", frames=4),
        path("four", through=["a forest", "the sea"]),
        path("five", steps=9),
        path("six", method="lerp"),
    ]
    assert len({same, *others}) == 5


def test_frames_that_need_no_model_need_no_file(spoken_edition_file: Path, tmp_path: Path) -> None:
    pages = {"kind": "interpolation", "pages": [0, 1], "frames": 2}
    walk = {"kind": "walk", "space": "noise", "frames": 3}
    library = load_library(library_factory(spoken_edition_file, tmp_path)(pages, walk))
    assert len(list(library.entries())) == 8
    assert not (library.root / "keys").exists()
