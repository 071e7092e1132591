"""Devices: who gets which, who is refused, and that a worker asks for more before it has nothing left."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from multiprocessing import Pipe
from pathlib import Path

import pytest

from babelgen.edition import Edition
from babelgen.engines import Done, LocalEngine, Order, Outcome, Pile, Ready
from babelgen.engines.devices import choose_device, gpu_count
from babelgen.engines.foreman import LARGEST_SHARE
from babelgen.engines.local import _Parent, _Want
from babelgen.errors import UserError
from babelgen.plan import Item
from babelgen.settings import Setting

from . import fake
from .test_contract import plain_items


def work(order: Order, items: Iterator[Item]) -> Iterator[Outcome]:
    """The made-up backend, with a profile that says where it thinks it is."""
    yield Ready({"id": "fake", "device": order.setting.device})
    yield from (outcome for outcome in fake.work(order, items) if not isinstance(outcome, Ready))


@pytest.fixture(autouse=True)
def _ask_again() -> Iterator[None]:
    gpu_count.cache_clear()
    yield
    gpu_count.cache_clear()


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one place where a driver is looked for; nothing is there."""
    monkeypatch.setattr("babelgen.engines.devices.DRIVERS", (tmp_path / "driver",))
    return tmp_path / "driver"


def test_without_a_driver_nobody_is_asked(driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "nowhere")
    assert gpu_count() == 0
    driver.touch()
    gpu_count.cache_clear()
    with pytest.raises(FileNotFoundError):
        gpu_count()


@pytest.mark.parametrize(("says", "count"), [("print(3)", 3), ("print(0)", 0), ("raise SystemExit(1)", 0)])
def test_with_a_driver_another_process_is_asked_once(
    driver: Path, monkeypatch: pytest.MonkeyPatch, says: str, count: int
) -> None:
    driver.touch()
    monkeypatch.setattr("babelgen.engines.devices._ASK", says)
    assert gpu_count() == count
    monkeypatch.setattr("babelgen.engines.devices._ASK", "print(7)")
    assert gpu_count() == count


def test_what_torch_says_is_what_this_process_would_hear(driver: Path) -> None:
    import torch

    driver.touch()
    assert gpu_count() == (torch.cuda.device_count() if torch.cuda.is_available() else 0)


def test_whoever_counts_gpus_does_not_load_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from babelgen.engines import devices\n"
        f"devices.DRIVERS = (Path({str(tmp_path)!r}),)\n"
        "devices.gpu_count(); sys.exit('torch' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


@pytest.mark.parametrize(
    ("asked", "gpus", "chosen"),
    [
        ("auto", 0, "cpu"),
        ("auto", 2, "cuda"),
        ("cpu", 2, "cpu"),
        ("cpu", 0, "cpu"),
        ("cuda", 1, "cuda"),
    ],
)
def test_a_device_is_chosen(monkeypatch: pytest.MonkeyPatch, asked: str, gpus: int, chosen: str) -> None:
    monkeypatch.setattr("babelgen.engines.devices.gpu_count", lambda: gpus)
    setting = Setting(asked, "bfloat16", True, 6)
    assert choose_device(setting) == Setting(chosen, "bfloat16", True, 6)


def test_a_gpu_that_is_not_there_is_refused(driver: Path) -> None:
    with pytest.raises(UserError, match=r"^There is no GPU that torch can use: --device cuda needs [^.]+\.$"):
        choose_device(Setting("cuda"))


def run(
    edition: Edition, root: Path, engine: LocalEngine, setting: Setting, count: int = 40
) -> list[Outcome]:
    return list(engine.run(Order(edition, root, f"{__name__}:work", setting), Pile(plain_items(count))))


def devices(outcomes: list[Outcome]) -> list[str]:
    return sorted(outcome.profile["device"] for outcome in outcomes if isinstance(outcome, Ready))


@pytest.mark.parametrize(
    ("workers", "count", "expected"),
    [
        (None, 40, ["cuda:0", "cuda:1", "cuda:2"]),
        (2, 40, ["cuda:0", "cuda:1"]),
        (None, 1, ["cuda:0"]),
    ],
)
def test_each_worker_has_a_gpu_of_its_own(
    words_edition: Edition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    workers: int | None, count: int, expected: list[str],
) -> None:  # fmt: skip
    monkeypatch.setattr("babelgen.engines.local.gpu_count", lambda: 3)
    outcomes = run(words_edition, tmp_path, LocalEngine(workers), Setting("cuda"), count)
    assert devices(outcomes) == expected
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == count


def test_on_a_cpu_workers_share_it(words_edition: Edition, tmp_path: Path) -> None:
    assert devices(run(words_edition, tmp_path, LocalEngine(2), Setting("cpu"))) == ["cpu", "cpu"]


def test_more_workers_than_gpus_are_refused(
    words_edition: Edition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("babelgen.engines.local.gpu_count", lambda: 3)
    with pytest.raises(UserError, match=r"^--workers 4 is more than the GPUs that are here: 3\.$"):
        run(words_edition, tmp_path, LocalEngine(4), Setting("cuda"))
    assert not (tmp_path / "asked.log").exists()


def test_a_worker_asks_for_more_before_it_has_nothing_left() -> None:
    """While it works on one share, the next is on its way, however long nobody reads what it says."""
    ours, theirs = Pipe()
    first, second = plain_items(4)[:2], plain_items(4)[2:]
    ours.send(first)
    items = _Parent(theirs, lambda: None).items()
    assert next(items) == first[0]
    assert [ours.recv(), ours.recv()] == [_Want(), _Want()]
    ours.send(second)
    assert [next(items) for _ in range(3)] == [first[1], *second]
    assert ours.recv() == _Want()
    ours.send([])
    assert list(items) == []
    assert not ours.poll()


def test_a_share_of_long_keys_does_not_hold_up_the_parent() -> None:
    """It is read when it comes, not when it is wanted: a pipe that nobody reads takes no more than some of it."""
    ours, theirs = Pipe()
    ours.send(plain_items(2))
    items = _Parent(theirs, lambda: None).items()
    next(items)
    share = [Item(str(at), "long" * 100_000, 1) for at in range(LARGEST_SHARE)]
    sender = threading.Thread(target=ours.send, args=(share,), daemon=True)
    sender.start()
    sender.join(60)
    assert not sender.is_alive()
    ours.send([])
    assert list(items) == [plain_items(2)[1], *share]
