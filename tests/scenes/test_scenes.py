"""Drawn scenes: repeatable, complete, and true to their captions."""

from __future__ import annotations

import random

import numpy as np
import pytest

from babelgen.scenes import (
    GROUNDS,
    HEIGHT,
    OBJECTS,
    PLACES,
    TIMES,
    WIDTH,
    Scene,
    all_scenes,
    caption,
    draw,
    phrases,
    random_scene,
)

SCENES = list(all_scenes())


def test_every_combination_is_there_once():
    assert len(SCENES) == len(set(SCENES))
    assert {scene.ground for scene in SCENES} == set(GROUNDS)
    assert {scene.time for scene in SCENES} == set(TIMES)
    assert {scene.thing for scene in SCENES} == {None, *OBJECTS}
    assert {scene.place for scene in SCENES} == {None, *PLACES}


def test_what_cannot_be_seen_together_is_not_there():
    assert not any(scene.thing == "sun" and scene.time == "night" for scene in SCENES)
    assert not any(scene.thing == "boat" and scene.ground not in ("sea", "lake") for scene in SCENES)


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("time", TIMES)
def test_a_ground_is_drawn_at_every_time(ground, time):
    picture = draw(Scene(ground, time), 5)
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 4  # fog is pale, but it is not nothing


def test_the_seed_settles_the_picture():
    scene = Scene("lake", "dawn", "boat", "left")
    assert np.array_equal(draw(scene, 11), draw(scene, 11))
    assert not np.array_equal(draw(scene, 11), draw(scene, 12))


@pytest.mark.parametrize("thing", OBJECTS)
def test_an_object_stands_where_it_is_said_to_stand(thing):
    """Drawn left and right from one seed, two pictures differ at the left and at the right."""
    scene = next(scene for scene in SCENES if scene.thing == thing and scene.time in ("noon", "dawn"))
    left, middle, right = (
        draw(Scene(scene.ground, scene.time, thing, place), 3).astype(float) for place in PLACES
    )
    assert _centre(left, right, slice(0, WIDTH // 2)) == pytest.approx(0.2 * WIDTH, abs=24)
    assert _centre(left, right, slice(WIDTH // 2, WIDTH)) == pytest.approx(0.8 * WIDTH, abs=24)
    assert _centre(middle, right, slice(WIDTH // 4, 5 * WIDTH // 8)) == pytest.approx(0.5 * WIDTH, abs=24)


def _centre(first, second, window):
    change = np.abs(first - second).sum(axis=(0, 2))[window]
    return float((change * np.arange(WIDTH)[window]).sum() / change.sum())


def test_a_plain_caption_says_all():
    assert caption(Scene("sea", "sunset", "boat", "left")) == "the sea at sunset with a boat on the left"
    assert caption(Scene("city", "night")) == "a city at night"


def test_captions_use_only_their_own_words():
    known = {word for phrase in phrases() for word in phrase.split()}
    rng = random.Random(1)
    for _ in range(500):
        said = caption(random_scene(rng), rng).replace(",", "").split()
        assert set(said) <= known


def test_drawn_wordings_differ():
    scene = Scene("hills", "noon", "tree", "middle")
    assert len({caption(scene, random.Random(seed)) for seed in range(60)}) > 20
