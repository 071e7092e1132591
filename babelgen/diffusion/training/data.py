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

from babelgen.scenes import Drawing, Scene, draw_boxed, training_scene


def scene(seed: int, index: int) -> Scene:
    """The description of sample `index`; never a held-out one."""
    return training_scene(random.Random(f"{seed}/scene/{index}"))


def drawing(seed: int, index: int) -> Drawing:
    """The drawing of sample `index`, with the boxes of its things."""
    return draw_boxed(scene(seed, index), random.Random(f"{seed}/picture/{index}").getrandbits(63))


def picture(seed: int, index: int) -> NDArray[np.uint8]:
    """The picture of sample `index`, (208, 320, 3) RGB."""
    return drawing(seed, index).picture


def pictures(seed: int, start: int, count: int) -> NDArray[np.uint8]:
    """Samples start .. start + count - 1, (count, 208, 320, 3), drawn on all cores."""
    return np.stack([drawn.picture for drawn in drawings(seed, start, count)])


def drawings(seed: int, start: int, count: int) -> list[Drawing]:
    """Samples start .. start + count - 1, drawn on all cores."""
    # One thread a process: numpy's matrix products would else wait for each other's threads, eight times as long.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        return pool.map(partial(drawing, seed), range(start, start + count), chunksize=32)
