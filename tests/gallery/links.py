"""Check a folder of static pages: every link and asset leads to a file of the folder, and nothing leaves it.

Knows nothing of the program: `python links.py SITE` prints what is wrong, a line each, and exits with 1.
"""

import re
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_CSS_URL = re.compile(r"""url\(\s*["']?([^"')]+)""")
_LINKS = {"href", "src", "action", "poster", "data-root"}


class Page(HTMLParser):
    """The links and the ids of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a" and _leaves(dict(attrs)):
            return
        for name, value in attrs:
            if name in _LINKS:
                self.links.append(value or "")
            elif name == "srcset":
                self.links += [candidate.split()[0] for candidate in (value or "").split(",")]
            elif name == "id":
                self.ids.add(value or "")


def _leaves(attrs: dict[str, str | None]) -> bool:
    """Whether a link says that it leads out, and to where a link may."""
    external = (attrs.get("rel") or "").split() == ["external", "noopener"]
    return external and bool(re.match(r"https?://|mailto:", attrs.get("href") or "", re.IGNORECASE))


@cache
def _ids(path: Path, changed: int) -> frozenset[str]:
    return frozenset(Page(path.read_text(encoding="utf-8")).ids)


def links_of(path: Path) -> list[str]:
    """All links and assets that a page or a stylesheet names; none for other files."""
    if path.suffix == ".html":
        return Page(path.read_text(encoding="utf-8")).links
    return _CSS_URL.findall(path.read_text(encoding="utf-8")) if path.suffix == ".css" else []


def fault(site: Path, path: Path, link: str) -> str:
    """What is wrong with a link of a page; an empty text where nothing is."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc or link.startswith("/"):
        return "leads out of the site"
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
    if not target.is_relative_to(site.resolve()):
        return "leads out of the site"
    if not target.is_file():
        return "leads to no file"
    asks = "=" in parts.fragment  # which is for the page's script, and names no part of it
    if parts.fragment and not asks and unquote(parts.fragment) not in _ids(target, target.stat().st_mtime_ns):
        return "leads to no part of the page"
    return ""


def check(site: Path) -> list[str]:
    """A line for each link of the site that does not lead to one of its files."""
    files = sorted(path for path in site.rglob("*") if not _hidden(path.relative_to(site)))
    found = ((path, link, fault(site, path, link)) for path in files for link in links_of(path))
    return [f"{path.relative_to(site)}: {link!r} {what}" for path, link, what in found if what]


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def unreached(site: Path, start: str = "index.html") -> set[str]:
    """The pages that no path of links leads to from the start page."""
    seen: set[Path] = set()
    following = [site.resolve() / start]
    while following:
        page = following.pop()
        if page in seen or not page.is_file():
            continue
        seen.add(page)
        parts = (unquote(urlsplit(link).path) for link in links_of(page))
        following += [(page.parent / part).resolve() for part in parts if part.endswith(".html")]
    return {str(page.relative_to(site)) for page in site.rglob("*.html") if page.resolve() not in seen}


if __name__ == "__main__":
    found = check(Path(sys.argv[1]))
    print("\n".join(found) or "every link leads to a file")
    sys.exit(1 if found else 0)
