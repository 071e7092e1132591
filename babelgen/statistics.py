"""An edition's statistics: the file that its shelves of kind v are read with.

It is a NumPy file (.npy) of float32 values, (2, length, width), little-endian, in C order: first the means of the
coordinates of embeddings, then their deviations.
Law: the file is the one that the edition pins, or nothing is read. It is loaded when it is first asked for.
May import: arrays, errors, edition, keys, numpy; never torch.
"""

from __future__ import annotations

import hashlib
import io
from functools import lru_cache

import numpy as np

from babelgen.arrays import read_array
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.keys import Statistics

_FORM = np.dtype("<f4")


@lru_cache(maxsize=8)
def statistics_of(edition: Edition) -> Statistics:
    """The statistics of an edition, loaded once a process; UserError where it has none, or other ones."""
    pinned = edition.statistics
    if pinned is None:
        raise UserError(f"Edition {edition.id} has no statistics to read embeddings with.")
    where = f"The statistics of edition {edition.id} in {pinned.path}"
    try:
        data = pinned.path.read_bytes()
    except OSError as error:
        raise UserError(f"{where} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(data).hexdigest() != pinned.sha256:
        raise UserError(f"{where} are not the ones that it was made with.")
    try:
        statistics = read_statistics(data)
    except ValueError as error:
        raise UserError(f"{where} cannot be read: {error}.") from error
    form = (statistics.mean.shape[0], statistics.coordinates)
    if form != (edition.length, pinned.coordinates):
        raise UserError(
            f"{where} are of {form[0]} tokens and {form[1]} coded values, not {edition.length} and {pinned.coordinates}."
        )
    return statistics


def read_statistics(data: bytes) -> Statistics:
    """The statistics in a file's bytes; ValueError says what is wrong with them."""
    try:
        arrays = read_array(data)
    except Exception as error:  # of any type: strangers' files are parsed as they come
        raise ValueError("it is no NumPy file") from error
    if arrays.dtype != _FORM or arrays.ndim != 3 or len(arrays) != 2:
        raise ValueError("it does not hold two arrays of float32, (2, length, width)")
    mean, deviation = arrays.astype(np.float32)
    return Statistics(mean, deviation)


def write_statistics(statistics: Statistics) -> bytes:
    """The bytes of the file of some statistics; the same statistics give the same bytes."""
    file = io.BytesIO()
    np.save(file, np.stack([statistics.mean, statistics.deviation]).astype(_FORM))
    return file.getvalue()
