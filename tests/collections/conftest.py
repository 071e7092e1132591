"""An edition whose keys say embeddings, without a model: its statistics are made up."""

from pathlib import Path

import numpy as np
import pytest

from babelgen.collections import Spec
from babelgen.collections.collection import Embeddings
from babelgen.edition import Edition, load_edition
from babelgen.keys import Statistics

from .. import tiny

WIDTH = 8


@pytest.fixture(scope="session")
def spoken_edition_file(words_edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TOML of the edition of words alone, with statistics: the first row is constant, as a start marker's is."""
    folder = tmp_path_factory.mktemp("spoken")
    rng = np.random.default_rng(1)
    mean = rng.normal(size=(tiny.LENGTH, WIDTH)).astype(np.float32)
    deviation = rng.uniform(0.5, 1, size=mean.shape).astype(np.float32)
    deviation[0] = 0
    fields = {**tiny.edition_fields(words_edition.model), "name": "spoken"}
    return tiny.write_edition(folder / "spoken.toml", tiny.fit(folder, fields, Statistics(mean, deviation)))


@pytest.fixture(scope="session")
def spoken_edition(spoken_edition_file: Path) -> Edition:
    """Its keys may be of kind v."""
    return load_edition(str(spoken_edition_file))


def made_up(spec: Spec, edition: Edition) -> Embeddings:
    """Embeddings for the prompts that a collection asks for, within what the statistics have."""
    from babelgen.statistics import statistics_of

    statistics = statistics_of(edition)
    return {
        shelf: (
            statistics.mean
            + statistics.deviation
            * np.random.default_rng(shelf.number % 2**32).uniform(-1.5, 1.5, statistics.mean.shape)
        ).astype(np.float32)
        for shelf in spec.shelves(edition)
    }
