"""Words of 15 bits: their values, and the bit stream they stand in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from babelgen.errors import UserError
from babelgen.keys.lob1_words import (
    pack_words,
    unpack_words,
    value_range,
    values_to_words,
    words_to_values,
)

from .spaces import relaxed

ALL = np.arange(1 << 15, dtype=np.uint16)


def value_of(word: int, bias: int) -> float:
    """A word's value, by the format's definition."""
    mantissa, exponent, sign = word & 1023, word >> 10 & 15, word >> 14
    return float((-1) ** sign * (1 + mantissa / 1024) * 2.0 ** (exponent + bias - 15))


def words_of(*values: float, bias: int = 1) -> list[int]:
    """The words of some values."""
    return values_to_words(np.array(values), bias)[0].tolist()


@pytest.mark.parametrize("bias", [1, 4, 15])
def test_every_word_is_its_value_and_comes_back(bias: int) -> None:
    values = words_to_values(ALL, bias)
    assert values.dtype == np.float16
    assert values.tolist() == [value_of(word, bias) for word in ALL.tolist()]
    for dtype in (np.float16, np.float32, np.float64, np.dtype(">f4")):
        words, saturated = values_to_words(values.astype(dtype), bias)
        assert words.dtype == np.uint16
        assert np.array_equal(words, ALL)
        assert saturated == 0


@pytest.mark.parametrize(("bias", "ends"), [(1, (2**-14, 3.998046875)), (4, (2**-11, 31.984375))])
def test_the_range_of_a_bias(bias: int, ends: tuple[float, float]) -> None:
    assert value_range(bias) == ends


@pytest.mark.parametrize(
    ("value", "latent", "embedding"),
    [
        (0.0, 0x0000, 0x0000),
        (-0.0, 0x0000, 0x0000),
        (1e-9, 0x0000, 0x0000),
        (-1e-9, 0x4000, 0x4000),
        (2.5, 0x3D00, 0x3100),
        (-2.5, 0x7D00, 0x7100),
        (4.0, 0x3FFF, 0x3400),
        (-4.0, 0x7FFF, 0x7400),
        (1e4, 0x3FFF, 0x3FFF),
        (-1e300, 0x7FFF, 0x7FFF),
    ],
)
def test_pinned_values(value: float, latent: int, embedding: int) -> None:
    assert words_of(value, bias=1) == [latent]
    assert words_of(value, bias=4) == [embedding]


def test_values_beyond_the_range_are_counted() -> None:
    for dtype in (np.float16, np.float32, np.float64):
        _, saturated = values_to_words(np.array([0.0, -0.0, 6.1e-5, 4, -5, 3.998046875, 1, 2**-14], dtype), 1)
        assert saturated == 5


def test_halfway_goes_to_the_even_mantissa() -> None:
    step = 2.0**-10
    odd, even = 1 + step, 1 + 2 * step
    assert words_of(1 + step / 2, odd + step / 2, even + step / 2) == words_of(1, even, even)
    assert words_of(-odd - step / 2) == words_of(-even)
    assert words_of(1 + 1023.5 * step) == words_of(2)


@relaxed
@given(st.floats(-40, 40), st.sampled_from([1, 4]))
def test_the_nearest_value_is_taken(value: float, bias: int) -> None:
    distances = np.abs(words_to_values(ALL, bias).astype(np.float64) - value)
    (word,) = words_of(value, bias=bias)
    assert distances[word] == distances.min()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_is_not_finite_is_refused(value: float, dtype: type) -> None:
    with pytest.raises(UserError, match=r"^Value 3 of the numbers is not finite\.$"):
        values_to_words(np.array([1, 2, value, value], dtype), 1)


def slow_bits(words: list[int], start: int) -> bytes:
    """Words as a stream of bits, by the format's definition."""
    number = sum(word << start + 15 * place for place, word in enumerate(words))
    return number.to_bytes(-(-(start + 15 * len(words)) // 8), "little")


streams = st.tuples(st.lists(st.integers(0, 2**15 - 1), max_size=40), st.integers(0, 7))


@relaxed
@given(streams)
def test_words_are_packed_as_defined_and_come_back(stream: tuple[list[int], int]) -> None:
    words, start = stream
    array: NDArray[np.uint16] = np.array(words, np.uint16)
    data = pack_words(array, start)
    assert data == slow_bits(words, start)
    assert unpack_words(data, start, len(words)).tolist() == words


@relaxed
@given(streams, st.binary(max_size=20))
def test_bits_around_the_words_are_left_out(stream: tuple[list[int], int], after: bytes) -> None:
    words, start = stream
    data = bytearray(slow_bits(words, start) + after)
    if words:
        data[0] |= (1 << start) - 1
    assert unpack_words(bytes(data), start, len(words)).tolist() == words
