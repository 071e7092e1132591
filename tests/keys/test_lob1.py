"""The codec `lob1`: keys read and written, refused, stepped and drawn."""

import base64
import hashlib
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babelgen.errors import BadKey, UserError
from babelgen.keys.lob1 import (
    FIXED,
    LENGTH,
    check_key,
    decode_key,
    encode_key,
    random_key,
    step_key,
    steps_of,
)

from .golden_lob1 import FILE, KEYS, all_vectors, text_hash
from .test_babel2 import assert_one_sentence
from .test_lob1_words import value_of

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
SHARED = Path(__file__).parents[3] / "shared" / "lob1-vectors"
ZEROS = np.zeros(59_136, np.float32), np.zeros(16_640, np.float32)

few = settings(deadline=None, max_examples=25)  # a key has 189,436 characters


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    """The golden vectors in the file; a missing file fails."""
    vectors: dict[str, Any] = json.loads(FILE.read_text("ascii"))
    return vectors


@pytest.mark.parametrize("section", ["keys", "steps", "encoded", "draws"])
def test_vectors_hold(committed: dict[str, Any], section: str) -> None:
    assert committed[section]
    assert all_vectors()[section] == committed[section]


# -- reading and writing


@pytest.mark.parametrize("name", KEYS)
def test_a_key_says_what_the_format_defines(name: str) -> None:
    """Against the definition, bit by bit."""
    number = int.from_bytes(base64.b64decode(KEYS[name]), "little")
    bits = f"{number:01136616b}"[::-1]  # bit i of the stream is character i
    words = [int(bits[at : at + 15][::-1], 2) for at in range(6, len(bits), 15)]
    embedding = [value_of(word, 4) for word in words[:59_134]]
    embedding.insert(19, -28.078125)
    embedding.insert(681, 33.09375)
    parts = decode_key(KEYS[name])
    assert parts.steps == steps_of(KEYS[name]) == int(bits[:6][::-1], 2) + 1
    assert (parts.embedding.dtype, parts.latents.dtype) == (np.float16, np.float16)
    assert parts.embedding.tolist() == embedding
    assert parts.latents.tolist() == [value_of(word, 1) for word in words[59_134:]]


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_what_decodes_is_encoded_alike(name: str, dtype: str) -> None:
    parts = decode_key(KEYS[name])
    encoded = encode_key(parts.steps, parts.embedding.astype(dtype), parts.latents.astype(dtype))
    assert encoded.text == KEYS[name]
    assert (encoded.saturated, encoded.unfixed) == (0, ())


@few
@given(st.binary(max_size=8))
def test_any_bits_are_a_key_and_come_back(seed: bytes) -> None:
    key = base64.b64encode(hashlib.shake_256(seed).digest(142_077)).decode("ascii")
    parts = decode_key(key)
    assert encode_key(parts.steps, parts.embedding, parts.latents).text == key


def test_fixed_values_are_put_back_and_told_where_others_were_given() -> None:
    embedding, latents = (array.copy() for array in ZEROS)
    assert encode_key(1, embedding, latents).unfixed == (19, 681)
    embedding[19] = -28.078125
    encoded = encode_key(1, embedding, latents)
    assert encoded.unfixed == (681,)
    embedding[681] = 33.09375
    right = encode_key(1, embedding, latents)
    assert (right.unfixed, right.text) == ((), encoded.text)
    assert right.saturated == 59_134 + 16_640  # zeros; the fixed values are beyond their range and not coded
    parts = decode_key(right.text)
    assert {position: float(parts.embedding[position]) for position in FIXED} == FIXED
    assert np.all(np.delete(parts.embedding, list(FIXED)) == 2.0**-11)
    assert np.all(parts.latents == 2.0**-14)


def test_any_shape_of_so_many_values_will_do() -> None:
    parts = decode_key(KEYS["one"])
    shaped = encode_key(parts.steps, parts.embedding.reshape(1, 77, 768), parts.latents.reshape(1, 4, 52, 80))
    assert shaped.text == KEYS["one"]


@pytest.mark.parametrize("steps", [0, 65, -1])
def test_other_numbers_of_steps_are_refused(steps: int) -> None:
    with pytest.raises(UserError, match=rf"^The number of steps must be from 1 to 64, not {steps}\.$"):
        encode_key(steps, *ZEROS)


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_even_where_it_is_not_coded(part: int, value: float) -> None:
    arrays = [array.copy() for array in ZEROS]
    arrays[part][681] = value
    name = ("embedding", "latents")[part]
    with pytest.raises(UserError, match=rf"^Value 682 of the {name} is not finite\.$"):
        encode_key(1, *arrays)


def test_arrays_that_do_not_fit_are_refused() -> None:
    embedding, latents = ZEROS
    with pytest.raises(
        UserError, match=r"^The embedding must be 59136 floats, not float32 of shape \(3,\)\.$"
    ):
        encode_key(1, embedding[:3], latents)
    with pytest.raises(
        UserError, match=r"^The latents must be 16640 floats, not int64 of shape \(16640,\)\.$"
    ):
        encode_key(1, embedding, latents.astype(np.int64))  # type: ignore[arg-type]


# -- refusals

FOREIGN = [
    ("=", "'=', which pads base64, and a lob1 key has no padding"),
    ("-", "'-', of the URL-safe alphabet, which has it for the '+' of a lob1 key"),
    ("_", "'_', of the URL-safe alphabet, which has it for the '/' of a lob1 key"),
    (" ", "a space, and a key has none"),
    ("\n", "a line break, and a key has none"),
    ("\r", "a line break, and a key has none"),
    ("\t", "a tab, and a key has none"),
    ("\x00", r"'\x00', which is no digit of base64"),
    ("~", "'~', which is no digit of base64"),
    ("ä", r"'\xe4', which is not ASCII"),
    ("\ud800", r"'\ud800', which is not ASCII"),
    ("Ａ", r"'\uff21', which is not ASCII"),
]


@pytest.mark.parametrize(("character", "described"), FOREIGN)
@pytest.mark.parametrize("place", [1, 2, 189_433, 189_435, 189_436])
def test_foreign_characters_are_named_with_their_place(character: str, described: str, place: int) -> None:
    text = KEYS["one"][: place - 1] + character + KEYS["one"][place:]
    with pytest.raises(BadKey) as refusal:
        decode_key(text)
    assert str(refusal.value) == f"Character {place} of the key is {described}."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The key is empty."),
        ("A", "The key has 1 characters, and a lob1 key has 189436."),
        (KEYS["one"][:-1], "The key has 189435 characters, and a lob1 key has 189436."),
        (KEYS["one"] + "A", "The key has 189437 characters, and a lob1 key has 189436."),
        (KEYS["one"] + "A" * 4, "The key has 189440 characters, and a lob1 key has 189436."),
        (KEYS["one"] + "\n", "Character 189437 of the key is a line break, and a key has none."),
        (KEYS["one"][:-2] + "==", f"Character 189435 of the key is {FOREIGN[0][1]}."),
        (KEYS["one"] + "====", f"Character 189437 of the key is {FOREIGN[0][1]}."),
        ("babel2:x", "Character 7 of the key is ':', which no lob1 key has, and every babel2 key."),
    ],
    ids=range(9),
)
def test_other_lengths_and_padding_are_refused(text: str, sentence: str) -> None:
    for read in (check_key, decode_key):
        with pytest.raises(BadKey) as refusal:
            read(text)
        assert str(refusal.value) == sentence


edits = st.lists(
    st.tuples(st.integers(0, LENGTH - 1), st.characters() | st.sampled_from(ALPHABET)), max_size=3
)
TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(ALPHABET, max_size=40),
    st.builds(lambda size: KEYS["two"][:size], st.integers(LENGTH - 8, LENGTH)),
    edits.map(lambda places: edited(KEYS["three"], places)),
    st.text(max_size=4).map(lambda end: KEYS["one"] + end),
)


def edited(text: str, places: list[tuple[int, str]]) -> str:
    """A text with some characters replaced."""
    for place, character in places:
        text = text[:place] + character + text[place + 1 :]
    return text


@settings(deadline=None)
@given(TEXTS)
def test_whatever_the_text_it_decodes_and_is_encoded_alike_or_is_a_bad_key(text: str) -> None:
    try:
        parts = decode_key(text)
    except BadKey as refusal:
        assert_one_sentence(str(refusal))
        return
    assert encode_key(parts.steps, parts.embedding, parts.latents).text == text


# -- order


def slow_step(text: str, level: int, count: int) -> str:
    """The definition: all of a key as one number."""
    moving, held = divmod(int.from_bytes(base64.b64decode(text), "big"), 64**level)
    number = (moving + count) % 64 ** (LENGTH - level) * 64**level + held
    return base64.b64encode(number.to_bytes(142_077, "big")).decode("ascii")


RUNS = [
    *range(6),
    63,
    64,
    65,
    127,
    4095,
    4096,
    4097,
    8256,
    100_000,
    LENGTH - 5,
    LENGTH - 2,
    LENGTH - 1,
    LENGTH,
]


@pytest.mark.parametrize("level", [0, 1, 4])
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize(("digit", "count"), [("/", 1), ("A", -1), ("/", 63), ("A", -64)])
def test_carries_of_all_lengths(run: int, digit: str, count: int, level: int) -> None:
    text = (KEYS["one"][: LENGTH - run] + digit * run)[level:] + KEYS["two"][:level]
    assert len(text) == LENGTH
    moved = step_key(text, level, count)
    assert moved == slow_step(text, level, count)
    assert step_key(moved, level, -count) == text


@few
@given(
    st.sampled_from(sorted(KEYS)),
    st.integers(0, 12) | st.integers(0, LENGTH - 1),
    st.integers(-5000, 5000) | st.integers(-(2**400), 2**400),
)
def test_steps_are_sums(name: str, level: int, count: int) -> None:
    assert step_key(KEYS[name], level, count) == slow_step(KEYS[name], level, count)


@pytest.mark.parametrize("level", [0, 4, LENGTH - 1])
def test_the_last_key_is_followed_by_the_first_and_held_characters_stay(level: int) -> None:
    held = KEYS["one"][LENGTH - level :]
    first, last = "A" * (LENGTH - level) + held, "/" * (LENGTH - level) + held
    assert step_key(last, level) == first
    assert step_key(first, level, -1) == last
    assert step_key(first, level, 64 ** (LENGTH - level)) == first


@pytest.mark.parametrize("exponent", [1, 2, 3, 4, 5, 10, LENGTH - 2, LENGTH - 1])
def test_counts_of_a_whole_digit_move_that_digit_alone(exponent: int) -> None:
    text = "B" * LENGTH
    place = LENGTH - 1 - exponent
    assert step_key(text, 0, 64**exponent) == "B" * place + "C" + "B" * exponent
    assert step_key(text, 0, -(64**exponent)) == "B" * place + "A" + "B" * exponent


def test_no_step_is_the_same_key() -> None:
    assert step_key(KEYS["one"], 7, 0) == KEYS["one"]


@pytest.mark.parametrize("level", [-1, LENGTH])
def test_levels_that_hold_too_much_are_refused(level: int) -> None:
    with pytest.raises(
        UserError, match=rf"^The level must be from 0 to 189435 held characters, not {level}\.$"
    ):
        step_key(KEYS["one"], level)


def test_one_step_at_level_0_changes_one_latent_value_by_an_eighth_of_an_octave() -> None:
    before, after = decode_key(KEYS["first"]), decode_key(step_key(KEYS["first"]))
    assert np.array_equal(before.embedding, after.embedding)
    (moved,) = np.flatnonzero(before.latents != after.latents)
    assert moved == 16_639
    assert float(after.latents[moved] / before.latents[moved]) == 1.125


# -- drawing


def test_random_keys_are_keys_with_the_steps_asked_for() -> None:
    free = [random_key(random.Random(seed)) for seed in range(40)]
    held = [random_key(random.Random(seed), 20) for seed in range(3)]
    assert len({steps_of(key) for key in free}) > 20
    assert {decode_key(key).steps for key in held} == {20}
    assert [key[4:] for key in held] == [key[4:] for key in free[:3]]
    with pytest.raises(UserError, match="steps"):
        random_key(random.Random(0), 65)


def test_all_bits_of_random_keys_are_drawn() -> None:
    numbers = [int.from_bytes(base64.b64decode(random_key(random.Random(seed))), "big") for seed in range(30)]
    ones = zeros = 0
    for number in numbers:
        ones |= number
        zeros |= ~number
    assert ones & zeros & (1 << 1_136_616) - 1 == (1 << 1_136_616) - 1


# -- the archive's own keys

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the archive's vectors are not here")


@needs_shared
@pytest.mark.parametrize("number", range(3))
def test_keys_of_the_archive_read_here_as_there(number: int) -> None:
    text = (SHARED / f"{number}.txt").read_text("ascii").strip()
    there = np.load(SHARED / f"{number}.npz")
    parts = decode_key(text)
    assert parts.steps == int(there["num_inference_steps"])
    assert np.array_equal(parts.embedding, there["prompt_embeddings"])
    assert np.array_equal(parts.latents, there["latents"])
    assert encode_key(parts.steps, parts.embedding, parts.latents).text == text


@needs_shared
@pytest.mark.parametrize("number", range(3))
def test_neighbours_of_the_archive_are_neighbours_here(number: int) -> None:
    text = (SHARED / f"{number}.txt").read_text("ascii").strip()
    there = np.load(SHARED / f"{number}.npz")
    moves = {"next": (0, 1), "prev": (0, -1), "next_skip4": (4, 1), "prev_skip4": (4, -1)}
    for name, (level, count) in moves.items():
        moved = step_key(text, level, count)
        if int(there[f"{name}_len"]) != LENGTH:  # the original's defect: held characters lost on wrap-around
            moved = moved[: LENGTH - level]
        assert text_hash(moved) == str(there[f"{name}_sha256"])
        assert moved[-16:] == str(there[f"{name}_last16"])
    assert hashlib.sha256(text.encode()).hexdigest() == str(there["key_sha256"])
