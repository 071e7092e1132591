"""Keys as a zip file."""

import zipfile
from pathlib import Path

import pytest

from babelgen.cli import main
from babelgen.keys.keyfile import read_key_text
from babelgen.library import load_library

from ..conftest import LibraryFactory
from .conftest import RANGE, SEARCH
from .printed import print_library

pytestmark = pytest.mark.usefixtures("elsewhere")


def export(root: Path, *words: str) -> dict[str, str]:
    """The names and keys of the zip file that the command writes."""
    assert main(["export", "keys", "--library", str(root), "--out", "keys.zip", *words]) == 0
    with zipfile.ZipFile("keys.zip") as file:
        return {name: read_key_text(file.read(name)) for name in file.namelist()}


def expected(root: Path) -> dict[str, str]:
    library = load_library(root)
    return {
        f"{collection.slug}/{position:05d}-{entry.name}.key": entry.key
        for collection in library.collections
        for position, entry in enumerate(library.keys(collection), 1)
    }


def test_all_keys_stand_in_order(books: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = export(books)
    assert found == expected(books)
    assert list(found) == sorted(found)
    assert capsys.readouterr() == ("", "8 keys in keys.zip.\n")


def test_one_collection_is_a_part_of_them(books: Path) -> None:
    whole = export(books)
    assert export(books, "--collection", "search") == {
        name: key for name, key in whole.items() if name.startswith("search/")
    }


def test_the_bytes_are_the_same_each_time_and_an_equal_file_is_left(books: Path, tmp_path: Path) -> None:
    export(books)
    first, before = Path("keys.zip").read_bytes(), Path("keys.zip").stat()
    export(books)
    assert Path("keys.zip").stat().st_ino == before.st_ino
    assert Path("keys.zip").stat().st_mtime_ns == before.st_mtime_ns
    (books.parent / "moved").mkdir()
    books.rename(books.parent / "moved/away")
    export(books.parent / "moved/away")
    assert Path("keys.zip").read_bytes() == first


def test_flagged_and_unprinted_ones_are_left_out_unless_they_are_asked_for(words_library: LibraryFactory) -> None:
    root = words_library(RANGE, SEARCH)
    names = print_library(root, flagged=[1], left=[2])
    every = expected(root)

    def without(*numbers: int) -> dict[str, str]:
        gone = {names[at] for at in numbers}
        return {name: key for name, key in every.items() if name[-36:-4] not in gone}

    assert export(root) == without(1, 2)
    assert export(root, "--flagged") == without(2)
    assert export(root, "--unprinted") == without(1)
    assert export(root, "--unprinted", "--flagged") == every
    assert names[1] == names[7]  # the flagged one stands in the other collection, too
    assert names[1].encode() not in Path("keys.zip").read_bytes() or export(root) == without(1, 2)


def test_keys_of_the_archive_are_whole(words_library: LibraryFactory) -> None:
    root = words_library({"name": "old", "kind": "range", "count": 3, "edition": "sd15-lob"})
    found = export(root, "--unprinted")
    assert [len(key) for key in found.values()] == [189_436] * 3
    assert found == expected(root)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--collection", "nothing"], "There is no collection 'nothing' in {root}; it has range, search."),
        (["--out", "folder"], "folder is a folder: say the name of a file."),
        (["--out", "file/keys.zip"], "The export stopped at file: File exists."),
        (["--library", "nowhere"], "There is no library in nowhere: it has no library.toml."),
    ],
)
def test_what_cannot_be_is_told(
    books: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str], elsewhere: Path
) -> None:
    (elsewhere / "folder").mkdir()
    (elsewhere / "file").touch()
    assert main(["export", "keys", "--library", str(books), "--out", "keys.zip", *words]) == 1
    assert capsys.readouterr() == ("", f"error: {told.format(root=books)}\n")
    assert sorted(path.name for path in elsewhere.iterdir()) == ["file", "folder"]


def test_an_interrupted_export_leaves_the_file_as_it_was(
    books: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(books)
    before = Path("keys.zip").read_bytes()

    def stop(key: str) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr("babelgen.export.keys.key_data", stop)
    assert main(["export", "keys", "--library", str(books), "--out", "keys.zip"]) == 130
    assert [path.name for path in elsewhere.iterdir()] == ["keys.zip"]
    assert Path("keys.zip").read_bytes() == before
