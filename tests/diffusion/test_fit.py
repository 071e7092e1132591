"""Fitting: a fixed sample, exact moments, and statistics that hold what they were fitted to."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from babelgen.diffusion.coding import Conditions
from babelgen.diffusion.fit import Moments, fit_statistics, sample_shelves
from babelgen.diffusion.model import load_model
from babelgen.errors import UserError
from babelgen.keys import embedding_of_shelf, normal_table, shelf_of_embedding, tokens_of_shelf
from babelgen.statistics import statistics_of, write_statistics
from babelgen.tokens import tokens_of
from tests import tiny

END = float(normal_table()[-1])


def lengths(edition, sample):
    shelves = sample_shelves(edition, tokens_of(edition), sample)
    return [len(tokens_of_shelf(shelf, edition.key_space())) for shelf in shelves]


def test_the_sample_is_fixed_and_a_longer_one_begins_alike(words_edition):
    tokens = tokens_of(words_edition)
    sample = list(sample_shelves(words_edition, tokens, 300))
    assert sample == list(islice(sample_shelves(words_edition, tokens, 4096), 300))
    assert len(sample) == 300
    assert len(set(sample)) > 150


def test_the_sample_has_short_prompts_long_ones_and_strange_ones(words_edition):
    tokens, space = tokens_of(words_edition), words_edition.key_space()
    assert lengths(words_edition, 1) == [0]
    assert set(lengths(words_edition, 400)) == set(range(words_edition.length - 1))
    known = {rank for entry in tokens.entries for rank in tokens.encode(entry).ranks}
    strange = [
        not known.issuperset(tokens_of_shelf(s, space)) for s in sample_shelves(words_edition, tokens, 400)
    ]
    assert 70 < sum(strange) <= 100  # a quarter, but for the shortest of them
    assert not any(strange[turn] for at in range(0, 400, 4) for turn in (at, at + 1, at + 2))


def test_a_model_without_a_word_list_is_sampled_by_tokens(words_edition):
    wordless = replace(words_edition, words=words_edition.model / "none.txt")
    assert set(lengths(wordless, 400)) == set(range(words_edition.length - 1))


def test_moments_are_those_of_the_whole_sample():
    rng = np.random.default_rng(3)
    sample = 1e3 + rng.standard_normal((500, 3, 4)) ** 3
    sample[:, 1, 2] = -28.078125
    moments = Moments()
    for values in sample:
        moments.add(values)
    found = moments.statistics()
    mean = sample.mean(axis=0)
    assert np.allclose(found.mean, mean, rtol=1e-7)
    farthest = np.abs(sample - found.mean).max(axis=0)
    assert np.allclose(found.deviation, np.maximum(sample.std(axis=0), farthest / END), rtol=1e-6)
    assert (found.mean[1, 2], found.deviation[1, 2]) == (np.float32(-28.078125), 0)
    assert (farthest > END * sample.std(axis=0)).any()  # the tails are long, or this shows nothing


def test_a_short_tail_leaves_the_standard_deviation():
    moments = Moments()
    for value in (-1.0, 1.0):
        moments.add(np.full((1, 1), value))
    found = moments.statistics()
    assert (found.mean.item(), found.deviation.item()) == (0, 1)


def test_fitted_statistics_hold_their_sample(tiny_edition, fitted_edition):
    statistics = statistics_of(fitted_edition)
    assert not statistics.coded[0].any()  # the start token knows nothing of what follows
    assert statistics.coded[1:].all()
    conditions = Conditions(load_model(tiny_edition))
    widest = (END - float(normal_table()[-2])) / 2 * statistics.deviation
    for shelf in sample_shelves(tiny_edition, tokens_of(tiny_edition), 60):
        exact = conditions.embedding(shelf).numpy()
        number, _ = shelf_of_embedding(exact, statistics)
        coded = embedding_of_shelf(number, fitted_edition.key_space(), statistics)
        assert (np.abs(coded - exact) <= widest * 1.001 + 1e-6).all()


def test_fitting_again_gives_the_same_bytes_whatever_was_fitted_before(tiny_edition, fitted_edition):
    first, again = (
        write_statistics(fit_statistics(edition, 24)) for edition in (tiny_edition, fitted_edition)
    )
    assert first == again


def test_statistics_of_another_width_do_not_fit_their_model(fitted_edition, tmp_path):
    narrow = statistics_of(fitted_edition)
    narrow = type(narrow)(narrow.mean[:, :4].copy(), narrow.deviation[:, :4].copy())
    fields = tiny.fit(tmp_path, tiny.edition_fields(fitted_edition.model), narrow)
    from babelgen.edition import load_edition

    with pytest.raises(UserError, match="does not fit its model: its statistics are of wider or narrower"):
        load_model(load_edition(str(tiny.write_edition(tmp_path / "e.toml", fields))))


@pytest.mark.parametrize(("value", "told"), [(0.0, "leaves nothing to code"), (float("nan"), "is no number")])
def test_embeddings_that_cannot_be_fitted_are_refused(tiny_edition, monkeypatch, value, told):
    monkeypatch.setattr(Conditions, "embedding", lambda self, shelf: torch.full((16, 8), value))
    with pytest.raises(UserError, match=told):
        fit_statistics(tiny_edition, 3)
