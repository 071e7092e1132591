"""One key in this process, or one prompt, computed exactly as a worker computes it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from babelgen.diffusion.coding import Conditions
from babelgen.diffusion.model import load_model
from babelgen.diffusion.renderer import Rendered, Renderer
from babelgen.diffusion.worker import settle_process
from babelgen.edition import Edition
from babelgen.errors import ItemError
from babelgen.keys import Shelf
from babelgen.plan import Item


def render_key(edition: Edition, key: str, slots: int | None = None) -> NDArray[np.uint8]:
    """The picture of a key, (height, width, 3) RGB; ItemError where it cannot be made.

    slots: of the batch that it is computed in, as in a run; see `Order`.
    """
    settle_process()
    item = Item("", key, edition.codec.parse(key).steps)
    (result,) = Renderer(load_model(edition), slots).render([item])
    if not isinstance(result, Rendered):
        raise ItemError(result.reason)
    return result.pixels


def embed_shelf(edition: Edition, shelf: Shelf) -> NDArray[np.float32]:
    """The embedding of a shelf, (length, width)."""
    settle_process()
    embedding: NDArray[np.float32] = Conditions(load_model(edition)).embedding(shelf).float().cpu().numpy()
    return embedding
