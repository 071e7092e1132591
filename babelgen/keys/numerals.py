"""Numerals: whole numbers in Crockford's base 32, lower case.

Law: one number, one spelling. No aliases (i, l, o, u), no capitals, no signs, no spaces, no leading zeros.
Time and memory grow in proportion to the length: a page of 200,000 bits is an everyday number here, so
decimal, which Python stops at 4,300 digits and converts in quadratic time, is never used.
May import: babelgen.errors and the standard library.
"""

import base64
import re

from babelgen.errors import BadKey

DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
BITS = 5

_FOREIGN = re.compile(f"[^{DIGITS}]")
_FROM_RFC4648 = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", DIGITS)
_TO_INT32 = str.maketrans(DIGITS, "0123456789abcdefghijklmnopqrstuv")
_PAIRS = [first + second for first in DIGITS for second in DIGITS]


def write_number(number: int) -> str:
    """The numeral of a number that is zero or more; ValueError for a negative one."""
    if number < 0:
        raise ValueError("a numeral has no sign: the number must be zero or more")
    if number < 1 << 40:
        return _eight_digits(number).lstrip("0") or "0"
    size = -(-number.bit_length() // 40) * 5  # base64 maps whole groups of 5 bytes to 8 digits
    return write_bytes(number.to_bytes(size, "big")).lstrip("0") or "0"


def write_bytes(data: bytes) -> str:
    """Bytes, a multiple of five, as digits: eight digits for each five bytes, leading zeros kept."""
    if len(data) == 5:
        return _eight_digits(int.from_bytes(data, "big"))
    return base64.b32encode(data).decode("ascii").translate(_FROM_RFC4648)


def _eight_digits(number: int) -> str:
    """A number below 2 ** 40, leading zeros kept: so short are most pages and every check, and this is thrice as fast."""
    return (
        _PAIRS[number >> 30]
        + _PAIRS[number >> 20 & 1023]
        + _PAIRS[number >> 10 & 1023]
        + _PAIRS[number & 1023]
    )


def read_number(text: str) -> int:
    """The number that a numeral spells; BadKey for any other text."""
    check_number(text)
    return int(
        text.translate(_TO_INT32), 32
    )  # safe only after the check: int() takes signs, spaces, underscores


def check_number(text: str, name: str = "number", start: int = 1) -> None:
    """Refuse with BadKey a text that is no numeral.

    name: what the number is called in the sentence; start: the position of its first character, counted from
    1.
    """
    check_digits(text, name, start)
    if not text:
        raise BadKey(f"The {name} at character {start} is empty.")
    if text[0] == "0" and len(text) > 1:
        raise BadKey(
            f"The {name} at character {start} begins with a zero, and a number has no leading zeros."
        )


def check_digits(text: str, name: str, start: int) -> None:
    """Refuse with BadKey a text with anything but digits in it, leading zeros allowed."""
    if foreign := _FOREIGN.search(text):
        raise BadKey(
            f"Character {start + foreign.start()}, in the {name}, is {foreign[0]!a}, which is no digit: "
            "the digits are 0 to 9 and a to z without i, l, o and u."
        )


def digit_count(number: int) -> int:
    """The length of a number's numeral."""
    return max(1, -(-number.bit_length() // BITS))
