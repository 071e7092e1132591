"""Lack of memory, told as what a user can change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch

from babelgen.errors import UserError

# How libraries say it: torch on a GPU, torch on a CPU, cuBLAS and cuDNN up to its version 8, cuDNN 9.
_COMPLAINTS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "ALLOC_FAILED",
    "ALLOCATION_FAILED",
)


def telling_of_memory(slots: int) -> AbstractContextManager[None]:
    """Turn a lack of memory inside into a UserError that names the number of slots.

    Nothing is tried again with fewer: the shape of the batch is part of the profile, and changes bits.
    """
    return _telling(f"There is not enough memory for a batch of {slots} pictures: give fewer with --slots.")


def telling_of_weights(edition: str) -> AbstractContextManager[None]:
    """Turn a lack of memory while a model is loaded into a UserError that says so."""
    return _telling(f"There is not enough memory for the model of edition {edition}, even without a batch.")


def telling_of_comparing() -> AbstractContextManager[None]:
    """Turn a lack of memory while pictures are compared into a UserError that says so."""
    return _telling("There is not enough memory to compare pictures.")


@contextmanager
def _telling(sentence: str) -> Iterator[None]:
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _is_lack(error):
            raise
        raise UserError(sentence) from error


def _is_lack(error: Exception) -> bool:
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or any(complaint in str(error) for complaint in _COMPLAINTS)
