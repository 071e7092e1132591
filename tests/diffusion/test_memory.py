"""Lack of memory is told as what a user can change; anything else is left as it is."""

from __future__ import annotations

import pytest
import torch

from babelgen.diffusion.memory import telling_of_memory, telling_of_weights
from babelgen.errors import UserError

LACKS = [
    MemoryError(),
    torch.OutOfMemoryError("Tried to allocate 20.00 GiB."),
    RuntimeError("CUDA error: out of memory"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
]


@pytest.mark.parametrize("lack", LACKS, ids=repr)
def test_a_lack_of_memory_names_the_setting(lack: Exception) -> None:
    with pytest.raises(UserError) as told, telling_of_memory(6):
        raise lack
    assert str(told.value) == "There is not enough memory for a batch of 6 pictures: give fewer with --slots."
    assert told.value.__cause__ is lack


def test_a_model_that_does_not_fit_is_told_too() -> None:
    """Fewer pictures would not help it."""
    told = r"^There is not enough memory for the model of edition a-1, even without a batch\.$"
    with pytest.raises(UserError, match=told), telling_of_weights("a-1"):
        raise torch.OutOfMemoryError("Tried to allocate 20.00 GiB.")


def test_what_torch_really_says_is_understood() -> None:
    with pytest.raises(UserError), telling_of_memory(6):
        torch.empty(2**50)


@pytest.mark.parametrize("slip", [RuntimeError("a slip of ours"), ValueError("out of memory")], ids=repr)
def test_a_slip_stays_a_slip(slip: Exception) -> None:
    with pytest.raises(type(slip), match=str(slip)), telling_of_memory(6):
        raise slip
