"""The scene reader: small, right on drawn scenes, and scored as it says."""

from __future__ import annotations

import numpy as np
import pytest
import scene_reader
import torch
from safetensors.torch import load_file
from scene_reader import Reading, Seen, confident, drawn_picture, drawn_scene, read_scenes, score, shares

from babelgen.scenes import OBJECTS, PLACES, Scene, Thing, draw

HOUSE, TREE = Thing("house", "left"), Thing("tree", "right")


def reading(*seen, ground=("sea", 0.95), time=("noon", 0.95), style=("plain", 0.95)):
    """What was read: (name, probability that it is there, place) for some objects, no sign of the others."""
    rest = [(name, 0.0, "middle") for name in OBJECTS if name not in {one[0] for one in seen}]
    objects = sorted((Seen(*one, 0.9) for one in [*seen, *rest]), key=lambda one: -one.present)
    return Reading(*ground, *time, *style, tuple(objects))


def test_it_is_small():
    assert sum(parameter.numel() for parameter in scene_reader.Network().parameters()) <= 1_000_000
    assert scene_reader.WEIGHTS.stat().st_size <= 2_000_000


def test_it_reads_fresh_drawn_scenes():
    scenes = [drawn_scene("test", index) for index in range(60)]
    readings = read_scenes([drawn_picture("test", index) for index in range(60)])
    right = shares([score(reading, scene) for reading, scene in zip(readings, scenes, strict=True)])
    assert right["ground"] >= 0.95
    assert right["time"] >= 0.95
    assert right["object"] >= 0.95
    assert right["place"] >= 0.95
    assert right["style"] >= 0.9


def test_a_mirrored_picture_has_its_things_on_the_other_side():
    picture = draw(Scene("hills", "noon", (HOUSE,)), 2)
    plain, mirrored = read_scenes(np.stack([picture, picture[:, ::-1]]))
    assert plain.things == (HOUSE,)
    assert mirrored.things == (Thing("house", "right"),)


def test_probabilities_are_probabilities():
    (one,) = read_scenes([draw(Scene("lake", "dawn", (Thing("boat", "middle"),)), 1)])
    assert {seen.name for seen in one.objects} == set(OBJECTS)
    assert all(0 <= seen.present <= 1 and 1 / 3 <= seen.place_sure <= 1 for seen in one.objects)
    assert [seen.present for seen in one.objects] == sorted(
        (seen.present for seen in one.objects), reverse=True
    )
    assert all(0 < sure <= 1 for sure in (one.ground_sure, one.time_sure, one.style_sure))


def test_as_many_objects_count_as_the_scene_has():
    seen = reading(("house", 0.9, "left"), ("tree", 0.6, "right"), ("boat", 0.2, "middle"))
    assert score(seen, Scene("sea", "noon", (HOUSE,))).object
    assert not score(seen, Scene("sea", "noon", (TREE,))).object
    assert score(seen, Scene("sea", "noon", (TREE, HOUSE))).object
    assert not score(seen, Scene("sea", "noon", (HOUSE, Thing("boat", "middle")))).object
    doubtful = reading(("house", 0.4, "left"))
    assert not score(doubtful, Scene("sea", "noon", (HOUSE,))).object


def test_where_there_is_nothing_nothing_may_be_more_likely_than_not():
    assert score(reading(("house", 0.4, "left")), Scene("sea", "noon")).object
    assert not score(reading(("house", 0.6, "left")), Scene("sea", "noon")).object


def test_a_place_counts_whether_or_not_its_object_was_read():
    seen = reading(("boat", 0.9, "middle"), ("house", 0.1, "left"))
    assert score(seen, Scene("sea", "noon", (HOUSE,))).place is True
    assert score(seen, Scene("sea", "noon", (Thing("house", "right"),))).place is False
    assert score(seen, Scene("sea", "noon", (HOUSE, TREE))).place is False
    assert score(seen, Scene("sea", "noon")).place is None


def test_ground_time_and_style_are_compared():
    got = score(reading(), Scene("sea", "night", (), "ink"))
    assert (got.ground, got.time, got.style) == (True, False, False)


def test_shares_leave_out_what_a_scene_does_not_have():
    scores = [
        score(reading(("house", 0.9, "left")), Scene("sea", "noon", (HOUSE,))),
        score(reading(), Scene("lake", "noon")),
    ]
    assert shares(scores) == {"ground": 0.5, "time": 1.0, "object": 1.0, "place": 1.0, "style": 1.0}


def test_confidence_asks_for_ground_and_time():
    assert confident(reading())
    assert not confident(reading(ground=("sea", 0.8)))
    assert not confident(reading(time=("noon", 0.8)))


def test_fresh_scenes_are_none_of_the_lessons():
    assert drawn_scene("train", 0) == drawn_scene("train", 0)
    assert not np.array_equal(drawn_picture("train", 0), drawn_picture("fresh", 0))


def test_training_is_settled_by_its_seed_and_its_weights_load(tmp_path, monkeypatch):
    monkeypatch.setattr(scene_reader, "PASSES", 1)
    monkeypatch.setattr(scene_reader, "BATCH", 8)
    scenes = [drawn_scene("train", index) for index in range(16)]
    small = np.stack([scene_reader.shrink(drawn_picture("train", index)) for index in range(16)])
    first, again = (scene_reader.train(scenes, small).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    network = scene_reader.Network()
    network.load_state_dict(first)
    scene_reader.save(network, tmp_path / "weights.safetensors")
    kept = load_file(tmp_path / "weights.safetensors")
    assert set(kept) == set(first)
    assert kept["whole.weight"].dtype == torch.float16


def test_spoiled_lessons_keep_their_sides():
    """Pictures are spoiled in many ways, but what was on the left stays on the left."""
    picture = torch.zeros(8, 3, scene_reader.HEIGHT, scene_reader.WIDTH)
    picture[..., : scene_reader.WIDTH // 2] = 1
    for seed in range(5):
        spoiled = scene_reader._spoil(picture, torch.Generator().manual_seed(seed))
        assert spoiled.shape == picture.shape
        assert not torch.equal(spoiled, picture)
        assert (spoiled[..., :70].mean((1, 2, 3)) > spoiled[..., 90:].mean((1, 2, 3)) + 0.5).all()


@pytest.mark.parametrize("place", PLACES)
def test_labels_name_the_place(place):
    _, _, _, objects = scene_reader._labels(
        [Scene("sea", "noon", (Thing("boat", place),)), Scene("sea", "noon")]
    )
    assert objects[0, OBJECTS.index("boat")] == 1 + PLACES.index(place)
    assert objects.count_nonzero() == 1
