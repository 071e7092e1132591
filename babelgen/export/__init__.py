"""Exports: what a library holds, to take away: its keys, its pictures as a data set, its site as one file.

Law: a library is read and never written; no file stands under its own name before it is whole, and one that would be the
same is left alone; what a safety checker flagged stays behind unless it is asked for. Memory does not grow with the library.
May import: the standard library, filelock, pyarrow where it is there, babelgen.catalog, collections, copies, errors, gallery,
library, store, zips; never torch.
"""

from babelgen.export.dataset import Exported, export_dataset
from babelgen.export.files import SITE, workshop
from babelgen.export.keys import export_keys
from babelgen.export.site import pack_site

__all__ = ["SITE", "Exported", "export_dataset", "export_keys", "pack_site", "workshop"]
