"""What every engine promises, with a backend that is made up and with the real one.

Each run is made once and looked at by many tests, since loading a model takes seconds.
"""

import contextlib
import itertools
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from babelgen.edition import Edition, load_edition
from babelgen.engines import (
    Died,
    Done,
    Engine,
    Failed,
    InlineEngine,
    LocalEngine,
    Order,
    Outcome,
    Pile,
    Pulse,
    RayEngine,
    Ready,
)
from babelgen.engines.engine import DIFFUSION, resolve
from babelgen.errors import BabelgenError, UserError
from babelgen.keys import Address, format_key
from babelgen.plan import Item
from babelgen.store import in_place
from babelgen.tokens import tokens_of

from .. import tiny
from . import fake

ENGINES: dict[str, Callable[[], Engine]] = {
    "inline": InlineEngine,
    "local": lambda: LocalEngine(2),
    "many": lambda: LocalEngine(3),
    "ray": lambda: RayEngine(2),
}
BACKENDS = {"fake": fake.BACKEND, "diffusion": DIFFUSION}
RUNS = [
    ("inline", "fake"),
    ("local", "fake"),
    ("many", "fake"),
    ("ray", "fake"),
    ("inline", "diffusion"),
    ("local", "diffusion"),
    ("ray", "diffusion"),
]

BAD = 3  # the place of the one item that fails

pytestmark = pytest.mark.usefixtures("ray_cluster")


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    assert multiprocessing.active_children() == []


@pytest.fixture(scope="module")
def poisoned(tiny_edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Edition:
    """The tiny edition with a model in which one word leads to pictures that are no numbers."""
    folder = tmp_path_factory.mktemp("poisoned")
    return load_edition(str(tiny.make_poisoned(folder, tiny_edition.model, "fog")))


def make_items(edition: Edition, count: int = 11) -> list[Item]:
    """Items of different prompts, pages and steps; the one in place BAD is of the poisoned word."""
    space, tokens = edition.key_space(), tokens_of(edition)
    items = []
    for at in range(count):
        prompt = "in the fog" if at == BAD else tiny.WORDS[at % 2]
        key = format_key(Address(1 + at % 5, tokens.shelf(prompt), at), space)
        items.append(Item(f"{at:032x}", key, 1 + at % 5))
    return items


@dataclass(frozen=True)
class Run:
    """One run, as it went."""

    items: list[Item]
    root: Path
    outcomes: list[Outcome]

    @property
    def told(self) -> list[Outcome]:
        """All but that nothing has happened."""
        return [outcome for outcome in self.outcomes if not isinstance(outcome, Pulse)]

    @property
    def done(self) -> dict[str, Done]:
        return {outcome.picture.name: outcome for outcome in self.outcomes if isinstance(outcome, Done)}


@pytest.fixture(scope="module")
def make_run(poisoned: Edition, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Run]:
    """A function that runs eleven items, one of them bad, through an engine and a backend; once each."""
    runs: dict[tuple[str, str], Run] = {}

    def make(engine: str, backend: str) -> Run:
        if (engine, backend) not in runs:
            items, root = make_items(poisoned), tmp_path_factory.mktemp("run")
            fake.make_trouble(root, {items[BAD].name: "fail"})
            order = Order(poisoned, root, BACKENDS[backend])
            runs[engine, backend] = Run(items, root, list(ENGINES[engine]().run(order, Pile(items))))
        return runs[engine, backend]

    return make


@pytest.fixture(params=RUNS, ids="-".join)
def run(request: pytest.FixtureRequest, make_run: Callable[[str, str], Run]) -> Run:
    """Each engine with each backend."""
    return make_run(*request.param)


def test_every_item_has_exactly_one_outcome(run: Run) -> None:
    names = [
        outcome.picture.name if isinstance(outcome, Done) else outcome.item.name
        for outcome in run.told
        if isinstance(outcome, Done | Failed)
    ]
    assert sorted(names) == [item.name for item in run.items]


def test_a_failing_item_has_a_reason_and_the_others_go_on(run: Run) -> None:
    failed = [outcome for outcome in run.outcomes if isinstance(outcome, Failed)]
    assert [outcome.item for outcome in failed] == [run.items[BAD]]
    assert "values that are not numbers" in failed[0].reason
    assert len(run.done) == len(run.items) - 1
    assert not in_place(run.root, run.items[BAD].name)


def test_a_picture_is_in_its_place_when_it_is_reported(run: Run) -> None:
    for item in run.items:
        if item.name in run.done:
            picture = run.done[item.name].picture
            assert (picture.key, picture.steps, picture.width, picture.height) == (
                item.key,
                item.steps,
                16,
                8,
            )
            assert in_place(run.root, item.name)


def test_workers_are_ready_before_their_first_picture(run: Run) -> None:
    assert isinstance(run.told[0], Ready)
    ready = [outcome for outcome in run.outcomes if isinstance(outcome, Ready)]
    assert len({outcome.profile["id"] for outcome in ready}) == 1
    assert {outcome.picture.profile for outcome in run.done.values()} == {ready[0].profile["id"]}


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_engine_makes_the_same_pixels(make_run: Callable[[str, str], Run], backend: str) -> None:
    hashes = [
        {name: done.picture.sha256 for name, done in make_run(engine, other).done.items()}
        for engine, other in RUNS
        if other == backend
    ]
    assert all(other == hashes[0] for other in hashes)
    assert len(set(hashes[0].values())) == len(hashes[0])


def test_work_is_done_in_other_processes_but_inline(make_run: Callable[[str, str], Run]) -> None:
    assert fake.processes(make_run("inline", "fake").root) == {os.getpid()}
    for engine in ("local", "ray"):
        assert os.getpid() not in fake.processes(make_run(engine, "fake").root)


def test_every_engine_computes_in_one_way(make_run: Callable[[str, str], Run]) -> None:
    """One thread a worker, among other things; inline this process has as many as the tests before it left."""
    profiles = {
        outcome.profile["id"]
        for engine in ("local", "ray")
        for outcome in make_run(engine, "diffusion").outcomes
        if isinstance(outcome, Ready)
    }
    assert len(profiles) == 1


@pytest.fixture(params=["inline", "local", "ray"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine."""
    return ENGINES[request.param]()


@pytest.fixture
def order(words_edition: Edition, tmp_path: Path) -> Order:
    """An order to the made-up backend."""
    return Order(words_edition, tmp_path, fake.BACKEND)


def plain_items(count: int) -> list[Item]:
    """Items of keys that only the made-up backend takes."""
    return [Item(f"{at:032x}", f"key {at}", 1) for at in range(count)]


@pytest.mark.parametrize("count", [0, 1, 40])
def test_any_number_of_items_is_worked_on(engine: Engine, order: Order, count: int) -> None:
    outcomes = list(engine.run(order, Pile(plain_items(count))))
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == count
    assert sorted(fake.asked(order.root)) == [item.name for item in plain_items(count)]


@pytest.mark.parametrize("where", ["*", plain_items(20)[10].name])
def test_a_users_error_in_a_worker_is_a_users_error(engine: Engine, order: Order, where: str) -> None:
    fake.make_trouble(order.root, {where: "user"})
    with pytest.raises(UserError, match=r"^The model is not there\.$"):
        list(engine.run(order, Pile(plain_items(20))))


def test_a_model_that_is_not_there_is_a_users_error(words_edition: Edition, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=f"^The model of edition {words_edition.id} in .* has no weights for its text_encoder"
    ):
        list(InlineEngine().run(Order(words_edition, tmp_path), Pile(plain_items(1))))


@pytest.mark.parametrize(
    ("trouble", "told"),
    [("slip", "ZeroDivisionError: a slip of ours"), ("end of file", "EOFError: a slip of ours")],
)
def test_a_slip_before_the_first_item_is_no_users_error(
    engine: Engine, order: Order, trouble: str, told: str
) -> None:
    fake.make_trouble(order.root, {"*": trouble})
    with pytest.raises(Exception, match=told.partition(": ")[2]) as slip:
        list(engine.run(order, Pile(plain_items(20))))
    assert not isinstance(slip.value, BabelgenError)
    assert told in f"{type(slip.value).__name__}: {slip.value}"


def test_an_item_that_meets_a_slip_is_tried_three_times_and_fails_alone(engine: Engine, order: Order) -> None:
    items = plain_items(40)
    fake.make_trouble(order.root, {items[20].name: "slip", items[3].name: "slip"})
    outcomes = list(engine.run(order, Pile(items)))
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 38
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    assert sorted(outcome.item.name for outcome in failed) == [items[3].name, items[20].name]
    assert all("ZeroDivisionError: a slip of ours" in outcome.reason for outcome in failed)
    assert [fake.asked(order.root).count(items[at].name) for at in (3, 20)] == [3, 3]
    died = [outcome for outcome in outcomes if isinstance(outcome, Died)]
    assert len(died) == 6
    assert all("Traceback" in outcome.traceback for outcome in died)


@pytest.mark.parametrize("backend", ["tests.engines.nowhere:work", "tests.engines.fake:nothing"])
def test_a_backend_that_is_not_there_is_a_slip_of_ours(engine: Engine, order: Order, backend: str) -> None:
    with pytest.raises(Exception, match=r"nowhere|nothing") as slip:
        list(engine.run(Order(order.edition, order.root, backend), Pile(plain_items(1))))
    assert not isinstance(slip.value, BabelgenError)


def test_a_supply_that_fails_ends_the_run(engine: Engine, order: Order) -> None:
    """Else its workers would wait for ever for what was taken and is nowhere now."""

    class Refusing(Pile):
        def take(self, most: int) -> list[Item]:
            if len(self) < 10:
                raise OSError(28, "No space left on device")
            return super().take(most)

    with pytest.raises((OSError, BabelgenError), match="No space left"):
        list(engine.run(order, Refusing(plain_items(30))))


def test_what_was_done_before_an_error_was_reported(engine: Engine, order: Order) -> None:
    items = plain_items(30)
    fake.make_trouble(order.root, {items[-1].name: "user"})
    outcomes: list[Outcome] = []
    with pytest.raises(UserError):
        outcomes.extend(engine.run(order, Pile(items)))
    done = sum(isinstance(outcome, Done) for outcome in outcomes)
    assert done >= len(items) - 8  # the other worker may hold some still


def test_the_real_backend_is_where_it_is_said_to_be() -> None:
    assert resolve(DIFFUSION).__module__ == "babelgen.diffusion.worker"


class TestWorkers:
    """What only processes can suffer."""

    @pytest.mark.parametrize("workers", [1, 2])
    def test_an_item_that_kills_its_worker_fails_and_the_others_are_done(
        self, order: Order, workers: int
    ) -> None:
        items = plain_items(60)
        fake.make_trouble(order.root, {items[20].name: "die"})
        outcomes = list(LocalEngine(workers).run(order, Pile(items)))
        assert sorted(outcome.picture.name for outcome in outcomes if isinstance(outcome, Done)) == [
            item.name for item in items if item is not items[20]
        ]
        (failed,) = (outcome for outcome in outcomes if isinstance(outcome, Failed))
        assert failed.item == items[20]
        assert failed.reason.startswith("A render worker died (exit code -9), with this picture alone")
        assert fake.asked(order.root).count(items[20].name) == 3

    def test_workers_that_die_while_they_start_are_given_up(self, order: Order) -> None:
        fake.make_trouble(order.root, {"*": "die"})
        with pytest.raises(
            BabelgenError, match=r"^A render worker died \(exit code -9\), before it was ready"
        ):
            list(LocalEngine(1).run(order, Pile(plain_items(3))))

    def test_a_worker_killed_while_it_waits_for_work_is_replaced(self, order: Order) -> None:
        """Its last words are read first; then there is nobody to hand the next items to."""
        outcomes = LocalEngine(1).run(order, Pile(plain_items(40)))
        assert isinstance(next(outcomes), Ready)
        (worker,) = multiprocessing.active_children()
        time.sleep(0.2)  # until it has asked and waits
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        assert sum(isinstance(outcome, Done) for outcome in outcomes) == 40

    def test_a_worker_killed_with_items_in_hand_is_replaced(self, order: Order) -> None:
        items = plain_items(80)
        fake.make_trouble(order.root, {item.name: "slow" for item in items})
        outcomes = LocalEngine(1).run(order, Pile(items))
        told = list(itertools.takewhile(lambda outcome: not isinstance(outcome, Done), outcomes))
        (worker,) = multiprocessing.active_children()
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        told += outcomes
        assert sum(isinstance(outcome, Done) for outcome in told) == 79  # and the one that was told of before
        assert not [outcome for outcome in told if isinstance(outcome, Failed)]

    def test_workers_end_when_nobody_asks_for_more(self, order: Order) -> None:
        outcomes = LocalEngine(2).run(order, Pile(plain_items(100)))
        next(outcomes)
        assert len(multiprocessing.active_children()) == 2
        with contextlib.closing(outcomes):
            pass
        assert multiprocessing.active_children() == []

    def test_a_worker_that_does_not_end_is_killed(
        self, order: Order, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        items = plain_items(3)
        fake.make_trouble(order.root, {item.name: "forever" for item in items[1:]})
        monkeypatch.setattr("babelgen.engines.local.PATIENCE", 0.5)
        outcomes = LocalEngine(2).run(order, Pile(items))
        next(outcome for outcome in outcomes if isinstance(outcome, Done))
        start = time.monotonic()
        outcomes.close()
        assert time.monotonic() - start < 5

    def test_an_engine_can_run_again(self, order: Order) -> None:
        engine = LocalEngine(1)
        for _ in range(2):
            assert sum(isinstance(outcome, Done) for outcome in engine.run(order, Pile(plain_items(3)))) == 3


SCRIPT = """
import sys
from pathlib import Path
from babelgen.edition import load_edition
from babelgen.engines import Done, LocalEngine, Order, Pile
from babelgen.exits import guard
from tests.engines import fake
from tests.engines.test_contract import plain_items

def main():
    order = Order(load_edition(sys.argv[1]), Path(sys.argv[2]), fake.BACKEND)
    print("starting", flush=True)
    for outcome in LocalEngine(2).run(order, Pile(plain_items(5000))):
        if isinstance(outcome, Done):
            print("done", flush=True)

if __name__ == "__main__":
    sys.exit(guard(main))
"""


class TestParent:
    """The parent process interrupted and killed."""

    @pytest.fixture
    def parent(self, order: Order, words_edition_file: Path) -> Iterator[subprocess.Popen[str]]:
        fake.make_trouble(order.root, {item.name: "slow" for item in plain_items(5000)})
        script = order.root / "script.py"
        script.write_text(SCRIPT)
        with subprocess.Popen(
            [sys.executable, str(script), str(words_edition_file), str(order.root)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        ) as process:  # fmt: skip
            yield process
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def test_workers_end_after_a_parent_that_was_killed(
        self, parent: subprocess.Popen[str], order: Order
    ) -> None:
        assert parent.stdout is not None
        while parent.stdout.readline() != "done\n":
            pass
        parent.kill()
        parent.wait()
        workers = fake.processes(order.root)
        assert workers
        wait_until(lambda: not any(map(fake.is_alive, workers)))

    @pytest.mark.parametrize("moment", ["starting", "done"])
    def test_an_interrupt_ends_everything_without_noise(
        self, parent: subprocess.Popen[str], order: Order, moment: str
    ) -> None:
        """Ctrl-C on a terminal goes to every process of the group, at any moment."""
        assert parent.stdout is not None
        while parent.stdout.readline() != f"{moment}\n":
            pass
        if moment == "starting":  # until both workers have begun to load what they need
            wait_until(lambda: sum(map(is_python, children(parent.pid))) == 2)
        os.killpg(parent.pid, signal.SIGINT)
        _, told = parent.communicate(timeout=30)
        assert (parent.returncode, told) == (130, "error: Interrupted; what was done is kept.\n")
        assert not any(map(fake.is_alive, fake.processes(order.root) if fake.asked(order.root) else ()))


def children(process: int) -> list[str]:
    """The processes that a process started."""
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def is_python(process: str) -> bool:
    """Whether a process is so far that Python would turn an interrupt into an exception."""
    (caught,) = re.findall(r"SigCgt:\s*(\w+)", Path(f"/proc/{process}/status").read_text())
    return bool(int(caught, 16) & 1 << signal.SIGINT - 1)


def wait_until(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that happens soon."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
