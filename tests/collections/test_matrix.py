"""Matrices: an earlier tool's draws again, whole grids without holding them, and what may not stand together."""

import hashlib
import json
import random
import tracemalloc
from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from babelgen.collections.matrix import SKIPPED, Matrix, Parts, same
from babelgen.collections.matrix_fields import fields_of_json, read_matrix
from babelgen.edition import Edition, load_edition
from babelgen.errors import UserError
from babelgen.keys import Shelf, parse_key
from babelgen.library import load_library
from babelgen.tokens import tokens_of
from babelgen.toml import Table

from .. import tiny
from ..conftest import LibraryFactory

GOLDEN = json.loads((Path(__file__).parent / "golden_matrix.json").read_text("utf-8"))
SHARED = Path(__file__).parents[3] / "shared" / "matrix"
GRID = {
    "kind": "matrix",
    "mode": "grid",
    "subjects": ["the sea", "a forest"],
    "actions": ["at night", "at sunset"],
}
DRAWN = {**GRID, "mode": "sample", "count": 5}

PLAIN = Matrix(
    subjects=("the sea", "a forest"),
    actions=("at night", "at sunset"),
    suffixes=(("ink", "pastel"), ()),
    steps=(3, 4),
)


def read(edition: Edition, **fields: Any) -> Matrix:
    return read_matrix(Table({**GRID, "kind": "matrix", **fields}, "here"), edition)


def all_parts(matrix: Matrix) -> list[Parts]:
    return list(map(matrix.parts(), range(matrix.count())))


def rows(matrix: Matrix) -> list[list[Any]]:
    return [[said.prompt, said.steps, said.page] for said in all_parts(matrix)]


def digest(found: list[list[Any]]) -> str:
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in found)
    return hashlib.sha256(lines.encode()).hexdigest()


def earlier_tool(config: dict[str, Any]) -> list[list[Any]]:
    """The earlier tool's algorithm in its own steps."""
    rng, found = random.Random(config["generator_seed"]), []
    for page in range(config["num_configs"]):
        prompt = rng.sample(config["subjects"], 1)[0] + " " + rng.sample(config["actions"], 1)[0]
        suffixes = [rng.sample([*config[f"suffixes_{number}"], None], 1)[0] for number in (1, 2, 3)]
        steps = rng.sample(config["steps"], 1)[0]
        found.append([", ".join([prompt, *(one for one in suffixes if one is not None)]), steps, page])
    return found


def drawn_from_json(config: dict[str, Any], folder: Path, edition: Edition) -> list[list[Any]]:
    path = folder / "config.json"
    path.write_text(json.dumps(config), "utf-8")
    return rows(read_matrix(Table(fields_of_json(path), "here"), edition))


class TestTheEarlierTool:
    """The same configuration gives the very same list."""

    def test_the_golden_list(self, tmp_path: Path, words_edition: Edition) -> None:
        found = drawn_from_json(GOLDEN["config"], tmp_path, words_edition)
        assert found[:6] == GOLDEN["first"]
        assert digest(found) == GOLDEN["sha256"]

    @pytest.mark.skipif(not (SHARED / "golden.json").is_file(), reason="needs the shared data")
    def test_the_shared_list(self, words_edition: Edition) -> None:
        expected = json.loads((SHARED / "golden.expected.json").read_text("utf-8"))
        found = rows(read_matrix(Table(fields_of_json(SHARED / "golden.json"), "here"), words_edition))
        assert len(found) == expected["count"]
        assert len({prompt for prompt, _, _ in found}) == expected["distinct_prompts"]
        assert len({(prompt, steps) for prompt, steps, _ in found}) == expected["distinct_with_steps"]
        assert found[:12] == expected["first"]
        assert digest(found) == expected["sha256_of_json_lines"]

    @pytest.mark.parametrize("size", [1, 2, 20, 21, 22, 300])
    @pytest.mark.parametrize("seed", [0, -7, 1338, 2**40])
    def test_lists_of_any_length(self, size: int, seed: int, tmp_path: Path, words_edition: Edition) -> None:
        """Python's `sample` goes another way from 22 values on."""
        words = [f"the sea {number}" for number in range(size)]
        config = {
            "subjects": words, "actions": words[::-1], "suffixes_1": words[:3], "suffixes_2": [], "suffixes_3": words,
            "steps": [9, 8], "num_configs": 40, "generator_seed": seed,
        }  # fmt: skip
        assert drawn_from_json(config, tmp_path, words_edition) == earlier_tool(config)

    def test_lists_of_suffixes_that_are_not_there_are_empty(
        self, tmp_path: Path, words_edition: Edition
    ) -> None:
        config = {**GOLDEN["config"], "suffixes_3": []}
        found = drawn_from_json(config, tmp_path, words_edition)
        del config["suffixes_2"], config["suffixes_3"]
        assert drawn_from_json(config, tmp_path, words_edition) == found

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ({"subjects": "the sea"}, "subjects must be a list of texts"),
            ({"num_configs": 0}, "num_configs must be at least 1, not 0"),
            ({"generator_seed": None}, "generator_seed must be a whole number, not None"),
            ({"generator_seed": True}, "generator_seed must be a whole number, not True"),
            ({"steps": [1.5]}, "steps must be a list of whole numbers"),
            ({"colour": "red"}, "colour is not known here"),
        ],
        ids=str,
    )
    def test_a_wrong_configuration_is_refused(
        self, change: dict[str, Any], told: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "config.json"
        path.write_text(json.dumps({**GOLDEN["config"], **change}))
        with pytest.raises(UserError) as refused:
            fields_of_json(path)
        assert str(refused.value).startswith(f"{path}: {told}")

    @pytest.mark.parametrize(
        ("data", "told"),
        [
            (b"{", "is not valid JSON"),
            (b"[]", "must be one JSON object"),
            (b"\xff", "is not valid JSON"),
            (b"[" * 100_000, "is not valid JSON"),
            (b'{"subjects": ' + b"9" * 5000 + b"}", "is not valid JSON"),
        ],
        ids=["cut", "list", "bytes", "deep", "long number"],
    )
    def test_what_is_no_configuration_is_refused(self, data: bytes, told: str, tmp_path: Path) -> None:
        (tmp_path / "config.json").write_bytes(data)
        with pytest.raises(UserError, match=told) as refused:
            fields_of_json(tmp_path / "config.json")
        assert len(str(refused.value).splitlines()) == 1


class TestGrids:
    """Everything once, in a stated order."""

    def test_the_last_list_changes_fastest(self) -> None:
        matrix = replace(PLAIN, suffixes=(("ink",),), pages=(7, 9))
        assert rows(matrix)[:10] == [
            ["the sea at night, ink", 3, 7], ["the sea at night, ink", 3, 9],
            ["the sea at night, ink", 4, 7], ["the sea at night, ink", 4, 9],
            ["the sea at night", 3, 7], ["the sea at night", 3, 9],
            ["the sea at night", 4, 7], ["the sea at night", 4, 9],
            ["the sea at sunset, ink", 3, 7], ["the sea at sunset, ink", 3, 9],
        ]  # fmt: skip
        assert matrix.count() == 2 * 2 * 2 * 2 * 2

    def test_negative_prompts_are_negative_shelves(self, words_edition: Edition) -> None:
        matrix = replace(PLAIN, suffixes=(), steps=(3,), negatives=("", "in the fog"))
        space, tokens = words_edition.key_space(), tokens_of(words_edition)
        found = [parse_key(key, space) for key in matrix.keys(words_edition)]
        assert [address.negative for address in found[:2]] == [None, tokens.shelf("in the fog")]
        assert [address.shelf for address in found[:2]] == [tokens.shelf("the sea at night")] * 2

    def test_the_editions_own_negative_prompt_is_left_out(
        self, words_edition: Edition, tmp_path: Path
    ) -> None:
        fields = tiny.edition_fields(words_edition.model)
        fields["text"]["negative"] = list(tokens_of(words_edition).encode("in the fog").ranks)
        foggy = load_edition(str(tiny.write_edition(tmp_path / "e.toml", fields)))
        matrix = replace(PLAIN, suffixes=(), steps=(3,), negatives=("in the fog", ""))
        found = [parse_key(key, foggy.key_space()).negative for key in matrix.keys(foggy)]
        assert found[:2] == [None, Shelf("t", 0)]

    def test_without_actions_a_subject_stands_alone(self) -> None:
        assert rows(replace(PLAIN, actions=(), steps=(3,), suffixes=())) == [
            ["the sea", 3, 0],
            ["a forest", 3, 0],
        ]

    def test_what_is_the_same_to_a_tokenizer_is_there_once(self, words_edition: Edition) -> None:
        matrix = read(
            words_edition,
            subjects=["the sea", "The  sea", "a forest"],
            steps=[3, 3, 4],
            suffixes_1=["x"],
            suffixes_2=["X "],
        )
        said = [(same(row[0]), row[1]) for row in rows(matrix)]
        assert (
            len(said) == len(set(said)) == matrix.count() == 2 * 2 * 3 * 2
        )  # none, "x", and "x, x" of the suffixes
        keys = list(matrix.keys(words_edition))
        assert len(keys) == len(set(keys))

    def test_two_ways_to_one_prompt_give_it_once(self, words_edition: Edition) -> None:
        matrix = read(words_edition, subjects=["a", "a b"], actions=["b c", "c"], steps=3)
        assert [row[0] for row in rows(matrix)] == ["a b c", "a c", "a b b c"]

    def test_a_grid_of_millions_is_not_held(self, words_edition: Edition) -> None:
        """Ten million keys from some hundred values; any of them from its number."""
        words = [f"w{number}" for number in range(100)]
        matrix = read(
            words_edition, subjects=words, actions=words, suffixes_1=words[1:], pages=list(range(10)), steps=3
        )
        assert matrix.count() == 10_000_000
        tracemalloc.start()
        make = matrix.maker(words_edition)
        found = parse_key(make(9_999_991), words_edition.key_space())
        assert tracemalloc.get_traced_memory()[1] < 2**20
        tracemalloc.stop()
        assert (found.page, tokens_of(words_edition).text(found.shelf)) == (1, "w 9 9 w 9 9")
        assert matrix.parts()(1_000_000).prompt == "w10 w0, w1"


TEXTS = st.lists(st.sampled_from(["a", "b", "a b", "A", "b, a", "", "c"]), min_size=1, max_size=3)


@given(
    subjects=TEXTS, actions=st.one_of(st.just([]), TEXTS), suffixes=st.lists(TEXTS, max_size=2),
    steps=st.lists(st.integers(1, 3), min_size=1, max_size=2), without=st.lists(st.tuples(*[st.sampled_from("abc")] * 2), max_size=2),
)  # fmt: skip
def test_a_grid_is_what_going_through_everything_gives(
    words_edition: Edition, subjects: list[str], actions: list[str], suffixes: list[list[str]], steps: list[int],
    without: list[tuple[str, str]],
) -> None:  # fmt: skip
    """In the same order, against a way that holds everything."""
    seen: dict[tuple[str, int], list[Any]] = {}
    lists: list[list[Any]] = [subjects, actions or [None], *([*some, None] for some in suffixes)]
    for values in product(*lists, steps):
        texts = values[:-1]
        if any(
            {one, other} <= {texts[i], texts[j]} and (texts[i], texts[j]) in ((one, other), (other, one))
            for one, other in without for i in range(len(texts)) for j in range(len(texts)) if i != j
        ):  # fmt: skip
            continue
        parts = Parts(texts[0], texts[1], texts[2:], values[-1], None, 0)
        seen.setdefault((same(parts.prompt), parts.steps), [parts.prompt, parts.steps, 0])
    fields = {f"suffixes_{number}": some for number, some in enumerate(suffixes, 1)} | {"without": without}
    fields |= {"actions": actions} if actions else {}
    named = {text for some in (subjects, actions, *suffixes) for text in some}
    table = {"mode": "grid", "subjects": subjects, "steps": steps, **fields}
    wanted = list(seen.values())
    # Texts that are one to a tokenizer are one in a list, and filters go by what is written.
    folded = all(
        len({same(text) for text in some}) == len(set(some)) for some in (subjects, actions, *suffixes)
    )
    assume(folded)
    if not wanted or not all(text in named for pair in without for text in pair):
        with pytest.raises(UserError, match="without"):
            read_matrix(Table(table, "here"), words_edition)
        return
    matrix = read_matrix(Table(table, "here"), words_edition)
    assert rows(matrix) == wanted
    assert matrix.count() == len(wanted)


class TestDraws:
    """Seeded, weighed and filtered."""

    def test_each_picture_takes_its_own_page(self) -> None:
        assert [said.page for said in all_parts(replace(PLAIN, length=4, first=10))] == [10, 11, 12, 13]

    def test_a_longer_sample_begins_alike(self) -> None:
        short, long = (rows(replace(PLAIN, length=length, seed=3)) for length in (5, 50))
        assert long[:5] == short
        assert rows(replace(PLAIN, length=50, seed=4)) != long

    def test_pages_and_negatives_are_drawn_where_they_are_lists(self) -> None:
        found = all_parts(replace(PLAIN, length=200, pages=(5, 6), negatives=("x", "y")))
        assert {(said.page, said.negative) for said in found} == {(5, "x"), (5, "y"), (6, "x"), (6, "y")}
        plain = all_parts(replace(PLAIN, length=1))[0]
        assert (found[0].prompt, found[0].steps) == (plain.prompt, plain.steps)  # which are drawn before them

    def test_a_suffix_is_skipped_as_often_as_any_one_of_its_list_is_taken(self) -> None:
        """Of 9,000 draws a third each, within four standard deviations."""
        found = Counter(said.suffixes[0] for said in all_parts(replace(PLAIN, length=9000)))
        assert set(found) == {"ink", "pastel", None}
        assert all(abs(many - 3000) < 4 * 44.8 for many in found.values())

    def test_weights_are_kept_to(self) -> None:
        weights = (("subjects", (3.0, 1.0)), ("suffixes_1", (0.0, 4.0)))
        found = all_parts(replace(PLAIN, length=8000, weights=weights))
        subjects = Counter(said.subject for said in found)
        assert abs(subjects["the sea"] - 6000) < 4 * 38.8
        suffixes = Counter(said.suffixes[0] for said in found)
        assert set(suffixes) == {"pastel", None}  # skipped with the mean weight, 2 of 6
        assert abs(suffixes[None] - 8000 / 3) < 4 * 42.2

    def test_weighed_draws_are_pinned(self) -> None:
        weights = (("subjects", (3.0, 1.0)),)
        found = rows(replace(PLAIN, length=100, seed=1, weights=weights))
        assert digest(found) == "e0fff5fc667033c9af1039d0d9feee344387b62b9c5e555a91e6aba88727d081"

    def test_filtered_pairs_never_stand_together(self) -> None:
        matrix = replace(PLAIN, length=500, without=(("the sea", "at night"), ("ink", "a forest")))
        for said in all_parts(matrix):
            assert not (said.subject == "the sea" and said.action == "at night")
            assert not (said.subject == "a forest" and "ink" in said.suffixes)

    def test_keys_are_made_from_their_numbers_in_any_order(self, words_edition: Edition) -> None:
        matrix = replace(PLAIN, length=50, without=(("the sea", "at night"),))
        keys = list(matrix.keys(words_edition))
        make = matrix.maker(words_edition)
        assert [make(number) for number in reversed(range(50))] == keys[::-1]


class TestAxes:
    """Two lists as a table."""

    def test_each_picture_is_in_its_cell(self) -> None:
        matrix = replace(
            PLAIN, suffixes=(("ink",),), table=("suffixes_1", "subjects"), without=(("the sea", "ink"),)
        )
        axes = matrix.axes()
        assert axes
        assert (axes.across, axes.columns, axes.down, axes.rows) == (
            "suffixes_1", ("ink", SKIPPED), "subjects", ("the sea", "a forest"),
        )  # fmt: skip
        parts = all_parts(matrix)
        for row, subject in enumerate(axes.rows):
            for column, suffix in enumerate(("ink", None)):
                cell = [
                    at
                    for at, said in enumerate(parts, 1)
                    if (said.subject, said.suffixes[0]) == (subject, suffix)
                ]
                assert axes.places.first(row, column) == tuple(cell[:4])
                assert axes.places.total(row, column) == len(cell)
        assert axes.places.total(0, 0) == 0

    @pytest.mark.parametrize("length", [None, 3000])
    def test_cells_are_counted_in_stretches(
        self, length: int | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        matrix = replace(PLAIN, pages=tuple(range(50)), length=length, table=("steps", "pages"))
        whole = matrix.axes()
        monkeypatch.setattr("babelgen.collections.axes.CHUNK", 7)
        parts = matrix.axes()
        assert whole
        assert parts
        assert (whole.places.totals == parts.places.totals).all()
        assert (whole.places.firsts == parts.places.firsts).all()
        assert whole.places.totals.sum() == matrix.count()

    def test_without_the_field_there_is_none(self) -> None:
        assert PLAIN.axes() is None


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({**GRID, "mode": "spiral"}, "mode must be one of sample, grid, not 'spiral' (line 7)."),
    ({**GRID, "subjects": []}, "subjects must have at least one text (line 8)."),
    ({**GRID, "actions": []}, "actions must have at least one text (line 9)."),
    ({**GRID, "suffixes_1": ["a", 5]}, "suffixes_1 must be a list of texts (line 10)."),
    ({**GRID, "suffixes_2": ["a"]}, "suffixes_2 must follow a list suffixes_1, and there is none (line 10)."),
    ({**GRID, "steps": [3, 65]}, "steps must be at most 64, not 65 (line 10)."),
    ({**GRID, "steps": []}, "steps must have at least one number (line 10)."),
    ({**GRID, "steps": "many"}, "steps must be a whole number or a list of whole numbers, not 'many' (line 10)."),
    ({**GRID, "pages": [-1]}, "pages must be at least 0 (line 10)."),
    ({**GRID, "pages": [0], "page": 0}, "page cannot stand beside pages, which says it already (line 11)."),
    ({**GRID, "count": 5}, "count cannot stand in a grid, which has everything once (line 10)."),
    ({**GRID, "weights_subjects": [1, 2]}, "weights_subjects cannot stand in a grid, which has everything once (line 10)."),
    ({**GRID, "without": [["the sea", "at noon"]]}, "without names 'at noon', which is in none of the lists of words (line 10)."),
    ({**GRID, "without": [["the sea"]]}, 'without must be a list of pairs of texts, such as [["a", "b"]] (line 10).'),
    ({**GRID, "axes": ["subjects", "steps"]}, "axes must be two different ones of subjects, actions (line 10)."),
    ({**GRID, "axes": ["subjects", "subjects"]}, "axes must be two different ones of subjects, actions (line 10)."),
    ({**GRID, "negatives": ["<|endoftext|>"]}, "negatives is refused: A prompt cannot contain <|endoftext|>, which marks where prompts begin and end (line 10)."),
    ({**GRID, "actions": [f"{number} x" for number in range(500)], "suffixes_1": ["x"] * 99, "suffixes_2": [f"{number} y" for number in range(99)], "pages": list(range(51))}, "mode gives a grid of 10200000 pictures, and a collection has at most 10000000 (line 7)."),
    ({**DRAWN, "count": 0}, "count must be at least 1, not 0 (line 10)."),
    ({**DRAWN, "weights_subjects": [1]}, "weights_subjects has 1 weights, and subjects has 2 values (line 11)."),
    ({**DRAWN, "weights_subjects": [0, 0]}, "weights_subjects must be numbers from 0 to 1000000000, and not all of them 0 (line 11)."),
    ({**DRAWN, "weights_pages": [1]}, "weights_pages weighs the list pages, and there is none (line 11)."),
    ({**DRAWN, "page": 2**1536 - 3}, "page is beyond the last page of a shelf (line 11)."),
    (
        {**DRAWN, "subjects": ["the sea"], "actions": ["at night"], "without": [["the sea", "at night"]]},
        "without is refused: 10000 draws in a row were refused by without (line 11).",
    ),
    (
        {**GRID, "subjects": ["the sea"], "actions": ["at night"], "without": [["at night", "the sea"]]},
        "without is refused: it leaves no prompt at all (line 10).",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_a_wrong_field_is_told_with_its_line(
    words_library: LibraryFactory, fields: dict[str, Any], told: str
) -> None:
    root = words_library(fields)
    with pytest.raises(UserError) as refused:
        load_library(root)
    assert str(refused.value) == f"{root / 'library.toml'}: collection 1: {told}"


def test_too_many_prompts_to_compare_are_refused(words_edition: Edition) -> None:
    words = [f"w{number}" for number in range(101)]
    lists = {"subjects": words, "actions": words, "suffixes_1": words}
    with pytest.raises(UserError, match="without is refused: 1040502 prompts are too many"):
        read(words_edition, **lists, without=[["w1", "w2"]])
    assert read(words_edition, **{**lists, "actions": ["x"]}, without=[["w1", "w2"]]).count() == 101 * 102 - 2


def test_keys_without_prompts_have_no_matrix(archive_edition: Edition) -> None:
    with pytest.raises(UserError, match="subjects cannot stand here: keys of edition"):
        read(archive_edition)


def test_the_prompts_that_people_are_warned_of_are_the_parts_and_the_longest(words_edition: Edition) -> None:
    matrix = read(words_edition, suffixes_1=["ink", "a boat and a boat"], suffixes_2=[], negatives=["fog"])
    assert matrix.prompts() == (
        "the sea", "a forest", "at night", "at sunset", "ink", "a boat and a boat", "fog", "the sea at night, a boat and a boat",
    )  # fmt: skip
