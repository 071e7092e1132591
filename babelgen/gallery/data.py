"""Data for the site's scripts: classic scripts that hand over one value each.

Law: what is written is ASCII, and holds no character that could end a script or be read as markup,
whatever the texts in it. Each file is `babelgen.receive("<site path>", <value>);`, since a page opened
from disk can load a script but cannot read a file.
May import: the standard library, gallery.index, gallery.paths.
"""

import json
from collections.abc import Iterator
from itertools import islice

from babelgen.gallery import paths
from babelgen.gallery.index import Index, Item

PART = 2000  # pictures in one part of the search index
_KEY = 120  # a key up to this long can be found by its text


def script(path: str, value: object) -> str:
    """The classic script at a site path that hands over a JSON value."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"babelgen.receive({json.dumps(path)},{text});\n"


def items(index: Index) -> Iterator[tuple[str, str]]:
    """(path, text) of the data for search and random: the collections' slugs, titles and printed positions
    as [first, last] runs, and how many parts the search index has."""
    drawers = [[d.slug, d.title, list(_runs(index.positions(d)))] for d in index.drawers]
    parts = -(-index.count("pictures") // PART)
    names = [paths.search_data(number) for number in range(1, parts + 1)]
    yield paths.ITEMS_DATA, script(paths.ITEMS_DATA, {"collections": drawers, "search": names})


def search(index: Index) -> Iterator[tuple[str, str]]:
    """(path, text) of each part of the search index: rows of prompt, collection's number, position, name,
    colour, width, height and, where it is short, key."""
    numbers = {drawer.slug: drawer.number for drawer in index.drawers}
    firsts = index.firsts()
    number = 0
    while part := list(islice(firsts, PART)):
        number += 1
        path = paths.search_data(number)
        yield path, script(path, [_row(item, numbers[item.slug]) for item in part])


def _row(item: Item, number: int) -> list[str | int]:
    p = item.picture
    key = p.key if len(p.key) <= _KEY else ""
    return [p.prompt, number, item.position, p.name, p.colour, p.width, p.height, key]


def _runs(positions: Iterator[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for position in positions:
        if run and position == run[1] + 1:
            run[1] = position
        else:
            if run:
                yield run
            run = [position, position]
    if run:
        yield run
