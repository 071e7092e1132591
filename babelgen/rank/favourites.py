"""A file of favourites: a key on each line, as the gallery saves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from babelgen.edition import Edition
from babelgen.errors import BadKey, UserError
from babelgen.keys import edition_of
from babelgen.library import picture_name

LONGEST_LINE = 2**20  # bytes; no key comes near


@dataclass(frozen=True)
class Favourites:
    """The names of the pictures of some keys. foreign: keys of editions that the library has not."""

    names: frozenset[str]
    foreign: int


def read_favourites(file: BinaryIO, called: str, editions: Iterable[Edition]) -> Favourites:
    """The favourites in a file; UserError for a line that is no key, and for a file without any."""
    known = {edition.id: edition for edition in editions}
    names: set[str] = set()
    foreign = 0
    for number, line in enumerate(_lines(file, called), 1):
        if not (text := line.removesuffix(b"\n").removesuffix(b"\r")):
            continue
        try:
            found = _names(text.decode("ascii"), known)
        except UnicodeDecodeError as error:
            raise UserError(
                f"Line {number} of {called} is no key: it has a byte that is not ASCII."
            ) from error
        except BadKey as error:
            raise UserError(f"Line {number} of {called} is no key: {error}") from error
        names |= found
        foreign += not found
    if not names and not foreign:
        raise UserError(f"{called} has no keys.")
    return Favourites(frozenset(names), foreign)


def _lines(file: BinaryIO, called: str) -> Iterator[bytes]:
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise UserError(f"Line {number} of {called} is too long for a key.")
        yield line


def _names(text: str, known: dict[str, Edition]) -> set[str]:
    """The names that a key's picture has in the library; none where the key is of an edition that it has not."""
    try:
        wanted = [known[id_]] if (id_ := edition_of(text)) in known else []
    except BadKey:
        # Keys of codec lob1 say no edition: any of theirs may be meant.
        wanted = [edition for edition in known.values() if not edition.codec.prompts]
        if not wanted:
            raise
    for edition in wanted:
        edition.codec.parse(text)
    return {picture_name(edition.id, text) for edition in wanted}
