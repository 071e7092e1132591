"""The gallery: a library and its catalog become a folder of static pages that opens from disk.

Law: it reads the library, never writes it; it writes the site folder, and only through `writer`.
May import: the standard library, Jinja2, markupsafe, filelock, markdown-it-py, Pillow, babelgen.catalog, babelgen.copies, babelgen.errors,
babelgen.films, babelgen.resources, babelgen.rooms, babelgen.stages, babelgen.zips; never torch.
"""

from babelgen.gallery.feeds import base_address
from babelgen.gallery.memory import hold, is_finished, site_files
from babelgen.gallery.site import build_site
from babelgen.gallery.source import Neighbour
from babelgen.gallery.writer import Built

__all__ = ["Built", "Neighbour", "base_address", "build_site", "hold", "is_finished", "site_files"]
