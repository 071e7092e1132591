"""The codec `babel2`: keys written and read back, and where a space's longest key ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelgen.errors import BadKey
from babelgen.keys import Address, KeySpace, Shelf, edition_of, format_key, longest_key, parse_key
from babelgen.keys.spelling import compute_check

from .spaces import (
    EXAMPLE,
    EXAMPLE_KEY,
    FITTED,
    GOLDEN,
    LARGE,
    POLITE,
    TINY,
    WIDE,
    addresses,
    relaxed,
    sign,
)

CASES = [
    (EXAMPLE, EXAMPLE_KEY, Address(20, Shelf("t", 4 * 32**3 + 17 * 32**2 + 29 * 32 + 9), 0)),
    (GOLDEN, "babel2:golden-00000000:1.t0.0~", Address(1, Shelf("t", 0), 0)),
    (GOLDEN, "babel2:golden-00000000:64.t10.zz.nt1~", Address(64, Shelf("t", 32), 1023, Shelf("t", 1))),
    (POLITE, "babel2:polite-00000000:9.t7.1.nt0~", Address(9, Shelf("t", 7), 1, Shelf("t", 0))),
    (FITTED, "babel2:fitted-00000000:9.v0.1.nv10~", Address(9, Shelf("v", 0), 1, Shelf("v", 32))),
    (FITTED, "babel2:fitted-00000000:9.t0.1.nv0~", Address(9, Shelf("t", 0), 1, Shelf("v", 0))),
]


@pytest.mark.parametrize(("space", "text", "address"), CASES)
def test_cases(space: KeySpace, text: str, address: Address) -> None:
    written = format_key(address, space)
    assert written.startswith(text)
    assert parse_key(written, space) == address
    assert edition_of(written) == space.edition


def test_the_check_is_five_bytes_as_eight_digits() -> None:
    assert compute_check("babel2:mini-7k3q9d2x:20.t4hx9.0") == "ddghe53z"
    checks = [compute_check(f"babel2:x:1.t0.{page}") for page in range(200)]
    assert {len(check) for check in checks} == {8}
    assert any(check.startswith("0") for check in checks)  # of fixed width: here zeros do lead


@relaxed
@given(st.sampled_from([GOLDEN, POLITE, EXAMPLE, LARGE, TINY, FITTED, WIDE]), st.data())
def test_addresses_come_back(space: KeySpace, data: st.DataObject) -> None:
    address = data.draw(addresses(space))
    text = format_key(address, space)
    assert parse_key(text, space) == address
    assert edition_of(text) == space.edition
    assert len(text) <= longest_key(space)


PIECES = ["babel2:", "golden-00000000", ":", ".", "~", "20", "t", "n", "nt1"]
PIECES += ["0", "1", "4hx9", "z" * 150, " "]
TEXTS = st.one_of(
    st.binary(max_size=80).map(lambda data: data.decode("latin-1")),
    st.text(max_size=40),
    st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
)
FIELDS = ["0", "1", "64", "65", "007", "t0", "t1", "t01", "v0", "v1", "w0", "nt0", "nt1", "nv0", "m", ""]
ADDRESSES = st.lists(st.sampled_from(FIELDS), max_size=6).map(".".join)
SPACES = {space.edition: space for space in (GOLDEN, FITTED)}
SIGNED = st.builds(
    lambda space, fields: sign(f"babel2:{space}:{fields}"), st.sampled_from([*SPACES]), ADDRESSES
)


@relaxed
@given(st.sampled_from([*SPACES.values()]), TEXTS | SIGNED)
def test_whatever_the_text_it_decodes_and_is_written_alike_or_is_a_bad_key(
    space: KeySpace, text: str
) -> None:
    try:
        address = parse_key(text, space)
    except BadKey as refusal:
        assert_one_sentence(str(refusal))
        return
    assert format_key(address, space) == text


@relaxed
@given(TEXTS | SIGNED)
def test_an_edition_is_named_or_the_key_is_bad(text: str) -> None:
    try:
        edition = edition_of(text)
    except BadKey as refusal:
        assert_one_sentence(str(refusal))
        return
    assert text.startswith(f"babel2:{edition}:")


def assert_one_sentence(sentence: str) -> None:
    """A refusal is short whatever the key, printable ASCII, and ends where it should."""
    assert len(sentence) < 300
    assert sentence.isascii()
    assert sentence.isprintable()
    assert sentence.endswith(".")


@pytest.mark.parametrize("space", [GOLDEN, POLITE, EXAMPLE, LARGE, TINY, FITTED, WIDE])
def test_the_longest_key_is_reached(space: KeySpace) -> None:
    last = Shelf("v", space.embeddings - 1) if space is WIDE else Shelf("t", space.shelves - 1)
    assert len(format_key(Address(64, last, space.pages - 1, last), space)) == longest_key(space)


def test_lengths_that_the_design_tells() -> None:
    assert len(EXAMPLE_KEY) == 40
    assert 40_000 < longest_key(LARGE) < 40_600
