"""Collecting garbage: what nobody needs goes, what a collection names stays, whatever moment it is stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from babelgen import gc
from babelgen.catalog import Catalog, Facts, Failure
from babelgen.commands.progress import RunProgress
from babelgen.engines import InlineEngine
from babelgen.errors import UserError
from babelgen.farm import render_library
from babelgen.gc import Garbage, collect, survey
from babelgen.library import Library, load_library
from babelgen.store import file_of, open_journal, open_run, open_store, put_picture

from .conftest import LibraryFactory
from .engines import fake
from .engines.test_contract import wait_until
from .test_farm import check_whole, kill_group, pictures

FOLDERS = ("pictures", "views", "thumbs")
STRAY = "ab" * 16


@pytest.fixture
def full(words_library: LibraryFactory) -> Library:
    """Thirty pictures, all of them needed."""
    library = load_library(words_library({"kind": "range", "count": 30}))
    render(library)
    return library


@pytest.fixture
def library(full: Library) -> Library:
    """The same library when its collection names the first ten alone."""
    return shorten(full, 10)


def shorten(library: Library, count: int) -> Library:
    path, (collection,) = library.root / "library.toml", library.collections
    before = f"count = {collection.spec.count()}"
    path.write_text(path.read_text().replace(before, f"count = {count}"))
    return load_library(library.root)


def render(library: Library) -> None:
    render_library(library, InlineEngine(), RunProgress(), backend=fake.BACKEND)


def collected(library: Library, everything: bool = False) -> Garbage:
    garbage = Garbage()
    collect(library, garbage, lambda: None, everything)
    return garbage


def surveyed(library: Library, everything: bool = False) -> Garbage:
    """What a survey finds, which writes nothing."""
    before, garbage = everything_in(library.root), Garbage()
    survey(library, garbage, lambda: None, everything)
    assert everything_in(library.root) == before
    return garbage


def everything_in(root: Path) -> dict[Path, bytes]:
    files = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {path: path.read_bytes() for path in files}


def counts(garbage: Garbage) -> dict[str, int]:
    """How much there is of each kind, of those of which there is something."""
    return {kind: heap.count for kind, heap in garbage.heaps.items() if heap.count}


def files_of(library: Library) -> set[str]:
    """All files of pictures, temporary ones included."""
    paths = (path for folder in FOLDERS for path in library.root.glob(f"{folder}/*/*"))
    return {path.relative_to(library.root).as_posix() for path in paths}


def expected_files(library: Library) -> set[str]:
    names = {entry.name for entry in library.entries()}
    return {file_of(Path(), folder, name).as_posix() for folder in FOLDERS for name in names}


def unneeded(full: Library, library: Library) -> list[str]:
    kept = {entry.name for entry in library.entries()}
    return [entry.name for entry in full.entries() if entry.name not in kept]


def test_pictures_that_no_collection_names_go(full: Library, library: Library) -> None:
    names = unneeded(full, library)
    size = sum(file_of(full.root, folder, name).stat().st_size for folder in FOLDERS for name in names)
    found, removed = surveyed(library), collected(library)
    for garbage in (found, removed):
        assert counts(garbage) == {"pictures": 20}
        assert (set(garbage.pictures.names), garbage.pictures.bytes) == (set(names), size)
    check_whole(library)
    assert files_of(library) == expected_files(library)
    assert counts(surveyed(library)) == counts(collected(library)) == {}


def test_a_library_where_all_is_needed_is_left_as_it_is(full: Library) -> None:
    before = everything_in(full.root)
    assert counts(collected(full)) == {}
    assert everything_in(full.root) == before


def test_what_was_removed_is_made_again_when_a_collection_names_it_again(
    full: Library, library: Library
) -> None:
    collected(library)
    again = shorten(library, 30)
    assert render_library(again, InlineEngine(), RunProgress(), backend=fake.BACKEND).rendered == 20
    check_whole(again)


def test_a_key_in_another_collection_is_needed(full: Library, words_library: LibraryFactory) -> None:
    path = full.root / "library.toml"
    extra = '[[collection]]\nname = "other"\nkind = "range"\npage = 25\ncount = 5\n'
    shorten(full, 10)
    path.write_text(f"{path.read_text()}\n{extra}")
    library = load_library(full.root)
    assert counts(collected(library)) == {"pictures": 15}
    check_whole(library)


def test_what_killed_writers_left_goes(library: Library) -> None:
    collected(library)
    put_picture(library.root, STRAY, fake.pixels_of("stray"), {})
    file_of(library.root, "pictures", STRAY).unlink()  # as when it is killed before the last of three
    needed = next(library.entries()).name
    with open_store(library.root) as store:
        store.forget([needed])  # its files are there, and its row is not
    half = library.root / "views" / "ab" / f".{STRAY}.webp.01234567.tmp"
    half.write_bytes(b"half")
    for garbage in (surveyed(library), collected(library)):
        assert counts(garbage) == {"leftovers": 5, "temporary": 1}
        assert (garbage.temporary.names, garbage.temporary.bytes) == ([str(half)], 4)
        assert {Path(name).stem for name in garbage.leftovers.names} == {STRAY, needed}
    assert files_of(library) == expected_files(library) - {
        file_of(Path(), folder, needed).as_posix() for folder in FOLDERS
    }
    render(library)
    check_whole(library)


def test_failures_of_keys_that_no_collection_names_go(full: Library, library: Library) -> None:
    needed, other = next(library.entries()), unneeded(full, library)[0]
    edition = needed.edition.id
    with open_store(library.root) as store:
        store.forget([needed.name, other])
        store.record([], [Failure(name, "key", edition, "It broke.", "now") for name in (needed.name, other)])
    found, removed = surveyed(library), collected(library)
    assert found.failures.names == removed.failures.names == [other]
    with Catalog.open(library.root) as catalog:
        assert set(catalog.failures()) == {needed.name}


def test_facts_that_nothing_refers_to_go(full: Library, library: Library) -> None:
    names = set(unneeded(full, library))
    with Catalog.open(library.root) as catalog:
        rows = [row for row in catalog.all() if row.name in names]
    facts = [
        Facts("profiles", "old", {}),
        Facts("editions", "old-00000000", {}),
        Facts("profiles", "never", {}),
    ]
    with open_store(library.root) as store:
        store.record([replace(row, profile="old") for row in rows], facts=facts)
    for garbage in (surveyed(library), collected(library)):
        assert garbage.facts.names == ["editions/old-00000000", "profiles/never", "profiles/old"]
    with Catalog.open(library.root) as catalog:
        assert set(catalog.profiles()) == {"fake"}
        assert set(catalog.editions()) == {next(library.entries()).edition.id}


def leave_dead_run(library: Library, *names: str) -> Path:
    """The folder of a run that was killed before what it had made was in the catalog."""
    folder = library.root / "runs" / "20260102T030405Z-abcdef"
    folder.mkdir(parents=True)
    (folder / "run.lock").touch()
    with Catalog.open(library.root) as catalog, open_journal(folder) as journal:
        for row in catalog.pictures(names).values():
            journal.record(row)
    with open_store(library.root) as store:
        store.forget(names)
    return folder


def test_runs_that_died_are_settled_first(full: Library, library: Library) -> None:
    """What they had made is in their journals alone, and no leftover; what nobody needs of it goes."""
    needed, other = next(library.entries()).name, unneeded(full, library)[0]
    folder = leave_dead_run(library, needed, other)
    for garbage in (surveyed(library), collected(library)):
        assert counts(garbage) == {"pictures": 20, "runs": 1}
        assert garbage.runs.names == [folder.name]
    assert not folder.exists()
    check_whole(library)


def test_nothing_goes_while_a_render_is_at_work(library: Library) -> None:
    before = everything_in(library.root)
    with open_run(library.root), pytest.raises(UserError) as refused:
        collected(library)
    assert str(refused.value) == f"A render is at work on the library {library.root}: wait for it to end."
    assert everything_in(library.root) == before


def test_a_survey_beside_a_render_says_nothing_of_files_without_rows(library: Library) -> None:
    put_picture(library.root, STRAY, fake.pixels_of("stray"), {})
    with open_run(library.root):
        garbage = surveyed(library)
    assert (garbage.busy, counts(garbage)) == (True, {"pictures": 20})


SCRIPT = """
import sys
from pathlib import Path
from babelgen.engines import LocalEngine
from babelgen.farm import render_library
from babelgen.library import load_library
from tests.engines import fake

class Silent:
    def planned(self, plan): pass
    def shared(self, done, taken): pass
    def waiting(self, count): pass
    def advanced(self, outcome): pass

if __name__ == "__main__":
    render_library(load_library(Path(sys.argv[1])), LocalEngine(2), Silent(), backend=fake.BACKEND)
"""
Begin = Callable[[str, Path], "subprocess.Popen[bytes]"]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """A function that runs a script on a library in a process of its own."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(text: str, root: Path) -> "subprocess.Popen[bytes]":
        script = tmp_path / "script.py"
        script.write_text(text)
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        command = [sys.executable, str(script), str(root)]
        processes.append(subprocess.Popen(command, start_new_session=True, env=environment))
        return processes[-1]

    yield start
    for process in processes:
        kill_group(process)  # type: ignore[arg-type]
        process.wait()


def test_a_real_render_is_left_in_peace_and_what_it_leaves_when_it_is_killed_goes(
    library: Library, begin: Begin
) -> None:
    longer = shorten(library, 28)  # the pictures of which are there, but for eight
    names = [entry.name for entry in longer.entries()]
    kept, missing = set(names[:20]), names[20:]
    with open_store(library.root) as store:
        store.forget(missing)
    fake.make_trouble(library.root, {missing[4]: "forever"})
    (library.root / "asked.log").unlink()
    process = begin(SCRIPT, library.root)
    wait_until(lambda: missing[4] in fake.asked(library.root))
    with pytest.raises(UserError, match="A render is at work"):
        collected(longer)
    kill_group(process)  # type: ignore[arg-type]
    process.wait()
    garbage = collected(longer)
    assert (garbage.pictures.count, garbage.runs.count) == (2, 1)
    with Catalog.open(library.root) as catalog:
        assert {Path(name).stem for name in files_of(longer)} == catalog.names() >= kept
    fake.make_trouble(library.root, {})
    render(longer)
    check_whole(longer)
    assert files_of(longer) == expected_files(longer)


KILLED = """
import os, signal, sys
from pathlib import Path
from babelgen import gc
from babelgen.library import load_library
from babelgen.store import tidy, Store

calls = {{}}

def kill(module, name, turn, before):
    real = getattr(module, name)
    def call(*words):
        calls[name] = calls.get(name, 0) + 1
        if calls[name] == turn and before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*words)
        if calls[name] == turn:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(module, name, call)

kill({where}, {turn}, {before})
gc.collect(load_library(Path(sys.argv[1])), gc.Garbage(), lambda: None)
"""
MOMENTS = [
    ('Store, "forget"', 1, True),
    ('Store, "forget"', 1, False),
    ('Store, "forget"', 4, False),
    ('os, "unlink"', 1, False),
    ('os, "unlink"', 5, True),
    ('os, "unlink"', 60, False),
    ('Store, "forget_facts"', 1, True),
]


@pytest.mark.parametrize(("where", "turn", "before"), MOMENTS)
def test_killed_at_any_moment_it_loses_nothing_that_is_needed_and_the_next_one_ends_it(
    full: Library, library: Library, begin: Begin, where: str, turn: int, before: bool
) -> None:
    process = begin(KILLED.format(where=where, turn=turn, before=before), library.root)
    assert process.wait() == -signal.SIGKILL
    wanted = {entry.name for entry in library.entries()}
    with Catalog.open(library.root) as catalog:
        rows = catalog.names()
    assert rows >= wanted
    assert all(name in rows or name not in wanted for name in pictures(library))
    assert files_of(library) >= {file_of(Path(), f, n).as_posix() for f in FOLDERS for n in rows}
    garbage = collected(library)
    assert garbage.pictures.count == len(rows - wanted)
    check_whole(library)
    assert files_of(library) == expected_files(library)


@pytest.fixture
def in_turns(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Have the lock let go after every part, and something done when that happens for the first time."""

    def set_up(between: Callable[[], None]) -> None:
        rests: list[float] = []

        def rest(seconds: float) -> None:
            rests.append(seconds)
            if len(rests) == 1:
                between()

        monkeypatch.setattr(gc, "TURN", -1.0)
        monkeypatch.setattr("babelgen.gc.time.sleep", rest)

    return set_up


def test_others_get_the_lock_in_between(
    library: Library, in_turns: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody has it while something is removed."""
    got: list[str] = []

    def look() -> None:
        with open_store(library.root, 0):
            got.append("between")

    def try_to(*words: Any) -> None:
        with pytest.raises(UserError, match="Another process has locked"), open_store(library.root, 0):
            pass
        remove(*words)
        got.append("refused")

    remove = gc.remove_files
    monkeypatch.setattr(gc, "remove_files", try_to)
    in_turns(look)
    assert counts(collected(library)) == {"pictures": 20}
    assert (got[:2], len(got)) == (["refused", "between"], 257)
    check_whole(library)


def test_a_render_that_begins_in_between_ends_it(library: Library, in_turns: Any) -> None:
    runs = []

    def begin_run() -> None:
        run = open_run(library.root)
        run.__enter__()
        runs.append(run)

    in_turns(begin_run)
    garbage = Garbage()
    with pytest.raises(UserError, match="A render is at work"):
        collect(library, garbage, lambda: None)
    runs[0].__exit__(None, None, None)
    assert garbage.begun
    assert garbage.pictures.count + collected(library).pictures.count == 20
    check_whole(library)


def test_collections_that_change_in_between_end_it(library: Library, in_turns: Any) -> None:
    """What they name now is kept."""
    in_turns(lambda: shorten(library, 25))
    with pytest.raises(UserError) as refused:
        collected(library)
    assert str(refused.value) == f"The collections of {library.root} have changed meanwhile: run gc again."
    assert collected(load_library(library.root)).pictures.count in (4, 5)


def test_a_library_file_without_collections_removes_nothing(full: Library) -> None:
    path = full.root / "library.toml"
    path.write_text(path.read_text().partition("[[collection]]")[0])
    before = everything_in(full.root)
    for call in (survey, collect):
        with pytest.raises(UserError) as refused:
            call(load_library(full.root), Garbage(), lambda: None, True)
        assert str(refused.value) == (
            f"{path} has no collections, and gc would remove all pictures: delete {full.root} if that is meant."
        )
    assert everything_in(full.root) == before


def test_where_no_picture_would_be_left_that_must_be_said(full: Library) -> None:
    """As when all keys are new, since the edition is."""
    path = full.root / "library.toml"
    path.write_text(path.read_text().replace("count = 30", "page = 1000\ncount = 30"))
    other, before = load_library(full.root), everything_in(full.root)
    for call in (surveyed, collected):
        with pytest.raises(UserError) as refused:
            call(other)
        assert str(refused.value) == (
            f"The collections of {full.root} name none of its 30 pictures, and gc would remove all of them: give"
            " --all if that is meant."
        )
    assert everything_in(full.root) == before
    assert surveyed(other, everything=True).pictures.count == 30
    assert collected(other, everything=True).pictures.count == 30
    assert files_of(full) == set()


def test_files_are_kept_where_the_catalog_is_lost(library: Library) -> None:
    """But for those that no collection names."""
    (library.root / "catalog.sqlite").unlink()
    for garbage in (surveyed(library), collected(library)):
        assert counts(garbage) == {"leftovers": 60}
        assert garbage.unknown.count == 30
        assert garbage.left_alone.count == 0
    assert files_of(library) == expected_files(library)
    render(library)
    check_whole(library)


def test_what_is_not_ours_is_left_alone_and_told(
    full: Library, library: Library, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    linked, spoilt, *others = unneeded(full, library)
    view = file_of(library.root, "views", linked)
    moved = view.rename(elsewhere / view.name)
    view.symlink_to(moved)
    picture = file_of(library.root, "pictures", spoilt)
    picture.unlink()
    picture.mkdir()
    notes = [library.root / "pictures" / "notes.txt", picture.parent / "holiday.jpg"]
    run = library.root / "runs" / "elsewhere"
    run.parent.mkdir(exist_ok=True)
    run.symlink_to(elsewhere)
    for path in notes:
        path.write_bytes(b"mine")
    strange = {str(path) for path in (view, picture, run, *notes)}
    for garbage in (surveyed(library), collected(library)):
        assert set(garbage.left_alone.names) == strange
        assert set(garbage.pictures.names) == set(others)
        assert counts(garbage) == {"pictures": 18}
    assert moved.exists()
    assert all(os.path.lexists(path) for path in strange)
    assert file_of(library.root, "pictures", linked).is_file()  # a picture is left whole


def test_a_folder_that_is_a_link_is_left_alone(library: Library, tmp_path: Path) -> None:
    views = library.root / "views"
    moved = views.rename(tmp_path / "moved")
    views.symlink_to(moved)
    before = everything_in(library.root)
    garbage = collected(library)
    assert (garbage.left_alone.names, counts(garbage)) == ([str(views)], {})
    assert everything_in(library.root) == before


def test_nothing_outside_its_folders_is_touched(library: Library) -> None:
    for name in ("notes.txt", ".notes.tmp", "library.toml.old", f"{STRAY}.png"):
        (library.root / name).write_bytes(b"mine")
    (library.root / "other").mkdir()
    (library.root / "other" / f"{STRAY}.png").write_bytes(b"mine")

    def outside() -> dict[Path, bytes]:
        ours = (*FOLDERS, "runs", "catalog.sqlite")
        found = everything_in(library.root)
        return {
            path: data for path, data in found.items() if path.relative_to(library.root).parts[0] not in ours
        }

    before = outside()
    collected(library)
    assert outside() == before


def test_some_names_are_kept_where_nobody_wants_all(library: Library) -> None:
    garbage = Garbage(most=3)
    collect(library, garbage, lambda: None)
    assert (garbage.pictures.count, len(garbage.pictures.names)) == (20, 3)
