"""Tidying: what is ours in the folders of pictures is told from what is not, and goes row first."""

from dataclasses import replace
from pathlib import Path

import pytest

from babelgen import store
from babelgen.catalog import Catalog, Facts
from babelgen.store import (
    PARTS,
    file_of,
    forget_pictures,
    open_store,
    put_picture,
    read_part,
    remove_files,
    strangers,
    write_atomic,
)

from ..engines import fake
from .samples import FAILURE, NAME, PICTURE, every_file, picture


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A library folder with one picture's files."""
    put_picture(tmp_path, NAME, fake.pixels_of("key"), {})
    return tmp_path


def test_a_picture_has_three_files_and_nothing_else_is_there(root: Path) -> None:
    found = read_part(root, "ab")
    assert {Path(file.path) for file in found.files.pop(NAME)} == {
        file_of(root, folder, NAME) for folder in ("pictures", "views", "thumbs")
    }
    assert (found.files, found.temporary, found.strange, found.spoilt) == ({}, [], [], set())
    assert strangers(root) == []


def test_the_parts_are_all_that_names_begin_with(root: Path) -> None:
    assert [part for part in PARTS if read_part(root, part).files] == ["ab"]
    assert len(set(PARTS)) == 256


def test_what_a_killed_writer_was_writing_is_temporary(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the writer itself names it."""

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", stop)
    monkeypatch.setattr(Path, "unlink", stop)  # no time to clean up either
    with pytest.raises(KeyboardInterrupt):
        write_atomic(file_of(root, "views", NAME), b"half")
    (file,) = read_part(root, "ab").temporary
    assert file.name.startswith(f".{NAME}.webp.")


STRANGE = [
    f"pictures/ab/{NAME}.webp",
    f"pictures/ab/{'cd' * 16}.png",
    f"pictures/ab/{NAME}.png~",
    f"pictures/ab/{NAME.upper()}.png",
    f"pictures/ab/{NAME[:-1]}.png",
    "thumbs/ab/holiday.webp",
    "views/ab/.hidden",
]


@pytest.mark.parametrize("path", STRANGE)
def test_other_files_are_strange(root: Path, path: str) -> None:
    (root / path).write_bytes(b"mine")
    found = read_part(root, "ab")
    assert found.strange == [root / path]
    assert (list(found.files), found.temporary, found.spoilt) == ([NAME], [], set())


@pytest.mark.parametrize("thing", ["link", "dead link", "folder"])
@pytest.mark.parametrize("folder", ["pictures", "views", "thumbs"])
def test_what_stands_in_a_pictures_place_spoils_it(
    root: Path, tmp_path_factory: pytest.TempPathFactory, folder: str, thing: str
) -> None:
    path = file_of(root, folder, NAME)
    path.unlink()
    if thing == "folder":
        path.mkdir()
    else:
        target = tmp_path_factory.mktemp("elsewhere") / "target.png"
        path.symlink_to(target)
        if thing == "link":
            target.write_bytes(b"mine")
    found = read_part(root, "ab")
    assert (found.strange, found.spoilt, len(found.files[NAME])) == ([path], {NAME}, 2)


@pytest.mark.parametrize("path", ["pictures", "views/ab"])
def test_a_folder_that_is_a_link_spoils_all(root: Path, tmp_path: Path, path: str) -> None:
    (root / path).rename(root / "moved")
    (root / path).symlink_to(root / "moved")
    found = read_part(root, "ab")
    assert (found.files, found.spoilt) == ({}, None)
    assert strangers(root) == [root / path]


def test_strangers_are_what_is_no_part_of_the_folders(root: Path) -> None:
    (root / "runs" / "20260102T030405Z-abcdef").mkdir(parents=True)
    (root / "runs" / "notes.txt").write_bytes(b"")
    (root / "pictures" / "abc").mkdir()
    (root / "pictures" / ".tmp").write_bytes(b"")
    (root / "views" / "00").write_bytes(b"")
    (root / "notes.txt").write_bytes(b"")  # outside, and nobody's business
    assert strangers(root) == [
        root / "pictures/.tmp",
        root / "pictures/abc",
        root / "runs/notes.txt",
        root / "views/00",
    ]


def test_pictures_and_failures_are_forgotten_in_batches(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{number:032x}" for number in range(8)]
    monkeypatch.setattr("babelgen.store.tidy.BATCH", 3)
    batches: list[int] = []
    forget = store.Store.forget
    monkeypatch.setattr(
        store.Store, "forget", lambda self, few: (batches.append(len(few)), forget(self, few))
    )
    with open_store(root) as opened:
        opened.record(
            [picture(name) for name in names[:4]], [replace(FAILURE, name=name) for name in names[4:]]
        )
        forget_pictures(opened, names[1:])
    with Catalog.open(root) as catalog:
        assert (catalog.names(), catalog.failures(), batches) == ({names[0]}, {}, [3, 3, 1])


def test_files_that_are_gone_already_are_no_matter(root: Path) -> None:
    paths = [file_of(root, folder, NAME) for folder in ("pictures", "views", "thumbs")]
    paths[1].unlink()
    remove_files(paths)
    assert every_file(root) == []


def test_facts_are_forgotten_when_nothing_refers_to_them(tmp_path: Path) -> None:
    ids = [
        ("profiles", "p"),
        ("profiles", "old"),
        ("editions", "tiny-00000000"),
        ("editions", "x"),
        ("editions", "f"),
    ]
    with open_store(tmp_path) as opened:
        failure = replace(FAILURE, name="cd" * 16, edition="f")
        opened.record([PICTURE], [failure], [Facts(table, fact, {}) for table, fact in ids])
        assert opened.forget_facts() == [("profiles", "old"), ("editions", "x")]
        assert opened.forget_facts() == []
    with Catalog.open(tmp_path) as catalog:
        assert (set(catalog.profiles()), set(catalog.editions())) == ({"p"}, {"tiny-00000000", "f"})
