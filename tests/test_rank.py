"""Rank: favourites read, counted back, rated, drawn, and made into a matrix to try next."""

import io
import xml.etree.ElementTree as ET
from collections import Counter
from math import sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelgen.catalog import Catalog
from babelgen.cli import main
from babelgen.collections.matrix import Matrix
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.keys import Address, Shelf, format_key
from babelgen.library import Library, load_library, picture_name
from babelgen.rank import Group, Rated, chart, count, rate, read_favourites, suggest, telling
from babelgen.rank.counting import Counted, Counts, Term

from .commands.test_rank import GRID, SEARCH
from .conftest import library_factory

pytest.importorskip("scipy", reason="the extra `rank` is not installed")


@pytest.fixture(scope="module")
def library(tiny_edition_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A grid of 32 pictures twice, and a search of which one picture is the grid's, printed."""
    make = library_factory(tiny_edition_file, tmp_path_factory.mktemp("rank"))
    root = make(GRID, {**GRID, "name": "twin"}, SEARCH)
    assert main(["render", "--library", str(root), "--engine", "inline"]) == 0
    return load_library(root)


def liked(library: Library, *words: str) -> frozenset[str]:
    """The names of the pictures that have all these words."""
    with Catalog.open(library.root) as catalog:
        return frozenset(one.name for one in catalog.all() if all(word in one.prompt for word in words))


def terms(counts: Counts, kind: str) -> dict[str, tuple[int, int]]:
    (counted,) = [counted for counted in counts.kinds if counted.kind == kind]
    return {term.text: (term.liked, term.shown) for term in counted.terms}


class TestCounting:
    """Each picture counts once, whichever collections it is in."""

    def test_parts_are_counted_by_the_matrix_and_words_by_the_prompt(self, library: Library) -> None:
        counts = count(library, liked(library, "sea", "fog"))
        assert (counts.printed, counts.liked) == (32 + 3, 8)
        assert terms(counts, "subject") == {"the sea": (8, 16), "a forest": (0, 16)}
        assert terms(counts, "action") == {"at night": (4, 16), "at sunset": (4, 16)}
        assert terms(counts, "suffix") == {"in the fog": (8, 16), "with a boat": (4, 16), "": (4, 24)}
        assert terms(counts, "steps") == {"1": (4, 16), "2": (4, 19)}
        assert terms(counts, "word")["sea"] == (8, 17)
        assert terms(counts, "word")["hills"] == (0, 2)
        assert terms(counts, "prompt")["the sea at night"] == (0, 3)
        assert counts.matrices == {"grid": 8, "twin": 8}

    def test_words_are_what_counting_them_gives(self, library: Library) -> None:
        names = liked(library, "night")
        with Catalog.open(library.root) as catalog:
            rows = list(catalog.all())
        shown = Counter(word for row in rows for word in set(row.prompt.replace(",", "").split()))
        chosen = Counter(
            word for row in rows if row.name in names for word in set(row.prompt.replace(",", "").split())
        )
        assert terms(count(library, names), "word") == {
            word: (chosen[word], many) for word, many in shown.items()
        }

    def test_pages_of_the_catalog_change_nothing(
        self, library: Library, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = count(library, liked(library, "sea"))
        monkeypatch.setattr("babelgen.rank.counting.PAGE", 3)
        assert count(library, liked(library, "sea")) == whole

    def test_of_very_many_terms_those_with_most_favourites_are_kept(
        self, library: Library, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("babelgen.rank.counting.MOST_TERMS", 1)
        (words,) = [one for one in count(library, liked(library, "forest")).kinds if one.kind == "word"]
        assert [term.text for term in words.terms] == ["at"]
        assert words.more == len(terms(count_all(library, monkeypatch), "word")) - 1

    def test_what_is_not_printed_is_not_counted(self, words_edition_file: Path, tmp_path: Path) -> None:
        library = load_library(library_factory(words_edition_file, tmp_path)(GRID))
        assert count(library, frozenset()).printed == 0


def count_all(library: Library, monkeypatch: pytest.MonkeyPatch) -> Counts:
    monkeypatch.setattr("babelgen.rank.counting.MOST_TERMS", 2000)
    return count(library, frozenset())


class TestFavourites:
    """A file of keys is read strictly."""

    def read(self, text: str | bytes, *editions: Edition) -> frozenset[str]:
        data = text.encode() if isinstance(text, str) else text
        return read_favourites(io.BytesIO(data), "f.txt", editions).names

    def key(self, edition: Edition, page: int = 0) -> str:
        return format_key(Address(1, Shelf("t", 0), page), edition.key_space())

    def test_keys_stand_on_lines_of_either_ending(self, words_edition: Edition) -> None:
        one, two = self.key(words_edition), self.key(words_edition, 1)
        names = {picture_name(words_edition.id, key) for key in (one, two)}
        assert self.read(f"{one}\n{two}\n{one}", words_edition) == names
        assert self.read(f"\r\n{one}\r\n\r\n{two}\r\n", words_edition) == names

    def test_keys_of_other_editions_are_counted(self, words_edition: Edition, tiny_edition: Edition) -> None:
        text = f"{self.key(words_edition)}\n{self.key(tiny_edition)}\n"
        found = read_favourites(io.BytesIO(text.encode()), "f.txt", [words_edition])
        assert (len(found.names), found.foreign) == (1, 1)

    def test_keys_that_name_no_edition_are_of_those_that_write_such_keys(
        self, words_edition: Edition, archive_edition: Edition
    ) -> None:
        key = archive_edition.codec.first(3).text
        assert self.read(key, words_edition, archive_edition) == {picture_name(archive_edition.id, key)}
        with pytest.raises(UserError, match=r"^Line 1 of f\.txt is no key: "):
            self.read(key, words_edition)

    @pytest.mark.parametrize(
        ("spoil", "told"),
        [
            (lambda key: f"{key}\n{key} \n", "Line 2 of f.txt is no key: "),
            (lambda key: f"{key[:-1]}\n", "Line 1 of f.txt is no key: The check"),
            (lambda key: f"{key}\n\n{key[:-4]}9999\n", "Line 3 of f.txt is no key: The check"),
            (lambda key: f"{key}\né\n", "Line 2 of f.txt is no key: it has a byte that is not ASCII."),
            (lambda key: b"\xff\xfe\x00", "Line 1 of f.txt is no key: it has a byte that is not ASCII."),
            (lambda key: "", "f.txt has no keys."),
            (lambda key: "\n\n", "f.txt has no keys."),
            (lambda key: "x" * 2**21, "Line 1 of f.txt is too long for a key."),
        ],
    )
    def test_a_wrong_file_is_told_with_its_line(self, spoil, told: str, words_edition: Edition) -> None:
        with pytest.raises(UserError) as refused:
            self.read(spoil(self.key(words_edition)), words_edition)
        assert str(refused.value).startswith(told)
        assert len(str(refused.value).splitlines()) == 1


def wilson(liked: int, shown: int) -> tuple[float, float]:
    """The interval by its formula."""
    z = 1.959963984540054
    share, scale = liked / shown, 1 + z * z / shown
    middle = (share + z * z / (2 * shown)) / scale
    half = z * sqrt(share * (1 - share) / shown + z * z / (4 * shown * shown)) / scale
    return middle - half, middle + half


class TestRating:
    """Shares and their intervals."""

    @given(shown=st.integers(1, 5000), share=st.floats(0, 1))
    def test_intervals_are_wilsons(self, shown: int, share: float) -> None:
        many = round(shown * share)
        (term,) = rate(Counted("word", many, shown, (Term("x", many, shown),), 0)).terms
        low, high = wilson(many, shown)
        assert (term.low, term.high) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))
        assert term.verdict == ""  # of all pictures, nothing is more or less

    def test_a_published_example(self) -> None:
        """81 of 263, in Newcombe's paper of 1998: 0.2553 to 0.3662."""
        (term,) = rate(Counted("word", 81, 263, (Term("x", 81, 263),), 0)).terms
        assert (round(term.low, 4), round(term.high, 4)) == (0.2553, 0.3662)

    def test_what_is_surely_more_and_less_is_said(self) -> None:
        group = rate(Counted("word", 30, 100, (Term("a", 20, 20), Term("b", 10, 40), Term("c", 0, 40)), 0))
        assert [(term.text, term.verdict) for term in group.terms] == [
            ("a", "more"),
            ("b", ""),
            ("c", "less"),
        ]
        assert group.terms[0].times == pytest.approx(1 / 0.3)

    def test_the_ends_of_a_long_list_are_shown(self) -> None:
        found = [
            Rated(str(at), at, 100, at / 100, at / 100 - 0.01, at / 100 + 0.01, 1, "")
            for at in range(50, 0, -1)
        ]
        assert [term.text for term in telling(found, 4)] == ["50", "49", "2", "1"]
        assert [term.text for term in telling(found, 1)] == ["50"]
        assert telling(found, 50) == tuple(found)


class TestChart:
    """A picture that any browser shows, whatever the texts."""

    GROUP = Group(
        "word", 3, 9, 1 / 3,
        (Rated('<script>"&\x00\u202e', 3, 3, 1.0, 0.44, 1.0, 3.0, "more"), Rated("", 0, 6, 0.0, 0.0, 0.39, 0.0, "")), 0,
    )  # fmt: skip

    def test_it_is_well_formed_and_says_each_term(self) -> None:
        drawn = chart([self.GROUP], 10)
        texts = [node.text for node in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
        assert '<script>"&\ufffd\ufffd' in texts
        assert "(none)" in texts
        assert "3 of 3" in texts
        assert "<script" not in drawn

    def test_dots_lie_on_their_lines_and_all_is_within_the_picture(self) -> None:
        root = ET.fromstring(chart([self.GROUP, self.GROUP], 10))
        dots = [float(node.get("cx", "")) for node in root.iter("{http://www.w3.org/2000/svg}circle")]
        lines = [
            node for node in root.iter("{http://www.w3.org/2000/svg}line") if not node.get("stroke-dasharray")
        ]
        assert len(dots) == len(lines) == 4
        for dot, line in zip(dots, lines, strict=True):
            assert (
                float(line.get("x1", "")) <= dot <= float(line.get("x2", "")) <= float(root.get("width", ""))
            )
            assert float(line.get("y1", "")) < float(root.get("height", ""))

    def test_the_same_ranking_gives_the_same_picture(self) -> None:
        assert chart([self.GROUP], 1) == chart([self.GROUP], 1)


def suggested(library: Library, names: frozenset[str]) -> Matrix:
    counts = count(library, names)
    found = suggest(library, counts, [rate(counted) for counted in counts.kinds])
    assert found
    path = library.root.parent / "next.toml"
    path.write_text(found.text, "utf-8")
    from babelgen.library import read_library

    (collection,) = read_library(path, library.root).collections
    assert isinstance(collection.spec, Matrix)
    return collection.spec


class TestSuggesting:
    """A matrix that is valid, new, and like what was liked."""

    def test_what_was_liked_is_drawn_more_often_and_what_was_not_is_left_out(self, library: Library) -> None:
        matrix = suggested(library, liked(library, "sea", "night"))
        assert matrix.subjects == (
            "the sea",
        )  # none of 16 forests was chosen, where a quarter would be expected
        assert matrix.actions == ("at night",)
        assert matrix.suffixes == (("in the fog",), ("with a boat",))
        assert matrix.steps == (1, 2)
        assert matrix.first == 1  # pages that are new
        assert matrix.length == 32

    def test_small_differences_become_weights(self, library: Library) -> None:
        names = sorted(liked(library, "sea", "fog"))[:3] + sorted(liked(library, "forest"))[:1]
        matrix = suggested(library, frozenset(names))
        weights = dict(matrix.weights)
        assert matrix.subjects == ("the sea", "a forest")
        assert weights["subjects"][0] > 1 > weights["subjects"][1] > 0

    def test_without_a_favourite_in_a_matrix_it_is_of_prompts(self, library: Library) -> None:
        matrix = suggested(library, liked(library, "hills"))
        assert (matrix.subjects, matrix.actions, matrix.suffixes) == (("green hills",), (), ())

    def test_where_only_what_never_stands_together_would_be_left_all_of_it_stays(
        self, words_edition_file: Path, tmp_path: Path
    ) -> None:
        lists = {"subjects": ["a", "b"], "actions": ["x", "y"], "without": [["a", "x"]]}
        matrix = {"kind": "matrix", "mode": "grid", "name": "grid", **lists}
        library = load_library(library_factory(words_edition_file, tmp_path)(matrix))
        groups = [
            Group(
                kind, 9, 90, 0.1, tuple(Rated(text, 0, 40, 0.0, 0.0, 0.09, 0.0, "less") for text in less), 0
            )
            for kind, less in (("subject", "b"), ("action", "y"))
        ]
        found = suggest(library, Counts(90, 9, (), {"grid": 9}), groups)
        assert found
        assert (found.fields["subjects"], found.fields["actions"]) == (["a", "b"], ["x", "y"])
        assert found.fields["weights_subjects"] == [1.0, 0.2]

    def test_what_was_never_drawn_is_not_drawn_again(self, words_edition_file: Path, tmp_path: Path) -> None:
        lists = {"subjects": ["a", "b"], "weights_subjects": [0, 1], "count": 5}
        library = load_library(
            library_factory(words_edition_file, tmp_path)(
                {"kind": "matrix", "mode": "sample", "name": "m", **lists}
            )
        )
        found = suggest(library, Counts(5, 1, (), {"m": 1}), [])
        assert found
        assert found.fields["subjects"] == ["b"]

    def test_it_has_a_name_that_is_free(self, library: Library) -> None:
        counts = count(library, liked(library, "sea"))
        groups = [rate(counted) for counted in counts.kinds]
        found = suggest(library, counts, groups)
        assert found
        assert found.fields["name"] == "grid-next"
        assert (
            main(["matrix", _written(library, found.text), "--library", str(library.root), "--add-only"]) == 0
        )
        again = suggest(load_library(library.root), counts, groups)
        assert again
        assert again.fields["name"] == "grid-next-2"


def _written(library: Library, text: str) -> str:
    path = library.root.parent / "free.toml"
    path.write_text(text, "utf-8")
    return str(path)
