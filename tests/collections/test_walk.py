"""Walks: directions drawn once from a seed, steps of one length, noise that stays noise."""

import math
import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from babelgen.collections.frames import draw_normal, draw_uniform
from babelgen.collections.walk import Walk, read_walk
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.geometry import norm
from babelgen.keys import Address, Key, Shelf, embedding_of_shelf, format_key
from babelgen.statistics import statistics_of
from babelgen.tokens import tokens_of
from babelgen.toml import Table

from .conftest import made_up


def read(edition: Edition, **fields: Any) -> Walk:
    table = Table(
        {name: value for name, value in {"frames": 5, **fields}.items() if value is not None}, "here"
    )
    spec = read_walk(table, edition)
    table.refuse_others()
    return spec


def frames_of(spec: Walk, edition: Edition) -> list[Key]:
    make = spec.making(edition, made_up(spec, edition))
    return [edition.codec.parse(make(number)) for number in range(spec.count())]


def embedding(key: Key, edition: Edition) -> NDArray[np.float64]:
    assert isinstance(key.condition, Shelf)
    return embedding_of_shelf(key.condition, edition.key_space(), statistics_of(edition)).astype(float)


def angle(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    one, other = first.astype(float).ravel(), second.astype(float).ravel()
    return math.acos(min(1.0, float(one @ other) / (norm(one) * norm(other))))


def test_noise_turns_by_the_step_and_keeps_its_variance(words_edition: Edition) -> None:
    spec = read(words_edition, prompt="the sea", page=4, space="noise", step=0.3)
    assert spec.shelves(words_edition) == ()
    keys = [words_edition.codec.parse(key) for key in spec.keys(words_edition)]
    space, shelf = words_edition.key_space(), tokens_of(words_edition).shelf("the sea")
    assert len(keys) == spec.count() == 6
    assert keys[0].text == format_key(Address(3, shelf, 4), space)
    assert {key.condition for key in keys} == {shelf}
    noises = [key.noise() for key in keys]
    for at, noise in enumerate(noises):
        assert angle(noises[0], noise) == pytest.approx(0.3 * at, abs=0.03)
        assert noise.std() == pytest.approx(noises[0].std(), abs=0.05)
    for before, after in pairwise(noises):
        assert angle(before, after) == pytest.approx(0.3, abs=0.03)


def test_conditions_turn_in_deviations_from_their_mean(spoken_edition: Edition) -> None:
    spec = read(spoken_edition, prompt="the sea", page=4, space="condition", step=0.3)
    keys = frames_of(spec, spoken_edition)
    assert {key.page for key in keys} == {4}
    assert keys[0].condition == tokens_of(spoken_edition).shelf("the sea")
    assert {key.negative for key in keys} == {None}
    statistics = statistics_of(spoken_edition)
    mean, deviation = statistics.coded_moments
    (start,) = made_up(spec, spoken_edition).values()
    points = [start.astype(float), *(embedding(key, spoken_edition) for key in keys[1:])]
    counted = [(point[statistics.coded] - mean) / deviation for point in points]
    for at, point in enumerate(counted):
        assert angle(counted[0], point) == pytest.approx(0.3 * at, abs=0.03)
        assert norm(point) == pytest.approx(norm(counted[0]), rel=0.02)


def test_both_move_unless_one_is_named(spoken_edition: Edition) -> None:
    keys = frames_of(read(spoken_edition, prompt="the sea"), spoken_edition)
    noise = frames_of(read(spoken_edition, prompt="the sea", space="noise"), spoken_edition)
    condition = frames_of(read(spoken_edition, prompt="the sea", space="condition"), spoken_edition)
    assert [key.page for key in keys] == [key.page for key in noise]
    assert [key.condition for key in keys] == [key.condition for key in condition]
    assert len({key.page for key in keys}) == len({key.condition for key in keys}) == 6


def test_a_plain_walk_adds_the_same_again_to_noise_and_both_prompts(spoken_edition: Edition) -> None:
    """As the existing tool has it: `step` times a draw from -1 to 1, the same in every step."""
    spec = read(spoken_edition, prompt="the sea", negative="fog", style="linear", step=0.05)
    keys, statistics = frames_of(spec, spoken_edition), statistics_of(spoken_edition)
    tokens = tokens_of(spoken_edition)
    assert set(spec.shelves(spoken_edition)) == {tokens.shelf("the sea"), tokens.shelf("fog")}
    given, first = made_up(spec, spoken_edition), keys[0]
    delta = draw_uniform("babelgen/walk/0/0/noise", first.noise().shape)
    shown, kept = (draw_uniform(f"babelgen/walk/0/0/{part}", (16, 8)) for part in ("condition", "negative"))
    for at, key in enumerate(keys[1:], 1):
        assert np.abs(key.noise() - (first.noise() + at * 0.05 * delta)).max() < 0.2
        for said, prompt, direction in ((key.condition, "the sea", shown), (key.negative, "fog", kept)):
            assert isinstance(said, Shelf)
            values = embedding_of_shelf(said, spoken_edition.key_space(), statistics)
            exact = given[tokens.shelf(prompt)] + at * 0.05 * direction
            assert np.abs(values - exact)[statistics.coded].max() < 0.02
    far = np.abs(keys[5].noise() - first.noise())
    assert far.max() > 0.15


def test_the_default_negative_prompt_moves_too_in_a_plain_walk(spoken_edition: Edition) -> None:
    keys = frames_of(read(spoken_edition, prompt="the sea", style="linear"), spoken_edition)
    assert keys[0].negative is None
    assert all(isinstance(key.negative, Shelf) and key.negative.kind == "v" for key in keys[1:])


def test_directions_begin_at_the_start_and_differ(words_edition: Edition) -> None:
    one, three = (read(words_edition, space="noise", directions=count, frames=2) for count in (1, 3))
    keys = list(three.keys(words_edition))
    assert len(keys) == three.count() == 9
    assert keys[:3] == list(one.keys(words_edition))
    assert keys[0] == keys[3] == keys[6]
    assert len(set(keys)) == 7


def test_out_and_back(words_edition: Edition) -> None:
    out, back = (read(words_edition, space="noise", frames=3, back=back) for back in (False, True))
    there = list(out.keys(words_edition))
    assert list(back.keys(words_edition)) == [*there, *there[2:0:-1]]
    assert back.count() == 6
    assert len(list(read(words_edition, space="noise", frames=1, back=True).keys(words_edition))) == 2


def test_a_seed_draws_the_same_directions(words_edition: Edition) -> None:
    keys = [
        list(read(words_edition, space="noise", **fields).keys(words_edition))
        for fields in ({}, {"seed": 0}, {"seed": 1})
    ]
    assert keys[0] == keys[1]
    assert keys[0][0] == keys[2][0]
    assert set(keys[0]) & set(keys[2]) == {keys[0][0]}


def test_a_longer_walk_begins_alike(words_edition: Edition) -> None:
    short, long = (list(read(words_edition, space="noise", frames=n).keys(words_edition)) for n in (2, 4))
    assert long[:3] == short


def test_a_walk_starts_from_any_key(spoken_edition: Edition) -> None:
    start = format_key(
        Address(9, Shelf("v", 11**90), 2**800, tokens_of(spoken_edition).shelf("fog")),
        spoken_edition.key_space(),
    )
    spec = read(spoken_edition, start=start)
    assert spec.shelves(spoken_edition) == ()  # it says its embedding itself
    keys = frames_of(spec, spoken_edition)
    assert keys[0].text == start
    assert {key.steps for key in keys} == {9}
    assert {key.negative for key in keys} == {tokens_of(spoken_edition).shelf("fog")}


@pytest.mark.parametrize("style", ["sphere", "linear"])
def test_a_walk_from_a_key_of_the_archive(archive_edition: Edition, style: str) -> None:
    start = archive_edition.codec.draw(random.Random(3), 9, (), ()).text
    spec = read(archive_edition, start=start, style=style, frames=1, step=0.2)
    assert spec.shelves(archive_edition) == ()
    first, second = (archive_edition.codec.parse(key) for key in spec.keys(archive_edition))
    assert first.text == start
    assert 0.01 < np.abs(second.noise() - first.noise()).max() < 2
    assert not np.array_equal(second.condition, first.condition)  # type: ignore[arg-type]


def test_draws_are_always_these() -> None:
    """Pinned: a walk must be the same on every machine and with every version."""
    normal, uniform = draw_normal("a label", (2, 2)), draw_uniform("a label", (3,))
    assert normal.ravel().tolist() == NORMAL
    assert uniform.tolist() == UNIFORM
    many = draw_normal("many", (100, 100))
    assert many.mean() == pytest.approx(0, abs=0.05)
    assert many.std() == pytest.approx(1, abs=0.03)


NORMAL = [0.4434148967266083, -0.06338227540254593, 0.5940420627593994, 0.5450960397720337]
UNIFORM = [0.19315473245463743, -0.20126277648268998, -0.48540837705162]

REFUSED = [
    ({"frames": None}, "frames is missing"),
    ({"frames": 0}, "frames must be at least 1"),
    ({"directions": 0}, "directions must be at least 1"),
    ({"directions": 1001}, "directions must be at most 1000"),
    ({"directions": 1000, "frames": 5001}, "frames must be at most 5000"),
    ({"step": 0}, "step must be above 0 and at most 10, not 0"),
    ({"step": -0.1}, "step must be above 0 and at most 10, not -0.1"),
    ({"step": 11}, "step must be above 0 and at most 10, not 11"),
    ({"step": math.nan}, "step must be a finite number"),
    ({"step": "far"}, "step must be a number"),
    ({"seed": -1}, "seed must be at least 0"),
    ({"space": "time"}, "space must be one of noise, condition, both"),
    ({"space": "both"}, "space needs keys of embeddings, and edition words-"),
    ({"style": "drunken"}, "style must be one of sphere, linear"),
    ({"back": 1}, "back must be true or false"),
    ({"prompt": "<|endoftext|>"}, "prompt is refused: A prompt cannot contain"),
    ({"negative": "<|endoftext|>"}, "negative is refused: A prompt cannot contain"),
    ({"page": 2**1536}, "page is beyond the last page of a shelf"),
    ({"start": "the sea"}, "start must be a key; a prompt is given as prompt"),
    ({"start": "babel2:nonsense"}, "start is refused: "),
    ({"start": "key", "prompt": "a"}, "prompt cannot stand beside start"),
    ({"start": "key", "negative": "a"}, "negative cannot stand beside start"),
    ({"count": 3}, "count is not known here"),
]


@pytest.mark.parametrize(("fields", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_is_wrong_is_one_sentence(words_edition: Edition, fields: dict[str, Any], told: str) -> None:
    fields = {"space": "noise", **fields}
    if fields.get("start") == "key":
        fields["start"] = format_key(Address(1, Shelf("t", 0), 0), words_edition.key_space())
    with pytest.raises(UserError) as refused:
        read(words_edition, **fields)
    assert str(refused.value).startswith(f"here: {told}")
    assert "\n" not in str(refused.value)


def test_a_walk_of_the_archive_starts_from_a_key(archive_edition: Edition) -> None:
    with pytest.raises(UserError, match="start is missing"):
        read(archive_edition)
    with pytest.raises(UserError, match="prompt cannot stand here: keys of edition archive-"):
        read(archive_edition, prompt="the sea")


def test_frames_say_how_far_they_are_from_the_start(spoken_edition: Edition) -> None:
    spec = read(spoken_edition, prompt="the sea", frames=2, directions=2, back=True)
    tell = spec.places(spoken_edition)
    places = [tell(number) for number in range(spec.count())]
    assert [place and place.words for place in places] == [
        None,
        "1 step from “the sea”, direction 1 of 2",
        "2 steps from “the sea”, direction 1 of 2",
        "1 step from “the sea”, direction 1 of 2, on the way back",
        None,
        "1 step from “the sea”, direction 2 of 2",
        "2 steps from “the sea”, direction 2 of 2",
        "1 step from “the sea”, direction 2 of 2, on the way back",
    ]
    assert all(place.unsaid for place in places if place)


def test_a_walk_through_noise_keeps_its_prompt(words_edition: Edition) -> None:
    place = read(words_edition, prompt="the sea", space="noise").places(words_edition)(3)
    assert place is not None
    assert (place.words, place.unsaid) == ("3 steps from “the sea”", False)
