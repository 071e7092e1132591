"""Interpolations: every stop is the key that was given, and the frames between lie where geometry says."""

from typing import Any

import numpy as np
import pytest

from babelgen.collections.interpolation import Interpolation, read_interpolation
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.geometry import lerp, slerp
from babelgen.keys import Address, Key, Shelf, embedding_of_shelf, format_key, page_noise
from babelgen.statistics import statistics_of
from babelgen.tokens import tokens_of
from babelgen.toml import Table

from .conftest import made_up


def read(edition: Edition, **fields: Any) -> Interpolation:
    table = Table(
        {name: value for name, value in {"frames": 3, **fields}.items() if value is not None}, "here"
    )
    spec = read_interpolation(table, edition)
    table.refuse_others()
    return spec


def frames_of(spec: Interpolation, edition: Edition) -> list[Key]:
    make = spec.making(edition, made_up(spec, edition))
    return [edition.codec.parse(make(number)) for number in range(spec.count())]


def address(edition: Edition, prompt: str, page: int, steps: int = 3, negative: str = "") -> str:
    tokens = tokens_of(edition)
    below = tokens.shelf(negative) if negative else None
    return format_key(Address(steps, tokens.shelf(prompt), page, below), edition.key_space())


def test_pages_of_one_prompt_need_no_model_and_no_statistics(words_edition: Edition) -> None:
    spec = read(words_edition, through=["the sea"], pages=[5, 7, 6], frames=4)
    assert spec.shelves(words_edition) == ()
    keys = [words_edition.codec.parse(key) for key in spec.keys(words_edition)]
    assert len(keys) == spec.count() == 11
    assert [key.text for key in keys[::5]] == [address(words_edition, "the sea", page) for page in (5, 7, 6)]
    assert {key.condition for key in keys} == {tokens_of(words_edition).shelf("the sea")}
    noises = [page_noise(page, words_edition.latent_shape) for page in (5, 7, 6)]
    for at, key in enumerate(keys):
        stop, frame = divmod(at, 5)
        exact = slerp(noises[stop], noises[min(stop + 1, 2)], frame / 5)
        assert np.abs(key.noise() - exact).max() < 0.2  # the table's own cells, the outermost ones wide
        assert key.noise().std() == pytest.approx(exact.std(), abs=0.02)


def test_prompts_are_gone_through_row_by_row(spoken_edition: Edition) -> None:
    spec = read(spoken_edition, through=["the sea", "a forest"], pages=[9])
    keys, given = frames_of(spec, spoken_edition), made_up(spec, spoken_edition)
    assert [keys[0].text, keys[-1].text] == [address(spoken_edition, p, 9) for p in ("the sea", "a forest")]
    assert {key.page for key in keys} == {9}
    sea, forest = (given[tokens_of(spoken_edition).shelf(prompt)] for prompt in ("the sea", "a forest"))
    statistics = statistics_of(spoken_edition)
    for at, key in enumerate(keys[1:-1], 1):
        assert isinstance(key.condition, Shelf)
        assert key.condition.kind == "v"
        values = embedding_of_shelf(key.condition, spoken_edition.key_space(), statistics)
        exact = slerp(sea, forest, at / 4, by_row=True)
        assert np.abs(values - exact)[statistics.coded].max() < 0.01
        assert not np.array_equal(exact, slerp(sea, forest, at / 4))


@pytest.mark.parametrize("restore", [True, False])
def test_a_line_is_straight_and_restored_or_not(words_edition: Edition, restore: bool) -> None:
    spec = read(words_edition, pages=[0, 1], frames=1, method="lerp", restore=restore)
    middle = words_edition.codec.parse(list(spec.keys(words_edition))[1])
    exact = lerp(*(page_noise(page, words_edition.latent_shape) for page in (0, 1)), 0.5, restore=restore)
    assert middle.noise().std() == pytest.approx(exact.std(), abs=0.02)
    assert (middle.noise().std() > 0.85) == restore


def test_keys_are_stops_as_they_are(spoken_edition: Edition) -> None:
    """Of any shelf and page, and a prompt between them stands on the page of the key before it."""
    first = address(spoken_edition, "green hills", 2**900, steps=7, negative="fog")
    last = format_key(Address(7, Shelf("v", 12**80), 5), spoken_edition.key_space())
    spec = read(spoken_edition, through=["mountains", first, "the sea", last], frames=2)
    keys = frames_of(spec, spoken_edition)
    assert [keys[3].text, keys[9].text] == [first, last]
    assert [key.page for key in keys[:7]] == [2**900] * 7
    assert {key.steps for key in keys} == {7}
    assert keys[0].text == address(spoken_edition, "mountains", 2**900, steps=7)
    assert keys[3].negative == tokens_of(spoken_edition).shelf("fog")
    assert all(isinstance(keys[at].negative, Shelf) for at in (1, 2, 3, 4, 5))
    assert keys[6].negative is None
    assert tokens_of(spoken_edition).shelf("fog") in spec.shelves(spoken_edition)


def test_a_loop_leads_back_and_ends_before_its_start(words_edition: Edition) -> None:
    open_, closed = (read(words_edition, pages=[0, 1], frames=2, loop=loop) for loop in (False, True))
    there, round_ = list(open_.keys(words_edition)), list(closed.keys(words_edition))
    assert (len(there), len(round_)) == (4, 6)
    assert round_[:4] == there
    assert round_[4:] == there[2:0:-1]  # back by the same frames, but for the start


def test_stops_that_are_alike_are_held(words_edition: Edition) -> None:
    spec = read(words_edition, through=["the sea", "the sea"], pages=[4])
    assert set(spec.keys(words_edition)) == {address(words_edition, "the sea", 4)}


def test_a_negative_prompt_stays(words_edition: Edition) -> None:
    spec = read(words_edition, pages=[0, 1], negative="fog")
    negatives = {words_edition.codec.parse(key).negative for key in spec.keys(words_edition)}
    assert negatives == {tokens_of(words_edition).shelf("fog")}
    assert spec.prompts() == ("fog",)


def test_keys_of_the_archive_are_gone_through(archive_edition: Edition) -> None:
    """They hold embeddings and noise, so nothing has to be worked out."""
    import random

    stops = [archive_edition.codec.draw(random.Random(seed), 9, (), ()).text for seed in (1, 2)]
    spec = read(archive_edition, through=stops, frames=1)
    assert spec.shelves(archive_edition) == ()
    assert spec.prompts() == ()
    keys = [archive_edition.codec.parse(key) for key in spec.keys(archive_edition)]
    assert [keys[0].text, keys[2].text] == stops
    exact = slerp(keys[0].noise(), keys[2].noise(), 0.5)
    assert np.abs(keys[1].noise() - np.clip(exact, -3.999, 3.999)).max() < 0.01  # no word says more
    assert keys[1].steps == 9


KEY = "key"  # stands for a key of page 8 with 3 steps
REFUSED = [
    ({"pages": [0, 1], "frames": None}, "frames is missing"),
    ({"pages": [0, 1], "frames": 0}, "frames must be at least 1"),
    ({}, "through must have two prompts or keys at least, or pages must have two"),
    ({"through": []}, "through must have 1 to 500 prompts or keys, not 0"),
    ({"through": ["a"] * 501}, "through must have 1 to 500 prompts or keys, not 501"),
    (
        {"through": ["a", "b"], "pages": [1, 2, 3]},
        "pages must be as many as there are in through, 2, or one, not 3",
    ),
    ({"pages": []}, "pages must have 1 to 500 pages, not 0"),
    ({"pages": [0, -1]}, "pages must be from 0 to the last page of a shelf"),
    ({"pages": [0, 2**1536]}, "pages must be from 0 to the last page of a shelf"),
    ({"through": ["a", "<|endoftext|>"]}, "through is refused: A prompt cannot contain"),
    ({"through": ["a", "babel2:nonsense"]}, "through is refused: "),
    ({"through": ["a", "b"], "negative": "<|endoftext|>"}, "negative is refused: A prompt cannot"),
    ({"through": [KEY, "a"], "pages": [1]}, "pages cannot stand beside keys in through"),
    ({"through": [KEY, "a"], "steps": 5}, "steps cannot stand beside keys in through"),
    ({"through": [KEY, KEY], "negative": "a"}, "negative cannot stand beside keys alone"),
    ({"pages": [0, 1], "method": "spline"}, "method must be one of slerp, lerp"),
    ({"pages": [0, 1], "restore": False}, "restore stands beside method lerp alone"),
    ({"pages": [0, 1], "count": 3}, "count is not known here"),
    ({"pages": [0, 1], "frames": 5_000_000}, "frames must be at most 4999999"),
    ({"through": ["a", "b"]}, "through needs keys of embeddings, and edition words-"),
]


@pytest.mark.parametrize(("fields", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_is_wrong_is_one_sentence(words_edition: Edition, fields: dict[str, Any], told: str) -> None:
    if KEY in fields.get("through", ()):
        key = address(words_edition, "the sea", 8)
        fields = {**fields, "through": [key if stop == KEY else stop for stop in fields["through"]]}
    with pytest.raises(UserError) as refused:
        read(words_edition, **fields)
    assert str(refused.value).startswith(f"here: {told}")
    assert "\n" not in str(refused.value)


def test_keys_of_other_steps_are_refused(words_edition: Edition) -> None:
    stops = [address(words_edition, "the sea", 8, steps) for steps in (5, 9)]
    with pytest.raises(
        UserError, match=r"through must have keys of one number of steps, not of 5 and of 9\.$"
    ):
        read(words_edition, through=stops)


def test_keys_of_the_archive_have_no_prompts_and_pages(archive_edition: Edition) -> None:
    stop = archive_edition.codec.first(3).text
    for name, value in (("pages", [0, 1]), ("negative", "fog")):
        with pytest.raises(UserError, match=f"{name} cannot stand here: keys of edition archive-"):
            read(archive_edition, through=[stop, stop], **{name: value})
    with pytest.raises(UserError, match="through is missing"):
        read(archive_edition)


def told(spec: Interpolation, edition: Edition) -> list[tuple[str, bool] | None]:
    tell = spec.places(edition)
    places = [tell(number) for number in range(spec.count())]
    return [place and (place.words, place.unsaid) for place in places]


def test_frames_say_between_which_stops_they_lie(spoken_edition: Edition) -> None:
    spec = read(spoken_edition, through=["the sea", "a forest", ""], frames=2)
    assert told(spec, spoken_edition) == [
        None,
        ("between “the sea” and “a forest”, 1 of 2", True),
        ("between “the sea” and “a forest”, 2 of 2", True),
        None,
        ("between “a forest” and the empty prompt, 1 of 2", True),
        ("between “a forest” and the empty prompt, 2 of 2", True),
        None,
    ]


def test_frames_of_one_prompt_say_their_pages_and_a_loop_leads_back(words_edition: Edition) -> None:
    spec = read(words_edition, through=["the sea"], pages=[5, 2**200], frames=1, loop=True)
    told_of = told(spec, words_edition)
    assert told_of[0] is told_of[2] is None
    assert told_of[1] is not None
    assert told_of[1][0].startswith("between page 5 and page ")
    assert told_of[1][0].endswith(", 1 of 1")
    assert told_of[3] is not None
    assert told_of[3][0].endswith(" and page 5, 1 of 1")
    assert not any(place[1] for place in told_of if place)


def test_frames_between_keys_without_words_say_the_numbers_of_the_stops(spoken_edition: Edition) -> None:
    space = spoken_edition.key_space()
    keys = [format_key(Address(3, Shelf("v", number), 4), space) for number in (5, 6)]
    assert told(read(spoken_edition, through=keys, frames=1), spoken_edition)[1] == (
        "between stop 1 and stop 2, 1 of 1" if keys[0] != keys[1] else None,
        True,
    )


def test_a_long_prompt_is_cut_where_other_words_stand_around_it(spoken_edition: Edition) -> None:
    spec = read(spoken_edition, through=["sea " * 14, "a forest"], frames=1)
    place = spec.places(spoken_edition)(1)
    assert place is not None
    assert len(place.words) < 200
