"""Rank: what favourites have in common, counted back against all pictures that are printed.

Law: a library is read and never written; what is counted is kept in a temporary database, so that memory does not grow
with the library; each picture counts once.
May import: catalog, collections, edition, errors, keys, library, toml, tomlkit; scipy inside functions.
"""

from babelgen.rank.charts import chart, printable
from babelgen.rank.counting import Counts, count
from babelgen.rank.favourites import Favourites, read_favourites
from babelgen.rank.intervals import Group, Rated, rate, require_scipy, telling
from babelgen.rank.suggesting import Suggestion, suggest

__all__ = [
    "Counts",
    "Favourites",
    "Group",
    "Rated",
    "Suggestion",
    "chart",
    "count",
    "printable",
    "rate",
    "read_favourites",
    "require_scipy",
    "suggest",
    "telling",
]
