"""Work for one edition, spread over a process a core."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from typing import TypeVar

from babelgen.edition import Edition
from babelgen.engines.local import core_count

Given = TypeVar("Given")
Made = TypeVar("Made")


def spread(
    work: Callable[[Edition, list[Given]], list[Made]], edition: Edition, given: Sequence[Given]
) -> list[Made]:
    """What `work`, a function of a module, makes of each of `given`, in their order; it keeps the order of its share."""
    workers = min(core_count(), len(given))
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        shares = pool.starmap(work, [(edition, list(given[first::workers])) for first in range(workers)])
    return [shares[number % workers][number // workers] for number in range(len(given))]
