"""What a device can do at best: the rate of large matrix products, with all of its cores."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import torch

SIDE = {"cpu": 2048, "cuda": 8192}  # large enough for the best rate, small enough for some in a second
PRODUCTS = 4  # between two looks at the clock


def device(name: str, precision: str) -> tuple[None, Callable[[float], float]]:
    """For a process of its own: asked with a number of seconds, it says the matrix peak in FLOP/s."""
    return None, partial(matrix_peak, name, getattr(torch, precision))


def matrix_peak(device: str, dtype: torch.dtype, seconds: float) -> float:
    """The best rate in so many seconds, in FLOP/s; float32 is float32 and not TF32, unless torch was told otherwise."""
    side = SIDE[torch.device(device).type]
    first, second, product = (torch.randn(side, side, device=device).to(dtype) for _ in range(3))
    end, shortest = time.perf_counter() + seconds, float("inf")
    while time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(PRODUCTS):
            torch.mm(first, second, out=product)
        product[0, 0].item()  # waits for a GPU
        shortest = min(shortest, time.perf_counter() - start)
    return PRODUCTS * 2 * side**3 / shortest
