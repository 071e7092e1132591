"""Animations: printed pictures one after the other, in one file.

Law: a frame is read, encoded, written and forgotten before the next is read, so that memory does not grow with length;
the same pictures and the same wishes give the same bytes.
May import: errors, Pillow and PyAV; never torch.
"""

from babelgen.animation.film import FORMATS, Film, check_wishes, frame_order, write_film

__all__ = ["FORMATS", "Film", "check_wishes", "frame_order", "write_film"]
