"""A made-up library for the gallery's benchmark: real small pictures, and rows that no model made.

A few drawn pictures stand for all: each file of the library is a hard link to one of them, so that 200,000 pictures
take no more room than their names.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import random
from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from babelgen.catalog import Catalog, Facts, Picture, Sizes
from babelgen.library import Entry, load_library
from babelgen.picture import average_colour, describe, pixel_hash
from babelgen.scenes import caption, draw, random_scene
from babelgen.store import SUFFIXES, add_collection, file_of, open_store, put_picture

PAGES = 8  # pictures of each prompt of the search
SEARCHED = 5  # one picture in so many is of the search
LINKS = 25_000  # names of one drawn picture; the site has as many, and file systems allow some 65,000
PART = 5000  # rows written at once
DRAWN = "drawn"  # the folder of the pictures that stand for all
PROFILE = Facts("profiles", "made-up", {"Device": "none", "Note": "Nobody rendered these pictures."})


def make_library(root: Path, items: int) -> None:
    """A library of one long range, and a search with prompts; all of it printed."""
    found = prompts(items // SEARCHED // PAGES, seed=1)
    ranged = items - len(found) * PAGES
    add_collection(
        root, {"name": "the-long-shelf", "title": "The long shelf", "kind": "range", "count": ranged}
    )
    if found:
        _add_search(root, "looked-up", found, PAGES)
    _draw(root, -(-items // LINKS) + 15)
    _print(root)


def add_search(root: Path, pictures: int) -> None:
    """A new collection of so many pictures, as the command `search` adds it, printed."""
    _add_search(root, "looked-up-since", prompts(pictures // 4, seed=2), 4)
    _print(root, {"looked-up-since"})


def lengthen(root: Path, pictures: int) -> None:
    """The range longer by so many pictures, printed."""
    path = root / "library.toml"
    (count,) = (c.spec.count() for c in load_library(root).collections if c.kind == "range")
    text = path.read_text("utf-8").replace(f"count = {count}\n", f"count = {count + pictures}\n")
    path.write_text(text, "utf-8")
    _print(root, {"the-long-shelf"})


def prompts(count: int, seed: int) -> list[str]:
    """Different captions of drawn scenes: words that the built-in model has."""
    rng = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found[caption(random_scene(rng), rng)] = None
    return list(found)


def _add_search(root: Path, name: str, words: list[str], pages: int) -> None:
    title = name.replace("-", " ").capitalize()
    add_collection(root, {"name": name, "title": title, "kind": "search", "prompts": words, "count": pages})


def _draw(root: Path, count: int) -> None:
    """The few pictures that stand for all, in a folder of their own, with the rows that fit them."""
    rng = random.Random(3)
    rows = []
    for number in range(count):
        pixels, name = draw(random_scene(rng), number), f"{number:032x}"
        sizes = put_picture(root / DRAWN, name, pixels, {})
        rows.append(_row(name, pixels, sizes))
    with open_store(root / DRAWN) as store:
        store.record(rows)


def _row(name: str, pixels: NDArray[np.uint8], sizes: Sizes) -> Picture:
    height, width, _ = pixels.shape
    return Picture(
        name=name, key="", edition="", steps=0, prompt="", negative="", page="", width=width, height=height,
        sha256=pixel_hash(pixels), colour=average_colour(pixels), profile=PROFILE.id, seconds=1.0,
        rendered_at="2026-11-21T12:00:00+00:00", bytes=sizes.pictures, view_bytes=sizes.views, thumb_bytes=sizes.thumbs,
    )  # fmt: skip


def _print(root: Path, slugs: Collection[str] = ()) -> None:
    """Have files and rows for the pictures of some collections, or of all; those that there are stay."""
    library = load_library(root)
    chosen = [one for one in library.collections if one.slug in slugs or not slugs]
    entries = itertools.chain.from_iterable(map(library.keys, chosen))
    with Catalog.open(root / DRAWN) as catalog:
        models = list(catalog.all())
    with open_store(root) as store:
        while part := list(itertools.islice(entries, PART)):
            rows = [_print_one(root, entry, models) for entry in part]
            store.record([row for row in rows if row], facts=[PROFILE])


def _print_one(root: Path, entry: Entry, models: list[Picture]) -> Picture | None:
    model = models[int(entry.name[:8], 16) % len(models)]
    for folder in SUFFIXES:
        target = file_of(root, folder, entry.name)
        if target.exists():
            return None
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(file_of(root / DRAWN, folder, model.name), target)
    words, edition = describe(entry.edition.codec.parse(entry.key), entry.edition), entry.edition.id
    said = {"steps": words.steps, "prompt": words.prompt, "page": words.page}
    return dataclasses.replace(model, name=entry.name, key=entry.key, edition=edition, **said)
