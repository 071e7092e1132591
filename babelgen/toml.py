"""Reading TOML that people wrote: each value asked for by name and type, everything else refused.

Law: a mistake becomes one sentence with the file, the field and what is wrong; nothing is ignored silently.
May import: errors and the standard library.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from babelgen.errors import UserError

LARGEST_FILE = 64 * 2**20  # bytes
LONGEST_SHOWN = 80  # characters of a wrong value
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_FIELD = re.compile(r"""\s*([A-Za-z0-9_-]+|"[^"]+"|'[^']+')\s*[=.]""")


class Table:
    """One table of a TOML file that knows where it stands and which of its fields were asked for."""

    def __init__(
        self, values: dict[str, Any], where: str, prefix: str = "", text: str = "", header: str = ""
    ) -> None:
        """text: of the file, and header: where the table is there (`/collection 2/references 1`); '' for the first one."""
        self._values = values
        self._where = where
        self._prefix = prefix
        self._text = text
        self._header = header
        self._asked: set[str] = set()

    def error(self, name: str, complaint: str) -> UserError:
        """The error for a field: `libraries/x.toml: collection 2: count must be ... (line 7).`."""
        number = _line_of(self._text, self._header, name)
        line = "" if number is None else f" (line {number})"
        shown = name if len(name) <= LONGEST_SHOWN else f"{name[:LONGEST_SHOWN]}..."
        return UserError(f"{self._where}: {self._prefix}{shown} {complaint}{line}.")

    def names(self) -> list[str]:
        """The fields that are there."""
        return list(self._values)

    def text(self, name: str, default: str | None = None) -> str:
        """A string."""
        return self._unicode(name, str(self._get(name, str, "a text in quotes", default)))

    def choice(self, name: str, choices: Iterable[str], default: str | None = None) -> str:
        """One of some strings."""
        value, allowed = self.text(name, default), list(choices)
        if value not in allowed:
            raise self.error(name, f"must be one of {', '.join(allowed)}, not {_shown(value)}")
        return value

    def label(self, name: str, default: str) -> str:
        """A string, or a whole number as the string that it is written as."""
        value = self._get(name, (str, int), "a text in quotes or a whole number", default)
        return self._unicode(name, value) if isinstance(value, str) else _shown(value)

    def number(
        self, name: str, default: int | None = None, low: int | None = None, high: int | None = None
    ) -> int:
        """A whole number within bounds."""
        value = self._get(name, int, "a whole number", default)
        return int(self._bounded(name, value, low, high))

    def real(self, name: str, default: float | None = None, low: float | None = None) -> float:
        """A finite number, whole or not."""
        value = self._bounded(name, self._get(name, (int, float), "a number", default), low, None)
        if not _finite(value):
            raise self.error(name, f"must be a finite number, not {_shown(value)}")
        return float(value)

    def flag(self, name: str, default: bool) -> bool:
        """true or false."""
        return bool(self._get(name, bool, "true or false", default))

    def texts(self, name: str, default: list[str] | None = None) -> list[str]:
        """A list of strings."""
        return [self._unicode(name, value) for value in self._list(name, str, "a list of texts", default)]

    def labels(self, name: str, default: list[str | int] | None = None) -> list[str]:
        """A list of strings and whole numbers, these as the strings that they are written as."""
        values = self._list(name, (str, int), "a list of texts and whole numbers", default)
        return [self._unicode(name, value) if isinstance(value, str) else _shown(value) for value in values]

    def mixed(self, name: str) -> list[int | str]:
        """A list of strings and whole numbers, side by side."""
        values = self._list(name, (int, str), "a list of texts and whole numbers", None)
        return [self._unicode(name, value) if isinstance(value, str) else value for value in values]

    def numbers(self, name: str, default: list[int] | None = None) -> list[int]:
        """A list of whole numbers."""
        return self._list(name, int, "a list of whole numbers", default)

    def several(self, name: str) -> list[int]:
        """A whole number, or a list of them."""
        value = self._get(name, (int, list), "a whole number or a list of whole numbers", None)
        values = value if isinstance(value, list) else [value]
        if any(not isinstance(one, int) or isinstance(one, bool) for one in values):
            raise self.error(name, "must be a whole number or a list of whole numbers")
        return values

    def reals(self, name: str, default: list[float] | None = None) -> list[float]:
        """A list of finite numbers."""
        values = self._list(name, (int, float), "a list of numbers", default)
        if not all(map(_finite, values)):
            raise self.error(name, "must be a list of finite numbers")
        return [float(value) for value in values]

    def pairs(self, name: str, default: list[tuple[str, str]] | None = None) -> list[tuple[str, str]]:
        """A list of lists of two strings."""
        values = self._list(name, (list, tuple), "a list of pairs of texts", default)
        if any(len(pair) != 2 or not all(isinstance(text, str) for text in pair) for pair in values):
            raise self.error(name, 'must be a list of pairs of texts, such as [["a", "b"]]')
        return [(self._unicode(name, one), self._unicode(name, other)) for one, other in values]

    def table(self, name: str, optional: bool = False) -> Table:
        """A table inside this one."""
        values = self._get(name, dict, "a table", {} if optional else None)
        return Table(values, self._where, f"{self._prefix}{name}.", self._text, f"{self._header}/{name}")

    def switch(self, name: str) -> Table | None:
        """A table inside this one; true is an empty one, false or nothing is none."""
        if isinstance(self._values.get(name, False), bool):
            return Table({}, self._where, f"{self._prefix}{name}.") if self.flag(name, False) else None
        self._get(name, dict, "true, false or a table", None)
        return self.table(name)

    def tables(self, name: str) -> list[Table]:
        """A list of tables, `[[name]]`; none there is an empty list."""
        return [
            Table(
                value,
                self._where,
                f"{self._prefix}{name} {index}: ",
                self._text,
                f"{self._header}/{name} {index}",
            )
            for index, value in enumerate(self.raw(name), 1)
        ]

    def raw(self, name: str) -> list[dict[str, Any]]:
        """A list of tables as plain dictionaries; none there is an empty list."""
        return self._list(name, dict, f"tables, each under [[{name}]]", [])

    def refuse_others(self) -> None:
        """Refuse what nobody asked for: most often a misspelt field."""
        for name in self._values:
            if name not in self._asked:
                known = ", ".join(sorted(self._asked))
                raise self.error(name, f"is not known here; what is known: {known}")

    def _get(self, name: str, kind: type | tuple[type, ...], wanted: str, default: Any) -> Any:
        self._asked.add(name)
        if name not in self._values:
            if default is None:
                raise self.error(name, f"is missing: it must be {wanted}")
            return default
        value = self._values[name]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.error(name, f"must be {wanted}, not {_shown(value)}")
        return value

    def _list(self, name: str, kind: type | tuple[type, ...], wanted: str, default: Any) -> list[Any]:
        values: list[Any] = self._get(name, list, wanted, default)
        if any(not isinstance(v, kind) or isinstance(v, bool) for v in values):
            raise self.error(name, f"must be {wanted}")
        return values

    def _bounded(self, name: str, value: float, low: float | None, high: float | None) -> float:
        if low is not None and value < low:
            raise self.error(name, f"must be at least {_shown(low)}, not {_shown(value)}")
        if high is not None and value > high:
            raise self.error(name, f"must be at most {_shown(high)}, not {_shown(value)}")
        return value

    def _unicode(self, name: str, text: str) -> str:
        """The text; a command line, unlike a file, may hold bytes that are none."""
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise self.error(name, "must be text, and has a byte that is none")
        return text


def _line_of(text: str, header: str, name: str) -> int | None:
    """The line, counted from 1, where a field of a table stands, or its header where the field is missing.

    None where neither is to be found: in inline tables, in dotted ones, in what was never a file.
    """
    here, found = "", None
    counts: dict[str, int] = {}  # of the tables of each array so far
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        head = _HEADER.match(line)
        field = _FIELD.match(line)
        if not (head or (field and here == header and field[1].strip("\"'") == name)):
            continue
        if not _begins_here(lines, number):
            continue  # in the middle of a text of many lines
        if not head:
            return number
        here = _place_of(head[2].split("."), head[1] == "[[", counts)
        if here == header:
            found = number
    return found


def _place_of(names: list[str], listed: bool, counts: dict[str, int]) -> str:
    """Where a table is whose header has these names; those of an array are counted, by where the array is."""
    place = ""
    for depth, name in enumerate(names, 1):
        place += "/" + name.strip(" \"'")
        if listed and depth == len(names):
            counts[place] = counts.get(place, 0) + 1
        if place in counts:
            place += f" {counts[place]}"
    return place


def _begins_here(lines: list[str], number: int) -> bool:
    """Whether a line is the first of its statement: what stands before it is a whole file then."""
    try:
        tomllib.loads("\n".join(lines[: number - 1]))
    except ValueError:
        return False
    return True


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond any float
        return False


def _shown(value: object) -> str:
    """A value as a sentence shows it: cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."


def read_toml(path: Path) -> Table:
    """The top table of a TOML file; UserError names the file and, for a slip in the syntax, the line."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UserError(f"{path} is too large for a TOML file.")
        text = path.read_text("utf-8")
        return Table(tomllib.loads(text), str(path), text=text)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # of TOML, of UTF-8, or of a number of more than 4,300 digits
        raise UserError(f"{path} is not valid TOML: {error}.") from error
    except RecursionError as error:
        raise UserError(f"{path} is not valid TOML: its brackets are nested too deeply.") from error
