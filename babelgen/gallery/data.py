"""Data for the site's scripts: classic scripts that hand over one value each.

Law: what is written is ASCII, and holds no character that could end a script or be read as markup,
whatever the texts in it. Each file is `babelgen.receive("<site path>", <value>);`, since a page opened
from disk can load a script but cannot read a file. A file holds a few thousand pictures at most.
May import: the standard library, gallery.assets, gallery.index, gallery.paths, gallery.signs, gallery.text.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby, product

from babelgen.gallery import paths
from babelgen.gallery.assets import stamped
from babelgen.gallery.index import Index, Item
from babelgen.gallery.signs import program, sign
from babelgen.gallery.text import WHOLE_KEY, plain, shorten

PART = 2000  # pictures in one part of the search index, and about the most in one of the index of names
_PROMPT = 2000  # characters of a prompt that can be searched


def script(path: str, value: object) -> str:
    """The classic script at a site path that hands over a JSON value."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"babelgen.receive({json.dumps(path)},{text});\n"


Called = Callable[[str, str], str]
"""Under which name a site has the file that is called so in scripts and was made from what has that sign; '' for none."""


def parts(index: Index, called: Called = lambda path, sign: "") -> Iterator[tuple[str, str | None, str]]:
    """(path, text, sign of what it was made from) of all data, each but the last under a name with a hash of its bytes.

    There is no text where the site has the file already. The sign is empty where nobody asks for it.

    The last one, `paths.ITEMS_DATA`, says under `files` for each path that the others are called by in scripts which hash
    its file has: so only that one must be asked for again where a cache has it, and the site is of one piece.
    """
    files: dict[str, str] = {}
    for path, mark, rows in search(index):
        place, text = called(path, mark), None
        if not place:
            text = script(path, [*rows])
            place = stamped(path, text)
        files[path] = place.split(".")[-2]
        yield place, text, mark
    for path, text in names(index):
        place = stamped(path, text)
        files[path] = place.split(".")[-2]
        yield place, text, ""
    for path, text in items(index, files):
        yield path, text, ""


def items(index: Index, files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(path, text) of what the other data consist of.

    collections: slug, title, and what is printed of each as runs [first position, last position, number of the
    first one's row in the search index]. editions: id, title, count of pictures, and 1 where its keys name no
    edition. steps: number, count of pictures. search: the parts of the search index, of `part` rows each, and
    `pictures` in all. names: with how many digits the names of a part of the index of names begin.
    """
    count, editions = index.count("pictures"), index.tally("edition")
    value = {
        "collections": [[d.slug, d.title, list(_runs(index.positions(d)))] for d in index.drawers],
        "editions": [
            [id_, plain(edition.title) or id_, editions.get(id_, 0), _unnamed(index, id_)]
            for id_, edition in index.editions.items()
        ],
        "steps": list(index.tally("steps").items()),
        "search": [paths.search_data(number) for number in range(1, -(-count // PART) + 1)],
        "part": PART,
        "pictures": count,
        "names": _digits(count),
        "files": files,
    }
    yield paths.ITEMS_DATA, script(paths.ITEMS_DATA, value)


def search(index: Index) -> Iterator[tuple[str, str, Iterator[list[str | int]]]]:
    """(path, sign, rows) of each part of the search index, see `_row`."""
    numbers = {drawer.slug: drawer.number for drawer in index.drawers}
    editions = {id_: number for number, id_ in enumerate(index.editions)}
    for start in range(0, index.count("pictures"), PART):
        ids = [(slug, numbers[slug], id_, editions[id_]) for slug, id_ in index.origins(start, PART)]
        mark = sign(program(), ids, index.shown(start, PART))
        items = index.firsts(start, PART)
        rows = (_row(item, numbers[item.slug], editions[item.picture.edition]) for item in items)
        yield paths.search_data(start // PART + 1), mark, rows


def names(index: Index) -> Iterator[tuple[str, str]]:
    """(path, text) of each part of the index of names: for the rest of each name, the number of its row."""
    digits = _digits(index.count("pictures"))
    starts = groupby(index.numbered(), lambda row: row[0][:digits])
    start, found = next(starts, (None, None))
    for wanted in map("".join, product("0123456789abcdef", repeat=digits)):  # empty ones are there, too
        rows = {}
        if found and start == wanted:
            rows = {name[digits:]: number for name, number in found}
            start, found = next(starts, (None, None))
        path = paths.names_data(wanted)
        yield path, script(path, rows)


def _row(item: Item, number: int, edition: int) -> list[str | int]:
    """Prompt (or what is said in its stead), number of the collection, position there, name, colour, width, height, key (empty where it is so
    long that a script of its own has it), steps, number of the edition; 1 where it is no prompt that stands first."""
    p = item.picture
    key = p.key if len(p.key) <= WHOLE_KEY else ""
    prompt = shorten(item.said, _PROMPT)
    unsaid = [1] if item.unsaid else []
    return [
        prompt, number, item.position, p.name, p.colour, p.width, p.height, key, p.steps, edition, *unsaid,
    ]  # fmt: skip


def _unnamed(index: Index, edition: str) -> int:
    return int(any(f":{edition}:" not in item.picture.key for item in index.of_edition(edition, 1)))


def _digits(count: int) -> int:
    digits = 0
    while count > PART * 16**digits:
        digits += 1
    return digits


def _runs(positions: Iterator[tuple[int, int]]) -> Iterator[list[int]]:
    """[first position, last position, first row] of each stretch where both go up by one."""
    run: list[int] = []
    for position, number in positions:
        if run and position == run[1] + 1 and number == run[2] + position - run[0]:
            run[1] = position
        else:
            if run:
                yield run
            run = [position, position, number]
    if run:
        yield run
