"""Drawn scenes: repeatable, complete, and true to their captions; some combinations kept from training."""

from __future__ import annotations

import hashlib
import random

import numpy as np
import pytest

from babelgen.scenes import (
    GROUNDS,
    HEIGHT,
    OBJECTS,
    PLACES,
    STYLES,
    TIMES,
    WIDTH,
    Scene,
    Thing,
    all_scenes,
    caption,
    draw,
    draw_boxed,
    held_out,
    phrases,
    random_scene,
    training_scene,
)

SCENES = list(all_scenes())
TREE_LEFT = Thing("tree", "left")


def drawn_scenes(count, make=random_scene, seed=1):
    rng = random.Random(seed)
    return [make(rng) for _ in range(count)]


def things_of(scenes):
    return {thing for scene in scenes for thing in scene.things}


def test_every_combination_is_there_once():
    assert len(SCENES) == len(set(SCENES)) == 1269
    assert {scene.ground for scene in SCENES} == set(GROUNDS)
    assert {scene.time for scene in SCENES} == set(TIMES)
    assert {len(scene.things) for scene in SCENES} == {0, 1}
    assert things_of(SCENES) == {Thing(name, place) for name in OBJECTS for place in PLACES}


def test_what_cannot_be_seen_together_is_not_there():
    for scene in SCENES + drawn_scenes(3000):
        names = {thing.name for thing in scene.things}
        assert not ("sun" in names and scene.time in ("night", "storm", "fog"))
        assert not ("boat" in names and scene.ground not in ("sea", "lake"))
        assert not names >= {"sun", "moon"}


def test_random_scenes_have_all_there_is():
    scenes = drawn_scenes(4000)
    assert {scene.style for scene in scenes} == set(STYLES)
    assert things_of(scenes) == {Thing(name, place) for name in OBJECTS for place in PLACES}
    shares = [sum(len(scene.things) == count for scene in scenes) / len(scenes) for count in range(3)]
    assert shares == pytest.approx([1 / 8, 17 / 24, 1 / 6], abs=0.03)
    assert sum(scene.style != "plain" for scene in scenes) / len(scenes) == pytest.approx(1 / 4, abs=0.03)


def test_two_things_are_different_and_stand_apart():
    for first, second in (scene.things for scene in drawn_scenes(2000) if len(scene.things) == 2):
        assert first.name != second.name
        assert first.place != second.place


def test_the_held_out_scenes_are_always_the_same():
    """What a published model never saw must not change after it was trained."""
    kept_out = [scene for scene in SCENES if held_out(scene)]
    said = "\n".join(sorted(f"{s.ground} {s.time} {t.name} {t.place}" for s in kept_out for t in s.things))
    assert len(kept_out) == 144
    assert hashlib.sha256(said.encode()).hexdigest()[:16] == "e1aa92bff698b1f8"


def test_a_scene_is_held_out_whatever_its_place_style_and_company():
    kept_out = next(scene for scene in SCENES if held_out(scene))
    (thing,) = kept_out.things
    other = Thing("birds" if thing.name != "birds" else "tree", "middle")
    for style in STYLES:
        for place in ("left", "right"):
            moved = Thing(thing.name, place)
            for things in ((moved,), (moved, other), (other, moved)):
                assert held_out(Scene(kept_out.ground, kept_out.time, things, style))
    assert not held_out(Scene(kept_out.ground, kept_out.time))


def test_training_never_sees_a_held_out_scene():
    assert any(map(held_out, drawn_scenes(200)))
    scenes = drawn_scenes(4000, training_scene)
    assert not any(map(held_out, scenes))
    assert any(len(scene.things) == 2 for scene in scenes)
    assert {scene.style for scene in scenes} == set(STYLES)


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("time", TIMES)
def test_a_ground_is_drawn_at_every_time(ground, time):
    picture = draw(Scene(ground, time), 5)
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 4  # fog is pale, but it is not nothing


def test_the_seed_settles_the_picture():
    scene = Scene("lake", "dawn", (Thing("boat", "left"), Thing("balloon", "right")), "woodcut")
    assert np.array_equal(draw(scene, 11), draw(scene, 11))
    assert not np.array_equal(draw(scene, 11), draw(scene, 12))


@pytest.mark.parametrize("thing", OBJECTS)
def test_an_object_stands_where_it_is_said_to_stand(thing):
    """Drawn left and right from one seed, two pictures differ at the left and at the right."""
    ground, time = where(thing)
    left, middle, right = (
        draw(Scene(ground, time, (Thing(thing, place),)), 3).astype(float) for place in PLACES
    )
    assert centre(left, right, slice(0, WIDTH // 2)) == pytest.approx(0.2 * WIDTH, abs=24)
    assert centre(left, right, slice(WIDTH // 2, WIDTH)) == pytest.approx(0.8 * WIDTH, abs=24)
    assert centre(middle, right, slice(WIDTH // 4, 5 * WIDTH // 8)) == pytest.approx(0.5 * WIDTH, abs=24)


def where(thing):
    """A ground and a time by daylight at which the object can be."""
    found = next(
        scene for scene in SCENES
        if scene.time in ("dawn", "noon") and thing in {one.name for one in scene.things}
    )  # fmt: skip
    return found.ground, found.time


def centre(first, second, window):
    change = np.abs(first - second).sum(axis=(0, 2))[window]
    return float((change * np.arange(WIDTH)[window]).sum() / change.sum())


@pytest.mark.parametrize("thing", OBJECTS)
def test_a_box_is_around_its_thing(thing):
    """A thing that is moved changes the picture within its two boxes, and over much of them."""
    ground, time = where(thing)
    drawings = [draw_boxed(Scene(ground, time, (Thing(thing, place),)), 3) for place in ("left", "right")]
    first, second = (drawing.picture.astype(float) for drawing in drawings)
    changed = np.abs(first - second).sum(axis=2) > 120  # more than a glow does
    boxed = np.zeros_like(changed)
    for drawing in drawings:
        (box,) = drawing.boxes
        west, top, east, bottom = (max(int(edge), 0) for edge in box)
        boxed[top:bottom, west:east] = True
        inside = changed[top:bottom, west:east]
        assert inside.any(axis=0).mean() > 0.4
        assert inside.any(axis=1).mean() > 0.4
    assert (changed & boxed).sum() > 0.95 * changed.sum()


def test_boxes_come_in_the_order_of_the_things():
    scene = Scene("hills", "noon", (Thing("house", "right"), Thing("tree", "left")))
    house, tree = draw_boxed(scene, 4).boxes
    assert tree[2] < WIDTH / 2 < house[0]
    assert not draw_boxed(Scene("hills", "noon"), 4).boxes


@pytest.mark.parametrize("style", STYLES[1:])
@pytest.mark.parametrize("ground", ["sea", "city"])
def test_a_style_changes_the_picture_and_leaves_the_time_told(style, ground):
    """The styled picture goes up and down with the plain one of its own time more than with any other's."""
    plain = {time: small(Scene(ground, time)) for time in TIMES}
    styled = {time: small(Scene(ground, time, (), style)) for time in TIMES}
    assert all(np.abs(styled[time] - plain[time]).mean() > 5 for time in TIMES)
    nearest = {time: max(TIMES, key=lambda other: likeness(styled[time], plain[other])) for time in TIMES}
    assert sum(nearest[time] == time for time in TIMES) >= 5  # noon in ink has little blue, like a dawn


def small(scene):
    return draw(scene, 7).reshape(HEIGHT // 8, 8, WIDTH // 8, 8, 3).mean(axis=(1, 3))


def likeness(first, second):
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def test_a_plain_caption_says_all():
    boat, birds = Thing("boat", "left"), Thing("birds", "right")
    assert caption(Scene("city", "night")) == "a city at night"
    assert caption(Scene("sea", "sunset", (boat,))) == "the sea at sunset with a boat on the left"
    assert (
        caption(Scene("sea", "sunset", (boat, birds), "ink"))
        == "an ink drawing of the sea at sunset with a boat on the left and birds on the right"
    )


def test_plain_captions_are_all_different():
    scenes = set(drawn_scenes(3000))
    assert len({caption(scene) for scene in scenes}) == len(scenes)


def test_drawn_captions_name_both_things_and_the_style():
    scene = Scene("hills", "noon", (TREE_LEFT, Thing("house", "right")), "pastel")
    for seed in range(100):
        said = caption(scene, random.Random(seed))
        assert "tree" in said
        assert "house" in said or "cottage" in said
        assert "pastel" in said


def test_a_drawn_caption_never_says_what_is_not_drawn():
    said = {caption(Scene("hills", "noon", (TREE_LEFT,)), random.Random(seed)) for seed in range(300)}
    assert not any(
        wrong in text for text in said for wrong in ("right", "middle", "cent", "night", "ink", "house")
    )


def test_captions_use_only_their_own_words():
    known = {word for phrase in phrases() for word in phrase.replace(",", "").split()}
    rng = random.Random(1)
    for _ in range(500):
        said = caption(random_scene(rng), rng).replace(",", "").split()
        assert set(said) <= known


def test_drawn_wordings_differ():
    scene = Scene("hills", "noon", (Thing("tree", "middle"),))
    assert len({caption(scene, random.Random(seed)) for seed in range(60)}) > 20
