"""Rates: how often what has a term was chosen, and how sure that is."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from babelgen.errors import UserError
from babelgen.rank.counting import Counted, Term

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Rated:
    """A term: the share of its pictures that are favourites, with the ends of Wilson's interval.

    times: that share against the share of all pictures of the kind. verdict: `more` or `less` where the interval
    leaves that share out, else ''.
    """

    text: str
    liked: int
    shown: int
    share: float
    low: float
    high: float
    times: float
    verdict: str


@dataclass(frozen=True)
class Group:
    """All terms of a kind, those that are surest to be liked first. share: of favourites among all its pictures."""

    kind: str
    liked: int
    shown: int
    share: float
    terms: tuple[Rated, ...]
    more: int


def require_scipy() -> None:
    """Refuse to rank where what computes the intervals is not installed, before anything is counted."""
    if importlib.util.find_spec("scipy") is None:
        raise UserError("rank needs SciPy: pip install 'babelgen[rank]'.")


def rate(counted: Counted) -> Group:
    """The terms of a kind with their intervals."""
    require_scipy()
    from scipy.stats import binomtest

    share = counted.liked / counted.shown
    rated = [_rate(term, share, binomtest) for term in counted.terms]
    rated.sort(key=lambda term: (-term.low, -term.share, term.text))
    return Group(counted.kind, counted.liked, counted.shown, share, tuple(rated), counted.more)


def _rate(term: Term, share: float, binomtest: Any) -> Rated:
    interval = binomtest(term.liked, term.shown).proportion_ci(CONFIDENCE, method="wilson")
    own, low, high = term.liked / term.shown, float(interval.low), float(interval.high)
    verdict = "more" if low > share else "less" if high < share else ""
    times = own / share if share else 0.0
    return Rated(term.text, term.liked, term.shown, own, low, high, times, verdict)


def telling(terms: Sequence[Rated], most: int) -> tuple[Rated, ...]:
    """At most `most` terms, in their order: half those surest to be liked, and half those surest not to be."""
    if len(terms) <= most:
        return tuple(terms)
    best = list(terms[: most - most // 2])
    rest = sorted(terms[len(best) :], key=lambda term: (term.high, term.text))[: most // 2]
    chosen = {term.text for term in (*best, *rest)}
    return tuple(term for term in terms if term.text in chosen)
