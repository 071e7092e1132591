"""Where each file of a site lies, and how one page refers to another file.

Law: a site path is relative to the site's root, with `/`, and always names a file, since a folder does
not open from disk.
May import: the standard library.
"""

from functools import lru_cache
from urllib.parse import quote

HOME = "index.html"
_GENES = 75  # about so many on a page of a tree: whole generations
SEARCH = "search.html"
FAVOURITES = "favourites.html"
ABOUT = "about.html"
PROFILES = "profiles.html"
MISSING = "404.html"
FEED = "feed.xml"
MAP = "sitemap.xml"
ROBOTS = "robots.txt"
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


def stage(name: str, file: str) -> str:
    """A file of a picture's stages."""
    return f"stages/{name[:2]}/{name}/{file}"


def film(slug: str) -> str:
    """A collection's film."""
    return f"films/{slug}.webp"


def film_keys(slug: str) -> str:
    """The keys of its pictures, as a text that browsers open."""
    return f"films/{slug}-keys.txt"


def film_anchor(slug: str) -> str:
    """Where the film is shown."""
    return f"{sheet(slug)}#film"


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


def tree(slug: str, number: int = 1) -> str:
    """A page of a collection's tree; number counts from 1."""
    return f"collections/{slug}/" + ("tree.html" if number == 1 else f"tree-{number}.html")


def generations_shown(genes: int) -> int:
    """How many generations of so many genes a page of a tree has, the start among them."""
    return max(1, _GENES // genes)


def in_tree(slug: str, position: int, genes: int) -> str:
    """Where a position of a collection is in its tree of generations of so many genes."""
    generation, number = divmod(position - 2, genes) if position > 1 else (-1, 0)
    gene = f"{generation + 1}.{number + 1}" if position > 1 else "start"
    return f"{tree(slug, 1 + (generation + 1) // generations_shown(genes))}#g{gene}"


def item(slug: str, position: int) -> str:
    """An item's page; position counts from 1 over all keys of the collection, printed or not."""
    return f"collections/{slug}/item-{position:05d}.html"


def keys_zip(slug: str, number: int = 1) -> str:
    """The keys of a collection, or a part of them; number counts from 1."""
    return f"collections/{slug}/{slug}-keys" + (".zip" if number == 1 else f"-{number}.zip")


def map_part(number: int) -> str:
    """A part of the map of a site's pages, where it has several; number counts from 1."""
    return f"sitemap-{number}.xml"


def edition(edition_id: str) -> str:
    """An edition's page."""
    return f"editions/{edition_id}.html"


def statistics(edition_id: str) -> str:
    """The statistics that an edition's shelves of kind v are read with."""
    return f"editions/{edition_id}.npy"


def profile(anchor: str) -> str:
    """A profile on the page of all profiles."""
    return f"{PROFILES}#{anchor}"


def glossary(anchor: str = "") -> str:
    """The glossary, or one term of it."""
    return f"glossary.html#{anchor}" if anchor else "glossary.html"


def reference(name: str) -> str:
    """The viewing size of a reference picture."""
    return f"references/{name}.webp"


def small_reference(name: str) -> str:
    """Its small size."""
    return f"references/{name}-small.webp"


def edition_file(edition_id: str) -> str:
    """An edition's TOML."""
    return f"editions/{edition_id}.toml"


def edition_script(edition_id: str) -> str:
    """The same as a classic script, as with `key_script`."""
    return f"editions/{edition_id}.toml.js"


def prompts(start: str = "") -> str:
    """A page of the prompts index: the first, or the one that is called by the hash of what it begins with."""
    return f"prompts-{start}.html" if start else "prompts.html"


def search_data(number: int) -> str:
    """A part of the search index; number counts from 1."""
    return f"data/search-{number}.js"


def names_data(start: str) -> str:
    """The part of the index of pictures' names whose names begin like this; '' where one part has them all."""
    return f"data/names-{start}.js" if start else "data/names.js"


def href(target: str, here: str) -> str:
    """The relative link to the site path `target` (with or without #fragment) from the page `here`."""
    path, mark, fragment = target.partition("#")
    return _way(path, here.rpartition("/")[0]) + mark + fragment


@lru_cache(maxsize=4096)  # most of a page's links are those of the page before
def _way(path: str, folder: str) -> str:
    there, here = path.split("/"), folder.split("/") if folder else []
    same = 0
    while same < min(len(here), len(there) - 1) and here[same] == there[same]:
        same += 1
    return quote("/".join([".."] * (len(here) - same) + there[same:]))
