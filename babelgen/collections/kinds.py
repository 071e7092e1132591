"""The registry of collection kinds: the name in a library file, and what reads its fields."""

from __future__ import annotations

from collections.abc import Callable

from babelgen.collections.collection import Spec
from babelgen.collections.evolution import read_evolution
from babelgen.collections.interpolation import read_interpolation
from babelgen.collections.matrix_fields import read_matrix
from babelgen.collections.range import read_range
from babelgen.collections.sample import read_sample
from babelgen.collections.search import read_search
from babelgen.collections.walk import read_walk
from babelgen.edition import Edition
from babelgen.toml import Table

KINDS: dict[str, Callable[[Table, Edition], Spec]] = {
    "range": read_range,
    "random": read_sample,
    "search": read_search,
    "matrix": read_matrix,
    "interpolation": read_interpolation,
    "walk": read_walk,
    "evolution": read_evolution,
}
