"""The latent-space explorer's configurations: read, and said again as collections and as the edition that they need.

Law: a configuration is a stranger's file, read within bounds and as plain values alone; what cannot be carried over is
named, one sentence each, and never replaced in silence.
May import: collections, edition, errors, keys, resources, toml, PyYAML, tomlkit; never torch.
"""

from babelgen.explorer.config import EXPERIMENTS, Experiment, read_experiment
from babelgen.explorer.derive import Derived, derive_edition
from babelgen.explorer.recipe import Parts, Wishes, wishes_of

__all__ = [
    "EXPERIMENTS",
    "Derived",
    "Experiment",
    "Parts",
    "Wishes",
    "derive_edition",
    "read_experiment",
    "wishes_of",
]
