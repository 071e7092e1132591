"""Key files: one final newline is taken off, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelgen.errors import BadKey
from babelgen.keys import read_key_text

from .spaces import EXAMPLE_KEY

KEY = EXAMPLE_KEY.encode("ascii")


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_one_final_newline_may_follow(end: bytes) -> None:
    assert read_key_text(KEY + end) == EXAMPLE_KEY


@pytest.mark.parametrize("data", [b"", b"\n", b"\r\n"])
def test_empty_files_are_refused(data: bytes) -> None:
    with pytest.raises(BadKey, match=r"^The key file is empty\.$"):
        read_key_text(data)


BREAKS = [
    (KEY + b"\n\n", 41),
    (KEY + b"\r\n\n", 41),
    (KEY + b"\r", 41),
    (KEY + b"\r\r\n", 41),
    (b"\n" + KEY, 1),
]
BREAKS += [(KEY + b"\n" + KEY, 41), (b"\n\n", 1), (b"\r", 1), (b"ab\rcd\n", 3)]


@pytest.mark.parametrize(("data", "place"), BREAKS)
def test_other_line_breaks_are_refused(data: bytes, place: int) -> None:
    with pytest.raises(BadKey) as refusal:
        read_key_text(data)
    told = f"Byte {place} of the key file is a line break, and only one final newline may follow a key."
    assert str(refusal.value) == told


NOT_ASCII = [
    (b"\xef\xbb\xbf" + KEY, 1, "0xef"),
    (EXAMPLE_KEY.encode("utf-16"), 1, "0xff"),
    (b"ab\x80\n", 3, "0x80"),
]


@pytest.mark.parametrize(("data", "place", "byte"), NOT_ASCII)
def test_what_is_not_ascii_is_refused(data: bytes, place: int, byte: str) -> None:
    with pytest.raises(BadKey) as refusal:
        read_key_text(data)
    assert str(refusal.value) == f"Byte {place} of the key file is {byte}, which is not ASCII."


def test_blanks_are_kept() -> None:
    assert read_key_text(b" a\t \n") == " a\t "


@given(st.binary(max_size=30))
def test_whatever_the_bytes_they_are_the_text_or_a_bad_key(data: bytes) -> None:
    try:
        text = read_key_text(data)
    except BadKey:
        return
    assert data in (text.encode("ascii") + end for end in (b"", b"\n", b"\r\n"))
