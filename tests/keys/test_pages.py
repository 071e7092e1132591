"""Pages: the design's check values, the bijection, and noise that is Gaussian and independent."""

import hashlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from babelgen.errors import BadKey, UserError
from babelgen.keys import noise_page, normal_table, page_noise
from babelgen.keys.pages import Shape, scatter
from babelgen.keys.space import page_bits

from .spaces import numbers, relaxed

DIGITS = [(0, [704, 3907, 1310]), (1, [2744, 3907, 856]), (2**36 - 1, [2098, 3408, 781])]
HASHES = [((4, 26, 40), 0, "ea2eb651c0443d4c"), ((4, 52, 80), 1, "04dd74e9f3f7b8de")]
SHAPES = [(1, 1, 1), (1, 1, 3), (4, 4, 4), (3, 5, 7), (2, 1, 1), (4, 26, 40), (4, 52, 80)]


@pytest.mark.parametrize(("page", "digits"), DIGITS)
def test_the_designs_digits(page: int, digits: list[int]) -> None:
    noise = page_noise(page, (1, 1, 3))
    assert noise.tobytes() == normal_table()[digits].tobytes()
    assert noise_page(noise) == (page, 0)


@pytest.mark.parametrize(("shape", "page", "prefix"), HASHES)
def test_the_designs_hashes(shape: Shape, page: int, prefix: str) -> None:
    data = scatter(page, shape).to_bytes(page_bits(shape) // 8, "big")
    assert hashlib.sha256(data).hexdigest().startswith(prefix)


def test_the_permutation_of_the_smallest_shape_is_one() -> None:
    values = {page_noise(page, (1, 1, 1)).item() for page in range(4096)}
    assert values == set(normal_table().tolist())


@relaxed
@given(st.sampled_from(SHAPES), st.data())
def test_pages_come_back(shape: Shape, data: st.DataObject) -> None:
    page = data.draw(numbers(1 << page_bits(shape)))
    assert noise_page(page_noise(page, shape)) == (page, 0)


@pytest.mark.parametrize("shape", SHAPES)
def test_noise_comes_back_to_the_nearest_table_values(shape: Shape) -> None:
    noise = np.random.default_rng(7).standard_normal(shape)
    page, clipped = noise_page(noise)
    error = page_noise(page, shape) - noise
    assert clipped == np.count_nonzero(np.abs(noise) > normal_table()[-1])
    assert np.abs(error[np.abs(noise) < 3]).max(initial=0) < 0.05


def test_first_pages_are_independent_gaussian_draws() -> None:
    shape = (4, 52, 80)
    noise = np.stack([page_noise(page, shape).ravel() for page in range(8)]).astype(np.float64)
    deviation = 1 / math.sqrt(noise.shape[1])
    assert np.abs(noise.mean(axis=1)).max() < 4.5 * deviation
    assert np.abs(noise.var(axis=1) - 1).max() < 4.5 * math.sqrt(2) * deviation
    assert np.abs(np.corrcoef(noise) - np.eye(8)).max() < 4.5 * deviation


def test_the_form_of_noise() -> None:
    noise = page_noise(5, (3, 5, 7))
    assert (noise.dtype, noise.shape) == (np.dtype("float32"), (3, 5, 7))
    assert noise.flags.c_contiguous
    assert noise.flags.writeable
    transposed = np.asfortranarray(noise)  # C order is the order of the values, not of memory
    assert noise_page(transposed) == (5, 0)


@pytest.mark.parametrize("shape", [(1, 1, 3), (4, 4, 4)])
def test_pages_outside_are_refused(shape: Shape) -> None:
    with pytest.raises(BadKey, match=r"^The page is below zero\.$"):
        page_noise(-1, shape)
    with pytest.raises(
        BadKey, match=r"^The page is too large for latents of \dx\dx\d: it must be below 2\^\d+.$"
    ):
        page_noise(1 << page_bits(shape), shape)


@pytest.mark.parametrize(
    "noise", [np.zeros((4, 4)), np.zeros((0, 4, 4)), np.zeros((1, 4, 4), int), np.zeros((1, 1, 1), complex)]
)
def test_other_arrays_are_refused(noise: NDArray[np.floating]) -> None:
    with pytest.raises(UserError, match=r"^Noise is an array of floats "):
        noise_page(noise)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(bad: float) -> None:
    noise = np.zeros((1, 2, 2), np.float32)
    noise[0, 1, 0] = bad
    with pytest.raises(UserError, match=r"^Value 3 of the noise is not a finite number\.$"):
        noise_page(noise)
