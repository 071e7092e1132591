"""Keys as a zip file."""

import json
import os
import re
import shutil
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from babelgen.cli import main
from babelgen.export import workshop
from babelgen.keys.keyfile import read_key_text
from babelgen.library import load_library

from ..conftest import LibraryFactory
from .conftest import RANGE, SEARCH
from .printed import print_library

pytestmark = pytest.mark.usefixtures("elsewhere")

ROOT = str(Path(__file__).parents[2])


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


def test_flagged_and_unprinted_ones_are_left_out_unless_they_are_asked_for(
    words_library: LibraryFactory,
) -> None:
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
        (
            ["--collection", "nothing"],
            "The library in {root} has no collection 'nothing'; it has range, search.",
        ),
        (["--out", "folder"], "folder is a folder: say the name of a file."),
        (["--out", "keys.tar"], "keys.tar would be a zip file: give it a name that ends in .zip."),
        (["--out", "file"], "file is there already and is no zip file of ours: choose another name."),
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


def test_a_zip_file_of_somebody_else_is_left_alone(books: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile("keys.zip", "w") as file:
        file.writestr("a.txt", "mine")
    before = Path("keys.zip").read_bytes()
    Path("gone.zip").symlink_to("nowhere")
    for name in ("keys.zip", "gone.zip"):
        assert main(["export", "keys", "--library", str(books), "--out", name]) == 1
        told = f"error: {name} is there already and is no zip file of ours: choose another name.\n"
        assert capsys.readouterr() == ("", told)
    assert Path("keys.zip").read_bytes() == before
    assert Path("gone.zip").is_symlink()


def test_json_is_one_object(books: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(books, "--json")
    out, err = capsys.readouterr()
    assert json.loads(out) == {"out": "keys.zip", "keys": 8, "bytes": Path("keys.zip").stat().st_size}
    assert err == ""


def test_a_collection_s_zip_is_the_one_of_its_site(books: Path) -> None:
    export(books, "--collection", "search")
    assert main(["site", "--library", str(books), "--out", "pages"]) == 0
    assert Path("pages/collections/search/search-keys.zip").read_bytes() == Path("keys.zip").read_bytes()


@pytest.mark.skipif(not shutil.which("unzip"), reason="no unzip on the path")
def test_unzip_reads_it(books: Path) -> None:
    export(books)
    tested = subprocess.run(["unzip", "-t", "keys.zip"], capture_output=True, text=True, check=True)
    assert "No errors detected" in tested.stdout
    subprocess.run(["unzip", "-q", "keys.zip", "-d", "keys"], check=True)
    found = {
        str(path.relative_to("keys")): read_key_text(path.read_bytes())
        for path in Path("keys").rglob("*.key")
    }
    assert found == expected(books)


def test_an_interrupted_export_leaves_the_file_as_it_was(
    books: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    export(books)
    before = Path("keys.zip").read_bytes()
    capsys.readouterr()

    def stop(key: str) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr("babelgen.export.keys.key_data", stop)
    assert main(["export", "keys", "--library", str(books), "--out", "keys.zip"]) == 130
    assert capsys.readouterr().err == "error: Interrupted; nothing was written under the name keys.zip.\n"
    assert [path.name for path in elsewhere.iterdir()] == ["keys.zip"]
    assert Path("keys.zip").read_bytes() == before


def test_what_a_killed_export_left_goes_with_the_next_one_of_that_name(
    books: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = "import os, babelgen.export.keys as keys; keys.key_data = lambda key: os._exit(9); from babelgen.cli import main; main({})"
    words = ["export", "keys", "--library", str(books), "--out", "keys.zip"]
    done = subprocess.run(
        [sys.executable, "-c", killed.format(words)], env=os.environ | {"PYTHONPATH": ROOT}, check=False
    )
    assert done.returncode == 9
    assert {path.name for path in elsewhere.iterdir()} == {".keys.zip.export"}
    Path(".keys.zip.export/mine").touch()
    Path(".other.zip.export").mkdir()
    export(books)
    assert {path.name for path in elsewhere.iterdir()} == {"keys.zip", ".other.zip.export"}


def test_an_export_that_is_still_running_is_left_alone(
    books: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with workshop(Path("keys.zip")) as shop:
        (shop / "zip").write_bytes(b"half")
        assert main(["export", "keys", "--library", str(books), "--out", "keys.zip"]) == 1
        told = "error: Another export is writing keys.zip: wait for it to end.\n"
        assert capsys.readouterr() == ("", told)
        assert (shop / "zip").read_bytes() == b"half"
        main(["export", "keys", "--library", str(books), "--out", "other.zip"])
    assert [path.name for path in elsewhere.iterdir()] == ["other.zip"]


@pytest.mark.parametrize(
    "name", ["../up", "/a", "a/b", "a b", "A", "..", "a\\b", "a\nb", "a\u202eb", "", "a" * 65]
)
@pytest.mark.parametrize("what", ["keys", "dataset", "site"])
def test_a_collection_with_a_name_that_leads_elsewhere_is_refused(
    words_library: LibraryFactory, name: str, what: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = words_library({"name": name, "kind": "range", "count": 1})
    assert main(["export", what, "--library", str(root), "--out", "out"]) == 1
    assert re.search(r"collection 1: name (must be|is)", capsys.readouterr().err)
    assert list(elsewhere.iterdir()) == []


def test_what_is_held_in_memory_does_not_grow_with_the_library(words_library: LibraryFactory) -> None:
    peaks = []
    for count in (1000, 10_000):
        root = words_library({"name": "many", "kind": "range", "count": count}, name=f"library-{count}")
        export(root, "--unprinted")  # what is loaded once is loaded
        tracemalloc.start()
        try:
            assert main(["export", "keys", "--library", str(root), "--unprinted", "--out", "keys.zip"]) == 0
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < peaks[0] + 2**21  # the list of entries is on disk beyond the first megabyte
