"""One key in this process, or one prompt, computed exactly as a worker computes it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from babelgen.diffusion.coding import Conditions
from babelgen.diffusion.renderer import Rendered, Renderer
from babelgen.diffusion.worker import open_model
from babelgen.edition import Edition
from babelgen.errors import ItemError
from babelgen.keys import Shelf
from babelgen.plan import Item
from babelgen.settings import ON_CPU, Setting


def render_key(edition: Edition, key: str, setting: Setting = ON_CPU) -> NDArray[np.uint8]:
    """The picture of a key, (height, width, 3) RGB, as in a run of that setting; ItemError where it cannot be made.

    Without the canary: a key that is alone has no neighbours.
    """
    item = Item("", key, edition.codec.parse(key).steps)
    (result,) = Renderer(open_model(edition, setting), setting.slots).render([item])
    if not isinstance(result, Rendered):
        raise ItemError(result.reason)
    return result.pixels


def embed_shelf(edition: Edition, shelf: Shelf) -> NDArray[np.float32]:
    """The embedding of a shelf, (length, width)."""
    (embedding,) = embed_shelves(edition, [shelf])
    return embedding


def embed_shelves(edition: Edition, shelves: Sequence[Shelf]) -> list[NDArray[np.float32]]:
    """The embeddings of some shelves, in their order."""
    conditions = Conditions(open_model(edition, ON_CPU), most=1)
    return [conditions.embedding(shelf).float().cpu().numpy() for shelf in shelves]
