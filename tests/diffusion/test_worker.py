"""The worker: pictures are written by other threads, told of when they are in place, and never held up by one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from babelgen.catalog import Facts, Picture, Sizes
from babelgen.diffusion import worker
from babelgen.diffusion.single import render_key
from babelgen.edition import Edition
from babelgen.engines import Done, Failed, Order, Outcome, Ready
from babelgen.errors import UserError
from babelgen.keys import Address, Shelf, format_key
from babelgen.plan import Item
from babelgen.settings import Setting
from babelgen.store import file_of, in_place, put_picture
from babelgen.store.journal import Reader


@pytest.fixture
def items(tiny_edition: Edition) -> list[Item]:
    """Pictures of which one is ready after the other."""
    space = tiny_edition.key_space()
    addresses = [Address(1 + at, Shelf("t", at), at) for at in range(10)]
    return [Item(f"{at:032x}", format_key(one, space), one.steps) for at, one in enumerate(addresses)]


def done(outcomes: list[Outcome]) -> list[str]:
    return [outcome.picture.name for outcome in outcomes if isinstance(outcome, Done)]


def test_a_picture_that_is_long_in_writing_holds_up_no_other(
    tiny_edition: Edition, items: list[Item], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = threading.Semaphore(0)

    def put(root: Path, name: str, *rest: Any) -> Sizes:
        if name == items[0].name:
            assert all(others.acquire(timeout=60) for _ in items[1:])
        sizes = put_picture(root, name, *rest)
        others.release()
        return sizes

    monkeypatch.setattr(worker, "put_picture", put)
    ready, *outcomes = worker.work(Order(tiny_edition, tmp_path), iter(items))
    assert isinstance(ready, Ready)
    assert done(outcomes)[-1] == items[0].name
    assert sorted(done(outcomes)) == [item.name for item in items]
    for item in items[:2]:
        with Image.open(file_of(tmp_path, "pictures", item.name)) as image:
            assert np.array_equal(np.asarray(image), render_key(tiny_edition, item.key))


def test_rendering_waits_for_a_disk_that_cannot_keep_up(
    tiny_edition: Edition, items: list[Item], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more pictures are kept in memory than are allowed to wait."""
    lock, waiting, most = threading.Lock(), 0, 0

    def put(root: Path, name: str, *rest: Any) -> Sizes:
        nonlocal waiting
        sizes = put_picture(root, name, *rest)
        with lock:
            waiting -= 1
        return sizes

    class Counted(worker.ThreadPoolExecutor):
        def submit(self, *given: Any) -> Any:
            nonlocal waiting, most
            with lock:
                waiting += 1
                most = max(most, waiting)
            return super().submit(*given)

    monkeypatch.setattr(worker, "put_picture", put)
    monkeypatch.setattr(worker, "ThreadPoolExecutor", Counted)
    monkeypatch.setattr(worker, "MOST_UNWRITTEN", 2)
    outcomes = list(worker.work(Order(tiny_edition, tmp_path), iter(items)))
    assert len(done(outcomes)) == len(items)
    assert most <= 3


def test_each_picture_is_in_its_place_when_it_is_told_of(
    tiny_edition: Edition, items: list[Item], tmp_path: Path
) -> None:
    for outcome in worker.work(Order(tiny_edition, tmp_path), iter(items)):
        if isinstance(outcome, Done):
            assert in_place(tmp_path, outcome.picture.name)


def test_what_is_told_of_stands_in_a_journal_first(
    tiny_edition: Edition, items: list[Item], tmp_path: Path
) -> None:
    told: list[Picture] = []
    for outcome in worker.work(Order(tiny_edition, tmp_path), iter(items)):
        told += [outcome.picture] if isinstance(outcome, Done) else []
        (journal,) = tmp_path.glob("*.journal")
        facts, *written = Reader(journal).read()
        assert isinstance(facts, Facts)
        assert all(picture in written for picture in told)
    assert len(told) == len(items)


def test_a_slip_over_one_picture_fails_it_alone(
    tiny_edition: Edition, items: list[Item], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put(root: Path, name: str, *rest: Any) -> Sizes:
        if name == items[3].name:
            raise ZeroDivisionError("a slip of ours")
        return put_picture(root, name, *rest)

    monkeypatch.setattr(worker, "put_picture", put)
    no_key = Item("f" * 32, "no key at all", 9)
    outcomes = list(worker.work(Order(tiny_edition, tmp_path), iter([no_key, *items])))
    failed = {outcome.item.name: outcome for outcome in outcomes if isinstance(outcome, Failed)}
    assert set(failed) == {items[3].name, no_key.name}
    assert failed[items[3].name].reason == "ZeroDivisionError: a slip of ours"
    assert "Traceback" in failed[items[3].name].traceback
    assert len(done(outcomes)) == len(items) - 1


def test_a_disk_that_fails_ends_the_run(tiny_edition: Edition, items: list[Item], tmp_path: Path) -> None:
    (tmp_path / "pictures").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written"):
        list(worker.work(Order(tiny_edition, tmp_path), iter(items)))


@pytest.mark.parametrize(("slots", "rows"), [(None, 8), (2, 4)])
def test_the_profile_says_how_large_the_batch_was(
    tiny_edition: Edition, tmp_path: Path, slots: int | None, rows: int
) -> None:
    ready = next(worker.work(Order(tiny_edition, tmp_path, setting=Setting(slots=slots)), iter([])))
    assert isinstance(ready, Ready)
    assert ready.profile["batches"] == f"text 2, unet {rows}, decoder 4"
