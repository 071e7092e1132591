"""The prompts that measure obedience: two halves that differ in nothing but the combination."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import prompts
import pytest
from prompts import Prompt, Result, contact_sheet, says_all, summary, table
from scene_reader import PARTS, Reading, Score, Seen

from babelgen.scenes import (
    GROUNDS,
    OBJECTS,
    PLACES,
    STYLES,
    TIMES,
    Scene,
    Thing,
    all_scenes,
    caption,
    held_out,
)

ASKED = prompts.prompts(480)
UNSEEN = [prompt for prompt in ASKED if prompt.held_out]
SEEN = [prompt for prompt in ASKED if not prompt.held_out]


def test_half_of_them_are_held_out():
    assert len(UNSEEN) == len(SEEN) == 240
    assert all(held_out(prompt.scene) for prompt in UNSEEN)
    assert not any(held_out(prompt.scene) for prompt in SEEN)


def test_every_held_out_scene_is_asked_for_in_plain_words():
    texts = {prompt.text for prompt in UNSEEN}
    assert {caption(scene) for scene in all_scenes() if held_out(scene)} <= texts


@pytest.mark.parametrize(
    "part",
    [
        lambda scene: scene.ground,
        lambda scene: scene.time,
        lambda scene: scene.things,
        lambda scene: scene.style,
        lambda scene: (scene.ground, scene.time),
    ],
)
def test_both_halves_ask_for_the_same_things_as_often(part):
    assert Counter(part(p.scene) for p in UNSEEN) == Counter(part(p.scene) for p in SEEN)


def test_both_halves_are_worded_alike():
    plain = [sum(prompt.text == caption(prompt.scene) for prompt in half) for half in (UNSEEN, SEEN)]
    assert plain == pytest.approx([176, 176], abs=4)  # a drawn wording can be the plain one


def test_they_cover_everything():
    scenes = [prompt.scene for prompt in ASKED]
    assert {scene.ground for scene in scenes} == set(GROUNDS)
    assert {scene.time for scene in scenes} == set(TIMES)
    assert {scene.style for scene in scenes} == set(STYLES)
    things = {thing for scene in scenes for thing in scene.things}
    assert things == {Thing(name, place) for name in OBJECTS for place in PLACES}
    assert {len(scene.things) for scene in scenes} == {1, 2}


def test_they_are_always_the_same_and_fewer_are_the_first():
    assert prompts.prompts(480) == ASKED
    assert prompts.prompts(10) == ASKED[:10]
    assert [prompt.held_out for prompt in ASKED[:4]] == [True, False] * 2


def test_a_wording_that_leaves_something_out_is_known():
    """Told by changing the scene; here, by looking for the words."""
    scene = Scene("hills", "noon", (Thing("tree", "left"),))
    times = ("noon", "day", "midday", "daylight")
    for seed in range(300):
        said = caption(scene, random.Random(seed))
        assert says_all(scene, seed) == ("left" in said and any(time in said for time in times))


def test_wordings_leave_nothing_out():
    for prompt in ASKED:
        for thing in prompt.scene.things:
            words = {"middle": ("middle", "cent")}.get(thing.place, (thing.place,))
            assert any(word in prompt.text for word in words)


def result(held_out, **wrong):
    score = replace(Score(ground=True, time=True, style=True, object=True, place=True), **wrong)
    prompt = Prompt(Scene("sea", "noon", (Thing("boat", "left"),)), "the sea at noon with a boat", held_out)
    seen = tuple(Seen(name, 0.1, "left", 0.5) for name in OBJECTS)
    reading = Reading("sea", 1.0, "noon", 1.0, "plain", 1.0, seen)
    return Result(prompt, np.zeros((208, 320, 3), np.uint8), reading, score)


READER = dict.fromkeys(PARTS, 1.0) | {"time": 0.99, "place": 0.5}
RESULTS = [result(False), result(False, time=False), result(True, object=False), result(True, time=False)]


def test_the_summary_has_the_worst_drop():
    assert summary(RESULTS, READER) == {
        "ground": 1.0,
        "time": 0.5,
        "object": 0.75,
        "place": 1.0,
        "held_out_drop": 0.5,
        "reader": 0.99,
    }


def test_the_table_has_a_row_for_each_half_and_for_what_was_asked():
    rows = {line[:14].strip(): line[14:].split() for line in table(RESULTS, READER).splitlines()}
    assert rows["seen"] == ["2", "100.0%", "50.0%", "100.0%", "100.0%"]
    assert rows["held out"] == ["2", "100.0%", "50.0%", "50.0%", "100.0%"]
    assert rows["boat"][0] == rows["plain"][0] == rows["all"][0] == "4"
    assert rows["drawn scenes"] == ["100.0%", "99.0%", "100.0%", "50.0%"]
    assert "ink" not in rows


def test_a_sheet_has_room_for_all():
    assert contact_sheet(RESULTS, across=3).size == (3 * 320, 2 * 256)
