"""Animated GIF, frame by frame: each has 256 colours of its own, dithered, and goes to the file before the next is read."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from typing import BinaryIO

from PIL import Image

from babelgen.animation.film import Film

_KEEP = 1 << 2  # a frame stays until the next covers it
_BLOCK = 255  # bytes, the most of a block of a comment


def write_gif(film: Film, images: Iterable[Image.Image], file: BinaryIO) -> None:
    """Write an animated GIF."""
    file.write(b"GIF89a" + struct.pack("<HHBBB", film.width, film.height, 0x70, 0, 0))
    if film.loop != 1:
        again = max(film.loop - 1, 0)  # what stands there is how often it plays again, and 0 is for ever
        file.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<HB", again, 0))
    file.write(_comment(film.note))
    for image, ticks in zip(images, film.ticks(100), strict=True):
        file.write(b"\x21\xf9\x04" + struct.pack("<BHBB", _KEEP, ticks, 0, 0) + _frame(image))
    file.write(b";")


def _frame(image: Image.Image) -> bytes:
    """A picture as the image block of a GIF with its own table of colours."""
    colours = image.quantize(256, Image.Quantize.MEDIANCUT)
    few = image.quantize(palette=colours, dither=Image.Dither.FLOYDSTEINBERG)
    buffer = io.BytesIO()
    few.save(buffer, "GIF", optimize=False, interlace=0)
    data = buffer.getvalue()
    table = 3 * 2 ** ((data[10] & 7) + 1)
    at = 13 + table
    while data[at] == 0x21:  # extensions: not of the picture itself
        at += 2
        while data[at]:
            at += 1 + data[at]
        at += 1
    place, flags = data[at : at + 9], 0x80 | data[10] & 7
    return place + bytes([flags]) + data[13 : 13 + table] + data[at + 10 : -1]


def _comment(note: str) -> bytes:
    data = note.encode("ascii", "backslashreplace")
    blocks = [data[at : at + _BLOCK] for at in range(0, len(data), _BLOCK)]
    return b"\x21\xfe" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"
