"""Spelling: the text of a key cut into its fields, each with its position.

    babel2:<edition>:<steps>.<shelf>.<page>[.<field>...]~<check>

Law: a text is judged in three passes, and the first fault found is the one told. First its letters and form,
since those faults have a place (characters are counted from 1). Then the check, which knows only that
something is wrong. Last its meaning (babel2.py): once the check holds, the text is what somebody wrote, so a
strange field or kind is not a slip but news. Nothing is padded, cut or guessed.
May import: babelgen.errors, numerals, space and the standard library.
"""

import hashlib
import re
from dataclasses import dataclass

from babelgen.errors import BadKey
from babelgen.keys.numerals import check_digits, check_number, write_bytes
from babelgen.keys.space import is_edition_id

CODEC = "babel2:"
CHECK_LENGTH = 8
SHORTEST_ADDRESS = ("steps", "shelf", "page")

_FOREIGN = re.compile("[^0-9a-z:.~-]")
_BLANKS = {" ": "a space", "\t": "a tab", "\n": "a line break", "\r": "a line break"}


@dataclass(frozen=True, slots=True)
class Field:
    """A piece of a key's text. start: the position of its first character in the key, counted from 1."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Spelled:
    """The fields of a key whose form and check are right and whose meaning is not yet known.

    steps: a decimal number. shelf: a letter and a number. page: a number. options: one or more characters
    each, the one called `n` with a shelf behind it.
    """

    edition: Field
    steps: Field
    shelf: Field
    page: Field
    options: tuple[Field, ...]


def compute_check(body: str) -> str:
    """The check of everything before `~`: BLAKE2b with a 5-byte digest, as 8 digits."""
    return write_bytes(hashlib.blake2b(body.encode("ascii"), digest_size=5).digest())


def spell(text: str) -> Spelled:
    """The fields of a key's text; BadKey says what is wrong and where."""
    check_codec(text)
    _check_alphabet(text)
    body, check = _split_check(text)
    spelled = _split_body(body)
    if check.text != compute_check(body):
        raise BadKey(
            f"The check at character {check.start} does not fit the {len(body)} characters before it: "
            "a character of the key is wrong, missing, added or out of place."
        )
    return spelled


def check_codec(text: str) -> None:
    """Refuse with BadKey a text that is plainly no `babel2` key: where its name is not even nearly first."""
    if not text:
        raise BadKey("The key is empty.")
    if CODEC not in text[: 2 * len(CODEC)].lower():
        raise _no_codec(text)


def _check_alphabet(text: str) -> None:
    if foreign := _FOREIGN.search(text):
        raise BadKey(f"Character {foreign.start() + 1} of the key is {_describe(foreign[0])}.")
    if not text.startswith(CODEC):  # only now, so that a blank or a capital there is called what it is
        raise _no_codec(text)


def _no_codec(text: str) -> BadKey:
    return BadKey(f"The key begins with {text[: len(CODEC)]!a} at character 1, not with {CODEC!r}.")


def _describe(character: str) -> str:
    if character in _BLANKS:
        return f"{_BLANKS[character]}, and a key has none"
    if not character.isascii():
        return f"{character!a}, which is not ASCII"
    if character.isupper():
        return f"the capital {character!r}, and a key is in lower case"
    return f"{character!a}, which no key contains"


def _split_check(text: str) -> tuple[str, Field]:
    body, tilde, check = text.partition("~")
    if not tilde:
        raise BadKey(
            f"The key ends at character {len(text)} without its check: '~' and {CHECK_LENGTH} characters."
        )
    start = len(body) + 2
    if len(check) != CHECK_LENGTH:
        raise BadKey(
            f"The check at character {start} has {len(check)} characters, and must have {CHECK_LENGTH}."
        )
    check_digits(check, "check", start)
    return body, Field(check, start)


def _split_body(body: str) -> Spelled:
    start = len(CODEC) + 1
    name, colon, address = body[len(CODEC) :].partition(":")
    edition = Field(name, start)
    if not is_edition_id(name):
        raise BadKey(
            f"The edition at character {start} has the wrong form: words of a-z and 0-9 joined by hyphens."
        )
    if not colon:
        raise BadKey(f"The key has no ':' after the edition, at character {start + len(name)}.")
    return _split_address(edition, address, start + len(name) + 1)


def _split_address(edition: Field, address: str, start: int) -> Spelled:
    fields = _fields(address, start)
    missing = SHORTEST_ADDRESS[len(fields) :]
    if missing:
        raise BadKey(
            f"The {missing[0]} should follow at character {start + len(address)}, and the key has none."
        )
    steps, shelf, page, *options = fields
    _check_steps(steps)
    _check_shelf(shelf, "shelf")
    check_number(page.text, "page", page.start)
    for option in options:
        _check_option(option)
    return Spelled(edition, steps, shelf, page, tuple(options))


def _fields(address: str, start: int) -> list[Field]:
    fields = []
    for text in address.split("."):
        fields.append(Field(text, start))
        start += len(text) + 1
    return fields


def _check_steps(field: Field) -> None:
    if wrong := re.search("[^0-9]", field.text):
        raise BadKey(
            f"Character {field.start + wrong.start()}, in the number of steps, is {wrong[0]!r}, "
            "which is no decimal digit."
        )
    check_number(field.text, "number of steps", field.start)


def _check_shelf(field: Field, name: str) -> None:
    if not "a" <= field.text[:1] <= "z":
        raise BadKey(f"The {name} at character {field.start} does not begin with the letter of its kind.")
    check_number(field.text[1:], f"number of the {name}", field.start + 1)


def _check_option(field: Field) -> None:
    """Only the options known here have a form to check; others are told when their meaning is asked."""
    if not field.text:
        raise BadKey(f"The field at character {field.start} is empty.")
    if field.text[0] == "n":
        _check_shelf(Field(field.text[1:], field.start + 1), "negative shelf")
