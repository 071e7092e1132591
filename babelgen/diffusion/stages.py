"""The backend that makes the stages of pictures: items in, folders of stages on disk, outcomes out."""

from __future__ import annotations

from collections.abc import Iterator

from babelgen.diffusion.development import Stage, develop_items
from babelgen.diffusion.profile import profile
from babelgen.diffusion.renderer import Refused, Renderer
from babelgen.diffusion.worker import open_model
from babelgen.engines.engine import Developed, Failed, Order, Outcome, Ready
from babelgen.plan import Item
from babelgen.stages import chosen
from babelgen.store import Stage as Encoded
from babelgen.store import encode_stage, put_stages


def work(order: Order, items: Iterator[Item]) -> Iterator[Outcome]:
    """Develop items with this process's one thread, or its GPU.

    Raises UserError where the model cannot be loaded, or must not be trusted (see the canary), or the disk fails.
    """
    model = open_model(order.edition, order.setting)
    renderer = Renderer(model, order.setting.slots)
    renderer.check()
    yield Ready(profile(model, renderer.shapes), renderer.slots)
    size = model.edition.width, model.edition.height
    begun: dict[str, list[Encoded]] = {}
    failed: set[str] = set()
    for item, stage in develop_items(model, renderer, items, lambda steps, step: step in chosen(steps)):
        if item.name in failed:
            continue
        if isinstance(stage, Refused):
            failed.add(item.name)
            begun.pop(item.name, None)
            yield Failed(item, stage.reason, stage.traceback)
            continue
        begun.setdefault(item.name, []).append(_encoded(stage))
        if stage.step == item.steps:
            put_stages(order.root, item.name, item.steps, size, begun.pop(item.name))
            yield Developed(item)


def _encoded(stage: Stage) -> Encoded:
    return encode_stage(stage.step, stage.timestep, (stage.noisy, stage.clean))
