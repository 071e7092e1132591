"""Scenes as training data: drawn in parallel from seeds, with captions.

Law: sample i of a seed is the same wherever and whenever it is drawn.
"""

from __future__ import annotations

import multiprocessing
import os
import random
from functools import partial

import numpy as np
from numpy.typing import NDArray

from babelgen.scenes import Scene, draw, random_scene


def scene(seed: int, index: int) -> Scene:
    """The description of sample `index`."""
    return random_scene(random.Random(f"{seed}/scene/{index}"))


def picture(seed: int, index: int) -> NDArray[np.uint8]:
    """The drawing of sample `index`, (208, 320, 3) RGB."""
    return draw(scene(seed, index), random.Random(f"{seed}/picture/{index}").getrandbits(63))


def pictures(seed: int, start: int, count: int) -> NDArray[np.uint8]:
    """Samples start .. start + count - 1, (count, 208, 320, 3), drawn on all cores."""
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        return np.stack(pool.map(partial(picture, seed), range(start, start + count), chunksize=32))
