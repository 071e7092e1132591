"""Likeness: what the shipped model finds like a prompt is what was made for it, and a picture is most like itself."""

import numpy as np
import pytest

from babelgen.diffusion import worker
from babelgen.diffusion.likeness import likeness_to_picture, likeness_to_prompt
from babelgen.diffusion.single import render_key
from babelgen.edition import Edition, load_edition
from babelgen.keys import Address, format_key
from babelgen.settings import ON_CPU
from babelgen.tokens import tokens_of

PROMPTS = ("the sea at noon", "a forest at night", "a desert at sunset")


@pytest.fixture(scope="module")
def mini() -> Edition:
    return load_edition("mini")


@pytest.fixture(scope="module")
def pictures(mini: Edition) -> list[np.ndarray]:  # type: ignore[type-arg]
    shelves = [tokens_of(mini).shelf(prompt) for prompt in PROMPTS]
    with worker.keeping_models():
        return [render_key(mini, format_key(Address(12, shelf, 3), mini.key_space())) for shelf in shelves]


def test_each_picture_is_most_like_its_own_prompt(mini: Edition, pictures: list[np.ndarray]) -> None:  # type: ignore[type-arg]
    with worker.keeping_models():
        scores = np.array(
            [likeness_to_prompt(mini, pictures, tokens_of(mini).shelf(prompt)) for prompt in PROMPTS]
        )
    assert scores.argmax(axis=0).tolist() == scores.argmax(axis=1).tolist() == [0, 1, 2]
    assert (scores.diagonal() > 0).all()
    assert (scores <= 1).all()


def test_a_picture_is_most_like_itself(mini: Edition, pictures: list[np.ndarray]) -> None:  # type: ignore[type-arg]
    scores = likeness_to_picture(mini, pictures, pictures[1])
    assert scores[1] == pytest.approx(1)
    assert max(scores[0], scores[2]) < 0.9


def test_a_score_does_not_hang_on_the_others(mini: Edition, pictures: list[np.ndarray]) -> None:  # type: ignore[type-arg]
    with worker.keeping_models():
        shelf = tokens_of(mini).shelf(PROMPTS[0])
        assert likeness_to_prompt(mini, pictures[:1], shelf) == likeness_to_prompt(mini, pictures, shelf)[:1]
        assert (
            likeness_to_picture(mini, pictures[:1], pictures[1])
            == likeness_to_picture(mini, pictures, pictures[1])[:1]
        )


def test_models_are_kept_for_a_while_only(tiny_edition: Edition) -> None:
    with worker.keeping_models():
        kept = worker.open_model(tiny_edition, ON_CPU)
        assert worker.open_model(tiny_edition, ON_CPU) is kept
    assert worker.open_model(tiny_edition, ON_CPU) is not kept
