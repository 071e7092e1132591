"""Terms of a glossary: where they are found in texts, whatever words and texts there are."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelgen.gallery.terms import Terms, slugs
from babelgen.rooms import Term


def found(text: str, *terms: str | tuple[str, ...]) -> list[tuple[str, int]]:
    """What is found of terms, each alone or with its other forms: the words in the text, and the term's number."""
    glossary = Terms([Term(*_parts(term), "") for term in terms])
    return [(text[one.start : one.end], one.number) for one in glossary.find(text, set())]


def _parts(term: str | tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    return (term, ()) if isinstance(term, str) else (term[0], term[1:])


@pytest.mark.parametrize(
    ("text", "terms", "expected"),
    [
        ("a page", ["page"], [("page", 0)]),
        ("A PAGE, page.", ["page"], [("PAGE", 0)]),
        ("pages and a page", [("page", "pages")], [("pages", 0)]),
        ("pager subpage page2 _page page_", ["page"], []),
        ("start noise", ["start", "start noise"], [("start noise", 1)]),
        ("start noises", ["start", "start noise"], [("start", 0)]),
        ("start noise start", ["start noise", "start"], [("start noise", 0), ("start", 1)]),
        ("start\n noise", ["start noise"], [("start\n noise", 0)]),
        ("a noise start noise", ["noise", "start noise"], [("noise", 0), ("start noise", 1)]),
        ("C++ and c", ["C++", "C"], [("C++", 0), ("c", 1)]),
        ("2^60 pages", ["2^60"], [("2^60", 0)]),
        ("step-by-step", ["step"], [("step", 0)]),
        ("the sea's edge", ["sea"], [("sea", 0)]),
        ("cafe\u0301 cafe", ["cafe"], [("cafe", 0)]),
        ("le café", ["café"], [("café", 0)]),
        ("Straße", ["STRASSE"], []),
        ("ΣΊΣΥΦΟΣ", ["σίσυφος"], [("ΣΊΣΥΦΟΣ", 0)]),
        ("القمر فوق البحر", ["البحر"], [("البحر", 0)]),
        ("海と空", ["海"], []),  # no spaces between words: no part of a row of letters is a word by itself
        ("海", ["海"], [("海", 0)]),
        ("", ["a"], []),
        ("a" * 100_000, ["a"], []),
        ("a.*b", ["a.*b", "a"], [("a.*b", 0)]),
    ],
)
def test_terms_are_whole_words_the_longest_first_each_once(
    text: str, terms: list[str | tuple[str, ...]], expected: list[tuple[str, int]]
) -> None:
    assert found(text, *terms) == expected


@given(st.text(max_size=200), st.lists(st.text(min_size=1, max_size=12), max_size=6))
def test_what_is_found_stands_there_in_order_and_never_twice(text: str, terms: list[str]) -> None:
    glossary = Terms([Term(term, (), "") for term in terms])
    known: set[int] = set()
    places = list(glossary.find(text, known))
    assert [one.number for one in places] == list(dict.fromkeys(one.number for one in places))
    assert known == {one.number for one in places}
    end = 0
    for one in places:
        assert end <= one.start < one.end <= len(text)
        end = one.end


def test_many_terms_take_no_longer_than_few() -> None:
    text = "word " * 50_000
    glossary = Terms([Term(f"term {number}", ("other",), "") for number in range(1000)])
    began = time.process_time()
    assert list(glossary.find(text, set())) == []
    assert time.process_time() - began < 2


def test_every_title_has_an_id_of_its_own() -> None:
    titles = ["A b", "a  B!", "?", "", "a b 2", "a b", "x" * 200, "x" * 200, "<script>", 'q"uote']
    found = slugs(titles, "term")
    assert found == (
        "term-a-b",
        "term-a-b-2",
        "term",
        "term-2",
        "term-a-b-2-2",
        "term-a-b-3",
        "term-" + "x" * 75,
        "term-" + "x" * 75 + "-2",
        "term-script",
        "term-q-uote",
    )
    assert len(set(slugs(["same"] * 5000, "term"))) == 5000
