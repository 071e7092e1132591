"""The farm: nothing that was reported is lost, nothing is done twice, whatever moment it is stopped."""

import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from babelgen.catalog import Catalog, Failure
from babelgen.engines import (
    Died,
    Done,
    Engine,
    Failed,
    InlineEngine,
    LocalEngine,
    Order,
    Outcome,
    Ready,
    Supply,
)
from babelgen.engines.foreman import LARGEST_SHARE
from babelgen.errors import BabelgenError, UserError
from babelgen.farm import Tally, render_library
from babelgen.library import Library, load_library
from babelgen.picture import pixel_hash
from babelgen.plan import Plan
from babelgen.store import file_of, in_place, open_run
from babelgen.store.runs import run_folders

from .conftest import LibraryFactory
from .engines import fake
from .engines.test_contract import wait_until

COUNT = 40
MANY = 200


@dataclass
class Witness:
    """Progress that checks the law: what it is told of is in the catalog already."""

    root: Path
    plans: list[Plan] = field(default_factory=list)
    told: list[Outcome] = field(default_factory=list)
    others: tuple[int, int] = (0, 0)

    def planned(self, plan: Plan) -> None:
        self.plans.append(plan)

    def advanced(self, outcome: Outcome) -> None:
        self.told.append(outcome)
        with Catalog.open(self.root) as catalog:
            if isinstance(outcome, Ready):
                assert outcome.profile["id"] in catalog.profiles()
            elif isinstance(outcome, Done):
                assert catalog.picture(outcome.picture.name) == outcome.picture
                assert in_place(self.root, outcome.picture.name)
            elif isinstance(outcome, Failed):
                assert outcome.item.name in catalog.failures()

    def shared(self, done: int, taken: int) -> None:
        self.others = (done, taken)

    def developing(self, count: int) -> None:
        assert count

    def waiting(self, count: int) -> None:
        assert count


@pytest.fixture
def library(words_library: LibraryFactory) -> Library:
    return load_library(words_library({"kind": "range", "count": COUNT}))


@pytest.fixture
def few(words_library: LibraryFactory) -> Library:
    """A library of five pictures, one of them in two collections."""
    return load_library(
        words_library({"kind": "range", "count": 3}, {"kind": "range", "page": 2, "count": 3}, name="few")
    )


def render(library: Library, engine: Engine | None = None, retry: bool = False) -> Tally:
    witness = Witness(library.root)
    return render_library(library, engine or InlineEngine(), witness, retry, fake.BACKEND)


def names(library: Library) -> list[str]:
    return list(dict.fromkeys(entry.name for entry in library.entries()))


def rows(library: Library) -> set[str]:
    with Catalog.open(library.root) as catalog:
        return catalog.names()


def pictures(library: Library) -> dict[str, str]:
    """The hashes of the pixels of all picture files; each must be whole."""
    found = {}
    for path in library.root.glob("pictures/*/*.png"):
        with Image.open(path) as image:
            found[path.stem] = pixel_hash(np.asarray(image))
    return found


def check_whole(library: Library) -> None:
    """Every picture of a library is there, whole, with the pixels and the hash that it must have."""
    with Catalog.open(library.root) as catalog:
        rows = {picture.name: picture.sha256 for picture in catalog.all()}
    expected = {entry.name: pixel_hash(fake.pixels_of(entry.key)) for entry in library.entries()}
    assert rows == pictures(library) == expected


@pytest.mark.parametrize("engine", [InlineEngine(), LocalEngine(2)], ids=["inline", "local"])
def test_a_library_is_rendered_once(few: Library, engine: Engine) -> None:
    tally = render(few, engine)
    assert (tally.rendered, tally.done_before, tally.failures) == (5, 0, ())
    check_whole(few)
    tally = render(few, engine)
    assert (tally.rendered, tally.done_before, tally.failures) == (0, 5, ())
    assert sorted(fake.asked(few.root)) == sorted(names(few))


def test_what_a_run_knows_of_itself_is_recorded(few: Library) -> None:
    render(few)
    (edition,) = {collection.edition for collection in few.collections}
    with Catalog.open(few.root) as catalog:
        assert catalog.profiles() == {"fake": fake.PROFILE}
        assert catalog.editions() == {edition.id: dict(edition.facts())}


@pytest.mark.parametrize("folder", ["pictures", "views", "thumbs"])
def test_what_was_lost_is_rendered_again(few: Library, folder: str) -> None:
    render(few)
    first, second = names(few)[:2]
    file_of(few.root, folder, first).unlink()
    file_of(few.root, folder, second).write_bytes(b"")
    assert render(few).rendered == 2
    check_whole(few)


def test_what_fails_is_recorded_and_tried_again_on_request(few: Library) -> None:
    bad = names(few)[1]
    fake.make_trouble(few.root, {bad: "fail"})
    tally = render(few)
    assert (tally.rendered, [failure.name for failure in tally.failures]) == (4, [bad])
    with Catalog.open(few.root) as catalog:
        assert catalog.failures()[bad].reason == "It has values that are not numbers."
    again = render(few)
    assert (again.rendered, again.failures, again.failed_before) == (0, (), 1)
    assert fake.asked(few.root).count(bad) == 1
    fake.make_trouble(few.root, {})
    assert render(few, retry=True).rendered == 1
    with Catalog.open(few.root) as catalog:
        assert catalog.failures() == {}
    check_whole(few)


def test_what_fails_again_is_still_recorded(few: Library) -> None:
    fake.make_trouble(few.root, dict.fromkeys(names(few), "fail"))
    assert [len(render(few, retry=True).failures) for _ in range(2)] == [5, 5]
    with Catalog.open(few.root) as catalog:
        assert (set(catalog.failures()), catalog.count()) == (set(names(few)), 0)


def test_what_was_done_before_an_error_is_kept(library: Library) -> None:
    fake.make_trouble(library.root, {names(library)[COUNT // 2]: "user"})
    with pytest.raises(UserError):
        render(library, LocalEngine(1))
    with Catalog.open(library.root) as catalog:
        assert catalog.count() == COUNT // 2
    fake.make_trouble(library.root, {})
    assert render(library).rendered == COUNT // 2
    check_whole(library)


def test_what_happened_before_an_error_is_told(library: Library) -> None:
    """Every death of the workers that it was given up for."""
    fake.make_trouble(library.root, {"*": "die"})
    witness = Witness(library.root)
    with pytest.raises(BabelgenError, match="3 times in a row"):
        render_library(library, LocalEngine(1), witness, backend=fake.BACKEND)
    assert sum(isinstance(outcome, Died) for outcome in witness.told) == 3


@pytest.mark.parametrize("trouble", ["die", "slip"])
def test_a_picture_that_kills_its_worker_fails_alone(library: Library, trouble: str) -> None:
    bad = names(library)[COUNT // 2]
    fake.make_trouble(library.root, {bad: trouble})
    tally = render(library, LocalEngine(2))
    assert (tally.rendered, [failure.name for failure in tally.failures]) == (COUNT - 1, [bad])
    fake.make_trouble(library.root, {})
    assert render(library, retry=True).rendered == 1
    check_whole(library)


def test_a_changed_library_renders_only_what_is_new(words_library: LibraryFactory, few: Library) -> None:
    render(few)
    text = (few.root / "library.toml").read_text()
    (few.root / "library.toml").write_text(text.replace("count = 3", "count = 4"))
    assert render(load_library(few.root)).rendered == 1
    (few.root / "library.toml").write_text(text.replace("count = 3", "count = 1"))
    assert render(load_library(few.root)).rendered == 0


def test_workers_end_before_a_run_does(library: Library) -> None:
    """Also when it ends by what its owner makes of the news: else it would still live when it is settled."""

    class Startled(Witness):
        def advanced(self, outcome: Outcome) -> None:
            super().advanced(outcome)
            if isinstance(outcome, Done):
                raise KeyboardInterrupt

    fake.make_trouble(library.root, dict.fromkeys(names(library), "slow"))
    with pytest.raises(KeyboardInterrupt) as stopped:
        render_library(library, LocalEngine(2), Startled(library.root), backend=fake.BACKEND)
    assert stopped.traceback  # as long as this is held, so is everything that was going on
    assert run_folders(library.root) == []
    assert set(pictures(library)) == rows(library)
    render(library)
    check_whole(library)


def test_who_waits_for_another_run_starts_no_workers(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one has taken on everything, and ends without having done it."""
    monkeypatch.setattr("babelgen.farm.LOOK_AGAIN", 0.05)
    started: list[int] = []

    class Watched(InlineEngine):
        def run(self, order: Order, supply: Supply) -> Iterator[Outcome]:
            for outcome in super().run(order, supply):
                if isinstance(outcome, Ready):
                    started.append(len(looks))
                yield outcome

    looks: list[int] = []

    class Looker(Witness):
        def waiting(self, count: int) -> None:
            looks.append(count)
            if len(looks) == 5:
                other.close()

    other = contextlib.ExitStack()
    other.enter_context(open_run(library.root)).claim(names(library))
    tally = render_library(library, Watched(), Looker(library.root), backend=fake.BACKEND)
    assert (tally.rendered, tally.done_elsewhere) == (COUNT, 0)
    assert started == [0, 5]  # once to see that there is nothing to do, and once when there was
    assert looks == [COUNT] * 5
    check_whole(library)


SCRIPT = """
import sys, time
from pathlib import Path
import babelgen.farm
from babelgen.engines import Done, LocalEngine
from babelgen.exits import guard
from babelgen.farm import render_library
from babelgen.library import load_library
from tests.engines import fake

class Speaker:
    def planned(self, plan):
        print("planned", flush=True)
        while "wait" in sys.argv and not Path(sys.argv[1], "go").exists():
            time.sleep(0.01)
    def shared(self, done, taken): pass
    def waiting(self, count): pass
    def advanced(self, outcome):
        if isinstance(outcome, Done):
            print("done", flush=True)

def main():
    babelgen.farm.MERGE_EVERY = 0
    library, retry = load_library(Path(sys.argv[1])), "retry" in sys.argv
    tally = render_library(library, LocalEngine(2), Speaker(), retry, fake.BACKEND)
    print(tally.rendered, tally.done_elsewhere, len(tally.failures), flush=True)

if __name__ == "__main__":
    sys.exit(guard(main))
"""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(library: Library) -> Iterator[Start]:
    """A function that starts to render the library slowly, in processes of their own group.

    It returns when the plan is made; with `wait` the render goes on when there is a file `go` in the library.
    """
    fake.make_trouble(library.root, dict.fromkeys(names(library), "slow"))
    script = library.root / "script.py"
    script.write_text(SCRIPT)
    with contextlib.ExitStack() as stack:

        def begin(*words: str) -> "subprocess.Popen[str]":
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, str(script), str(library.root), *words],
                    stdout=subprocess.PIPE, text=True, start_new_session=True,
                    env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
                )
            )  # fmt: skip
            stack.callback(kill_group, process)
            assert told(process) == "planned"
            return process

        yield begin


def failures(library: Library) -> dict[str, Failure]:
    with Catalog.open(library.root) as catalog:
        return catalog.failures()


def told(process: "subprocess.Popen[str]") -> str:
    """The next thing that a render says."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ended(process: "subprocess.Popen[str]") -> tuple[int, ...]:
    """What a render says at its end, when all is well: pictures rendered, made by others, failed."""
    assert process.stdout is not None
    last = process.stdout.read().splitlines()[-1]
    assert process.wait() == 0
    return tuple(map(int, last.split()))


def kill_group(process: "subprocess.Popen[str]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def kill_parent(process: "subprocess.Popen[str]") -> None:
    process.kill()


@pytest.mark.parametrize("kill", [kill_group, kill_parent])
def test_a_render_that_was_killed_is_carried_on(
    library: Library,
    start: Start,
    kill: Callable[["subprocess.Popen[str]"], None],
) -> None:
    """Killed after the first picture, and again after twelve more; then nothing is lost and nothing is half."""
    for pause in (1, 12):
        process = start()
        assert process.stdout is not None
        for _ in range(pause):
            assert process.stdout.readline() == "done\n"
        kill(process)
        reported = pause + process.stdout.read().count("done\n")
        process.wait()
        with Catalog.open(library.root) as catalog:
            assert catalog.count() >= reported
            assert all(in_place(library.root, name) for name in catalog.names())
        pictures(library)  # each whole, reported or not
    assert render(library).done_before >= 13
    check_whole(library)


def test_workers_of_a_killed_parent_do_no_harm(library: Library, start: Start) -> None:
    """They may still write while the next render does."""
    process = start()
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.wait()
    render(library)
    check_whole(library)
    wait_until(lambda: not any(map(fake.is_alive, fake.processes(library.root) - {os.getpid()})))
    check_whole(library)


@pytest.fixture
def many(words_library: LibraryFactory) -> Library:
    """As `library`, of several times as many pictures: enough for each of two renders."""
    return load_library(words_library({"kind": "range", "count": MANY}))


class TestTwoAtOnce:
    """Two renders on one library, each a process with workers of its own."""

    @pytest.fixture
    def library(self, many: Library) -> Library:
        return many

    @pytest.fixture
    def both(self, library: Library, start: Start) -> list["subprocess.Popen[str]"]:
        """Two renders that have made their plans, each of everything."""
        return [start("wait") for _ in range(2)]

    def test_every_picture_is_made_once(self, library: Library, both: list["subprocess.Popen[str]"]) -> None:
        (library.root / "go").touch()
        tallies = [ended(process) for process in both]
        assert [sum(tally) for tally in tallies] == [MANY] * 2
        assert sum(tally[0] for tally in tallies) == MANY
        assert all(tally[0] for tally in tallies)
        assert sorted(fake.asked(library.root)) == sorted(names(library))
        check_whole(library)
        assert run_folders(library.root) == []

    @pytest.mark.parametrize("kill", [kill_group, kill_parent])
    def test_what_a_killed_one_had_the_other_does(
        self,
        library: Library,
        both: list["subprocess.Popen[str]"],
        kill: Callable[["subprocess.Popen[str]"], None],
    ) -> None:
        (library.root / "go").touch()
        for _ in range(3):
            assert told(both[0]) == "done"
        kill(both[0])
        before = rows(library)
        rendered, elsewhere, failed = ended(both[1])
        assert rendered + elsewhere == MANY
        assert (elsewhere >= 3, failed) == (True, 0)
        assert before <= rows(library)
        check_whole(library)
        again = Counter(fake.asked(library.root)) - Counter(names(library))
        assert set(again.values()) <= {1}
        assert len(again) <= 2 * 2 * LARGEST_SHARE  # what two workers had in hand, and no more
        assert run_folders(library.root) == []

    def test_what_one_failed_the_other_tries_again_meanwhile(self, library: Library, start: Start) -> None:
        bad, *others = names(library)
        fake.make_trouble(library.root, {bad: "fail", **dict.fromkeys(others, "slow")})
        first = start()
        wait_until(lambda: bad in failures(library))
        fake.make_trouble(library.root, dict.fromkeys(others, "slow"))
        assert ended(start("retry"))[2] == 0
        assert ended(first)[2] == 1
        check_whole(library)
        assert failures(library) == {}

    def test_what_failed_before_is_tried_again_once(self, library: Library, start: Start) -> None:
        bad = names(library)[::2]
        fake.make_trouble(library.root, dict.fromkeys(bad, "fail"))
        assert len(render(library).failures) == len(bad)
        fake.make_trouble(library.root, dict.fromkeys(bad, "slow"))
        (library.root / "asked.log").unlink()
        both = [start("wait", "retry") for _ in range(2)]
        (library.root / "go").touch()
        tallies = [ended(process) for process in both]
        assert [sum(tally) for tally in tallies] == [len(bad)] * 2
        assert sum(tally[0] for tally in tallies) == len(bad)
        assert sorted(fake.asked(library.root)) == sorted(bad)
        check_whole(library)
