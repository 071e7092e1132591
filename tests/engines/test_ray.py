"""What the Ray engine alone must bear: room in a cluster, machines that go, a cluster of its own, and Ray's habits."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import ray

from babelgen.cli import main
from babelgen.edition import Edition, StatisticsFile
from babelgen.engines import Died, Done, Failed, Order, Outcome, Pile, Pulse, RayEngine, Ready
from babelgen.engines.devices import gpu_count
from babelgen.engines.ray import _anywhere
from babelgen.errors import BabelgenError, UserError
from babelgen.plan import Item
from babelgen.settings import Setting

from . import fake
from .test_contract import plain_items, wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def order(ray_cluster: str, words_edition: Edition, tmp_path: Path) -> Order:
    """An order to the made-up backend, on the cluster of the tests."""
    return Order(words_edition, tmp_path, fake.BACKEND)


def tell_devices(order: Order, items: Iterator[Item]) -> Iterator[Outcome]:
    """A backend that says which device it was told, and which GPUs it sees."""
    device = f"{order.setting.device} {os.environ.get('CUDA_VISIBLE_DEVICES')}"
    yield Ready({"id": "fake", "device": device})
    (order.root / f"{device}.here").touch()
    wait_until(lambda: len(list(order.root.glob("*.here"))) == 2)  # else one might do it all
    for item in items:
        yield Done(fake.picture(order, item, fake.pixels_of(item.key)))


def names_of(outcomes: list[Outcome]) -> list[str]:
    return sorted(outcome.picture.name for outcome in outcomes if isinstance(outcome, Done))


def is_free() -> bool:
    """Whether nobody has room in the cluster."""
    return ray.available_resources().get("CPU") == 2


def test_an_item_that_kills_its_worker_fails_and_the_others_are_done(order: Order) -> None:
    items = plain_items(60)
    fake.make_trouble(order.root, {items[20].name: "die"})
    outcomes = list(RayEngine(2).run(order, Pile(items)))
    assert names_of(outcomes) == [item.name for item in items if item is not items[20]]
    (failed,) = (outcome for outcome in outcomes if isinstance(outcome, Failed))
    assert failed.item == items[20]
    assert failed.reason.startswith("A render worker on ")
    assert " died, with this picture alone, after 3 tries" in failed.reason
    assert fake.asked(order.root).count(items[20].name) == 3
    assert all("Worker exit" in outcome.traceback for outcome in outcomes if isinstance(outcome, Died))


def test_workers_that_die_while_they_start_are_given_up(order: Order) -> None:
    fake.make_trouble(order.root, {"*": "die"})
    with pytest.raises(
        BabelgenError, match=r"^A render worker.* died.*, before it was ready, 3 times in a row"
    ):
        list(RayEngine(1).run(order, Pile(plain_items(3))))


@pytest.mark.parametrize("moment", [Ready, Done])
def test_a_worker_that_is_killed_is_replaced(order: Order, moment: type[Outcome]) -> None:
    """While it waits for work, and with work in hand."""
    items = plain_items(80)
    fake.make_trouble(order.root, {item.name: "slow" for item in items} if moment is Done else {})
    outcomes = RayEngine(1).run(order, Pile(items))
    told: list[Outcome] = list(itertools.takewhile(lambda outcome: not isinstance(outcome, Done), outcomes))
    (worker,) = fake.processes(order.root)
    os.kill(worker, signal.SIGKILL)
    told += outcomes
    assert len(names_of(told)) == 79  # and the one that was told of before
    assert not [outcome for outcome in told if isinstance(outcome, Failed)]


def test_workers_without_room_hold_nobody_up(order: Order) -> None:
    """Two find room; the others begin when these end, find nothing to do, and never stand in the way."""
    items = plain_items(60)
    fake.make_trouble(order.root, {item.name: "slow" for item in items})
    outcomes = list(RayEngine(6).run(order, Pile(items)))
    assert names_of(outcomes) == [item.name for item in items]
    assert len(fake.processes(order.root)) == 2
    assert max(outcome.workers for outcome in outcomes if isinstance(outcome, Pulse)) <= 2
    wait_until(is_free)


def test_workers_end_when_nobody_asks_for_more(order: Order) -> None:
    items = plain_items(2000)
    fake.make_trouble(order.root, {item.name: "slow" for item in items})
    outcomes = RayEngine(2).run(order, Pile(items))
    next(outcome for outcome in outcomes if isinstance(outcome, Done))
    assert isinstance(outcomes, Iterator)
    with contextlib.closing(outcomes):  # type: ignore[type-var]
        start = time.monotonic()
    assert time.monotonic() - start < 3
    asked = fake.asked(order.root)
    wait_until(lambda: not any(map(fake.is_alive, fake.processes(order.root))))
    assert fake.asked(order.root) == asked
    wait_until(is_free)


def test_a_machine_that_vanishes_takes_no_picture_with_it(ray_cluster: str, order: Order) -> None:
    items = plain_items(300)
    fake.make_trouble(order.root, {item.name: "three" for item in items})
    command = [
        sys.executable,
        "-m",
        "ray.scripts.scripts",
        "start",
        "--address",
        ray_cluster,
        "--num-cpus",
        "1",
    ]
    with subprocess.Popen(
        [*command, "--block", "--disable-usage-stats"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    ) as machine:  # fmt: skip
        try:
            wait_until(lambda: ray.cluster_resources()["CPU"] == 3)
            outcomes = RayEngine().run(order, Pile(items))
            told = list(itertools.takewhile(lambda outcome: len(fake_workers(order)) < 3, outcomes))
            os.killpg(machine.pid, signal.SIGKILL)
            told += outcomes
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(machine.pid, signal.SIGKILL)
    assert len(names_of(told)) in (299, 300)  # the one at which the machine was killed was not kept
    assert sum(isinstance(outcome, Died) for outcome in told) == 1
    assert not [outcome for outcome in told if isinstance(outcome, Failed)]
    assert set(fake.asked(order.root)) == {item.name for item in items}


def fake_workers(order: Order) -> set[int]:
    return fake.processes(order.root) if fake.asked(order.root) else set()


@pytest.mark.parametrize("asked", ["auto", "cuda"])
def test_on_gpus_each_worker_has_one_of_its_own(order: Order, asked: str) -> None:
    order = replace(order, backend=f"{__name__}:tell_devices", setting=Setting(asked))
    outcomes = list(RayEngine().run(order, Pile(plain_items(40))))
    devices = [outcome.profile["device"] for outcome in outcomes if isinstance(outcome, Ready)]
    assert sorted(devices) == ["cuda 0", "cuda 1"]
    assert len(names_of(outcomes)) == 40


def test_nothing_to_do_needs_no_cluster(
    words_edition: Edition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert list(RayEngine().run(Order(words_edition, tmp_path, fake.BACKEND), Pile([]))) == []


def test_without_ray_one_sentence_says_so(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["render", "--engine", "ray"]) == 1
    assert capsys.readouterr().err == "error: --engine ray needs Ray: pip install 'babelgen[ray]'.\n"
    assert list(elsewhere.iterdir()) == []


def test_a_folder_that_a_machine_does_not_see_is_told(order: Order) -> None:
    with pytest.raises(UserError, match=r"^.+ is not there on .+: .* a disk that all machines share\.$"):
        list(RayEngine(1).run(replace(order, journals=order.root / "not shared"), Pile(plain_items(1))))


def test_no_path_hangs_on_where_a_worker_is(fitted_edition: Edition, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fitted_edition.statistics is not None
    folder = fitted_edition.statistics.path.parent
    monkeypatch.chdir(folder)
    file = StatisticsFile(Path(fitted_edition.statistics.path.name), "0" * 64, 1)
    edition = replace(fitted_edition, model=Path("model"), words=Path("model/words.txt"), statistics=file)
    order = _anywhere(Order(edition, Path("library")), gpus=False)
    assert order.edition.statistics == replace(file, path=fitted_edition.statistics.path)
    assert (order.edition.model, order.edition.words) == (folder / "model", folder / "model/words.txt")
    assert (order.root, order.journal_folder) == (folder / "library", folder / "library")
    assert order.edition.id == edition.id


SCRIPT = """
import os, signal, sys
from pathlib import Path
from babelgen.edition import load_edition
from babelgen.engines import Done, Order, Pile, RayEngine
from babelgen.errors import UserError
from babelgen.exits import guard
from babelgen.settings import Setting
from tests.engines import fake
from tests.engines.test_contract import plain_items

def main():
    order = Order(load_edition(sys.argv[1]), Path(sys.argv[2]), fake.BACKEND)
    print("starting", flush=True)
    for outcome in RayEngine().run(order, Pile(plain_items(int(sys.argv[3])))):
        if isinstance(outcome, Done):
            print("done", flush=True)

def again():
    main()
    main()
    order = Order(load_edition(sys.argv[1]), Path(sys.argv[2]), fake.BACKEND, Setting("cuda"))
    list(RayEngine().run(order, Pile(plain_items(1))))

if __name__ == "__main__":
    sys.exit(guard(again if len(sys.argv) > 4 else main))
"""


class TestClusterOfItsOwn:
    """Where there is no cluster, in a program of its own."""

    @pytest.fixture
    def start(
        self, words_edition_file: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
        """A function that starts the script: how many items, and `again` for more."""
        script = tmp_path / "script.py"
        script.write_text(SCRIPT)
        home = tmp_path_factory.mktemp("home")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
        with contextlib.ExitStack() as stack:

            def begin(*words: str) -> "subprocess.Popen[str]":
                process = stack.enter_context(
                    subprocess.Popen(
                        [sys.executable, str(script), str(words_edition_file), str(tmp_path), *words],
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
                        env={**kept, "PYTHONPATH": str(ROOT), "RAY_ADDRESS": "local", "HOME": str(home)},
                    )
                )  # fmt: skip
                stack.callback(kill_group, process)
                return process

            yield begin
        assert list(home.iterdir()) == []

    @pytest.mark.skipif(gpu_count() > 0, reason="needs a machine without a GPU")
    def test_it_serves_several_runs_and_says_what_it_lacks(
        self, start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
    ) -> None:
        bad = plain_items(20)[7].name
        fake.make_trouble(tmp_path, {bad: "die"})  # Ray's own account of that is not for our output
        told, complained = start("20", "again").communicate(timeout=100)
        assert told.split() == ["starting", *["done"] * 19] * 2
        assert complained == "error: The Ray cluster has no GPUs for workers.\n"
        assert not any(map(fake.is_alive, fake.processes(tmp_path)))

    def test_workers_end_after_a_parent_that_was_killed(
        self, start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
    ) -> None:
        """Within the time that the next run waits for them: see `store.runs`."""
        items = plain_items(5000)
        fake.make_trouble(tmp_path, {item.name: "slow" for item in items})
        parent = start("5000")
        read_until(parent, "done")
        parent.kill()
        parent.wait()
        workers = fake.processes(tmp_path)
        assert workers
        wait_until(lambda: not any(map(fake.is_alive, workers)), 10)

    @pytest.mark.parametrize(
        ("how", "moment", "trouble"),
        [
            (signal.SIGINT, "starting", ""),
            (signal.SIGINT, "done", "forever"),
            (signal.SIGTERM, "done", "slow"),
        ],
    )
    def test_an_interrupt_ends_everything_in_time_without_noise(
        self, start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path, how: signal.Signals, moment: str, trouble: str
    ) -> None:  # fmt: skip
        """Ctrl-C goes to every process of the group; the worst case is a worker that cannot end."""
        items = plain_items(5000)
        fake.make_trouble(tmp_path, {item.name: trouble for item in items[10:]})
        parent = start("5000")
        read_until(parent, moment)
        if moment == "starting":
            time.sleep(1)  # until it is in the midst of starting a cluster
        begun = time.monotonic()
        if how == signal.SIGINT:
            os.killpg(parent.pid, how)
        else:
            parent.send_signal(how)
        _, complained = parent.communicate(timeout=30)
        assert (parent.returncode, complained) == (130, "error: Interrupted; what was done is kept.\n")
        assert time.monotonic() - begun < 10
        if fake.asked(tmp_path):
            assert not any(map(fake.is_alive, fake.processes(tmp_path)))

    def test_an_address_that_nobody_answers_at_is_told_at_once(
        self, start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        program = (
            "from tests.engines.fake import BACKEND; from babelgen.engines import *; from pathlib import Path\n"
            "from tests.engines.test_contract import plain_items\n"
            "list(RayEngine().run(Order(None, Path(), BACKEND), Pile(plain_items(1))))"
        )
        begun = time.monotonic()
        asked = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT, env={**os.environ, "RAY_ADDRESS": "127.0.0.1:1"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "UserError: No Ray cluster answers at " in asked.stderr
        assert time.monotonic() - begun < 20


def read_until(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdout is not None
    while process.stdout.readline() != f"{line}\n":
        assert process.poll() is None


def kill_group(process: "subprocess.Popen[str]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
