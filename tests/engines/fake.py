"""A backend without a model, found by its import path like any other.

Its pictures follow from their keys. What goes wrong with an item stands in `trouble.json` in the library's folder; what
it was asked for goes to `asked.log` there, a line of process and name each.
"""

import hashlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from babelgen.catalog import UNKNOWN, Facts, Picture, Sizes
from babelgen.engines import Done, Failed, Order, Outcome, Ready
from babelgen.errors import UserError
from babelgen.picture import pixel_hash
from babelgen.plan import Item
from babelgen.store import open_journal, put_picture

BACKEND = f"{__name__}:work"
PROFILE = {"id": "fake", "device": "none"}
SECONDS = 0.02  # what a slow picture takes


def work(order: Order, items: Iterator[Item]) -> Iterator[Outcome]:
    """The backend."""
    trouble = read_trouble(order.root)
    if "*" in trouble:
        meet(trouble["*"], order.root)
    with open_journal(order.journal_folder) as journal:
        journal.record(Facts("profiles", PROFILE["id"], PROFILE))
        yield Ready(PROFILE)
        for item in items:
            with (order.root / "asked.log").open("a") as log:
                log.write(f"{os.getpid()} {item.name}\n")
            if trouble.get(item.name) == "fail":
                yield Failed(item, "It has values that are not numbers.")
                continue
            meet(trouble.get(item.name, ""), order.root)
            pixels = pixels_of(item.key)
            sizes = put_picture(order.root, item.name, pixels, {"key": item.key})
            journal.record(done := picture(order, item, pixels, sizes))
            yield Done(done)


def meet(trouble: str, root: Path) -> None:
    """Do what goes wrong."""
    if trouble == "slow":
        time.sleep(SECONDS)
    elif trouble == "three":  # slow, and nobody goes on before three have begun
        time.sleep(SECONDS)
        deadline = time.monotonic() + 120
        while len(processes(root)) < 3 and time.monotonic() < deadline:
            time.sleep(SECONDS)
    elif trouble == "forever":
        time.sleep(600)
    elif trouble == "user":
        raise UserError("The model is not there.")
    elif trouble == "slip":
        raise ZeroDivisionError("a slip of ours")
    elif trouble == "end of file":
        raise EOFError("a slip of ours")
    elif trouble == "die":
        os.kill(os.getpid(), signal.SIGKILL)


def pixels_of(key: str) -> NDArray[np.uint8]:
    """A picture (8, 16, 3) that only this key has."""
    data = hashlib.shake_256(key.encode()).digest(8 * 16 * 3)
    return np.frombuffer(data, np.uint8).reshape(8, 16, 3)


def picture(order: Order, item: Item, pixels: NDArray[np.uint8], sizes: Sizes = UNKNOWN) -> Picture:
    return Picture(
        name=item.name, key=item.key, edition=order.edition.id, steps=item.steps, prompt="", negative="", page="0",
        width=16, height=8, sha256=pixel_hash(pixels), colour="#000000", profile="fake", seconds=0.0,
        rendered_at="2026-01-02T03:04:05+00:00", bytes=sizes.pictures, view_bytes=sizes.views, thumb_bytes=sizes.thumbs,
    )  # fmt: skip


def make_trouble(root: Path, trouble: dict[str, str]) -> None:
    """Say what goes wrong, by the name of the item; `*`: before the first."""
    root.mkdir(exist_ok=True)
    (root / "trouble.json").write_text(json.dumps(trouble))


def read_trouble(root: Path) -> dict[str, str]:
    path = root / "trouble.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def asked(root: Path) -> list[str]:
    """The names of the items that were worked on, in order, again and again where they were."""
    path = root / "asked.log"
    return [line.split()[1] for line in path.read_text().splitlines()] if path.exists() else []


def processes(root: Path) -> set[int]:
    """The processes that worked."""
    return {int(line.split()[0]) for line in (root / "asked.log").read_text().splitlines()}


def is_alive(process: int) -> bool:
    """Whether a process runs; one that ended and that nobody waits for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
