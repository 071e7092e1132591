"""Refusals: each way to damage a key, and the sentence that is told.

The sentences are part of what users see, so they stand here word for word.
"""

import pytest

from babelgen.errors import BadKey
from babelgen.keys import Address, KeySpace, Shelf, edition_of, format_key, longest_key, parse_key

from .spaces import EXAMPLE, EXAMPLE_KEY, FITTED, GOLDEN, LARGE, POLITE, sign

OPENING = "babel2:mini-7k3q9d2x:"  # 21 characters
NO_DIGIT = "which is no digit: the digits are 0 to 9 and a to z without i, l, o and u."
LOWER_CASE = "and a key is in lower case."
LEADING_ZERO = "begins with a zero, and a number has no leading zeros."
EDITION_FORM = "has the wrong form: words of a-z and 0-9 joined by hyphens."
NO_KIND = "does not begin with the letter of its kind."
NO_FIT = "does not fit the 31 characters before it: a character of the key is "
NO_FIT += "wrong, missing, added or out of place."
UNKNOWN = "which this version does not know."
UNFITTED = "is of kind 'v', an embedding, and edition mini-7k3q9d2x has no statistics to read one with."
DEFAULT = "is the edition's default, which is written by leaving it out."
TOO_LARGE = (
    "is too large for edition mini-7k3q9d2x, whose prompts have at most 75 tokens from a vocabulary of 9000."
)
OTHER_EDITION = "The key is of edition golden-00000000 (character 8), not of mini-7k3q9d2x."

FORM = [
    ("", "The key is empty."),
    ("a red house", "The key begins with 'a red h' at character 1, not with 'babel2:'."),
    ("lob1:" + "A" * 60, "The key begins with 'lob1:AA' at character 1, not with 'babel2:'."),
    ("A" * 30_000, "The key begins with 'AAAAAAA' at character 1, not with 'babel2:'."),
    ("x" + EXAMPLE_KEY, "The key begins with 'xbabel2' at character 1, not with 'babel2:'."),
    ("b\xe4bel2:x", "The key begins with 'b\\xe4bel2:' at character 1, not with 'babel2:'."),
    (OPENING + "20.t\xe9.0~ddghe53z", "Character 26 of the key is '\\xe9', which is not ASCII."),
    (OPENING + "20.t\u0664.0~ddghe53z", "Character 26 of the key is '\\u0664', which is not ASCII."),
    (OPENING + "20.t\ud800.0~ddghe53z", "Character 26 of the key is '\\ud800', which is not ASCII."),
    (OPENING + "20.t4_hx9.0~ddghe53z", "Character 27 of the key is '_', which no key contains."),
    (OPENING + "+20.t4hx9.0~ddghe53z", "Character 22 of the key is '+', which no key contains."),
    (EXAMPLE_KEY + "\0", "Character 41 of the key is '\\x00', which no key contains."),
    (OPENING + "20.t4Hx9.0~ddghe53z", f"Character 27 of the key is the capital 'H', {LOWER_CASE}"),
    (EXAMPLE_KEY.upper(), f"Character 1 of the key is the capital 'B', {LOWER_CASE}"),
    (" " + EXAMPLE_KEY, "Character 1 of the key is a space, and a key has none."),
    (OPENING + "20.t4 hx9.0~ddghe53z", "Character 27 of the key is a space, and a key has none."),
    (EXAMPLE_KEY + " ", "Character 41 of the key is a space, and a key has none."),
    (EXAMPLE_KEY + "\n", "Character 41 of the key is a line break, and a key has none."),
    (EXAMPLE_KEY + "\t", "Character 41 of the key is a tab, and a key has none."),
    ("babel2:", "The key ends at character 7 without its check: '~' and 8 characters."),
    (EXAMPLE_KEY[:31], "The key ends at character 31 without its check: '~' and 8 characters."),
    (EXAMPLE_KEY[:-1], "The check at character 33 has 7 characters, and must have 8."),
    (EXAMPLE_KEY + "0", "The check at character 33 has 9 characters, and must have 8."),
    (EXAMPLE_KEY[:32], "The check at character 33 has 0 characters, and must have 8."),
    (EXAMPLE_KEY[:-1] + "l", f"Character 40, in the check, is 'l', {NO_DIGIT}"),
    (EXAMPLE_KEY[:-1] + "~", f"Character 40, in the check, is '~', {NO_DIGIT}"),
    (sign("babel2:mini-:20.t0.0"), f"The edition at character 8 {EDITION_FORM}"),
    (sign("babel2::20.t0.0"), f"The edition at character 8 {EDITION_FORM}"),
    (sign("babel2:mini-7k3q9d2x"), "The key has no ':' after the edition, at character 21."),
    (sign(OPENING + "20"), "The shelf should follow at character 24, and the key has none."),
    (sign(OPENING + "20.t0"), "The page should follow at character 27, and the key has none."),
    (sign(OPENING + ".t0.0"), "The number of steps at character 22 is empty."),
    (sign(OPENING + "2a.t0.0"), "Character 23, in the number of steps, is 'a', which is no decimal digit."),
    (sign(OPENING + "020.t0.0"), f"The number of steps at character 22 {LEADING_ZERO}"),
    (sign(OPENING + "20..0"), f"The shelf at character 25 {NO_KIND}"),
    (sign(OPENING + "20.5.0"), f"The shelf at character 25 {NO_KIND}"),
    (sign(OPENING + "20.t.0"), "The number of the shelf at character 26 is empty."),
    (sign(OPENING + "20.t04hx9.0"), f"The number of the shelf at character 26 {LEADING_ZERO}"),
    (sign(OPENING + "20.t4hxi.0"), f"Character 29, in the number of the shelf, is 'i', {NO_DIGIT}"),
    (sign(OPENING + "20.t4hx9.1l"), f"Character 32, in the page, is 'l', {NO_DIGIT}"),
    (sign(OPENING + "20.t4hx9.o"), f"Character 31, in the page, is 'o', {NO_DIGIT}"),
    (sign(OPENING + "20.t4hx9.5u"), f"Character 32, in the page, is 'u', {NO_DIGIT}"),
    (sign(OPENING + "20.t4hx9.-5"), f"Character 31, in the page, is '-', {NO_DIGIT}"),
    (sign(OPENING + "20.t4hx9.00"), f"The page at character 31 {LEADING_ZERO}"),
    (sign(OPENING + "20.t4hx9."), "The page at character 31 is empty."),
    (sign(OPENING + "20.t4hx9.0."), "The field at character 33 is empty."),
    (sign(OPENING + "20.t4hx9.0.n"), f"The negative shelf at character 34 {NO_KIND}"),
    (sign(OPENING + "20.t4hx9.0.n7"), f"The negative shelf at character 34 {NO_KIND}"),
    (sign(OPENING + "20.t4hx9.0.nt"), "The number of the negative shelf at character 35 is empty."),
    (sign(OPENING + "20.t4hx9.0.nt07"), f"The number of the negative shelf at character 35 {LEADING_ZERO}"),
    (
        sign(OPENING + "20.t4hx9.0.nto"),
        f"Character 35, in the number of the negative shelf, is 'o', {NO_DIGIT}",
    ),
]

WRONG_CHECK = [
    (OPENING + "20.t4hx9.1~ddghe53z", f"The check at character 33 {NO_FIT}"),
    (OPENING + "20.v4hx9.0~ddghe53z", f"The check at character 33 {NO_FIT}"),  # a slip may look like news
    ("babel2:mini-7k3q9d2y:20.t4hx9.0~ddghe53z", f"The check at character 33 {NO_FIT}"),
]

MEANING = [
    (sign(OPENING + "0.t0.0"), "The steps at character 22 must be a number from 1 to 64."),
    (sign(OPENING + "65.t0.0"), "The steps at character 22 must be a number from 1 to 64."),
    (sign(OPENING + "9" * 9000 + ".t0.0"), "The steps at character 22 must be a number from 1 to 64."),
    (sign(OPENING + "20.w5.0"), f"The shelf at character 25 is of kind 'w', {UNKNOWN}"),
    (sign(OPENING + "20.t5.0.nw5"), f"The negative shelf at character 31 is of kind 'w', {UNKNOWN}"),
    (sign(OPENING + "20.v5.0"), f"The shelf at character 25 {UNFITTED}"),
    (sign(OPENING + "20.t5.0.nv5"), f"The negative shelf at character 30 {UNFITTED}"),
    (sign(OPENING + "20.t5.0.x5"), "The field 'x' at character 30 is not known to this version."),
    (sign(OPENING + "20.t5.0.5"), "The field '5' at character 30 is not known to this version."),
    (sign(OPENING + "20.t5.0.nt1.x"), "The field 'x' at character 34 is not known to this version."),
    (sign(OPENING + "20.t5.0.nt1.nt2"), "The field 'n' at character 34 is given a second time."),
    (sign(OPENING + "20.t5.0.nt0"), f"The negative shelf at character 30 {DEFAULT}"),
    (sign(OPENING + "20.t" + "z" * 250 + ".0"), f"The shelf at character 25 {TOO_LARGE}"),
    (sign(OPENING + "20.t5.0.nt" + "z" * 250), f"The negative shelf at character 30 {TOO_LARGE}"),
    (
        sign(OPENING + "20.t5.1" + "0" * (12 * 4160 // 5)),
        "The page at character 28 is too large for latents of 4x26x40: it must be below 2^49920.",
    ),
    (sign("babel2:golden-00000000:20.t5.0"), OTHER_EDITION),
    (sign("babel2:golden-00000000:99.v5.0.x"), OTHER_EDITION),  # before what only that edition can tell
]


@pytest.mark.parametrize(("text", "sentence"), FORM + WRONG_CHECK + MEANING)
def test_sentences(text: str, sentence: str) -> None:
    with pytest.raises(BadKey) as refusal:
        parse_key(text, EXAMPLE)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(("text", "sentence"), FORM + WRONG_CHECK)
def test_form_and_check_are_judged_without_a_space(text: str, sentence: str) -> None:
    with pytest.raises(BadKey) as refusal:
        edition_of(text)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(("text", "sentence"), MEANING)
def test_meaning_does_not_hide_the_edition(text: str, sentence: str) -> None:
    assert text.startswith(f"babel2:{edition_of(text)}:")


def test_a_longer_text_than_any_key_is_refused_by_its_length() -> None:
    longest = longest_key(EXAMPLE)
    with pytest.raises(BadKey) as refusal:
        parse_key(OPENING + "\xe4" * (longest - len(OPENING) + 1), EXAMPLE)
    assert str(refusal.value) == (
        f"The key has {longest + 1} characters, and no key of edition mini-7k3q9d2x has more than {longest}."
    )


def test_a_long_key_of_a_larger_edition_is_called_one() -> None:
    text = format_key(Address(1, Shelf("t", 0), LARGE.pages - 1), LARGE)
    with pytest.raises(BadKey, match=r"^The key is of edition large-00000000 \(character 8\), not of mini-"):
        parse_key(text, EXAMPLE)


def test_the_default_negative_prompt_is_the_editions_own() -> None:
    with pytest.raises(BadKey, match="is the edition's default"):
        parse_key(sign("babel2:polite-00000000:1.t0.0.nt7"), POLITE)
    assert parse_key(sign("babel2:polite-00000000:1.t0.0.nt0"), POLITE).negative == Shelf("t", 0)


def test_an_embedding_that_is_too_large_is_refused() -> None:
    assert parse_key(sign("babel2:fitted-00000000:1.v1" + "z" * 19 + ".0"), FITTED).shelf.kind == "v"
    for text, place in [("1.v2" + "0" * 19 + ".0", "shelf at character 26"),
                        ("1.t0.0.nv2" + "0" * 19, "negative shelf at character 31")]:  # fmt: skip
        with pytest.raises(BadKey) as refusal:
            parse_key(sign("babel2:fitted-00000000:" + text), FITTED)
        assert str(refusal.value) == (
            f"The {place} is too large for edition fitted-00000000, whose embeddings have 8 coded values: "
            "it must be below 2^96."
        )


SLIPS = [chr(code) for code in range(128)] + ["\xe4", "\u0660", "\uff11", "\u212a"]
KEYS = [(EXAMPLE_KEY, EXAMPLE), (format_key(Address(64, Shelf("t", 8), 99, Shelf("t", 3)), GOLDEN), GOLDEN)]


@pytest.mark.parametrize(("key", "space"), KEYS)
def test_every_single_slip_is_refused(key: str, space: KeySpace) -> None:
    places = range(len(key))
    damaged = {key[:i] + slip + key[i + 1 :] for i in places for slip in SLIPS}
    damaged |= {key[:i] + slip + key[i:] for i in range(len(key) + 1) for slip in SLIPS}
    damaged |= {key[:i] + key[i + 1 :] for i in places}
    damaged |= {key[:i] + key[i + 1] + key[i] + key[i + 2 :] for i in places[:-1]}
    damaged |= {key[:i] for i in places}
    damaged.discard(key)
    for text in damaged:
        with pytest.raises(BadKey):
            parse_key(text, space)
