"""Files of arrays (.npz), read from strangers: bounded in memory, and nothing in them is ever run.

Law: only the arrays that were asked for are read, and each is as long as its header says.
May import: errors, numpy and the standard library.
"""

from __future__ import annotations

import contextlib
import io
import math
import os
import sys
import warnings
import zipfile
from collections.abc import Collection, Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike, NDArray

from babelgen.errors import UserError

LARGEST = 2**28  # bytes of a file and of an array in it; those of no edition come near


def write_arrays(arrays: Mapping[str, ArrayLike]) -> bytes:
    """The bytes of an .npz file; the same arrays give the same bytes."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def read_arrays(source: str, known: Collection[str]) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz file (`-`: standard input), all of them `known`; UserError otherwise."""
    try:
        with _open(source) as file:
            if file.seek(0, os.SEEK_END) > LARGEST:
                raise UserError(f"{source} is longer than {LARGEST} bytes, and no file of a key's parts is.")
            return _read_archive(file, source, known)
    except OSError as error:
        raise UserError(f"The file {source} cannot be read: {error.strerror or error}.") from error


def _open(source: str) -> contextlib.AbstractContextManager[BinaryIO]:
    if source == "-":
        return contextlib.nullcontext(io.BytesIO(sys.stdin.buffer.read(LARGEST + 1)))
    return open(source, "rb")


def _read_archive(file: BinaryIO, source: str, known: Collection[str]) -> dict[str, NDArray[Any]]:
    try:
        archive = zipfile.ZipFile(file)
    except Exception as error:  # of any type: what strangers wrote is parsed as it comes
        raise UserError(f"{source} is no NumPy archive of arrays (.npz).") from error
    with archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        for at, name in enumerate(names):
            if name not in known:
                raise UserError(f"{source} has {name[:80]!a}, and may have only {', '.join(known)}.")
            if name in names[:at]:
                raise UserError(f"{source} has the array {name} twice.")
        return {name: _read(archive, f"{name}.npy", source) for name in names}


def _read(archive: zipfile.ZipFile, member: str, source: str) -> NDArray[Any]:
    where = f"The array {member.removesuffix('.npy')} in {source}"
    try:
        with archive.open(member) as opened:
            return read_array(opened.read(LARGEST + 1))
    except HasObjects:
        raise UserError(f"{where} holds Python objects, not numbers.") from None
    except Exception as error:  # of any type, as above
        raise UserError(f"{where} cannot be read: it is broken, or too large.") from error


class HasObjects(Exception):
    """An array of Python objects, which reading would have to run."""


def read_array(data: bytes) -> NDArray[Any]:
    """The array of an .npy file's bytes, and never more memory than they take.

    Raises HasObjects where it would have to be run, and errors of many types for what is no such file.
    """
    stream = io.BytesIO(data)
    shape, fortran, dtype = _header(stream)
    if dtype.hasobject:
        raise HasObjects
    rest = stream.read()
    if math.prod(shape) * dtype.itemsize != len(rest):
        raise ValueError("it is longer or shorter than its header says")
    return np.ndarray(shape, dtype, rest, order="F" if fortran else "C")


def _header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran's order, and dtype."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers that are odd, and read all the same
        old = npy.read_magic(stream) == (1, 0)
        return (npy.read_array_header_1_0 if old else npy.read_array_header_2_0)(stream)
