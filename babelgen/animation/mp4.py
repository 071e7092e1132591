"""MP4 with VP9, an optional extra: `pip install 'babelgen[video]'`.

VP9 is encoded by libvpx, which is under a BSD licence and needs nobody's leave; the encoders that other films are made
with are under the GPL, and not used here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from PIL import Image

from babelgen.animation.film import Film

CODEC = "libvpx-vp9"
# One thread, since several may split frames otherwise from run to run.
_OPTIONS = {"deadline": "good", "cpu-used": "2", "threads": "1", "row-mt": "0", "b:v": "0"}
BEST, WORST = 4, 63  # of VP9's quantizers, from quality 100 to quality 0


def write_mp4(film: Film, images: Iterable[Image.Image], file: BinaryIO) -> None:
    """Write an MP4 in place of a file, by its name."""
    import av

    level = round(WORST + (BEST - WORST) * film.quality / 100)
    with av.open(
        file.name, "w", format="mp4", options={"movflags": "faststart", "fflags": "bitexact"}
    ) as container:
        container.metadata["comment"] = film.note
        stream = container.add_stream(CODEC, rate=film.rate, options={**_OPTIONS, "crf": str(level)})
        stream.width, stream.height, stream.pix_fmt = film.width, film.height, "yuv420p"
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode(None))
