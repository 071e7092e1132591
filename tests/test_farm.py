"""The farm: nothing that was reported is lost, nothing is done twice, whatever moment it is stopped."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from babelgen.catalog import Catalog
from babelgen.engines import Done, Engine, Failed, InlineEngine, LocalEngine, Outcome, Ready
from babelgen.errors import UserError
from babelgen.farm import Tally, render_library
from babelgen.library import Library, load_library
from babelgen.picture import pixel_hash
from babelgen.plan import Plan
from babelgen.store import file_of, in_place

from .conftest import LibraryFactory
from .engines import fake
from .engines.test_contract import wait_until

COUNT = 40


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

    def shared(self, done: int, waiting: int) -> None:
        self.others = (done, waiting)


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


SCRIPT = """
import sys
from pathlib import Path
import babelgen.farm
from babelgen.engines import Done, LocalEngine
from babelgen.farm import render_library
from babelgen.library import load_library
from tests.engines import fake

class Speaker:
    def planned(self, plan): pass
    def shared(self, done, waiting): pass
    def advanced(self, outcome):
        if isinstance(outcome, Done):
            print("done", flush=True)

if __name__ == "__main__":
    babelgen.farm.MERGE_EVERY = 0
    render_library(load_library(Path(sys.argv[1])), LocalEngine(2), Speaker(), backend=fake.BACKEND)
"""


@pytest.fixture
def start(library: Library) -> Iterator[Callable[[], "subprocess.Popen[str]"]]:
    """A function that starts to render the library slowly, in processes of their own group."""
    fake.make_trouble(library.root, dict.fromkeys(names(library), "slow"))
    script = library.root / "script.py"
    script.write_text(SCRIPT)
    with contextlib.ExitStack() as stack:

        def begin() -> "subprocess.Popen[str]":
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, str(script), str(library.root)],
                    stdout=subprocess.PIPE, text=True, start_new_session=True,
                    env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
                )
            )  # fmt: skip
            stack.callback(kill_group, process)
            return process

        yield begin


def kill_group(process: "subprocess.Popen[str]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def kill_parent(process: "subprocess.Popen[str]") -> None:
    process.kill()


@pytest.mark.parametrize("kill", [kill_group, kill_parent])
def test_a_render_that_was_killed_is_carried_on(
    library: Library,
    start: Callable[[], "subprocess.Popen[str]"],
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


def test_workers_of_a_killed_parent_do_no_harm(
    library: Library, start: Callable[[], "subprocess.Popen[str]"]
) -> None:
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
