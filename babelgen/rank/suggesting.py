"""What to try next: a matrix of what was liked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit

from babelgen.collections import Collection, read_collection
from babelgen.collections.collection import LONGEST_SLUG
from babelgen.collections.matrix import Matrix
from babelgen.collections.matrix_fields import read_matrix
from babelgen.collections.sample import LARGEST_SEED
from babelgen.errors import UserError
from babelgen.library import DEFAULT_EDITION, FILE, Library
from babelgen.rank.counting import Counts
from babelgen.rank.intervals import Group, Rated
from babelgen.toml import Table, read_toml

MOST_PROMPTS = 12  # subjects, where there is no matrix to go on from
FEWEST, MOST = 12, 100  # pictures
LEAST_WEIGHT = 0.05
_KIND_OF = {"subjects": "subject", "actions": "action", "negatives": "negative", "steps": "steps"}


@dataclass(frozen=True)
class Suggestion:
    """A matrix as a library file; `fields`: of its one collection."""

    fields: Mapping[str, Any]
    text: str


def suggest(library: Library, counts: Counts, groups: Sequence[Group]) -> Suggestion | None:
    """The matrix with most favourites again: without what was disliked, by weight of what was liked, on new pages.

    Without such a matrix, the prompts that were liked most. None where no favourite has a prompt.
    """
    rated = {group.kind: group for group in groups}
    liked = [slug for slug, many in sorted(counts.matrices.items(), key=lambda one: -one[1]) if many]
    if liked:
        base = next(one for one in library.collections if one.slug == liked[0])
        fields = _again(base, rated)
        if not _possible(fields, base):  # what is left may be just what never stands together
            fields = _again(base, rated, whole=True)
    else:
        base = next((one for one in library.collections if one.edition.codec.prompts), library.collections[0])
        fields = _of_prompts(base, rated.get("prompt"))
    if not fields:
        return None
    top = read_toml(library.root / FILE)
    tables = {str(table.get("name")): table for table in top.raw("collection")}
    edition = _edition(library.root, tables[base.slug].get("edition") or top.text("edition", DEFAULT_EDITION))
    name = _free_name(base.slug, set(tables))
    fields = {"name": name, "title": "After the favourites", "kind": "matrix", "mode": "sample", **fields}
    read_collection(Table(dict(fields), "the suggested matrix"), base.edition)
    return Suggestion(fields, _text(fields, edition))


def _possible(fields: Mapping[str, Any], base: Collection) -> bool:
    try:
        read_matrix(Table({"mode": "sample", **fields}, "the suggested matrix"), base.edition)
    except UserError:
        return False
    return True


def _again(base: Collection, rated: Mapping[str, Group], whole: bool = False) -> dict[str, Any]:
    """The lists of a matrix, each value by how much it was liked; whole: what was not liked stays, too."""
    matrix = base.spec
    if not isinstance(matrix, Matrix):
        raise AssertionError("only matrices are counted as such")
    count = min(MOST, max(FEWEST, matrix.count()))
    page = max(matrix.pages, default=matrix.first) + (matrix.length or 1)
    if page + count > base.edition.key_space().pages:
        page = 0
    fields: dict[str, Any] = {"seed": min(matrix.seed + 1, LARGEST_SEED), "count": count, "page": page}
    there = {"actions": matrix.actions, "negatives": matrix.negatives}
    for name, values in matrix.lists().items():
        if name == "pages" or (name in there and not there[name]):
            continue
        group = rated.get(_KIND_OF.get(name, "suffix"))
        terms = {term.text: term for term in group.terms} if group else {}
        weights = dict(matrix.weights).get(name, (1.0,) * len(values))
        drawn = [value for value, weight in zip(values, weights, strict=True) if weight]
        rejected = {text for text, term in terms.items() if term.verdict == "less" and not whole}
        fields |= _weighed(name, list(dict.fromkeys(drawn)), rejected, terms, group.share if group else 0.0)
    texts = {text for values in fields.values() if isinstance(values, list) for text in values}
    without = [list(pair) for pair in matrix.without if set(pair) <= texts]
    return fields | ({"without": without} if without else {})


def _weighed(
    name: str, values: Sequence[str | int], rejected: Set[str], terms: Mapping[str, Rated], share: float
) -> dict[str, Any]:
    """A list without what is surely liked less, unless that is all, and the weights of what is left where they differ."""
    kept = [one for one in values if str(one) not in rejected] or list(values)
    weights = [_weight(terms.get(str(one)), share) for one in kept]
    fields: dict[str, Any] = {name: kept}
    if len(set(weights)) > 1:
        fields[f"weights_{name}"] = weights
    return fields


def _weight(term: Rated | None, share: float) -> float:
    """How many times as often as all pictures those with a term are chosen, drawn towards 1 where few were seen.

    As if one more favourite had been seen among as many pictures as one is expected in.
    """
    if term is None or not share:
        return 1.0
    return max(LEAST_WEIGHT, round((term.liked + 1) / (term.shown * share + 1), 2))


def _of_prompts(base: Collection, group: Group | None) -> dict[str, Any]:
    """The prompts that most favourites have, on pages that they may not have been on."""
    terms = [term for term in group.terms if term.liked and term.text.strip()] if group else []
    terms.sort(key=lambda term: (-term.liked, -term.share, term.text))
    terms = terms[:MOST_PROMPTS]
    if not terms or not base.edition.codec.prompts:
        return {}
    weights = [float(term.liked) for term in terms]
    fields: dict[str, Any] = {
        "seed": 1,
        "count": 2 * FEWEST,
        "page": 1000,
        "subjects": [term.text for term in terms],
    }
    if base.edition.key_space().pages < 2000:
        fields["page"] = 0
    return fields | ({"weights_subjects": weights} if len(set(weights)) > 1 else {})


def _edition(root: Path, name: object) -> str:
    """The edition as the library file names it; a file's name is made absolute."""
    return str((root / str(name)).resolve()) if str(name).endswith(".toml") else str(name)


def _free_name(slug: str, taken: set[str]) -> str:
    stem = re.sub(r"-next(-[0-9]+)?$", "", slug)[: LONGEST_SLUG - 10].rstrip("-") + "-next"
    if stem not in taken:
        return stem
    return next(name for number in range(2, len(taken) + 3) if (name := f"{stem}-{number}") not in taken)


def _text(fields: Mapping[str, Any], edition: str) -> str:
    """A library file with the one matrix."""
    document = tomlkit.document()
    document.add(
        tomlkit.comment("Made by `render.py rank`. Add it with `render.py matrix FILE --library DIR`.")
    )
    document.add("title", "After the favourites")
    document.add("edition", edition)
    table = tomlkit.table()
    for name, value in fields.items():
        table.append(name, value)
    array = tomlkit.aot()
    array.append(table)
    document.add("collection", array)
    return tomlkit.dumps(document)
