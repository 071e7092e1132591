"""Discarding: pictures that are known to be wrong go, and no sound one for what the machine did."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from babelgen.catalog import Catalog, Picture
from babelgen.engines import InlineEngine
from babelgen.farm import render_library
from babelgen.library import Library, load_library
from babelgen.store import file_of, in_place, open_journal, open_run, open_store, put_picture
from babelgen.verify import Discarded, Report, discard

from .commands.test_verify import change
from .engines import fake
from .test_farm import Witness, check_whole
from .test_verify import check, faked

__all__ = ["faked"]
pytestmark = pytest.mark.usefixtures("elsewhere")

FOLDERS = ("pictures", "views", "thumbs")


@pytest.fixture
def spoilt(faked: Library) -> Picture:
    """The row of a picture whose file is cut short."""
    row = rows(faked)[3]
    cut(faked, row)
    return row


def rows(library: Library) -> list[Picture]:
    with Catalog.open(library.root) as catalog:
        return catalog.page("", 100)


def cut(library: Library, row: Picture) -> None:
    path = file_of(library.root, "pictures", row.name)
    path.write_bytes(path.read_bytes()[:-100])


def discarded(library: Library, report: Report | None = None) -> Discarded:
    return discard(library, (report or check(library, sample=None)).faults)


def kept_all(library: Library) -> bool:
    return len(rows(library)) == 12 and all(
        os.path.lexists(file_of(library.root, folder, row.name))
        for row in rows(library)
        for folder in FOLDERS
    )


def render(library: Library) -> int:
    return render_library(library, InlineEngine(), Witness(library.root), backend=fake.BACKEND).rendered


def test_a_spoilt_picture_goes_whole_and_is_made_again(faked: Library, spoilt: Picture) -> None:
    assert discarded(faked) == Discarded([spoilt.name], {})
    assert spoilt.name not in {row.name for row in rows(faked)}
    assert not any(file_of(faked.root, folder, spoilt.name).exists() for folder in FOLDERS)
    assert render(faked) == 1
    check_whole(faked)


def test_what_fails_to_be_rendered_again_is_kept(faked: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    name = rows(faked)[0].name
    monkeypatch.setattr(fake, "read_trouble", lambda _: {name: "fail"})
    report = check(faked, sample=None)
    assert [fault.name for fault in report.faults] == [name]
    assert discarded(faked, report) == Discarded([], {name: "its files are what the catalog says"})
    assert kept_all(faked)


@pytest.mark.parametrize("code", [errno.EIO, errno.EMFILE, errno.EACCES, errno.ESTALE])
def test_a_file_that_the_machine_does_not_show_is_kept(
    faked: Library, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    name = rows(faked)[0].name
    real = Image.open

    def refuse(path: Path, *words: Any, **named: Any) -> Image.Image:
        if name in str(path):
            raise OSError(code, os.strerror(code))
        return real(path, *words, **named)

    monkeypatch.setattr(Image, "open", refuse)
    report = check(faked, sample=0)
    assert [fault.what for fault in report.faults] == [f"The file cannot be read: {os.strerror(code)}."]
    reason = "it may be the machine's fault, and not the picture's"
    assert discarded(faked, report) == Discarded([], {name: reason})
    monkeypatch.setattr(Image, "open", real)
    assert kept_all(faked)
    check_whole(faked)


def test_a_lack_of_memory_is_no_damage(faked: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Image.Image:
        raise MemoryError

    monkeypatch.setattr(Image, "open", refuse)
    report = check(faked, sample=0)
    assert {fault.what for fault in report.faults} == {"The file cannot be read: there is not enough memory."}
    assert (discarded(faked, report).names, len(report.faults)) == ([], 12)
    assert kept_all(faked)


@pytest.mark.parametrize("folder", FOLDERS)
def test_where_a_disk_is_missing_nothing_goes(faked: Library, folder: str) -> None:
    """With its pictures on it, which come back when it does."""
    (faked.root / folder).rename(faked.root / "away")
    (faked.root / folder).mkdir()
    assert len(discarded(faked).left) == 12
    (faked.root / folder).rmdir()
    (faked.root / "away").rename(faked.root / folder)
    check_whole(faked)


def test_a_picture_that_was_made_again_meanwhile_is_kept(faked: Library, spoilt: Picture) -> None:
    report = check(faked, sample=0)
    with open_store(faked.root) as store:
        store.forget([spoilt.name])
    assert render(faked) == 1
    change(faked, spoilt, seconds=1)  # as a picture that was made later has another time
    assert discarded(faked, report).left == {spoilt.name: "it has been made again, or removed, meanwhile"}
    assert kept_all(faked)


def test_files_that_are_sound_again_are_kept(faked: Library, spoilt: Picture) -> None:
    """The row is the same as it was."""
    report = check(faked, sample=0)
    put_picture(faked.root, spoilt.name, fake.pixels_of(spoilt.key), {"key": spoilt.key})
    assert discarded(faked, report).left == {spoilt.name: "its files are what the catalog says"}
    assert kept_all(faked)


def test_what_a_dead_run_made_again_is_kept(faked: Library, spoilt: Picture) -> None:
    """Only its journal knows, with other pixels than the row has."""
    change(faked, spoilt, sha256="0" * 64)
    report = check(faked, sample=0)
    sizes = put_picture(faked.root, spoilt.name, fake.pixels_of(spoilt.key), {"key": spoilt.key})
    folder = faked.root / "runs" / "20260102T030405Z-abcdef"
    folder.mkdir(parents=True)
    with open_journal(folder) as journal:
        journal.record(replace(spoilt, seconds=1.0, bytes=sizes.pictures))
    assert discarded(faked, report).left == {spoilt.name: "it has been made again, or removed, meanwhile"}
    check_whole(faked)


@pytest.mark.parametrize("let_go", [False, True])
def test_what_a_living_run_has_taken_on_is_kept_and_the_rest_goes(
    faked: Library, spoilt: Picture, let_go: bool
) -> None:
    """Even if it has let go since: when it dies, its journal is read again."""
    other = rows(faked)[5]
    cut(faked, other)
    with open_run(faked.root) as run:
        run.claim([spoilt.name])
        if let_go:
            run.let_go()
        result = discarded(faked)
    assert result == Discarded([other.name], {spoilt.name: "a render that is at work has taken it on"})
    assert discarded(faked).names == [spoilt.name]
    assert render(faked) == 2
    check_whole(faked)


def test_what_no_collection_names_is_kept(faked: Library, spoilt: Picture) -> None:
    path = faked.root / "library.toml"
    path.write_text(path.read_text().replace("count = 12", "page = 1000\ncount = 12"))
    assert discarded(load_library(faked.root)).left == {
        spoilt.name: "no collection names it, so that no render would make it again; gc removes it"
    }
    assert kept_all(faked)


def test_a_link_in_a_files_place_goes_and_not_what_it_leads_to(
    faked: Library, spoilt: Picture, tmp_path: Path
) -> None:
    path = file_of(faked.root, "pictures", spoilt.name)
    target = path.rename(tmp_path / "target.png")
    path.symlink_to(target)
    assert discarded(faked).names == [spoilt.name]
    assert target.exists()
    assert not os.path.lexists(path)


def test_a_library_that_is_all_spoilt_goes_few_by_few(
    faked: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("babelgen.verify.FEW", 5)
    for row in rows(faked):
        cut(faked, row)
    assert len(discarded(faked).names) == 12
    assert (rows(faked), render(faked)) == ([], 12)
    check_whole(faked)


@pytest.mark.parametrize("moment", ["forget_pictures", "remove_files"])
def test_stopped_halfway_it_leaves_no_row_without_its_files(
    faked: Library, spoilt: Picture, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    report = check(faked, sample=0)
    monkeypatch.setattr(f"babelgen.verify.{moment}", stop)
    with pytest.raises(KeyboardInterrupt):
        discarded(faked, report)
    assert all(in_place(faked.root, row.name) for row in rows(faked))
    monkeypatch.undo()
    render(faked)
    check_whole(faked)


def test_what_is_taken_away_while_it_is_rendered_again_is_no_fault(
    faked: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = rows(faked)[0]
    read: Callable[[Path], Any] = fake.read_trouble

    def take_away(root: Path) -> Any:
        with open_store(faked.root) as store:
            store.forget([row.name])
        file_of(faked.root, "pictures", row.name).unlink(missing_ok=True)
        return read(root)

    change(faked, row, profile="other")  # so that its pixels are asked for once more
    monkeypatch.setattr(fake, "read_trouble", take_away)
    monkeypatch.setattr(fake, "pixels_of", lambda key: shifted(key))
    report = check(faked, sample=None)
    assert row.name not in {fault.name for fault in report.faults}
    assert len(report.faults) == 11


def shifted(key: str) -> Any:
    """Other pixels than a key has."""
    return 255 - pixels_of(key)


pixels_of = fake.pixels_of
