"""Pictures: the three files that each has, and how they are encoded."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from babelgen.catalog import UNKNOWN, Sizes
from babelgen.store.files import write_atomic

THUMBNAIL_WIDTH = 160
VIEW_QUALITY = 80
# How hard to look for fewer bytes: where twice the time and more would save less than a tenth of a file.
PNG_LEVEL, WEBP_METHOD = 4, 2
SUFFIXES = {"pictures": ".png", "views": ".webp", "thumbs": ".webp"}


def file_of(root: Path, folder: str, name: str) -> Path:
    """Where a picture's file lies; folder: pictures (lossless), views, thumbs."""
    return root / folder / name[:2] / f"{name}{SUFFIXES[folder]}"


def encode_png(pixels: NDArray[np.uint8], texts: Mapping[str, str]) -> bytes:
    """RGB pixels (height, width, 3) as PNG with text chunks; the same input gives the same bytes."""
    info = PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    buffer = io.BytesIO()
    Image.fromarray(pixels, "RGB").save(buffer, "PNG", pnginfo=info, compress_level=PNG_LEVEL)
    return buffer.getvalue()


def encode_webp(pixels: NDArray[np.uint8], width: int | None = None) -> bytes:
    """RGB pixels as WebP, scaled to a width where one is given."""
    image = Image.fromarray(pixels, "RGB")
    if width is not None and width < image.width:
        height = max(1, round(image.height * width / image.width))
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=VIEW_QUALITY, method=WEBP_METHOD)
    return buffer.getvalue()


def put_picture(root: Path, name: str, pixels: NDArray[np.uint8], texts: Mapping[str, str]) -> Sizes:
    """Write a picture's three files, the lossless one last, since it is the one that counts; their sizes in bytes."""
    files = {
        "thumbs": encode_webp(pixels, THUMBNAIL_WIDTH),
        "views": encode_webp(pixels),
        "pictures": encode_png(pixels, texts),
    }
    for folder, data in files.items():
        write_atomic(file_of(root, folder, name), data)
    return Sizes(*(len(files[folder]) for folder in SUFFIXES))


def in_place(root: Path, name: str, sizes: Sizes = UNKNOWN) -> bool:
    """Whether a picture's files are all there, with their sizes, or at least not empty where these are not known."""
    place = str(root)
    for (folder, suffix), size in zip(SUFFIXES.items(), sizes, strict=True):
        try:  # `file_of` says the same and takes longer; here it is a matter of millions
            found = os.stat(f"{place}/{folder}/{name[:2]}/{name}{suffix}").st_size
        except OSError:
            return False
        if found != (size or found) or not found:
            return False
    return True
