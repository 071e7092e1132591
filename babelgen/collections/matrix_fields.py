"""The fields of a matrix in a library file, and the same things said in the JSON of an earlier tool.

Law: what that tool draws, a matrix draws: the same prompts, steps and pages in the same order.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from babelgen.collections.collection import MOST, check_prompt, read_page, require_prompts
from babelgen.collections.matrix import Matrix, numbers_of, same
from babelgen.collections.sample import LARGEST_SEED
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.keys import MAX_STEPS
from babelgen.tokens import tokens_of
from babelgen.toml import LARGEST_FILE, Table

MOST_CELLS = 10_000
HEAVIEST = 1e9
MODES = ("sample", "grid")

T = TypeVar("T")


def read_matrix(table: Table, edition: Edition) -> Matrix:
    """The fields of a matrix: mode, the lists, and count and seed, weights, without, axes."""
    require_prompts(table, "subjects", edition)
    grid = table.choice("mode", MODES) == "grid"
    subjects = _words(table, "subjects", edition, grid)
    actions = _words(table, "actions", edition, grid) if "actions" in table.names() else ()
    suffixes = _suffixes(table, edition, grid)
    negatives = _words(table, "negatives", edition, grid) if "negatives" in table.names() else ()
    steps = _once(_steps(table, edition), grid)
    pages, first = _pages(table, edition, 1 if grid else _count(table))
    matrix = Matrix(
        subjects, actions, suffixes, steps, negatives, _once(pages, grid), first,
        seed=0 if grid else table.number("seed", 0, low=-LARGEST_SEED, high=LARGEST_SEED),
        length=None if grid else _count(table),
        without=tuple(table.pairs("without", [])),
        longest=_longest([subjects, actions, *suffixes], edition),
    )  # fmt: skip
    return _finish(table, matrix, grid)


def _finish(table: Table, matrix: Matrix, grid: bool) -> Matrix:
    """What needs the lists: weights, axes, and whether anything is left."""
    for name in ("count", "seed"):
        if grid and name in table.names():
            raise table.error(name, "cannot stand in a grid, which has everything once")
    weights = tuple(_weights(table, matrix, grid))
    matrix = replace(matrix, weights=weights, table=_axes(table, matrix))
    known = {*matrix.subjects, *matrix.actions, *(text for some in matrix.suffixes for text in some)}
    for text in (text for pair in matrix.without for text in pair):
        if text not in known:
            raise table.error("without", f"names {text!r}, which is in none of the lists of words")
    _check_size(table, matrix, grid)
    return matrix


def _check_size(table: Table, matrix: Matrix, grid: bool) -> None:
    """Refuse what has too many pictures, or none, before anything is rendered."""
    total = math.prod((*matrix.prompt_sizes, *matrix.other_sizes))
    if grid and total > MOST:
        raise table.error("mode", f"gives a grid of {total} pictures, and a collection has at most {MOST}")
    field = "without" if matrix.without else "mode"
    try:
        if grid and not matrix.count():
            raise UserError("it leaves no prompt at all")
        if not grid and matrix.without:
            numbers_of(matrix)  # drawn here and now, so that a filter that refuses everything is told
    except UserError as error:
        raise table.error(field, f"is refused: {str(error).rstrip('.')}") from error


def _count(table: Table) -> int:
    return table.number("count", low=1, high=MOST)


def _words(table: Table, name: str, edition: Edition, once: bool, empty: bool = False) -> tuple[str, ...]:
    """A list of texts that prompts are made of; empty: whether it may be."""
    texts = table.texts(name)
    if not texts and not empty:
        raise table.error(name, "must have at least one text")
    for text in dict.fromkeys(texts):
        check_prompt(table, name, text, edition)
    return _once(texts, once)


def _once(values: Sequence[T], once: bool) -> tuple[T, ...]:
    """The values, in a grid each of them once: texts that are one to a tokenizer are one."""
    if not once:
        return tuple(values)
    seen: dict[object, T] = {}
    for value in values:
        seen.setdefault(same(value) if isinstance(value, str) else value, value)
    return tuple(seen.values())


def _suffixes(table: Table, edition: Edition, once: bool) -> tuple[tuple[str, ...], ...]:
    """suffixes_1, suffixes_2 and so on, as many as there are."""
    found: list[tuple[str, ...]] = []
    while (name := f"suffixes_{len(found) + 1}") in table.names():
        found.append(_words(table, name, edition, once, empty=True))
    for other in table.names():
        if re.fullmatch(r"suffixes_[0-9]+", other) and other not in {
            f"suffixes_{number}" for number in range(1, len(found) + 1)
        }:
            raise table.error(other, f"must follow a list {name}, and there is none")
    return tuple(found)


def _steps(table: Table, edition: Edition) -> tuple[int, ...]:
    """A number of steps, or several."""
    if "steps" not in table.names():
        return (table.number("steps", edition.steps),)
    values = _one_or_many(table, "steps")
    for value in values:
        if not 1 <= value <= MAX_STEPS:
            raise table.error(
                "steps", f"must be at {'least 1' if value < 1 else f'most {MAX_STEPS}'}, not {value}"
            )
    return values


def _pages(table: Table, edition: Edition, count: int) -> tuple[tuple[int, ...], int]:
    """The list of pages, or none and the first page of `count`."""
    if "pages" not in table.names():
        return (), read_page(table, edition, count)
    if "page" in table.names():
        raise table.error("page", "cannot stand beside pages, which says it already")
    values, last = _one_or_many(table, "pages"), edition.key_space().pages - 1
    for value in values:
        if value < 0:
            raise table.error("pages", "must be at least 0")
        if value > last:
            raise table.error("pages", "has a page beyond the last one of a shelf")
    return values, 0


def _one_or_many(table: Table, name: str) -> tuple[int, ...]:
    """A whole number, or a list of at least one."""
    values = table.several(name)
    if not values:
        raise table.error(name, "must have at least one number")
    return tuple(values)


def _weights(table: Table, matrix: Matrix, grid: bool) -> list[tuple[str, tuple[float, ...]]]:
    """`weights_subjects` and the like: how often each value of a list is drawn, compared with the others."""
    found = []
    for name, values in matrix.lists().items():
        field = f"weights_{name}"
        if field not in table.names():
            continue
        if grid:
            raise table.error(field, "cannot stand in a grid, which has everything once")
        if name not in table.names():
            raise table.error(field, f"weighs the list {name}, and there is none")
        weights = table.reals(field)
        if len(weights) != len(values):
            raise table.error(field, f"has {len(weights)} weights, and {name} has {len(values)} values")
        if not all(0 <= weight <= HEAVIEST for weight in weights) or not sum(weights) > 0:
            raise table.error(field, f"must be numbers from 0 to {HEAVIEST:.0f}, and not all of them 0")
        found.append((name, tuple(weights)))
    return found


def _axes(table: Table, matrix: Matrix) -> tuple[str, str] | None:
    """`axes`: the two lists that pictures stand in a table by, the first across and the second down."""
    if "axes" not in table.names():
        return None
    names, known = table.texts("axes"), [name for name in matrix.lists() if name in table.names()]
    if len(names) != 2 or names[0] == names[1] or not set(names) <= set(known):
        raise table.error("axes", f"must be two different ones of {', '.join(known)}")
    rows, columns = matrix.shape(names[0], names[1])
    if rows * columns > MOST_CELLS:
        raise table.error("axes", f"gives a table of {rows * columns} cells, and {MOST_CELLS} are the most")
    return names[0], names[1]


def _longest(lists: Sequence[Sequence[str]], edition: Edition) -> str:
    """The prompt of those values that have most tokens, for a warning where it is cut."""
    tokens = tokens_of(edition)

    def size(text: str) -> int:
        encoded = tokens.encode(text)
        return len(encoded.ranks) + len(encoded.cut)

    most = [max(some, key=size) for some in lists if some]
    head, suffixes = most[: 2 if lists[1] else 1], most[2 if lists[1] else 1 :]
    return ", ".join([" ".join(head), *suffixes])


def fields_of_json(path: Path) -> dict[str, Any]:
    """An earlier tool's configuration, as the fields of a matrix; UserError for any other file."""
    table = Table(_read_json(path), str(path))
    fields: dict[str, Any] = {"mode": "sample"}
    fields |= {name: table.texts(name) for name in ("subjects", "actions")}
    fields |= {f"suffixes_{number}": table.texts(f"suffixes_{number}", []) for number in (1, 2, 3)}
    fields["steps"] = table.numbers("steps")
    fields["count"] = table.number("num_configs", low=1, high=MOST)
    fields["seed"] = table.number("generator_seed", low=-LARGEST_SEED, high=LARGEST_SEED)
    table.refuse_others()
    return fields


def _read_json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UserError(f"{path} is too large for a configuration.")
        values = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # of JSON, of UTF-8, or of a number of more than 4,300 digits
        raise UserError(f"{path} is not valid JSON: {error}.") from error
    except RecursionError as error:
        raise UserError(f"{path} is not valid JSON: its brackets are nested too deeply.") from error
    if not isinstance(values, dict):
        raise UserError(f"{path} is no configuration of a matrix: it must be one JSON object.")
    return values
