"""How a library stands: what it has, lacks and failed, how fast it grows, and what it holds for no collection.

Law: a library is read and never written; of a picture no more than its name is held.
May import: catalog, collections, library, plan, store, numpy; never torch.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from babelgen.catalog import Catalog
from babelgen.collections import Collection
from babelgen.library import Library
from babelgen.plan import DONE, FAILED, TODO, Survey, survey
from babelgen.store import is_living, run_folders

PAGE = 20_000  # names that are read at once
LATEST = 1000  # pictures that the rate is told from
PAUSE = 10.0  # seconds in which no picture was at work, and what was before counts no more
_NAME = re.compile("[0-9a-f]{32}")
_NOTHING = np.empty(0, np.bool_)


@dataclass(frozen=True)
class Count:
    """How some pictures stand. flagged: those of the done ones that a model's safety checker flagged."""

    total: int
    done: int
    failed: int
    todo: int
    flagged: int


@dataclass(frozen=True)
class Standing:
    """How a library stands.

    collections: in their order; pictures of those whose keys are not worked out yet (waiting) are all to do. whole: of the
    library, each picture once. unnamed: pictures that no collection names any more; 0 while there are any of which that
    cannot be told. failed: the names of failures of keys that they name. renders: how many are at work. rate: pictures a
    second of the latest stretch of work, None where there was none.
    """

    collections: tuple[tuple[Collection, Count], ...]
    whole: Count
    unnamed: int
    failed: frozenset[str]
    renders: int
    rate: float | None
    waiting: tuple[str, ...] = ()

    @property
    def seconds_left(self) -> float | None:
        """Until all is done, as fast as it went lately; None where nobody is at work."""
        return self.whole.todo / self.rate if self.renders and self.rate else None


def standing_of(library: Library, catalog: Catalog) -> Standing:
    """Look at a library; what dead runs have left should be settled before."""
    surveys = survey(library.known(), catalog)
    waiting = {collection.slug: collection.spec.count() for collection, _ in library.waiting()}
    flagged = _digests(catalog.flagged())
    marks = [(each.states == DONE) & _among(each.names, flagged) for each in surveys]
    counted = iter([_count(each.states, marked) for each, marked in zip(surveys, marks, strict=True)])
    counts = [
        _all_to_do(waiting[each.slug]) if each.slug in waiting else next(counted)
        for each in library.collections
    ]
    fresh = np.concatenate([_NOTHING, *(each.fresh for each in surveys)])
    states = np.concatenate([_NOTHING, *(each.states for each in surveys)])
    return Standing(
        collections=tuple(zip(library.collections, counts, strict=True)),
        whole=_count(states[fresh], np.concatenate([_NOTHING, *marks])[fresh], sum(waiting.values())),
        unnamed=0 if waiting else _unnamed(surveys, catalog),
        failed=frozenset(
            digest.ljust(16, b"\0").hex()
            for each in surveys
            for digest in each.names[each.states == FAILED].tolist()
        ),
        renders=_renders(library.root),
        rate=rate_of(catalog.latest(LATEST)),
        waiting=tuple(waiting),
    )


def rate_of(latest: Sequence[tuple[str, float]]) -> float | None:
    """Pictures a second of the latest stretch of work.

    latest: when pictures were rendered and how many seconds each took, the very latest first. Where there are LATEST of
    them the stretch may be longer, and what was at work when it is cut counts only from there on.
    """
    if not latest:
        return None
    ends = [datetime.fromisoformat(rendered_at).timestamp() for rendered_at, _ in latest]
    begun, count = ends[0], 0
    for end, (_, seconds) in zip(ends, latest, strict=True):
        if end < begun - PAUSE:
            break
        begun, count = min(begun, end - seconds), count + 1
    if count == LATEST and ends[-1] < ends[0]:
        begun = ends[-1]
        count = sum(end > begun for end in ends)
    return count / max(1.0, ends[0] - begun)  # times are told to the second


def _count(states: NDArray[np.uint8], flagged: NDArray[np.bool_], more: int = 0) -> Count:
    """more: pictures to do that are not among them."""
    done, failed, todo = (int(np.count_nonzero(states == state)) for state in (DONE, FAILED, TODO))
    return Count(len(states) + more, done, failed, todo + more, int(np.count_nonzero(flagged)))


def _all_to_do(total: int) -> Count:
    return Count(total, 0, 0, total, 0)


def _unnamed(surveys: Sequence[Survey], catalog: Catalog) -> int:
    """How many pictures of the catalog no collection has."""
    named = np.sort(np.concatenate([np.empty(0, "S16"), *(each.names[each.fresh] for each in surveys)]))
    after, unnamed = "", 0
    while page := catalog.name_page(after, PAGE):
        unnamed += len(page) - int(np.count_nonzero(_among(_digests(page), named)))
        after = page[-1]
    return unnamed


def _digests(names: Iterable[str]) -> NDArray[np.bytes_]:
    """Names in 16 bytes each; what is no name of a picture is left out."""
    return np.frombuffer(bytes.fromhex("".join(name for name in names if _NAME.fullmatch(name))), "S16")


def _among(names: NDArray[np.bytes_], some: NDArray[np.bytes_]) -> NDArray[np.bool_]:
    """Which of the names are among some, which are in order."""
    if not len(some):
        return np.zeros(len(names), np.bool_)
    places = np.searchsorted(some, names)
    return np.asarray(some[np.minimum(places, len(some) - 1)] == names)


def _renders(root: Path) -> int:
    """How many renders are at work, as far as one may look."""
    living = 0
    for folder in run_folders(root):
        with contextlib.suppress(OSError):  # a lock that only its owner may open
            living += is_living(folder)
    return living
