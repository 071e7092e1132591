"""Animated WebP, frame by frame: each is encoded as a picture of its own, and its chunks are put into the container.

Pillow would hold all frames in memory, and libwebp's own encoder of animations all that it has encoded. The container
is RIFF (RFC 9649): VP8X, ANIM, an ANMF chunk a frame, XMP; its length, at the beginning, is filled in at the end.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO
from xml.sax.saxutils import escape

from PIL import Image

from babelgen.animation.film import Film
from babelgen.errors import UserError

METHOD = 2  # how hard to look for fewer bytes, as for views
LARGEST = 2**32 - 10  # bytes of a RIFF file after its length
_ANIMATION, _XMP = 0x02, 0x04  # flags of VP8X
_NO_BLENDING = 0x02  # of ANMF: a frame covers what was there
_FRAME_CHUNKS = (b"VP8 ", b"VP8L", b"ALPH")


def write_webp(film: Film, images: Iterable[Image.Image], file: BinaryIO) -> None:
    """Write an animated WebP."""
    size = _three(film.width - 1) + _three(film.height - 1)
    file.write(b"RIFF\0\0\0\0WEBP")
    file.write(_chunk(b"VP8X", bytes([_ANIMATION | _XMP, 0, 0, 0]) + size))
    file.write(_chunk(b"ANIM", struct.pack("<IH", 0xFF000000, film.loop)))
    for image, ticks in zip(images, film.ticks(1000), strict=True):
        head = _three(0) + _three(0) + size + _three(ticks) + bytes([_NO_BLENDING])
        file.write(_chunk(b"ANMF", head + b"".join(_frame_chunks(image, film.quality))))
        _check_length(file)
    file.write(_chunk(b"XMP ", _xmp(film.note)))
    length = _check_length(file)
    file.seek(4)
    file.write(struct.pack("<I", length))
    file.seek(0, io.SEEK_END)


def _frame_chunks(image: Image.Image, quality: int) -> Iterator[bytes]:
    """The chunks of a still WebP that are the picture itself."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=METHOD)
    data, at = buffer.getvalue(), 12
    while at < len(data):
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name in _FRAME_CHUNKS:
            yield _chunk(name, data[at + 8 : at + 8 + length])
        at += 8 + length + length % 2


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")


def _check_length(file: BinaryIO) -> int:
    length = file.tell() - 8
    if length > LARGEST:
        raise UserError("The animation is longer than a WebP file can be, 4 GB: make it shorter, or smaller.")
    return length


def _xmp(note: str) -> bytes:
    """A packet of XMP with a note as dc:description."""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>'
        f'<rdf:li xml:lang="x-default">{escape(note)}</rdf:li>'
        "</rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()
