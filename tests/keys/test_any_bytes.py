"""Whatever the bytes: they are a key or the one error, and what a key says is encoded to the same text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babelgen.errors import BadKey
from babelgen.keys import (
    CODECS,
    Address,
    Codec,
    Shelf,
    embedding_of_shelf,
    format_key,
    read_key_text,
    shelf_of_embedding,
)

from .golden_lob1 import KEYS
from .spaces import FITTED, GOLDEN, LARGE, STATISTICS, addresses, relaxed, sign

BABEL2, LOB1 = CODECS["babel2"](FITTED), CODECS["lob1"](LARGE)
spaced = addresses(FITTED).map(lambda address: format_key(address, FITTED).encode())
archived = st.sampled_from([text.encode() for text in KEYS.values()])


@st.composite
def damaged(draw: st.DrawFn, keys: st.SearchStrategy[bytes]) -> bytes:
    """A key with a few bytes replaced, put in or taken out, or none, and perhaps the end of a line."""
    data = draw(keys)
    for _ in range(draw(st.integers(0, 2))):
        at, cut = draw(st.integers(0, len(data))), draw(st.integers(0, 3))
        fresh = draw(
            st.binary(max_size=3) | st.sampled_from([b"o", b"I", b" ", b".", b"~", b":", b"=", b"\r"])
        )
        data = data[:at] + fresh + data[at + cut :]
    return data + draw(st.sampled_from([b"", b"\n", b"\r\n"]))


def judge(data: bytes, codec: Codec) -> None:
    told = ""
    try:
        key = codec.parse(read_key_text(data))
    except BadKey as refusal:
        told = str(refusal)
    if told:
        assert len(told) < 300
        assert "\n" not in told
        return
    assert key.text == data.decode("ascii").rstrip("\r\n")
    encoded = codec.encode(key.steps, key.condition, key.noise(), key.negative)
    assert encoded.key.text == key.text
    assert encoded.losses == ()


@relaxed
@given(st.binary(max_size=300) | damaged(spaced))
def test_babel2(data: bytes) -> None:
    judge(data, BABEL2)


@relaxed
@given(
    st.text("0123456789abcdehinotuvz.~-:", max_size=40).map(
        lambda end: sign(f"babel2:{FITTED.edition}:{end}")
    )
)
def test_babel2_with_the_right_check(text: str) -> None:
    judge(text.encode(), BABEL2)


@settings(deadline=None, max_examples=25)
@given(st.binary(max_size=300) | damaged(archived))
def test_lob1(data: bytes) -> None:
    judge(data, LOB1)


@relaxed
@given(addresses(FITTED))
def test_embeddings_are_encoded_to_their_shelves(address: Address) -> None:
    shelf = address.shelf
    if shelf.kind == "v":
        assert shelf_of_embedding(embedding_of_shelf(shelf, FITTED, STATISTICS), STATISTICS) == (shelf, 0)


def test_a_negative_shelf_that_is_the_default_is_left_out() -> None:
    codec = CODECS["babel2"](GOLDEN)
    key = codec.first(3)
    assert codec.encode(3, Shelf("t", 0), key.noise(), Shelf("t", 0)).key.text == key.text


def test_values_that_no_key_has_are_counted() -> None:
    codec = CODECS["babel2"](GOLDEN)
    noise = codec.first(3).noise()
    noise[0, 0, :2] = 9, -9
    encoded = codec.encode(3, Shelf("t", 0), noise)
    assert encoded.losses == ("2 values were beyond the ends of the table of noise, and moved to them.",)
    assert encoded.key.noise().max() < 4
    key = LOB1.parse(KEYS["one"])
    noise, embedding = key.noise(), key.condition
    assert not isinstance(embedding, Shelf)
    noise[0, 0, 0], embedding[0, 19] = 0, 1
    assert LOB1.encode(1, embedding, noise).losses == (
        "1 value was beyond the range of lob1, and moved to its ends.",
        "Value 20 of the embedding is always -28.078125 in lob1, and was another.",
    )


@pytest.mark.parametrize("codec", [BABEL2, LOB1], ids=lambda codec: codec.name)
def test_a_condition_of_another_codec_is_our_slip(codec: Codec) -> None:
    other = LOB1 if codec is BABEL2 else BABEL2
    with pytest.raises(ValueError, match="a key of "):
        codec.encode(1, other.first(1).condition, codec.first(1).noise())
