"""The glossary's terms, found in texts: whole words, without case, each term once a text.

Law: finding only; what becomes of a found term is decided where pages are made. Time goes with the length of the text, not
with the number of terms.
May import: the standard library, gallery.source, gallery.text.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from babelgen.gallery.source import Term
from babelgen.gallery.text import plain

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Found:
    """The term of that number, where it stands in a text."""

    start: int
    end: int
    number: int


class Terms:
    """The terms of a glossary, by number from 0, in the order in which they were written. None: no glossary."""

    def __init__(self, terms: Sequence[Term] = ()) -> None:
        self.terms = tuple(terms)
        self.anchors = slugs([plain(term.term) for term in terms], "term")
        starts: dict[str, list[tuple[int, re.Pattern[str], int]]] = {}
        for number, term in enumerate(terms):
            for form in map(plain, (term.term, *term.forms)):
                if first := _WORD.match(form):
                    pattern = re.compile(r"\s+".join(map(re.escape, form.split())), re.IGNORECASE)
                    starts.setdefault(first[0].casefold(), []).append((len(form), pattern, number))
        # The longest form first: "start noise" before "start".
        self._starts = {word: sorted(forms, key=_length, reverse=True) for word, forms in starts.items()}

    def find(self, text: str, known: set[int]) -> Iterator[Found]:
        """The terms that are not `known`, in order, where they come first in a text; they are known from then on."""
        end = 0
        for word in _WORD.finditer(text) if self._starts else ():
            if word.start() < end or _goes_on(text, word.start() - 1):
                continue
            for _, pattern, number in self._starts.get(word[0].casefold(), ()):
                match = pattern.match(text, word.start())
                if match and not (_goes_on(text, match.end()) and _goes_on(text, match.end() - 1)):
                    end = match.end()  # also of a known one: no other term begins inside
                    if number not in known:
                        known.add(number)
                        yield Found(match.start(), match.end(), number)
                    break


def slugs(titles: Sequence[str], prefix: str) -> tuple[str, ...]:
    """An id for each title, made of its words after a prefix, so that it is none of the page's own; no two are equal."""
    found: dict[str, None] = {}
    twins: dict[str, int] = {}
    for title in titles:
        slug = stem = "-".join([prefix, *_WORD.findall(title.casefold())])[:80]
        while slug in found:
            twins[stem] = twins.get(stem, 1) + 1
            slug = f"{stem}-{twins[stem]}"
        found[slug] = None
    return tuple(found)


def _length(form: tuple[int, re.Pattern[str], int]) -> int:
    return form[0]


def _goes_on(text: str, at: int) -> bool:
    """Whether the character there is part of a word: a letter, a digit, or a mark on one."""
    if not 0 <= at < len(text):
        return False
    return text[at].isalnum() or text[at] == "_" or unicodedata.category(text[at]).startswith("M")
