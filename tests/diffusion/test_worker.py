"""The worker: pictures are written by other threads, told of when they are in place, and never held up by one."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from babelgen.diffusion import worker
from babelgen.diffusion.single import render_key
from babelgen.edition import Edition
from babelgen.engines import Done, Order, Outcome, Ready
from babelgen.errors import UserError
from babelgen.keys import Address, Shelf, format_key
from babelgen.plan import Item
from babelgen.settings import Setting
from babelgen.store import file_of, in_place, put_picture


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

    def put(root: Path, name: str, *rest: Any) -> None:
        if name == items[0].name:
            assert all(others.acquire(timeout=60) for _ in items[1:])
        put_picture(root, name, *rest)
        others.release()

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

    def put(root: Path, name: str, *rest: Any) -> None:
        nonlocal waiting
        put_picture(root, name, *rest)
        with lock:
            waiting -= 1

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
