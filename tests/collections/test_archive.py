"""Collections of the archive's keys: ranges by level and stride, random keys, and what they cannot be."""

import random
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from babelgen.collections.range import Range
from babelgen.collections.sample import Sample
from babelgen.edition import Edition, load_edition
from babelgen.errors import UserError
from babelgen.keys.lob1 import LENGTH, random_key, step_key, steps_of
from babelgen.library import load_library
from babelgen.plan import make_plan

from ..conftest import LibraryFactory, library_factory
from ..keys.golden_lob1 import KEYS

PLAIN = Range(start=KEYS["one"], prompt="", page=0, steps=20, level="0", stride=1, length=4)
SAMPLE = Sample(seed=7, steps=9, uniform=False, length=4)
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"kind": "range", "prompt": "the sea"}, "prompt cannot stand here: keys of edition sd15-lob-"),
    ({"kind": "range", "page": 3}, "page cannot stand here"),
    (
        {"kind": "range", "level": "page"},
        "level must be how many characters are held, 0 to 189435, not 'page'",
    ),
    ({"kind": "range", "level": LENGTH}, "level must be how many"),
    ({"kind": "range", "level": -1}, "level must be how many"),
    ({"kind": "range", "level": True}, "level must be a text in quotes or a whole number"),
    ({"kind": "range", "start": KEYS["one"][:-1]}, "start is refused: The key has 189435 characters"),
    ({"kind": "search", "prompts": ["the sea"]}, "prompts cannot stand here"),
    ({"kind": "random", "uniform": True, "steps": 3}, "steps cannot stand beside uniform"),
]


@pytest.fixture(scope="module")
def edition() -> Edition:
    """The shipped edition, whose model is not there: collections need none."""
    return load_edition("sd15-lob")


@pytest.fixture
def make(tmp_path: Path) -> LibraryFactory:
    """A function that writes a library of the shipped edition."""
    return library_factory(Path("sd15-lob"), tmp_path)


@pytest.mark.parametrize(
    ("level", "stride"), [("0", 1), ("4", 1), ("1000", -3), ("189435", 40), ("7", 64**12)]
)
def test_the_key_at_a_place_is_so_many_strides_from_the_start(
    edition: Edition, level: str, stride: int
) -> None:
    keys = list(replace(PLAIN, level=level, stride=stride).keys(edition))
    assert keys == [step_key(KEYS["one"], int(level), place * stride) for place in range(4)]


def test_a_range_without_a_start_begins_at_the_beginning(edition: Edition) -> None:
    first, second, *_ = replace(PLAIN, start=None, steps=9).keys(edition)
    assert steps_of(first) == 9
    assert set(first[2:]) == {"A"}
    assert second == step_key(first)


def test_a_range_holds_one_key_at_a_time(edition: Edition) -> None:
    tracemalloc.start()
    try:
        for _ in replace(PLAIN, level="9", stride=64**20, length=300).keys(edition):
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6 * LENGTH


def test_a_sample_is_drawn_with_its_steps(edition: Edition) -> None:
    keys = list(SAMPLE.keys(edition))
    assert [steps_of(key) for key in keys] == [9] * 4
    assert len(set(keys)) == 4
    assert keys == list(replace(SAMPLE, length=6).keys(edition))[:4]
    assert len({steps_of(key) for key in replace(SAMPLE, uniform=True, length=30).keys(edition)}) > 10


def test_a_library_of_such_keys_is_planned_without_its_model(make: LibraryFactory) -> None:
    root = make(
        {"kind": "range", "count": 2, "level": 12, "stride": 5, "start": KEYS["two"]},
        {"kind": "range", "count": 2, "level": "12"},
        {"kind": "random", "count": 2, "steps": 64},
    )
    (work,) = make_plan(load_library(root)).works
    assert len(work.items) == 6
    assert [item.steps for item in work.items[:2]] == [64, 64]
    assert all(item.steps == steps_of(item.key) and len(item.name) == 32 for item in work.items)
    assert {item.key for item in work.items} >= {KEYS["two"], step_key(KEYS["two"], 12, 5)}


@pytest.mark.parametrize(("fields", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_a_wrong_field_is_named(make: LibraryFactory, fields: dict[str, Any], told: str) -> None:
    root = make({"count": 1, **fields})
    with pytest.raises(UserError) as refused:
        load_library(root)
    sentence = str(refused.value).removeprefix(f"{root / 'library.toml'}: collection 1: ")
    assert sentence.startswith(told)
    assert len(sentence) < 250


def test_drawn_keys_do_not_change(edition: Edition) -> None:
    """A sample's key depends on its seed and place; see the golden vectors for what a generator's state draws."""
    assert list(SAMPLE.keys(edition))[2] == random_key(random.Random("7/2"), 9)
