"""Digits: a long number as digits of 12 bits, and back.

Law: the first digit is the most significant. Bits are moved as bytes, so time grows in proportion to the length.
May import: numpy and the standard library.
"""

import numpy as np
from numpy.typing import NDArray


def split_digits(number: int, count: int) -> NDArray[np.uint16]:
    """A number below 2 ** (12 x count) as its digits, most significant first: (count,) uint16."""
    odd = count % 2  # two digits fill three bytes; an odd count gets one more digit, dropped at the end
    data = (number << 12 * odd).to_bytes((count + odd) // 2 * 3, "big")
    first, middle, last = np.frombuffer(data, np.uint8).reshape(-1, 3).T.astype(np.uint16)
    pairs = np.stack([first << 4 | middle >> 4, (middle & 15) << 8 | last], axis=1)
    return pairs.ravel()[:count]


def join_digits(digits: NDArray[np.uint16]) -> int:
    """The number that digits, (count,) uint16, spell; the inverse of `split_digits`."""
    odd = digits.size % 2
    high, low = np.append(digits, np.zeros(odd, np.uint16)).reshape(-1, 2).T
    data = np.stack([high >> 4, (high & 15) << 4 | low >> 8, low & 255], axis=1).astype(np.uint8)
    return int.from_bytes(data.tobytes(), "big") >> 12 * odd
