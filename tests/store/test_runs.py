"""Runs: nobody has what another has, the dead have nothing, and what they wrote down is not lost."""

import itertools
import re
import shutil
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babelgen.catalog import Catalog
from babelgen.errors import UserError
from babelgen.store import Run, open_journal, open_run, open_store, runs, settle
from babelgen.store.runs import CLAIMS, OWN_LOCK, _merge, ever_claimed, is_living, run_folders, unsettled

from . import crew
from .limits import files_no_larger_than
from .samples import FAILURE, every_file, picture

NAMES = [f"{number:032x}" for number in range(12)]


def rows(root: Path) -> set[str]:
    with Catalog.open(root) as catalog:
        return catalog.names()


def leave_run(root: Path, *names: str, lock: bool = True) -> Path:
    """The folder of a run that is dead, whose journal tells of some pictures."""
    folder = root / "runs/20260102T030405Z-abcdef"
    folder.mkdir(parents=True)
    with open_journal(folder) as journal:
        for name in names:
            journal.record(picture(name))
    (folder / CLAIMS).write_text("".join(f"{name}\n" for name in NAMES))
    (folder / OWN_LOCK).touch()
    if not lock:
        for path in folder.glob("*.lock"):
            path.unlink()
    return folder


class TestClaims:
    """Who has what."""

    def test_what_one_has_the_other_has_not(self, tmp_path: Path) -> None:
        with open_run(tmp_path) as first, open_run(tmp_path) as second:
            assert first.claim(NAMES[:6]) == set(NAMES[:6])
            assert second.claim(NAMES[3:9]) == set(NAMES[6:9])
            assert first.claim(NAMES) == set(NAMES) - set(NAMES[6:9])
            assert second.claim(NAMES) == set(NAMES[6:9])
            assert first.claim([]) == set()

    def test_what_has_failed_is_free_again(self, tmp_path: Path) -> None:
        """For a render beside this one that is to try it again."""
        with open_run(tmp_path) as run, open_run(tmp_path) as other:
            assert run.claim(NAMES) == set(NAMES)
            assert other.claim(NAMES) == set()
            run.release(NAMES[:2])
            assert other.claim(NAMES) == set(NAMES[:2])
            with open_store(tmp_path):
                assert ever_claimed(tmp_path) == set(NAMES)

    def test_who_has_claimed_once_may_claim_again(self, tmp_path: Path) -> None:
        with open_run(tmp_path) as run:
            for _ in range(2):
                assert run.claim(NAMES) == set(NAMES)

    @settings(deadline=None, max_examples=15)
    @given(turns=st.lists(st.tuples(st.integers(0, 2), st.sets(st.sampled_from(NAMES))), max_size=8))
    def test_claims_never_overlap(
        self, turns: list[tuple[int, set[str]]], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        root = tmp_path_factory.mktemp("library")
        with ExitStack() as stack:
            runs = [stack.enter_context(open_run(root)) for _ in range(3)]
            owners: dict[str, int] = {}
            for who, names in turns:
                granted = runs[who].claim(sorted(names))
                assert granted == {name for name in names if owners.get(name, who) == who}
                owners.update(dict.fromkeys(granted, who))

    def test_many_threads_share_without_overlap(self, tmp_path: Path) -> None:
        names = [f"{number:032x}" for number in range(60)]
        granted: dict[int, set[str]] = {}

        def take(number: int, run: Run) -> None:
            granted[number] = set()
            for start in range(0, len(names), 5):
                granted[number] |= run.claim(names[start : start + 5])

        with ExitStack() as stack:
            runs = [stack.enter_context(open_run(tmp_path)) for _ in range(5)]
            threads = [threading.Thread(target=take, args=(number, run)) for number, run in enumerate(runs)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert sorted(itertools.chain(*granted.values())) == names

    def test_two_processes_share_without_overlap(self, tmp_path: Path) -> None:
        with crew.ready(crew.taker, tmp_path, 60) as first, crew.ready(crew.taker, tmp_path, 60) as second:
            got = []
            for process in (first, second):
                assert process.stdin is not None
                process.stdin.write("go\n")
                process.stdin.flush()
            for process in (first, second):
                assert process.stdout is not None
                got += itertools.takewhile(lambda line: line != "end\n", process.stdout)
        assert sorted(map(int, got)) == list(range(60))

    def test_who_waits_lets_go(self, tmp_path: Path) -> None:
        """So that of several runs that wait none waits for another."""
        with open_run(tmp_path) as first, open_run(tmp_path) as second:
            first.claim(NAMES)
            assert second.claim(NAMES[:4]) == set()
            first.let_go()
            assert second.claim(NAMES[:2]) == set(NAMES[:2])
            assert first.claim(NAMES[:4]) == set(NAMES[2:4])
            second.let_go()
            assert first.claim(NAMES) == set(NAMES)

    def test_half_a_claim_is_none(self, tmp_path: Path) -> None:
        """It was not granted yet."""
        with open_run(tmp_path) as first, open_run(tmp_path) as second:
            first.claim(NAMES[:1])
            with (first.folder / CLAIMS).open("a") as file:
                file.write(NAMES[1][:20])
            assert second.claim(NAMES[:2]) == {NAMES[1]}

    def test_a_full_disk_is_told(self, tmp_path: Path) -> None:
        with open_run(tmp_path) as run:
            with (
                files_no_larger_than(0),
                pytest.raises(UserError, match=rf"^{run.folder}/claims cannot be written: "),
            ):
                run._write_claims(NAMES)
            assert run.claim(NAMES) == set(NAMES)


class TestTheDead:
    """What becomes of what they leave."""

    def test_what_a_killed_run_wrote_down_is_entered_and_what_it_claimed_is_free(
        self, tmp_path: Path
    ) -> None:
        crew.dead(crew.parent, tmp_path, *NAMES)
        assert rows(tmp_path) == set()
        with open_run(tmp_path) as run:
            assert rows(tmp_path) == set(NAMES[:6])
            assert run_folders(tmp_path) == [run.folder]
            assert run.claim(NAMES) == set(NAMES)

    def test_who_claims_settles_those_that_have_died_meanwhile(self, tmp_path: Path) -> None:
        with open_run(tmp_path) as run:
            with crew.ready(crew.parent, tmp_path, *NAMES) as other:
                assert run.claim(NAMES) == set()
                other.kill()
                other.wait()
            assert run.claim(NAMES) == set(NAMES)
            assert rows(tmp_path) == set(NAMES[:6])

    def test_nobody_waits_for_the_dead(self, tmp_path: Path) -> None:
        leave_run(tmp_path, *NAMES)
        assert crew.seconds(lambda: open_and_close(tmp_path)) < 5

    def test_a_journal_is_entered_once(self, tmp_path: Path) -> None:
        leave_run(tmp_path, *NAMES[:3])
        settle(tmp_path)
        assert rows(tmp_path) == set(NAMES[:3])
        with open_store(tmp_path) as store:
            store.forget(NAMES[:2])
        settle(tmp_path)
        open_and_close(tmp_path)
        assert rows(tmp_path) == {NAMES[2]}

    def test_what_a_run_has_entered_is_not_entered_again_at_its_end(self, tmp_path: Path) -> None:
        """Else a failure that somebody has forgiven meanwhile would come back."""
        with open_run(tmp_path) as run:
            run.journal.record(replace(FAILURE, name="a" * 32))
            run.merge()
            with open_store(tmp_path) as store:
                store.forgive(["a" * 32])
            run.journal.record(replace(FAILURE, name="b" * 32))
        with Catalog.open(tmp_path) as catalog:
            assert set(catalog.failures()) == {"b" * 32}

    def test_nor_by_those_who_settle_it(self, tmp_path: Path) -> None:
        folder = leave_run(tmp_path, *NAMES[:3])
        with open_store(tmp_path) as store:
            _merge(store, folder)
            store.forget(NAMES[:2])
            assert store.entered(folder.name)
        assert unsettled(tmp_path).entries == ()
        settle(tmp_path)
        assert rows(tmp_path) == {NAMES[2]}
        with open_store(tmp_path) as store:
            assert store.entered(folder.name) == {}  # a run that is gone

    @pytest.mark.parametrize("most", [1, 300, 1000])
    def test_a_long_journal_is_entered_in_parts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
    ) -> None:
        monkeypatch.setattr(runs, "AT_ONCE", most)
        leave_run(tmp_path, *NAMES)
        settle(tmp_path)
        assert rows(tmp_path) == set(NAMES)

    def test_a_kill_between_entering_and_removing_does_no_harm(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = leave_run(tmp_path, *NAMES[:3])

        def die(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(shutil, "rmtree", die)
            with pytest.raises(KeyboardInterrupt):
                settle(tmp_path)
        assert rows(tmp_path) == set(NAMES[:3])
        assert folder.exists()
        settle(tmp_path)
        assert rows(tmp_path) == set(NAMES[:3])
        assert run_folders(tmp_path) == []

    def test_a_folder_without_a_lock_is_of_a_dead_run(self, tmp_path: Path) -> None:
        """It may have been removed in part."""
        folder = leave_run(tmp_path, *NAMES[:3], lock=False)
        assert not is_living(folder)
        settle(tmp_path)
        assert rows(tmp_path) == set(NAMES[:3])
        assert run_folders(tmp_path) == []

    def test_an_empty_folder_goes(self, tmp_path: Path) -> None:
        (tmp_path / "runs/20260102T030405Z-abcdef").mkdir(parents=True)
        settle(tmp_path)
        assert run_folders(tmp_path) == []

    def test_what_a_shared_disk_holds_back_goes_later(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Network disks keep files that are open, under names of their own."""
        leave_run(tmp_path, *NAMES[:3])
        with monkeypatch.context() as patched:
            patched.setattr(Path, "rmdir", refuse)
            patched.setattr("os.rmdir", refuse)
            settle(tmp_path)
        assert len(run_folders(tmp_path)) == 1
        settle(tmp_path)
        assert run_folders(tmp_path) == []
        assert rows(tmp_path) == set(NAMES[:3])

    @pytest.mark.parametrize("damage", ["torn", "flipped"])
    def test_damage_in_a_journal_costs_its_line(self, tmp_path: Path, damage: str) -> None:
        folder = leave_run(tmp_path, *NAMES[:3])
        (journal,) = folder.glob("*.journal")
        data = bytearray(journal.read_bytes())
        if damage == "torn":
            del data[-30:]
        else:
            data[len(data) // 2] ^= 4
        journal.write_bytes(data)
        settle(tmp_path)
        assert rows(tmp_path) == {NAMES[0], NAMES[1 if damage == "torn" else 2]}
        assert run_folders(tmp_path) == []


def open_and_close(root: Path) -> None:
    with open_run(root):
        pass


def refuse(*_: object, **__: object) -> None:
    raise OSError(39, "Directory not empty")


class TestOrphans:
    """A parent that is gone, and a worker that is not."""

    def test_a_run_lives_as_long_as_one_of_its_workers(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("babelgen.store.runs.PATIENCE", 0.3)
        folder = leave_run(tmp_path, *NAMES[:3])
        with crew.ready(crew.worker, folder, *NAMES[3:5]) as worker:
            assert is_living(folder)
            settle(tmp_path)
            with open_run(tmp_path) as run:
                assert run.claim(NAMES) == set()
                assert rows(tmp_path) == set()
                worker.kill()
                worker.wait()
                assert not is_living(folder)
                assert run.claim(NAMES) == set(NAMES)
        assert rows(tmp_path) == set(NAMES[:5])
        assert run_folders(tmp_path) == []

    def test_who_begins_waits_a_moment_for_them(self, tmp_path: Path) -> None:
        folder = leave_run(tmp_path)
        with crew.ready(crew.worker, folder, *NAMES[:2]) as worker:
            assert worker.stdin is not None
            threading.Timer(1.0, worker.stdin.close).start()
            with open_run(tmp_path) as run:
                assert worker.wait(10) == 0
                assert run.claim(NAMES) == set(NAMES)
                assert rows(tmp_path) == set(NAMES[:2])

    def test_nobody_waits_for_the_workers_of_a_run_that_lives(self, tmp_path: Path) -> None:
        with open_run(tmp_path) as run, crew.ready(crew.worker, run.folder, *NAMES[:2]):
            assert crew.seconds(lambda: open_and_close(tmp_path)) < 5


class TestBeginningAndEnd:
    """The folder of a run."""

    def test_it_is_there_for_as_long_as_the_run(self, tmp_path: Path) -> None:
        with open_run(tmp_path) as run:
            assert run_folders(tmp_path) == [run.folder]
            assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{6}", run.folder.name)
            assert is_living(run.folder)
            run.journal.record(picture(NAMES[0]))
            assert rows(tmp_path) == set()
        assert rows(tmp_path) == {NAMES[0]}
        assert every_file(tmp_path) == ["catalog.sqlite", "render.lock"]
        assert run_folders(tmp_path) == []

    @pytest.mark.parametrize("error", [ZeroDivisionError, UserError, KeyboardInterrupt])
    def test_with_an_error_too(self, tmp_path: Path, error: type[BaseException]) -> None:
        def stop() -> None:
            with open_run(tmp_path) as run:
                run.journal.record(picture(NAMES[0]))
                raise error

        with pytest.raises(error):
            stop()
        assert rows(tmp_path) == {NAMES[0]}
        assert run_folders(tmp_path) == []

    def test_of_several_each_goes_by_itself(self, tmp_path: Path) -> None:
        with open_run(tmp_path) as first:
            with open_run(tmp_path) as second:
                assert run_folders(tmp_path) == sorted([first.folder, second.folder])
            assert run_folders(tmp_path) == [first.folder]
            assert is_living(first.folder)

    def test_what_was_told_is_entered_when_it_is_said_and_once(self, tmp_path: Path) -> None:
        with open_run(tmp_path) as run, open_journal(run.folder) as worker:
            worker.record(picture(NAMES[0]))
            run.journal.record(FAILURE)
            run.merge()
            with Catalog.open(tmp_path) as catalog:
                assert catalog.failures() == {FAILURE.name: FAILURE}
            assert rows(tmp_path) == {NAMES[0]}
            with open_store(tmp_path) as store:
                store.forget([NAMES[0], FAILURE.name])
            worker.record(picture(NAMES[1]))
            run.merge()
            with Catalog.open(tmp_path) as catalog:
                assert (catalog.names(), catalog.failures()) == ({NAMES[1]}, {})

    def test_a_library_without_runs_is_left_as_it_is(self, tmp_path: Path) -> None:
        settle(tmp_path)
        settle(tmp_path / "nowhere")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("place", ["file", "file/below"])
    def test_a_folder_that_cannot_be_is_told(self, tmp_path: Path, place: str) -> None:
        (tmp_path / "file").touch()
        with (
            pytest.raises(UserError, match=f"^The library folder {tmp_path / place} cannot be written: "),
            open_run(tmp_path / place),
        ):
            pass

    def test_many_begin_and_end_at_once(self, tmp_path: Path) -> None:
        """Whoever looks at another's lock, to see whether it lives, is in nobody's way."""
        with ExitStack() as stack:
            processes = [stack.enter_context(crew.started(crew.passer_by, tmp_path, 8)) for _ in range(4)]
            codes = [process.wait(60) for process in processes]
        assert codes == [0] * 4
        names = {f"{process.pid}-{number}" for process in processes for number in range(8)}
        assert rows(tmp_path) == names | {str(number) for number in range(8)}
        assert run_folders(tmp_path) == []
