"""Numerals: one number, one spelling; long ones in linear time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelgen.errors import BadKey
from babelgen.keys import read_number, write_number
from babelgen.keys.numerals import DIGITS, digit_count, write_bytes

from .spaces import relaxed

SPELLINGS = [(0, "0"), (1, "1"), (9, "9"), (10, "a"), (17, "h"), (18, "j"), (20, "m"), (22, "p"), (27, "v")]
SPELLINGS += [(31, "z"), (32, "10"), (1023, "zz"), (2**40 - 1, "zzzzzzzz"), (2**40, "100000000")]


@pytest.mark.parametrize(("number", "text"), SPELLINGS)
def test_spellings(number: int, text: str) -> None:
    assert write_number(number) == text
    assert read_number(text) == number
    assert digit_count(number) == len(text)


@relaxed
@given(st.binary(max_size=4).map(lambda data: data * 5))
def test_bytes_keep_their_zeros(data: bytes) -> None:
    text = write_bytes(data)
    assert len(text) == len(data) // 5 * 8
    assert (text.lstrip("0") or "0") == write_number(int.from_bytes(data, "big"))
    assert write_bytes(bytes(5) + data) == "0" * 8 + text


@relaxed
@given(st.integers(0, 2**300))
def test_numbers_come_back_and_agree_with_long_division(number: int) -> None:
    text, rest = "", number
    while rest:
        rest, digit = divmod(rest, 32)
        text = DIGITS[digit] + text
    assert write_number(number) == (text or "0")
    assert read_number(write_number(number)) == number


@given(st.text(alphabet=DIGITS + "ilouA _+-\n\u0663\uff11", max_size=6))
def test_what_reads_is_spelled_back_alike(text: str) -> None:
    try:
        number = read_number(text)
    except BadKey:
        return
    assert write_number(number) == text


@pytest.mark.parametrize(
    "text", ["", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "1\n", "A", "i", "l", "o", "u", "٣"]
)
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(BadKey):
        read_number(text)


def test_a_number_beyond_decimal_conversion() -> None:
    number = (1 << 2_000_000) - 1  # 600,000 decimal digits: Python refuses them, a square law takes minutes
    text = write_number(number)
    assert text == "z" * 400_000
    assert read_number(text) == number


def test_negative_numbers_have_no_numeral() -> None:
    with pytest.raises(ValueError, match="no sign"):
        write_number(-1)
