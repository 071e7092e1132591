"""Collections: named, ordered lists of keys, one file a kind.

Law: a collection is data in a library file; the same data gives the same keys in the same order, for ever.
May import: errors, edition, films, geometry, keys, rooms, statistics, tokens, toml, numpy; never torch.
"""

from babelgen.collections.collection import Collection, Spec, check_slug, read_collection
from babelgen.collections.derived import Derived, derived, key_lines
from babelgen.collections.kinds import KINDS

__all__ = ["KINDS", "Collection", "Derived", "Spec", "check_slug", "derived", "key_lines", "read_collection"]
