"""Reference pictures: what a site has of them is made here, a viewing size and a small one.

Law: pixels and nothing else of a file reach the site: no place, no camera, no comment. The names follow from the file's
bytes, so that what is there already is not made again; one picture at a time is held in memory, and of a bounded size.
May import: the standard library, Pillow, babelgen.errors, babelgen.rooms, gallery.paths, gallery.source.
"""

import contextlib
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from babelgen.errors import UserError, first_line
from babelgen.gallery import paths
from babelgen.gallery.source import Reference
from babelgen.rooms import FORMATS, picture_complaint

if TYPE_CHECKING:  # Pillow takes a while to load, and few libraries have such pictures
    from PIL import Image

Size = tuple[int, int]

_VIEW, _SMALL = 1600, 480  # pixels of the longer side, at most
_QUALITY = 82
_MAKING = b"1"  # to be changed with how the sizes are made: then they have other names
_ORIENTATION = 0x0112  # of EXIF: what to do with the pixels before they are shown
_UPRIGHT = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}


@dataclass(frozen=True)
class Sizes:
    """A reference picture's name in the site, and the width and height of its two sizes."""

    name: str
    view: Size
    small: Size

    @property
    def files(self) -> tuple[tuple[str, Size], ...]:
        """The site path of each size, the larger one first."""
        return (paths.reference(self.name), self.view), (paths.small_reference(self.name), self.small)


def measure(reference: Reference) -> Sizes:
    """What the sizes of a reference picture are or will be. UserError where the file is no such picture."""
    with _telling(reference.path):
        digest = hashlib.blake2b(digest_size=16, person=_MAKING)
        with reference.path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
        with _open(reference.path) as image:
            width, height = image.size[::-1] if _turn(image) >= 5 else image.size
    return Sizes(digest.hexdigest(), _within(width, height, _VIEW), _within(width, height, _SMALL))


def make(reference: Reference, sizes: Sizes) -> Iterator[tuple[str, bytes]]:
    """(site path, bytes) of both sizes, WebP. UserError where the file is damaged."""
    with _telling(reference.path), _open(reference.path) as image:
        shown = _shown(image, sizes.view)
    for path, size in sizes.files:
        data = io.BytesIO()
        (shown if shown.size == size else shown.resize(size, reducing_gap=3.0)).save(
            data, "WEBP", quality=_QUALITY, method=4
        )
        yield path, data.getvalue()


def _shown(image: "Image.Image", size: Size) -> "Image.Image":
    """The picture upright, in that size and in sRGB, in an image that never knew the file."""
    from PIL import Image

    turn, profile = _turn(image), image.info.get("icc_profile")
    stored = size[::-1] if turn >= 5 else size
    image.draft("RGB", stored)  # a JPEG is decoded at half its size or less where that is enough
    if image.mode in ("1", "P", "PA"):  # the others are made smaller first, which takes less memory
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif image.mode.startswith("I"):  # grey of 16 bits
        image = image.convert("I").point(lambda value: value / 257).convert("L")
    small = _in_srgb(image.resize(stored, reducing_gap=3.0), profile)
    if turn in _UPRIGHT:
        small = small.transpose(Image.Transpose[_UPRIGHT[turn]])
    bare = Image.new(small.mode, small.size)
    bare.paste(small)
    return bare


def _in_srgb(image: "Image.Image", profile: bytes | None) -> "Image.Image":
    """A picture in the colours that pages have; a colour profile that cannot be read is left out."""
    from PIL import ImageCms

    if profile and image.mode in ("L", "RGB", "CMYK"):
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
            colours = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            changed = ImageCms.profileToProfile(
                image, colours, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            if changed is not None:
                return changed
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _turn(image: "Image.Image") -> int:
    # Where a PNG does not begin with it, it would be looked for behind the pixels, all of which would be decoded.
    known = "exif" in image.info or image.format != "PNG"
    turn = image.getexif().get(_ORIENTATION, 1) if known else 1
    return turn if turn in _UPRIGHT else 1


def _within(width: int, height: int, most: int) -> Size:
    """A size of the same shape, its longer side at most so long."""
    longer = max(width, height, most)
    return max(1, round(width * most / longer)), max(1, round(height * most / longer))


def _open(path: Path) -> "Image.Image":
    from PIL import Image

    if complaint := picture_complaint(path):  # the file may have changed since the library was read
        raise ValueError(f"it {complaint}")
    return Image.open(path, formats=FORMATS)


@contextlib.contextmanager
def _telling(path: Path) -> Iterator[None]:
    """Turn what keeps a file from being shown into one sentence; Pillow raises whatever a damaged file leads it to."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise UserError(
            f"The reference picture {path} cannot be shown: {first_line(error).rstrip('.')}."
        ) from error
