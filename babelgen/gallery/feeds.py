"""What tells other programs of a site that has an address: a feed, a map of its pages, and a word to robots.

Law: no time is in them but the pictures' own, so that a site that has not changed has the same ones; texts are escaped,
and no character stands in them that XML does not allow.
May import: the standard library, babelgen.errors, gallery.index, gallery.paths, gallery.text, gallery.thumbs.
"""

import re
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from html import escape
from itertools import islice
from urllib.parse import quote, urlsplit

from babelgen.errors import UserError
from babelgen.gallery import paths
from babelgen.gallery.index import Item
from babelgen.gallery.text import shorten
from babelgen.gallery.thumbs import describe, where

NEWEST = 50  # pictures in the feed
MAP = 50_000  # addresses in one file of the map, as search engines take them
_LONGEST = 500  # characters of a site's address as XML has it, so that a file of the map is never larger than they take
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ADDRESS = re.compile(r"[A-Za-z0-9._~:/@!$&'()*+,;=%\[\]-]*")
_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.?|[0-9a-f:.]*:[0-9a-f:.]*")
_PICTURES = uuid.UUID(
    "5b0b6f0c-7a55-5f3e-9d3c-0d9d1f8a8c11"
)  # drawn once; what pictures' ids in feeds are made from
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_LISTED = {paths.MISSING, paths.SEARCH, paths.FAVOURITES}


def base_address(text: str) -> str:
    """The address that a site is to have, with a slash at its end; UserError for what cannot be one."""
    if complaint := _complaint(text):
        raise UserError(
            f"--base-url must be the address of the site, such as https://example.org/pictures/, and {text[:100]!r} {complaint}."
        )
    return text if text.endswith("/") else f"{text}/"


def _complaint(text: str) -> str:
    if not re.match("https?://", text):
        return "does not begin with https:// or http://"
    if len(escape(text, quote=False)) > _LONGEST:
        return f"is longer than {_LONGEST} characters"
    for sign, name in (("?", "a query"), ("#", "a fragment")):
        if sign in text:
            return f"has {name}"
    wrong = [sign for sign in text if not _ADDRESS.fullmatch(sign)]
    if wrong or re.search("%(?![0-9A-Fa-f]{2})", text):
        sign = wrong[0] if wrong else "%"
        return f"has {sign!r}, which no address has: there it is written as {quote(sign, safe='')}"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "names no host that there can be"
    if not host or not _HOST.fullmatch(host):
        return "names no host that there can be"
    if "@" in parts.netloc:
        return "has a user's name in it"
    if {".", ".."} & set(parts.path.split("/")):
        return "has steps up or down in it"
    return ""


def absolute(base: str, path: str) -> str:
    """The whole address of a site path."""
    return base + quote(path)


def feed(base: str, title: str, description: str, newest: Iterable[Item]) -> str:
    """An Atom feed of the newest pictures, the newest first."""
    items = list(newest)
    last = max(map(_time, items), default=_LONG_AGO)
    self, home = absolute(base, paths.FEED), absolute(base, paths.HOME)
    lines = [
        f'{_HEAD}<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<title>{_text(title)}</title>",
        *([f"<subtitle>{_text(description)}</subtitle>"] if description else []),
        f"<id>{_text(self)}</id>",
        f'<link rel="self" type="application/atom+xml" href={_value(self)}/>',
        f'<link rel="alternate" type="text/html" href={_value(home)}/>',
        f"<updated>{_stamp(last)}</updated>",
        f"<author><name>{_text(title) or 'A library of pictures'}</name></author>",
        *(_entry(base, item) for item in items),
        "</feed>\n",
    ]
    return "\n".join(lines)


def _entry(base: str, item: Item) -> str:
    picture = item.picture
    page = absolute(base, paths.item(item.slug, item.position))
    image = absolute(base, paths.picture(picture.name))
    size = f'width="{picture.width}" height="{picture.height}"'
    shown = f"<img src={_value(image)} {size} alt={_value(describe(item))}/>"
    time = _stamp(_time(item))
    return f"""<entry>
<title>{_text(shorten(item.said, 120)) or "The empty prompt"}</title>
<id>{uuid.uuid5(_PICTURES, picture.name).urn}</id>
<link rel="alternate" type="text/html" href={_value(page)}/>
<link rel="enclosure" type="image/png" href={_value(image)}/>
<published>{time}</published>
<updated>{time}</updated>
<summary>{_text(where(item.title, item.position))}</summary>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p><a href={_value(page)}>{shown}</a></p></div></content>
</entry>"""


def site_map(base: str, pages: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(path, text) of the map of a site's pages, in parts and an index of them where one file cannot hold it."""
    listed = (page for page in pages if page not in _NOT_LISTED)
    first = list(islice(listed, MAP))
    if (following := next(listed, None)) is None:
        yield paths.MAP, _map(base, "urlset", "url", first)
        return
    parts = [paths.map_part(1)]
    yield parts[0], _map(base, "urlset", "url", first)
    while following is not None:
        part = [following, *islice(listed, MAP - 1)]
        parts.append(paths.map_part(len(parts) + 1))
        yield parts[-1], _map(base, "urlset", "url", part)
        following = next(listed, None)
    yield paths.MAP, _map(base, "sitemapindex", "sitemap", parts)


def _map(base: str, root: str, entry: str, targets: list[str]) -> str:
    lines = (f"<{entry}><loc>{_text(absolute(base, path))}</loc></{entry}>\n" for path in targets)
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'{_HEAD}<{root} xmlns="{space}">\n{"".join(lines)}</{root}>\n'


def robots(base: str) -> str:
    """What crawlers read first, where the site is all of its host."""
    return f"User-agent: *\nAllow: /\n\nSitemap: {absolute(base, paths.MAP)}\n"


def _time(item: Item) -> datetime:
    """When a picture was rendered; long ago where the catalog tells no time."""
    try:
        time = datetime.fromisoformat(item.picture.rendered_at)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return _LONG_AGO


def _stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ") if time.year >= 1000 else _stamp(_LONG_AGO)


def _text(text: str) -> str:
    return escape(_ILLEGAL.sub("", text), quote=False)


def _value(text: str) -> str:
    return f'"{escape(_ILLEGAL.sub("", text))}"'
