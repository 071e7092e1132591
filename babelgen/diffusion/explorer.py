"""The explorer's own tensors: what its .pt files hold, and the noise that torch draws from a seed.

Law: a stranger's file is read with weights-only loading, which runs nothing, and within bounds.
"""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from babelgen.errors import UserError

LARGEST = 2**28  # bytes, of a file and of what is packed in it


def load_tensor(path: Path, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The tensor of that name and shape in a .pt file, as float32; UserError for anything else."""
    values = _load(path)
    if not isinstance(values, dict) or name not in values:
        raise UserError(f"{path} lacks {name}.")
    tensor = values[name]
    if (
        not isinstance(tensor, torch.Tensor)
        or tensor.layout != torch.strided
        or not tensor.is_floating_point()
    ):
        raise UserError(f"{name} in {path} is no tensor of floats.")
    if tuple(tensor.shape) != shape:
        raise UserError(f"{name} in {path} must have the shape {shape}, not {tuple(tensor.shape)}.")
    array: NDArray[np.float32] = tensor.detach().to("cpu", torch.float32).contiguous().numpy()
    if not np.isfinite(array).all():
        raise UserError(f"{name} in {path} has values that are no numbers.")
    return array


def _load(path: Path) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > LARGEST:
            raise UserError(f"{path} holds more than {LARGEST} bytes, and no file of a picture's parts does.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except UserError:
        raise
    except Exception as error:  # of any type: what strangers wrote is parsed as it comes
        raise UserError(
            f"{path} is no file of tensors alone that torch has written, or is broken."
        ) from error


def drawn_noise(seed: int, images: int, shape: tuple[int, int, int]) -> NDArray[np.float32]:
    """Start noise of a batch, (images, channels, height, width), as torch draws it from a seed on a CPU."""
    generator = torch.Generator("cpu").manual_seed(seed)
    values: NDArray[np.float32] = torch.randn((images, *shape), generator=generator).numpy()
    return values
