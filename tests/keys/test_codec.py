"""One contract for all codecs: what is read is written alike, and a key says all that its text does."""

import random

import numpy as np
import pytest

from babelgen.errors import BadKey, UserError
from babelgen.keys import CODECS, Address, Codec, Key, Shelf, edition_of, format_key, next_key, page_noise
from babelgen.keys.codec import Babel2Key
from babelgen.keys.lob1 import LENGTH, decode_key, step_key

from .golden_lob1 import KEYS
from .spaces import GOLDEN, LARGE, TINY

WORDS = [(1,), (2, 3)]
LEVELS = {"babel2": ("page", "shelf", "steps"), "lob1": ("0", "4", "189435")}


@pytest.fixture(params=sorted(CODECS))
def codec(request: pytest.FixtureRequest) -> Codec:
    """Each codec, with the one form that all of them have."""
    return CODECS[request.param](LARGE)


def keys_of(codec: Codec) -> list[Key]:
    """The first key, drawn ones, and the ones before these."""
    keys = [
        codec.first(7),
        codec.draw_evenly(random.Random(1)),
        codec.draw(random.Random(2), 9, WORDS, [1, 1]),
    ]
    return [*keys, *(key.step(-1) for key in keys)]


def test_a_codec_is_called_what_editions_call_it(codec: Codec) -> None:
    assert CODECS[codec.name](LARGE) == codec


def test_keys_are_read_as_they_were_written(codec: Codec) -> None:
    for key in keys_of(codec):
        read = codec.parse(key.text)
        assert read == key
        assert (read.text, read.steps, read.page) == (key.text, key.steps, key.page)
        assert np.array_equal(read.noise(), key.noise())
    assert len({key.text for key in keys_of(codec)}) == 6


def test_a_key_says_what_the_renderer_needs(codec: Codec) -> None:
    for key in keys_of(codec):
        assert 1 <= key.steps <= 64
        noise = key.noise()
        assert (noise.dtype, noise.shape) == (np.float32, LARGE.latent_shape)
        if isinstance(key.condition, Shelf):
            assert codec.width is None
            assert (codec.prompts, key.page is None) == (True, False)
        else:
            assert (key.condition.dtype, key.condition.shape) == (np.float32, (77, codec.width))
            assert (codec.prompts, key.page, key.negative) == (False, None, None)


def test_keys_begin_and_are_drawn_with_the_steps_asked_for(codec: Codec) -> None:
    assert [codec.first(steps).steps for steps in (1, 20, 64)] == [1, 20, 64]
    assert codec.draw(random.Random(0), 33, WORDS, [1]).steps == 33
    assert len({codec.draw_evenly(random.Random(seed)).steps for seed in range(40)}) > 10


def test_a_seed_draws_one_key(codec: Codec) -> None:
    texts = [codec.draw_evenly(random.Random(seed)).text for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]
    texts = [codec.draw(random.Random(seed), 9, WORDS, [1, 2, 1]).text for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_steps_add_up_at_every_level(codec: Codec) -> None:
    assert codec.level == LEVELS[codec.name][0]
    for key in keys_of(codec):
        assert key.step().text == key.step(1, codec.level).text
        for level in LEVELS[codec.name]:
            assert codec.level_complaint(level) is None
            on = key.step(5, level)
            assert on.text != key.text
            assert on.step(-2, level).text == key.step(2, level).step(1, level).text
            assert on.step(-5, level) == key


def test_a_walk_goes_through_the_keys_that_steps_lead_to(codec: Codec) -> None:
    for key in keys_of(codec):
        assert key.walk()(3) == key.step(3).text
        for level in LEVELS[codec.name]:
            write = key.walk(level)
            assert write(0) == key.text
            for count in (1, -1, 63, 64**3, -(10**40)):
                assert write(count) == key.step(count, level).text


def test_steps_are_read_off_a_key(codec: Codec) -> None:
    for steps in (1, 9, 10, 64):
        assert codec.steps_of(codec.first(steps).text) == steps
    for key in keys_of(codec):
        assert codec.steps_of(key.text) == key.steps


@pytest.mark.parametrize("level", ["", "book", "-1", "189436", "1" * 5000, "٣", "1.0", "Page", " 0"])
def test_levels_that_no_codec_has_are_refused(codec: Codec, level: str) -> None:
    complaint = codec.level_complaint(level)
    assert complaint is not None
    assert len(complaint) < 200
    with pytest.raises(UserError) as refusal:
        codec.first(1).step(1, level)
    assert str(refusal.value) == f"The level {complaint}."
    with pytest.raises(UserError, match=r"^The level must be"):
        codec.first(1).walk(level)


def test_levels_of_another_codec_are_refused(codec: Codec) -> None:
    for name, levels in LEVELS.items():
        assert all((codec.level_complaint(level) is None) == (name == codec.name) for level in levels)


@pytest.mark.parametrize(
    "text", ["", "nonsense", "A" * 100, KEYS["one"][:-1], KEYS["one"] + "=", "babel2:x:"]
)
def test_other_texts_are_refused(codec: Codec, text: str) -> None:
    with pytest.raises(BadKey):
        codec.parse(text)


def test_a_key_of_one_codec_is_none_of_another(codec: Codec) -> None:
    for name in sorted(set(CODECS) - {codec.name}):
        with pytest.raises(BadKey):
            codec.parse(CODECS[name](LARGE).first(1).text)


def test_babel2_keys_are_its_addresses() -> None:
    address = Address(9, Shelf("t", 77), 5, Shelf("t", 3))
    text = format_key(address, GOLDEN)
    key = CODECS["babel2"](GOLDEN).parse(text)
    assert key == Babel2Key(address, GOLDEN)
    assert (key.condition, key.negative, key.page) == (Shelf("t", 77), Shelf("t", 3), 5)
    assert np.array_equal(key.noise(), page_noise(5, GOLDEN.latent_shape))
    assert key.step(-2, "shelf").text == format_key(next_key(address, GOLDEN, "shelf", -2), GOLDEN)
    assert edition_of(text) == GOLDEN.edition


def test_lob1_keys_are_their_texts() -> None:
    key = CODECS["lob1"](LARGE).parse(KEYS["two"])
    parts = decode_key(KEYS["two"])
    assert not isinstance(key.condition, Shelf)
    assert np.array_equal(key.condition.ravel(), parts.embedding)
    assert np.array_equal(key.noise().ravel(), parts.latents)
    assert key.step(-7, "12").text == step_key(KEYS["two"], 12, -7)


def test_lob1_has_one_form() -> None:
    with pytest.raises(
        UserError, match=r"^Keys of codec lob1 hold latents of 4 x 52 x 80 and 77 tokens, and no"
    ):
        CODECS["lob1"](TINY)


def test_lob1_keys_name_no_edition() -> None:
    assert len(KEYS["one"]) == LENGTH
    with pytest.raises(BadKey, match=r"^A lob1 key names no edition: "):
        edition_of(KEYS["one"])
