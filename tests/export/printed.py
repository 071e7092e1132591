"""Print a library without a model: real files and rows for its keys, each picture plain and of a colour of its own."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from babelgen.catalog import Facts, Picture
from babelgen.library import load_library
from babelgen.picture import average_colour, describe, pixel_hash, texts
from babelgen.store import open_store, put_picture


def print_library(
    root: Path,
    flagged: Iterable[int] = (),
    left: Iterable[int] = (),
    prompts: Mapping[int, str] | None = None,
) -> list[str]:
    """Print what a library has, and return the names of its items in order.

    flagged, left: numbers, from 0, of items whose pictures are flagged or are not printed. prompts: what the catalog
    says of some items instead of their prompts.
    """
    library = load_library(root)
    entries = list(library.entries())
    names = [entry.name for entry in entries]
    marked, omitted = {names[at] for at in flagged}, {names[at] for at in left}
    told = {names[at]: prompt for at, prompt in (prompts or {}).items()}
    rows = {}
    for entry in entries:
        if entry.name in omitted:
            continue
        key, edition = entry.edition.codec.parse(entry.key), entry.edition
        words = describe(key, edition)
        pixels = np.full((8, 16, 3), list(bytes.fromhex(entry.name[:6])), np.uint8)
        sizes = put_picture(root, entry.name, pixels, texts(entry.key, words, edition))
        rows[entry.name] = Picture(
            entry.name, entry.key, edition.id, words.steps, told.get(entry.name, words.prompt), words.negative, words.page, 16, 8,
            pixel_hash(pixels), average_colour(pixels), "made", 0.5, "2026-01-02T03:04:05+00:00",
            entry.name in marked, *sizes,
        )  # fmt: skip
    with open_store(root) as store:
        store.record(list(rows.values()), facts=[Facts("profiles", "made", {"device": "none"})])
    return names
