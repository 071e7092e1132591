"""Words: floats in 15 bits each, as the codec `lob1` has them.

Law: bits 0-9 of a word are a mantissa, 10-13 an exponent e, 14 a sign; as float16 the exponent field is
e + bias. There is no zero, no subnormal, no infinity and no NaN: each word is one finite number, and the bias
alone says in which range. Nothing here knows how many words a key has.
May import: babelgen.errors, numpy and the standard library.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from babelgen.errors import UserError

BITS = 15

_SIGN = 1 << 14
_MANTISSA_BITS = 10
_GROUP = 8  # words, which fill whole bytes together: as many as a byte has bits
_BEYOND = 3  # bytes that the last word's window may reach beyond its group


def value_range(bias: int) -> tuple[float, float]:
    """The smallest and the largest magnitude that words of a bias have: 2^(bias - 15) and nearly 2^(bias + 1)."""
    ends = np.array([bias << _MANTISSA_BITS, (bias << _MANTISSA_BITS) + _SIGN - 1], np.uint16)
    smallest, largest = ends.view(np.float16).tolist()
    return smallest, largest


def words_to_values(words: NDArray[np.uint16], bias: int) -> NDArray[np.float16]:
    """The floats that words, (n,) uint16 below 2^15, stand for; bias: 1 to 15."""
    # The sign of a float16 stands one bit higher than a word's: adding it to itself puts it there.
    return (words + (words & _SIGN) + np.uint16(bias << _MANTISSA_BITS)).view(np.float16)


def values_to_words(values: NDArray[np.floating], bias: int) -> tuple[NDArray[np.uint16], int]:
    """The words whose floats lie nearest to `values`, (n,) of any floating dtype, and how many saturated.

    Nearest in value; halfway between two words it is the one with the even mantissa, as IEEE 754 rounds. A
    magnitude beyond either end of the range becomes that end with the sign kept, and a zero of either sign
    the smallest positive: these are the ones that saturate. Raises UserError for NaN and infinity.
    """
    values = require_finite(values, "numbers")
    magnitudes = np.abs(values)
    # Before rounding, so that nothing becomes zero or infinite on the way.
    held = np.clip(magnitudes, *value_range(bias))
    bits = held.astype(np.float16).view(np.uint16) - np.uint16(bias << _MANTISSA_BITS)
    return bits | (values < 0) * np.uint16(_SIGN), int(np.count_nonzero(held != magnitudes))


def require_finite(values: NDArray[np.floating], name: str) -> NDArray[np.floating]:
    """The values, wider than float16, which most processors compute in software; UserError for NaN and infinity."""
    wide = values.astype(np.promote_types(values.dtype, np.float32), copy=False)
    finite = np.isfinite(wide)
    if not finite.all():
        raise UserError(f"Value {int(finite.argmin()) + 1} of the {name} is not finite.")
    return wide


def unpack_words(data: bytes, start: int, count: int) -> NDArray[np.uint16]:
    """`count` words of a bit stream, the first at bit `start` (0..7): (count,) uint16.

    Bit i of the stream is bit i % 8, the least significant first, of byte i // 8. Bits beyond the end are 0.
    """
    groups = -(-count // _GROUP) or 1
    room = data.ljust(_room(groups), b"\0")
    words = np.empty((groups, _GROUP), np.uint16)
    for place, (window, shift) in enumerate(_windows(room, start, groups)):
        words[:, place] = window >> shift & (1 << BITS) - 1
    return words.ravel()[:count]


def pack_words(words: NDArray[np.uint16], start: int) -> bytes:
    """Words, (n,) uint16 below 2^15, as a bit stream with `start` (0..7) zero bits before them.

    The inverse of `unpack_words`; the stream ends with the byte that holds the last word's last bit.
    """
    groups = -(-words.size // _GROUP) or 1
    rows = np.zeros((groups, _GROUP), np.uint32)
    rows.ravel()[: words.size] = words
    room = bytearray(_room(groups))
    for place, (window, shift) in enumerate(_windows(room, start, groups)):
        window |= rows[:, place] << shift
    return bytes(room[: -(-(start + BITS * words.size) // 8)])


def _room(groups: int) -> int:
    """The bytes that the windows of so many groups lie in."""
    return groups * BITS + _BEYOND


def _windows(
    data: bytes | bytearray, start: int, groups: int
) -> Iterator[tuple[NDArray[np.uint32], np.uint32]]:
    """For each place in a group: the 32 bits of each group in which that word lies, and where it begins there.

    Windows are views of `data`, one group apart. A word begins in their first byte, so 7 + 15 bits suffice.
    """
    for place in range(_GROUP):
        byte, shift = divmod(start + place * BITS, 8)
        yield np.ndarray((groups,), "<u4", data, byte, (BITS,)), np.uint32(shift)
