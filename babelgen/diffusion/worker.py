"""The backend of all engines: items in, pictures on disk, outcomes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from functools import partial

import torch

from babelgen.catalog import Picture
from babelgen.diffusion.model import Model, load_model
from babelgen.diffusion.profile import profile
from babelgen.diffusion.renderer import Refused, Rendered, Renderer
from babelgen.engines.engine import Done, Failed, Order, Outcome, Ready
from babelgen.picture import average_colour, describe, pixel_hash, texts
from babelgen.plan import Item
from babelgen.store import put_picture

WRITERS = 4  # threads; encoding lets go of Python's lock, and idle ones cost nothing
MOST_UNWRITTEN = 32  # pictures that wait to be written before rendering waits for them


def settle_process() -> None:
    """Fix what bits depend on in this process: one thread."""
    torch.set_num_threads(1)


def work(order: Order, items: Iterator[Item]) -> Iterator[Outcome]:
    """Render items on this process's one thread; pictures are encoded and written on others.

    Raises UserError where the model cannot be loaded, or must not be trusted: see the canary.
    """
    settle_process()
    model = load_model(order.edition)
    renderer = Renderer(model, order.slots)
    renderer.check()
    facts = profile(model, renderer.shapes)
    yield Ready(facts)
    yield from _finish(renderer.render(items), partial(_write, order, model, facts["id"]))


def _finish(results: Iterator[Rendered | Refused], write: Callable[[Rendered], Outcome]) -> Iterator[Outcome]:
    """Write pictures on other threads while the next are rendered; each is told of once it is in its place.

    In whatever order they get there: what is written follows from its key, and never from when.
    """
    unwritten: set[Future[Outcome]] = set()
    with ThreadPoolExecutor(WRITERS) as pool:
        for result in results:
            if isinstance(result, Refused):
                yield Failed(result.item, result.reason)
                continue
            unwritten.add(pool.submit(write, result))
            patience = None if len(unwritten) > MOST_UNWRITTEN else 0
            written, unwritten = wait(unwritten, patience, FIRST_COMPLETED)
            yield from (future.result() for future in written)
        while unwritten:
            written, unwritten = wait(unwritten, None, FIRST_COMPLETED)
            yield from (future.result() for future in written)


def _write(order: Order, model: Model, profile_id: str, result: Rendered) -> Outcome:
    """Put one picture in its place and describe it. A disk that fails ends the run: see the store."""
    words = describe(result.key, model.edition)
    put_picture(order.root, result.item.name, result.pixels, texts(result.item.key, words, model.edition))
    height, width, _ = result.pixels.shape
    return Done(
        Picture(
            name=result.item.name,
            key=result.item.key,
            edition=model.edition.id,
            steps=words.steps,
            prompt=words.prompt,
            negative=words.negative,
            page=words.page,
            width=width,
            height=height,
            sha256=pixel_hash(result.pixels),
            colour=average_colour(result.pixels),
            profile=profile_id,
            seconds=round(result.seconds, 3),
            rendered_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
    )
