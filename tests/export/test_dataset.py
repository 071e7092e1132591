"""Pictures as a data set: what stands where, what others make of it, and what a second export does."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from babelgen.catalog import Catalog
from babelgen.cli import main
from babelgen.store import file_of

from ..conftest import LibraryFactory
from ..gallery.made_up import HOSTILE
from .conftest import RANGE, SEARCH
from .printed import print_library

pytestmark = pytest.mark.usefixtures("elsewhere")

TEXTS = (
    *(text.replace("\ud800", "") for text in HOSTILE),
    "line\nbreak\r\u0085\u2029, \"comma\"; 'tab'\t",
    "海" * 100_000,
)


def export(root: Path, *words: str, out: str = "data set") -> list[dict[str, Any]]:
    """The rows of the data set that the command writes."""
    assert main(["export", "dataset", "--library", str(root), "--out", out, *words]) == 0
    return [json.loads(line) for line in (Path(out) / "metadata.jsonl").read_bytes().split(b"\n")[:-1]]


def files(out: Path) -> dict[str, bytes]:
    found = {str(path.relative_to(out)): path for path in out.rglob("*") if path.is_file()}
    return {
        name: path.read_bytes() for name, path in found.items() if not name.startswith(".babelgen-dataset/")
    }


def stamps(out: Path) -> dict[Path, tuple[int, int]]:
    found = {path: path.stat() for path in out.rglob("*") if path.is_file() and path.name != "lock"}
    return {path: (stat.st_ino, stat.st_mtime_ns) for path, stat in found.items()}


def test_every_picture_has_a_row_and_its_file(books: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = export(books)
    assert capsys.readouterr() == ("", "6 pictures in data set: 6 added, 0 removed.\n")
    assert [row["file_name"] for row in rows] == [f"data/00000/{row['name']}.png" for row in rows]
    with Catalog.open(books) as catalog:
        known = catalog.pictures([row["name"] for row in rows])
    assert len(known) == len(rows) == 6
    for row in rows:
        picture = known[row["name"]]
        for name in (
            "key",
            "edition",
            "prompt",
            "negative",
            "steps",
            "page",
            "width",
            "height",
            "sha256",
            "flagged",
        ):
            assert row[name] == getattr(picture, name)
        place = Path("data set") / row["file_name"]
        assert place.samefile(file_of(books, "pictures", row["name"]))
    assert [row["collections"] for row in rows].count(["range", "search"]) == 2
    assert {"README.md", "about.json"} >= {name for name in files(Path("data set")) if "/" not in name} - {
        "metadata.jsonl", "catalog.parquet",
    }  # fmt: skip


def test_it_says_where_else_a_picture_hangs(books: Path) -> None:
    shared = [row for row in export(books) if len(row["collections"]) > 1]
    for row in shared:
        assert row["positions"][0] in range(1, 5)
        assert row["positions"][1] in (3, 4)  # the second prompt of the search
    about = json.loads(Path("data set/about.json").read_text("utf-8"))
    assert about["title"] == "Books"
    assert list(about["collections"]) == ["range", "search"]
    assert about["collections"]["range"]["title"] == "A <range>"
    assert about["profiles"] == {"made": {"device": "none"}}


def test_a_folder_has_no_more_than_its_number_of_pictures(
    books: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("babelgen.export.dataset.FOLDER", 4)
    rows = export(books)
    assert [row["file_name"][:10] for row in rows] == ["data/00000"] * 4 + ["data/00001"] * 2


def test_the_bytes_are_the_same_elsewhere(books: Path) -> None:
    export(books)
    (books.parent / "moved").mkdir()
    books.rename(books.parent / "moved/away")
    export(books.parent / "moved/away", out="second/one")
    assert files(Path("data set")) == files(Path("second/one"))


def test_again_nothing_is_written(
    books: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for copied in (False, True):
        if copied:
            monkeypatch.setattr(os, "link", _no_link)
        out = f"set {copied}"
        export(books, out=out)
        before = stamps(Path(out))
        capsys.readouterr()
        export(books, out=out)
        assert stamps(Path(out)) == before
        assert capsys.readouterr() == ("", f"6 pictures in {out}: 0 added, 0 removed.\n")


def _no_link(source: Path, place: Path) -> None:
    raise OSError("no links here")


def test_what_changed_is_brought_up_to_date_and_what_is_foreign_stays(
    books: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("babelgen.export.dataset.FOLDER", 4)
    export(books)
    out = Path("data set")
    (out / "README.md").write_text("mine")
    (out / "data/00000/notes.txt").write_text("mine")
    left = out / "data/00001" / f".{'0' * 32}.png.01234567.tmp"
    left.write_bytes(b"half")
    (out / ".metadata.jsonl.01234567.tmp").write_bytes(b"half")
    capsys.readouterr()
    rows = export(books, "--collection", "search", "--json")
    assert json.loads(capsys.readouterr().out) == {
        "out": "data set", "pictures": 4, "added": 2, "removed": 4, "parquet": True,
    }  # fmt: skip
    assert [row["collections"] for row in rows] == [["search"]] * 4
    found = set(files(out))
    assert found == {row["file_name"] for row in rows} | {
        "metadata.jsonl", "catalog.parquet", "about.json", "README.md", "data/00000/notes.txt",
    }  # fmt: skip
    assert not (out / "data/00001").exists()


def test_folders_that_somebody_else_made_stay(books: Path) -> None:
    export(books)
    folders = [Path("data set/data") / name for name in ("00007", "2024", "9-notes")]
    for folder in folders:
        folder.mkdir()
    mine = [folder / f"{'a' * 32}.png" for folder in folders[1:]]
    for path in mine:
        path.write_bytes(b"mine")
    Path("data set/data/00009").write_text("mine")
    export(books, "--collection", "search")
    assert folders[0].is_dir()
    assert all(path.read_bytes() == b"mine" for path in mine)
    assert Path("data set/data/00009").read_text() == "mine"


def test_a_picture_that_changed_is_taken_anew(books: Path) -> None:
    rows = export(books)
    source = file_of(books, "pictures", rows[0]["name"])
    fresh = source.with_name("fresh")
    fresh.write_bytes(source.read_bytes()[:-1] + b"x")
    fresh.replace(source)
    export(books)
    assert (Path("data set") / rows[0]["file_name"]).read_bytes() == source.read_bytes()


def test_flagged_and_unprinted_ones_are_left_out(words_library: LibraryFactory) -> None:
    root = words_library(RANGE, SEARCH)
    names = print_library(root, flagged=[0], left=[1])
    assert names[0] not in {row["name"] for row in export(root)}
    assert names[0].encode() not in b"".join(files(Path("data set")).values())
    rows = export(root, "--flagged")
    assert [row["name"] for row in rows if row["flagged"]] == [names[0]]
    assert names[1] not in {row["name"] for row in rows}
    export(root)
    assert names[0].encode() not in b"".join(files(Path("data set")).values())
    assert not list(Path("data set").rglob(f"{names[0]}*"))


def test_the_table_has_the_same_rows(books: Path) -> None:
    from pyarrow import parquet

    rows = export(books)
    assert parquet.read_table("data set/catalog.parquet").to_pylist() == rows


def test_without_pyarrow_there_is_no_table_and_none_that_is_old(
    books: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    export(books)
    capsys.readouterr()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr("babelgen.export.parquet.find_spec", lambda name: None)
    assert len(export(books)) == 6
    assert "warning: catalog.parquet is left out" in capsys.readouterr().err
    assert not Path("data set/catalog.parquet").exists()


def test_long_keys_are_written_a_few_at_a_time(
    words_library: LibraryFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyarrow import parquet

    monkeypatch.setattr("babelgen.export.parquet._GROUP_TEXT", 300_000)
    root = words_library({"name": "old", "kind": "range", "count": 5, "edition": "sd15-lob"})
    print_library(root)
    rows = export(root)
    assert [len(row["key"]) for row in rows] == [189_436] * 5
    file = parquet.ParquetFile("data set/catalog.parquet")
    assert [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)] == [2, 2, 1]
    assert file.read().to_pylist() == rows


LOAD = """
import json, socket, sys
def refuse(*_): raise AssertionError("the network was asked")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
import datasets
loaded = datasets.load_dataset("imagefolder", data_dir=sys.argv[1])
(split,) = loaded
rows = [{**{k: v for k, v in row.items() if k != "image"}, "pixels": row["image"].convert("RGB").tobytes().hex()} for row in loaded[split]]
json.dump({"split": split, "rows": rows}, open(sys.argv[2], "w"), default=str)
"""


def load(out: Path, home: Path) -> dict[str, Any]:
    """What `datasets` makes of a folder, in a process that can ask nobody."""
    environment = {**os.environ, "HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    command = [sys.executable, "-c", LOAD, str(out), str(home / "rows.json")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = json.loads((home / "rows.json").read_text())
    return read


@pytest.mark.parametrize("folder", ["data set", "test/train-2024"])
def test_datasets_loads_it_with_all_that_is_known(
    words_library: LibraryFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """In folders of any name, some of which are taken for splits; whatever the prompts hold."""
    from PIL import Image

    monkeypatch.setattr("babelgen.export.dataset.FOLDER", 5)
    count = len(TEXTS)
    root = words_library({**RANGE, "count": count})
    print_library(root, prompts=dict(enumerate(TEXTS)))
    rows = export(root, out=folder)
    assert [row["prompt"] for row in rows] == list(TEXTS)
    loaded = load(Path(folder), tmp_path)
    assert loaded["split"] == "train"
    found = {row["name"]: row for row in loaded["rows"]}
    assert len(found) == len(loaded["rows"]) == count
    for row in rows:
        pixels = Image.open(Path(folder) / row.pop("file_name")).convert("RGB").tobytes().hex()
        read = found[row["name"]]
        assert read.pop("rendered_at")[:19] == row.pop("rendered_at")[:19].replace("T", " ")  # read as a time
        assert read == {**row, "pixels": pixels}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["--collection", "nothing"],
            "The library in {root} has no collection 'nothing'; it has range, search.",
        ),
        (
            ["--out", "mine"],
            "mine holds what is not a data set of ours, such as a.txt: choose an empty folder.",
        ),
        (["--out", "file"], "file is a file: say the name of a folder."),
        (["--out", "set.zip"], "set.zip would be a folder: give it a name that does not end in .zip."),
        (["--out", "file/set"], "The export stopped at file/set: Not a directory."),
        (["--library", "nowhere"], "There is no library in nowhere: it has no library.toml."),
    ],
)
def test_what_cannot_be_is_told(
    books: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str], elsewhere: Path
) -> None:
    (elsewhere / "mine").mkdir()
    (elsewhere / "mine/a.txt").touch()
    (elsewhere / "file").touch()
    assert main(["export", "dataset", "--library", str(books), "--out", "fresh", *words]) == 1
    assert capsys.readouterr() == ("", f"error: {told.format(root=books)}\n")
    assert sorted(str(path) for path in elsewhere.rglob("*")) == sorted(
        str(elsewhere / name) for name in ("file", "mine", "mine/a.txt")
    )


def test_two_exports_at_once_are_refused(books: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(books)
    capsys.readouterr()
    with FileLock("data set/.babelgen-dataset/lock"):
        assert main(["export", "dataset", "--library", str(books), "--out", "data set"]) == 1
    assert capsys.readouterr() == (
        "", "error: Another export is writing data set: wait for it to end.\n",
    )  # fmt: skip


@pytest.mark.parametrize("step", range(1, 12))
def test_a_stop_at_any_file_leaves_rows_whose_pictures_are_there(
    books: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], step: int
) -> None:
    monkeypatch.setattr("babelgen.export.dataset.FOLDER", 2)
    export(books, "--collection", "search")
    done: list[Any] = []
    replace = os.replace

    def stop(source: Path, target: Path) -> None:
        done.append(target)
        if len(done) == step:
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", stop)
        code = main(["export", "dataset", "--library", str(books), "--out", "data set"])
    assert code == (130 if len(done) == step else 0)
    told = "error: Interrupted; what was done in data set is kept, and the same command goes on from there.\n"
    assert capsys.readouterr().err.endswith(told) == (code == 130)
    lines = Path("data set/metadata.jsonl").read_text("ascii").splitlines()
    assert lines
    assert all((Path("data set") / json.loads(line)["file_name"]).is_file() for line in lines)
    export(books)
    export(books, out="fresh")
    assert files(Path("data set")) == files(Path("fresh"))
