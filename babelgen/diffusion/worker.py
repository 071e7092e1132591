"""The backend of all engines: items in, pictures on disk, outcomes out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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

MOST_UNWRITTEN = 32  # pictures that wait to be written before rendering waits for them


def settle_process() -> None:
    """Fix what bits depend on in this process: one thread."""
    torch.set_num_threads(1)


def work(order: Order, items: Iterator[Item]) -> Iterator[Outcome]:
    """Render items on this process's one thread; pictures are encoded and written on another."""
    settle_process()
    model = load_model(order.edition)
    renderer = Renderer(model)
    facts = profile(model, renderer.shapes)
    yield Ready(facts)
    write = partial(_write, order, model, facts["id"])
    unwritten: deque[Future[Outcome]] = deque()
    with ThreadPoolExecutor(max_workers=1) as pool:
        for result in renderer.render(items):
            if isinstance(result, Refused):
                yield Failed(result.item, result.reason)
                continue
            unwritten.append(pool.submit(write, result))
            while unwritten and (unwritten[0].done() or len(unwritten) > MOST_UNWRITTEN):
                yield unwritten.popleft().result()
        while unwritten:
            yield unwritten.popleft().result()


def _write(order: Order, model: Model, profile_id: str, result: Rendered) -> Outcome:
    """Put one picture in its place and describe it. A disk that fails ends the run: see the store."""
    words = describe(result.address, model.edition, model.tokens)
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
