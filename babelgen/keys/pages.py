"""Pages: the start noise of a picture as a number, and back.

Law: a page is a number of 12 bits for each latent value. A fixed permutation (a balanced Feistel network of
four rounds) scatters it, and the 12-bit digits of the result stand for the values of the normal table in C
order. So pages 0, 1, 2 ... are independent draws of Gaussian noise, and every noise has a page.
May import: babelgen.errors, digits, normal, space, numpy and the standard library.
"""

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

from babelgen.errors import BadKey, UserError
from babelgen.keys.digits import join_digits, split_digits
from babelgen.keys.normal import nearest_digits, normal_table
from babelgen.keys.space import check_shape, page_bits, page_complaint

Shape = tuple[int, int, int]

_ROUNDS = range(4)


def page_noise(page: int, latent_shape: Shape) -> NDArray[np.float32]:
    """The start noise of a page.

    page: 0 .. 2 ** (12 x values) - 1, else BadKey. latent_shape: (C, H, W). Returns (C, H, W) float32, values
    within +-3.73929, C-contiguous.
    """
    check_shape(latent_shape)
    if not 0 <= page < 1 << page_bits(latent_shape):
        raise BadKey(f"The page {page_complaint(page, latent_shape)}.")
    digits = split_digits(scatter(page, latent_shape), math.prod(latent_shape))
    return normal_table()[digits].reshape(latent_shape)


def noise_page(latents: NDArray[np.floating]) -> tuple[int, int]:
    """The page whose noise is nearest to the given one, and the number of values clipped to the table's ends.

    latents: (C, H, W), any floating dtype. Raises UserError for NaN, infinity or another form of array.
    """
    if latents.ndim != 3 or latents.size == 0 or not np.issubdtype(latents.dtype, np.floating):
        raise UserError(
            f"Noise is an array of floats (channels, height, width), not {latents.dtype} {latents.shape}."
        )
    channels, height, width = latents.shape
    digits, clipped = nearest_digits(latents)
    return gather(join_digits(digits.ravel()), (channels, height, width)), clipped


def scatter(page: int, latent_shape: Shape) -> int:
    """The permutation: a page to the number whose digits are the noise."""
    return _permute(page, latent_shape, _ROUNDS)


def gather(number: int, latent_shape: Shape) -> int:
    """The inverse permutation; each round undoes itself, so it is the same rounds backwards."""
    return _permute(number, latent_shape, _ROUNDS[::-1])


def _permute(number: int, latent_shape: Shape, rounds: range) -> int:
    half_bits = page_bits(latent_shape) // 2
    left, right = number >> half_bits, number & (1 << half_bits) - 1
    name = b"babel2/page/" + "x".join(map(str, latent_shape)).encode("ascii")
    for r in rounds:
        if r % 2 == 0:
            left ^= _mix(name, r, right, half_bits)
        else:
            right ^= _mix(name, r, left, half_bits)
    return left << half_bits | right


def _mix(name: bytes, r: int, half: int, half_bits: int) -> int:
    """F(r, half): the first `half_bits` bits of SHAKE-256 over the shape's name, the round and the half."""
    size = -(-half_bits // 8)
    shake = hashlib.shake_256(b"%b/%d/%b" % (name, r, half.to_bytes(size, "big")))
    return int.from_bytes(shake.digest(size), "big") >> 8 * size - half_bits
