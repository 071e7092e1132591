"""Journals: what was recorded is read, whole, in its order; what is torn or damaged is seen, and spoils nothing else."""

import itertools
import json
import os
import threading
import zlib
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babelgen.catalog import Facts, Failure, Picture
from babelgen.errors import UserError
from babelgen.store import Journal, open_journal
from babelgen.store.journal import SUFFIX, Entry, Reader
from babelgen.store.runs import is_living

from .limits import files_no_larger_than
from .samples import FAILURE, PICTURE, every_file, picture

relaxed = settings(deadline=None, max_examples=100)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
entries = st.lists(
    st.one_of(
        st.builds(replace, st.just(PICTURE), name=texts, key=texts, prompt=texts, seconds=st.floats(0, 1e9)),
        st.builds(Failure, texts, texts, texts, texts, texts),
        st.builds(Facts, texts, texts, st.dictionaries(texts, texts, max_size=3)),
    ),
    max_size=6,
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(tmp_path) as journal:
        yield journal


def file_in(folder: Path) -> Path:
    (path,) = folder.glob(f"*{SUFFIX}")
    return path


def line_of(value: object) -> bytes:
    """A line whose check is right, whatever it says."""
    text = json.dumps(value).encode("ascii")
    return b"%08x " % zlib.crc32(text) + text + b"\n"


def written(made: list[Entry], folder: Path) -> Path:
    with open_journal(folder) as journal:
        for entry in made:
            journal.record(entry)
    return file_in(folder)


@relaxed
@given(made=entries)
def test_what_was_recorded_is_read_in_its_order(
    made: list[Entry], tmp_path_factory: pytest.TempPathFactory
) -> None:
    reader = Reader(written(made, tmp_path_factory.mktemp("run")))
    assert reader.read() == made
    assert reader.read() == []
    assert reader.damaged == 0


def test_a_reader_goes_on_where_it_was(tmp_path: Path, journal: Journal) -> None:
    reader = Reader(file_in(tmp_path))
    assert reader.read() == []
    journal.record(PICTURE)
    assert reader.read() == [PICTURE]
    journal.record(FAILURE)
    journal.record(picture("b"))
    assert reader.read() == [FAILURE, picture("b")]
    assert Reader(file_in(tmp_path)).read() == [PICTURE, FAILURE, picture("b")]


@relaxed
@given(cuts=st.lists(st.integers(0, 2000), max_size=8))
def test_a_line_is_read_when_all_of_it_is_there(
    cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """However it comes: what is not a whole line yet is left for the next time."""
    made: list[Entry] = [PICTURE, FAILURE, picture("海")]
    data = written(made, tmp_path_factory.mktemp("whole")).read_bytes()
    path = tmp_path_factory.mktemp("slow") / "slow.journal"
    reader, read = Reader(path), []
    with path.open("wb", buffering=0) as file:
        bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
        for start, end in itertools.pairwise(bounds):
            file.write(data[start:end])
            read += reader.read()
            assert read == made[: data[:end].count(b"\n")]
    assert read == made
    assert reader.damaged == 0


def test_a_torn_last_line_is_no_entry(tmp_path: Path) -> None:
    path = written([PICTURE, FAILURE], tmp_path)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(first, len(whole)):
        path.write_bytes(whole[:end])
        assert Reader(path).read() == [PICTURE]


@relaxed
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_costs_its_line_and_no_other(
    at: float, bit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made: list[Entry] = [picture("a"), picture("b"), picture("c")]
    path = written(made, tmp_path_factory.mktemp("run"))
    data = bytearray(path.read_bytes())
    place = int(at * len(data))
    line = bytes(data[:place]).count(b"\n")
    lost = {line, line + 1} if data[place] == ord("\n") else {line}  # two lines become one
    data[place] ^= 1 << bit
    path.write_bytes(data)
    reader = Reader(path)
    assert reader.read() == [entry for index, entry in enumerate(made) if index not in lost]
    assert reader.damaged >= 1 or line == 2  # the last line may be no line any longer


OTHERS = [
    {"picture": {**asdict(PICTURE), "mood": "blue"}},
    {"picture": {"name": "a"}},
    {"poem": {"name": "a"}},
    {"picture": ["a"]},
    {"picture": asdict(PICTURE), "failure": asdict(FAILURE)},
    {},
    [asdict(PICTURE)],
    "picture",
    None,
    7,
]


@pytest.mark.parametrize("other", OTHERS)
def test_what_another_version_wrote_is_passed_over(tmp_path: Path, other: object) -> None:
    path = tmp_path / "other.journal"
    path.write_bytes(
        line_of({"picture": asdict(PICTURE)}) + line_of(other) + line_of({"failure": asdict(FAILURE)})
    )
    reader = Reader(path)
    assert reader.read() == [PICTURE, FAILURE]
    assert reader.damaged == 1


@pytest.mark.parametrize("junk", [b"", b"\n", b"\n\n", b"not a line\n", b" \n", b"\0" * 5000, b"\xff\xfe\n"])
def test_junk_is_no_entry(tmp_path: Path, junk: bytes) -> None:
    """Such as zeros, which some file systems leave where power failed."""
    path = tmp_path / "junk.journal"
    path.write_bytes(junk)
    assert Reader(path).read() == []
    with path.open("ab") as file:
        file.write(b"\n" + line_of({"picture": asdict(PICTURE)}))
    assert Reader(path).read() == [PICTURE]


@pytest.mark.parametrize("room", [0, 1, 30, 400])
def test_a_full_disk_in_the_middle_of_a_line_spoils_nothing(
    tmp_path: Path, journal: Journal, room: int
) -> None:
    journal.record(PICTURE)
    path = file_in(tmp_path)
    with files_no_larger_than(path.stat().st_size + room), pytest.raises(UserError) as told:
        journal.record(picture("b"))
    assert str(told.value).startswith(f"{path} cannot be written: ")
    journal.record(picture("c"))
    reader = Reader(path)
    assert reader.read() == [PICTURE, picture("c")]
    assert reader.damaged == 0


def test_a_line_is_on_the_disk_before_anybody_hears_of_it(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    fsync = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda handle: (sizes.append(file_in(tmp_path).stat().st_size), fsync(handle))
    )
    journal.record(PICTURE)
    assert sizes == [file_in(tmp_path).stat().st_size] != [0]


def test_threads_write_whole_lines(tmp_path: Path, journal: Journal) -> None:
    def write(thread: int) -> None:
        for number in range(40):
            journal.record(replace(PICTURE, name=f"{thread} {number}", prompt="x" * (97 * number)))

    threads = [threading.Thread(target=write, args=(thread,)) for thread in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reader = Reader(file_in(tmp_path))
    names = [entry.name for entry in reader.read() if isinstance(entry, Picture)]
    assert reader.damaged == 0
    assert sorted(names) == sorted(f"{thread} {number}" for thread in range(6) for number in range(40))
    for thread in range(6):
        ours = [name for name in names if name.startswith(f"{thread} ")]
        assert ours == [f"{thread} {number}" for number in range(40)]


def test_keys_of_the_archive_fit(tmp_path: Path, journal: Journal) -> None:
    long = [replace(PICTURE, name=name, key=name * 189_436) for name in "abc"]
    for entry in long:
        journal.record(entry)
    assert Reader(file_in(tmp_path)).read() == long


def test_an_open_journal_is_locked_and_a_closed_one_stays(tmp_path: Path) -> None:
    with open_journal(tmp_path) as first, open_journal(tmp_path) as second:
        assert is_living(tmp_path)
        first.record(PICTURE)
        second.record(FAILURE)
    assert not is_living(tmp_path)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".journal", ".journal", ".lock", ".lock"]


def test_a_run_that_is_gone_is_not_begun_again(tmp_path: Path) -> None:
    """A worker may be slower than whoever settles its dead parent's run."""
    gone = tmp_path / "runs/gone"
    with (
        pytest.raises(UserError, match=rf"^{gone}/\w+\.journal cannot be written: the folder of its run is"),
        open_journal(gone),
    ):
        pass
    assert every_file(tmp_path) == []
    assert not gone.exists()


def test_a_disk_that_takes_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with (
        files_no_larger_than(0),
        open_journal(tmp_path / "folder") as journal,
        pytest.raises(UserError, match="cannot be written: File too large"),
    ):
        journal.record(PICTURE)
    assert file_in(tmp_path / "folder").stat().st_size == 0
