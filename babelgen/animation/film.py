"""A film: what is shown, how fast and how often; and which file format has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from typing import BinaryIO

from PIL import Image

from babelgen.errors import UserError


@dataclass(frozen=True)
class Film:
    """How frames become a film.

    width, height: pixels. frames: how many are shown. rate: of them a second. loop: how often it plays, 0 for ever.
    note: what the file says of itself. quality: 0 to 100, of lossy frames.
    """

    width: int
    height: int
    frames: int
    rate: Fraction
    loop: int
    note: str
    quality: int = 80

    def ticks(self, unit: int) -> Iterator[int]:
        """How long each frame stands, in 1/unit of a second; rounded so that no error adds up."""
        before = 0
        for frame in range(1, self.frames + 1):
            here = round(frame * unit / self.rate)
            yield here - before
            before = here


@dataclass(frozen=True)
class Format:
    """A file format. fastest: frames a second. most: how often a film may be said to play."""

    fastest: int
    most: int


FORMATS = {
    ".webp": Format(fastest=100, most=65_535),
    ".gif": Format(fastest=50, most=65_536),  # beyond that browsers show frames for a tenth of a second
    ".mp4": Format(fastest=120, most=0),
}


def frame_order(count: int, back: bool) -> list[int]:
    """The places of the pictures as they are shown: in order, and `back` again, either end shown once."""
    return [*range(count), *(range(count - 2, 0, -1) if back else ())]


def check_wishes(suffix: str, rate: Fraction, loop: int, size: tuple[int, int]) -> None:
    """Refuse with UserError, before any picture is read, what a format cannot have; suffix: in FORMATS."""
    known = FORMATS[suffix]
    if rate > known.fastest:
        raise UserError(
            f"A {suffix} file shows at most {known.fastest} frames a second, not {float(rate):g}."
        )
    if loop > known.most:
        often = (
            f"plays at most {known.most:,} times, or for ever"
            if known.most
            else "does not say how often it plays"
        )
        raise UserError(f"A {suffix} file {often}: give another --loop.")
    if suffix == ".mp4":
        if any(side % 2 for side in size):
            raise UserError(
                f"Pictures of an MP4 have even sides, not {size[0]} x {size[1]}: give another --width."
            )
        if find_spec("av") is None:
            raise UserError("MP4 needs PyAV, which is not installed: pip install 'babelgen[video]'.")


def write_film(suffix: str, film: Film, images: Iterable[Image.Image], file: BinaryIO) -> None:
    """Write a film of RGB images to a file that has a name and is empty; its wishes were checked."""
    if suffix == ".webp":
        from babelgen.animation.webp import write_webp

        write_webp(film, images, file)
    elif suffix == ".gif":
        from babelgen.animation.gif import write_gif

        write_gif(film, images, file)
    else:
        from babelgen.animation.mp4 import write_mp4

        write_mp4(film, images, file)
