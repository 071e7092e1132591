"""The codec `babel2`: addresses as text, and back.

Law: one address, one text. `parse_key` takes exactly what `format_key` writes and refuses every other text
with one sentence (in the order that spelling.py states: form, check, meaning). A codec's id never changes
meaning.
May import: babelgen.errors, numerals, order, space, spelling and the standard library.
"""

from collections.abc import Callable
from functools import lru_cache

from babelgen.errors import BadKey
from babelgen.keys.numerals import digit_count, read_number, write_number
from babelgen.keys.order import Level, walk
from babelgen.keys.space import (
    KINDS,
    MAX_STEPS,
    Address,
    KeySpace,
    Kind,
    Shelf,
    find_fault,
    is_edition_id,
)
from babelgen.keys.spelling import CHECK_LENGTH, CODEC, Field, Spelled, check_codec, compute_check, spell

_STEPS = {str(steps): steps for steps in range(1, MAX_STEPS + 1)}
_KINDS: dict[str, Kind] = {kind: kind for kind in KINDS}


# Keys beside each other have a shelf in common, and before each shelf's first page stands the last one of another.
_number = lru_cache(maxsize=16)(write_number)


def format_key(address: Address, space: KeySpace) -> str:
    """The text of an address, check included; BadKey when the space has no such address."""
    return format_walk(address, space)(0)


def format_walk(address: Address, space: KeySpace, level: Level = "page") -> Callable[[int], str]:
    """What writes the key that is so many steps further on, as `next_key` counts them, for those who want many."""
    places = walk(address, space, level)
    start, kind = f"{CODEC}{space.edition}:", address.shelf.kind
    end = "" if address.negative is None else f".n{_format_shelf(address.negative)}"

    def write(count: int) -> str:
        steps, shelf, page = places(count)
        body = f"{start}{steps}.{kind}{_number(shelf)}.{_number(page)}{end}"
        return f"{body}~{compute_check(body)}"

    return write


def parse_key(text: str, space: KeySpace) -> Address:
    """The address that a key of this edition spells.

    Any other text is refused with BadKey: one sentence that says what is wrong and where (characters count
    from 1). A text longer than `longest_key` is refused by its length, before anything is computed from it.
    """
    _check_length(text, space)
    spelled = spell(text)
    if spelled.edition.text != space.edition:
        raise _other_edition(spelled.edition.text, space)
    address, places = _read(spelled)
    if fault := find_fault(address, space):
        raise BadKey(f"The {fault.part} at character {places[fault.part]} {fault.complaint}.")
    return address


def steps_of(text: str) -> int:
    """The number of steps of a key that is known to be one."""
    return int(text.split(":", 2)[2].partition(".")[0])


def edition_of(text: str) -> str:
    """The id of the edition that a key names, once its form and check are right (else BadKey).

    Needs no key space, so it cannot bound the text's length: it takes time in proportion to it.
    """
    return spell(text).edition.text


@lru_cache(maxsize=16)  # of the few editions in use; every key that is read asks for it
def longest_key(space: KeySpace) -> int:
    """The length in characters of the longest text that a key of this space can have."""
    shelf = 1 + digit_count(max(space.shelves, space.embeddings) - 1)
    page = digit_count(space.pages - 1)
    address = len(f"{MAX_STEPS}.") + shelf + len(".") + page + len(".n") + shelf
    return len(f"{CODEC}{space.edition}:") + address + len("~") + CHECK_LENGTH


def _format_shelf(shelf: Shelf) -> str:
    return shelf.kind + write_number(shelf.number)


def _check_length(text: str, space: KeySpace) -> None:
    longest = longest_key(space)
    if len(text) <= longest:
        return
    check_codec(text)
    edition = text[len(CODEC) : 128].partition(":")[0]
    if is_edition_id(edition) and edition != space.edition:
        raise _other_edition(edition, space)  # of a larger one, perhaps: its name says more than a length
    raise BadKey(
        f"The key has {len(text)} characters, and no key of edition {space.edition} has more than {longest}."
    )


def _other_edition(edition: str, space: KeySpace) -> BadKey:
    return BadKey(f"The key is of edition {edition} (character {len(CODEC) + 1}), not of {space.edition}.")


def _read(spelled: Spelled) -> tuple[Address, dict[str, int]]:
    """The address that the fields say, not yet held against a space, and where each part of it begins."""
    steps = _STEPS.get(spelled.steps.text, 0)  # 0 is out of range like every number that the table lacks
    shelf = _read_shelf(spelled.shelf, "shelf")
    page = read_number(spelled.page.text)
    option = _only_option(spelled.options)
    negative = _read_shelf(Field(option.text[1:], option.start + 1), "negative shelf") if option else None
    places = {"steps": spelled.steps.start, "shelf": spelled.shelf.start, "page": spelled.page.start}
    if option:
        places["negative shelf"] = option.start
    return Address(steps, shelf, page, negative), places


def _read_shelf(field: Field, name: str) -> Shelf:
    letter, number = field.text[0], field.text[1:]
    kind = _KINDS.get(letter)
    if kind is None:
        raise BadKey(
            f"The {name} at character {field.start} is of kind {letter!r}, which this version does not know."
        )
    return Shelf(kind, read_number(number))


def _only_option(options: tuple[Field, ...]) -> Field | None:
    """The negative shelf, the one option that there is."""
    for place, option in enumerate(options):
        if option.text[0] != "n":
            raise BadKey(
                f"The field {option.text[0]!r} at character {option.start} is not known to this version."
            )
        if place > 0:
            raise BadKey(f"The field 'n' at character {option.start} is given a second time.")
    return options[0] if options else None
