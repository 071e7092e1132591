"""The backend of all engines: items in, pictures on disk, outcomes out."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

from babelgen.catalog import Facts, Picture
from babelgen.diffusion.model import Model, load_model
from babelgen.diffusion.profile import profile
from babelgen.diffusion.renderer import Refused, Rendered, Renderer
from babelgen.diffusion.safety import load_safety_checker
from babelgen.edition import Edition
from babelgen.engines.engine import Done, Failed, Order, Outcome, Ready
from babelgen.errors import UserError
from babelgen.picture import average_colour, describe, pixel_hash, texts
from babelgen.plan import Item
from babelgen.settings import Setting
from babelgen.store import Journal, open_journal, put_picture

WRITERS = 4  # threads; encoding lets go of Python's lock, and idle ones cost nothing
MOST_UNWRITTEN = 32  # pictures that wait to be written before rendering waits for them


def settle_process(device: str = "cpu") -> None:
    """Fix what bits depend on in this process.

    One thread; on a GPU (`cuda`, `cuda:N`) no choice of kernels by timing, and float32 that is float32, not TF32.
    """
    torch.set_num_threads(1)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    if torch.device(device).index is not None:
        torch.cuda.set_device(device)  # else every worker takes some memory of the first GPU, too


_kept: dict[tuple[Edition, Setting], Model] | None = None


@contextlib.contextmanager
def keeping_models() -> Iterator[None]:
    """Have this process load each model once, however often it is opened meanwhile."""
    global _kept
    _kept = {}
    try:
        yield
    finally:
        _kept = None


def open_model(edition: Edition, setting: Setting) -> Model:
    """A model, in a process made ready for it, as a setting says; errors as in `load_model`."""
    if _kept is not None and (edition, setting) in _kept:
        return _kept[edition, setting]
    settle_process(setting.device)
    precision = setting.precision or ("float16" if setting.on_gpu else "float32")
    model = load_model(edition, setting.device, getattr(torch, precision), setting.compiled)
    if _kept is not None:
        _kept[edition, setting] = model
    return model


def work(order: Order, items: Iterator[Item]) -> Iterator[Outcome]:
    """Render items with this process's one thread, or its GPU; pictures are encoded and written on others.

    Raises UserError where the model cannot be loaded, or must not be trusted: see the canary.
    """
    model = open_model(order.edition, order.setting)
    renderer = Renderer(model, order.setting.slots, load_safety_checker(model))
    renderer.check()
    facts = profile(model, renderer.shapes)
    with open_journal(order.journal_folder) as journal:
        journal.record(Facts("profiles", facts["id"], facts))
        yield Ready(facts, renderer.slots)
        writer = _Writer(order.root, model.edition, facts["id"], journal)
        yield from _finish(renderer.render(items), writer.write)


def _finish(results: Iterator[Rendered | Refused], write: Callable[[Rendered], Outcome]) -> Iterator[Outcome]:
    """Write pictures on other threads while the next are rendered; each is told of once it is in its place.

    In whatever order they get there: what is written follows from its key, and never from when.
    """
    unwritten: set[Future[Outcome]] = set()
    with ThreadPoolExecutor(WRITERS) as pool:
        for result in results:
            if isinstance(result, Refused):
                yield Failed(result.item, result.reason, result.traceback)
                continue
            unwritten.add(pool.submit(write, result))
            patience = None if len(unwritten) > MOST_UNWRITTEN else 0
            written, unwritten = wait(unwritten, patience, FIRST_COMPLETED)
            yield from (future.result() for future in written)
        while unwritten:
            written, unwritten = wait(unwritten, None, FIRST_COMPLETED)
            yield from (future.result() for future in written)


@dataclass(frozen=True)
class _Writer:
    """Puts pictures in their places. profile: its id."""

    root: Path
    edition: Edition
    profile: str
    journal: Journal

    def write(self, result: Rendered) -> Outcome:
        """Put one picture in its place and write that down. UserError where the disk fails, which ends the run."""
        try:
            picture = self._put(result)
        except UserError:
            raise
        except Exception as error:
            return Failed(result.item, f"{type(error).__name__}: {error}", traceback.format_exc())
        self.journal.record(picture)
        return Done(picture)

    def _put(self, result: Rendered) -> Picture:
        item, (height, width, _) = result.item, result.pixels.shape
        words = describe(result.key, self.edition)
        sizes = put_picture(self.root, item.name, result.pixels, texts(item.key, words, self.edition))
        return Picture(
            name=item.name,
            key=item.key,
            edition=self.edition.id,
            steps=words.steps,
            prompt=words.prompt,
            negative=words.negative,
            page=words.page,
            width=width,
            height=height,
            sha256=pixel_hash(result.pixels),
            colour=average_colour(result.pixels),
            profile=self.profile,
            seconds=round(result.seconds, 3),
            rendered_at=datetime.now(UTC).isoformat(timespec="seconds"),
            flagged=result.flagged,
            bytes=sizes.pictures,
            view_bytes=sizes.views,
            thumb_bytes=sizes.thumbs,
        )
