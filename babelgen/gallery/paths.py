"""Where each file of a site lies, and how one page refers to another file.

Law: a site path is relative to the site's root, with `/`, and always names a file, since a folder does
not open from disk.
May import: the standard library.
"""

import posixpath
from urllib.parse import quote

HOME = "index.html"
SEARCH = "search.html"
ABOUT = "about.html"
MISSING = "404.html"
ITEMS_DATA = "data/items.js"


def asset(name: str) -> str:
    """The site path of a file of templates/assets/."""
    return f"assets/{name}"


def picture(name: str) -> str:
    """The lossless original."""
    return f"pictures/{name[:2]}/{name}.png"


def view(name: str) -> str:
    """The viewing size."""
    return f"views/{name[:2]}/{name}.webp"


def thumb(name: str) -> str:
    """The small size of lists."""
    return f"thumbs/{name[:2]}/{name}.webp"


def key_file(name: str) -> str:
    """The key as text with a final newline."""
    return f"keys/{name[:2]}/{name}.key"


def key_script(name: str) -> str:
    """The same as a classic script, which a page opened from disk can load where it cannot read the file."""
    return f"keys/{name[:2]}/{name}.key.js"


def sheet(slug: str, number: int = 1) -> str:
    """A contact sheet; number counts from 1."""
    return f"collections/{slug}/" + ("index.html" if number == 1 else f"page-{number}.html")


def table(slug: str, number: int = 1) -> str:
    """A page of a collection's table of two lists; number counts from 1."""
    return f"collections/{slug}/" + ("table.html" if number == 1 else f"table-{number}.html")


def item(slug: str, position: int) -> str:
    """An item's page; position counts from 1 over all keys of the collection, printed or not."""
    return f"collections/{slug}/item-{position:05d}.html"


def edition(edition_id: str) -> str:
    """An edition's page."""
    return f"editions/{edition_id}.html"


def statistics(edition_id: str) -> str:
    """The statistics that an edition's shelves of kind v are read with."""
    return f"editions/{edition_id}.npy"


def prompts(number: int = 1) -> str:
    """A page of the prompts index; number counts from 1."""
    return "prompts.html" if number == 1 else f"prompts-{number}.html"


def search_data(number: int) -> str:
    """A part of the search index; number counts from 1."""
    return f"data/search-{number}.js"


def href(target: str, here: str) -> str:
    """The relative link to the site path `target` (with or without #fragment) from the page `here`."""
    path, mark, fragment = target.partition("#")
    return quote(posixpath.relpath(path, posixpath.dirname(here) or ".")) + mark + fragment
