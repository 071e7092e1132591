"""One key in this process, computed exactly as a worker computes it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from babelgen.diffusion.model import load_model
from babelgen.diffusion.renderer import Rendered, Renderer
from babelgen.diffusion.worker import settle_process
from babelgen.edition import Edition
from babelgen.errors import ItemError
from babelgen.keys import parse_key
from babelgen.plan import Item


def render_key(edition: Edition, key: str) -> NDArray[np.uint8]:
    """The picture of a key, (height, width, 3) RGB; ItemError where it cannot be made."""
    settle_process()
    item = Item("", key, parse_key(key, edition.key_space()).steps)
    (result,) = Renderer(load_model(edition)).render([item])
    if not isinstance(result, Rendered):
        raise ItemError(result.reason)
    return result.pixels
