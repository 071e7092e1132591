"""How far two pictures are apart, in decibels."""

from __future__ import annotations

import math


def psnr(first, second):
    """Peak signal-to-noise ratio of two uint8 pictures of one shape; infinite for equal ones."""
    error = float(((first.astype(float) - second.astype(float)) ** 2).mean())
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)
