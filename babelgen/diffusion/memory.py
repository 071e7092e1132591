"""Lack of memory, told as what a user can change."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from babelgen.errors import UserError

# How libraries say it: torch on a GPU, torch on a CPU, cuBLAS and cuDNN.
_COMPLAINTS = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")


@contextlib.contextmanager
def telling_of_memory(slots: int) -> Iterator[None]:
    """Turn a lack of memory inside into a UserError that names the number of slots.

    Nothing is tried again with fewer: the shape of the batch is part of the profile, and changes bits.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _is_lack(error):
            raise
        raise UserError(
            f"There is not enough memory for a batch of {slots} pictures: give fewer with --slots."
        ) from error


def _is_lack(error: Exception) -> bool:
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or any(complaint in str(error) for complaint in _COMPLAINTS)
