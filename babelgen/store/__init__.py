"""The store: the only writer of a library folder.

Law: a file is written beside its place, synced, moved into place, and its folder synced; the picture first, then a line
in the journal of the process that made it, its row in the catalog last. So whatever moment the power fails, what the
catalog reports is there, whole. Any number of processes write pictures and journals of their own; rows are written by
one at a time, the one that holds the library's lock, and for no longer than that takes.
May import: errors, catalog, films, library, rooms, stages, Pillow, filelock, numpy, tomlkit; never torch.
"""

from babelgen.store.files import write_atomic, writing
from babelgen.store.films import film_files, forget_film
from babelgen.store.journal import Journal, open_journal
from babelgen.store.log import open_log
from babelgen.store.pictures import (
    SUFFIXES,
    THUMBNAIL_WIDTH,
    VIEW_QUALITY,
    encode_png,
    encode_webp,
    file_of,
    in_place,
    put_picture,
)
from babelgen.store.recipe import add_collection, add_generations, changing, copy_recipe
from babelgen.store.rows import Store, open_store
from babelgen.store.runs import (
    Run,
    Unsettled,
    ever_claimed,
    is_living,
    open_idle,
    open_run,
    run_folders,
    settle,
    unsettled,
)
from babelgen.store.stages import (
    Stage,
    encode_stage,
    put_stages,
    remove_stages,
    size_of,
    stage_folders,
    stages_in_place,
)
from babelgen.store.tidy import (
    PARTS,
    File,
    forget_pictures,
    read_part,
    remove_files,
    strangers,
)

__all__ = [
    "PARTS",
    "SUFFIXES",
    "THUMBNAIL_WIDTH",
    "VIEW_QUALITY",
    "File",
    "Journal",
    "Run",
    "Stage",
    "Store",
    "Unsettled",
    "add_collection",
    "add_generations",
    "changing",
    "copy_recipe",
    "encode_png",
    "encode_stage",
    "encode_webp",
    "ever_claimed",
    "file_of",
    "film_files",
    "forget_film",
    "forget_pictures",
    "in_place",
    "is_living",
    "open_idle",
    "open_journal",
    "open_log",
    "open_run",
    "open_store",
    "put_picture",
    "put_stages",
    "read_part",
    "remove_files",
    "remove_stages",
    "run_folders",
    "settle",
    "size_of",
    "stage_folders",
    "stages_in_place",
    "strangers",
    "unsettled",
    "write_atomic",
    "writing",
]
