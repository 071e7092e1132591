"""A site under an address: every link works from any folder of a server, and what other sites are told is true."""

import html
import re
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urldefrag, urljoin
from xml.etree import ElementTree

import pytest

from babelgen.gallery import paths

from .links import Page
from .made_up import HOSTILE, MadeCollection, MadeLibrary, row

PREFIX = "a/b/"


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address at which a folder is served, which need not be there yet."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def served(shared: MadeLibrary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a published site below a prefix, and its folder."""
    root = tmp_path_factory.mktemp("served")
    site = root / PREFIX
    with serving(root) as address:
        shared.build(site, base=address + PREFIX)
        yield address + PREFIX, site


def fetch(address: str) -> tuple[int, str, bytes]:
    """Status, kind and bytes of what a server has there."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, answer.headers.get_content_type(), answer.read()
    except HTTPError as error:
        return error.code, "", b""


def crawl(start: str) -> dict[str, tuple[str, bytes]]:
    """All that is reached from an address by links, pictures, styles and scripts; fails where something is not there."""
    found: dict[str, tuple[str, bytes]] = {}
    following = [(start, "")]
    while following:
        address, source = following.pop()
        if address in found:
            continue
        assert address.startswith(start), f"{source} leads out, to {address}"
        status, kind, data = fetch(address)
        assert status == 200, f"{source} leads to {address}, where there is {status}"
        found[address] = kind, data
        following += [(urldefrag(urljoin(address, link))[0], address) for link in links(kind, data)]
    return found


def links(kind: str, data: bytes) -> list[str]:
    if kind == "text/html":
        return Page(data.decode("utf-8")).links
    return re.findall(r"""url\(["']?([^"')]+)""", data.decode("utf-8")) if kind == "text/css" else []


def told(page: bytes, name: str) -> str:
    """What a page tells other sites under a name, of OpenGraph or of cards."""
    (content,) = re.findall(
        rf'<meta [^>]*(?:name|property)="{name}"[^>]* content="([^"]*)"', page.decode("utf-8")
    )
    return html.unescape(content)


def test_every_link_works_below_a_prefix(served: tuple[str, Path]) -> None:
    address, site = served
    found = crawl(address)
    reached = {one.removeprefix(address) or "index.html" for one in found}
    files = {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}
    assert {path for path in files if path.endswith(".html")} - reached == {"404.html"}
    assert {path.split("/")[0] for path in reached} >= {
        "assets",
        "collections",
        "editions",
        "keys",
        "pictures",
        "thumbs",
        "views",
    }
    for one, (kind, _) in found.items():
        expected = {
            ".html": "text/html",
            ".css": "text/css",
            ".svg": "image/svg+xml",
            ".webp": "image/webp",
            ".png": "image/png",
        }
        ending = Path(one).suffix or ".html"
        assert kind == expected.get(ending, kind), one


def test_the_page_of_what_is_missing_works_at_any_address(served: tuple[str, Path]) -> None:
    address, site = served
    page = (site / "404.html").read_bytes()
    assert b'<meta name="robots" content="noindex">' in page
    assert b"canonical" not in page
    for place in ("", "x", "collections/gone/item-00001.html", "x/y/z/"):
        for link in Page(page.decode("utf-8")).links:
            if link.startswith("#"):
                continue
            assert fetch(urljoin(address + place, link))[0] == 200, link


def test_each_page_tells_its_own_address_and_a_picture_that_is_there(served: tuple[str, Path]) -> None:
    address, site = served
    for path in sorted(site.rglob("*.html")):
        here, page = str(path.relative_to(site)), path.read_bytes()
        if here == paths.MISSING:
            continue
        assert page.count(f'<link rel="canonical" href="{address}{here}">'.encode()) == 1, here
        assert told(page, "og:url") == address + here
        assert told(page, "og:title").strip()
        assert told(page, "og:site_name") == "A made-up library"
        assert len(told(page, "og:description")) <= 240
        assert told(page, "twitter:card") in ("summary", "summary_large_image")
        if b"og:image" in page:
            image = told(page, "og:image")
            assert image.startswith(f"{address}pictures/")
            status, kind, data = fetch(image)
            assert (status, kind, data[:4]) == (200, "image/png", b"\x89PNG")
            assert (told(page, "og:image:width"), told(page, "og:image:height")) == ("32", "20")
            assert told(page, "og:image:alt")


def test_a_page_of_an_item_tells_of_its_picture(served: tuple[str, Path]) -> None:
    address, site = served
    for position, prompt in enumerate(HOSTILE[:4], 1):
        page = (site / paths.item("sample", position)).read_bytes()
        assert told(page, "og:title") == prompt
        assert told(page, "og:image") == address + paths.picture(
            row(position - 1, "", f"t{position - 1:x}h").name
        )
        assert told(page, "og:description").startswith(f"Number {position} of “A sample”")
        assert told(page, "og:type") == "article"
    assert told((site / "index.html").read_bytes(), "og:type") == "website"


def test_what_the_feed_and_the_map_name_is_there(served: tuple[str, Path]) -> None:
    address, _ = served
    feed = ElementTree.fromstring(fetch(f"{address}feed.xml")[2])
    named = [str(link.get("href")) for link in feed.iter("{http://www.w3.org/2005/Atom}link")]
    named += [str(image.get("src")) for image in feed.iter("{http://www.w3.org/1999/xhtml}img")]
    places = ElementTree.fromstring(fetch(f"{address}sitemap.xml")[2])
    named += [str(place.text) for place in places.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    robots = fetch(f"{address}robots.txt")[2].decode("ascii")
    named += re.findall(r"^Sitemap: (\S+)$", robots, re.MULTILINE)
    assert len(set(named)) > 40
    for one in set(named):
        assert one.startswith(address)
        assert fetch(one)[0] == 200, one


def test_every_page_names_the_feed(served: tuple[str, Path]) -> None:
    address, site = served
    for path in site.rglob("*.html"):
        page = path.read_text("utf-8")
        found = re.findall(
            r'<link rel="alternate" type="application/atom\+xml" title="[^"]*" href="([^"]*)">', page
        )
        here = f"{address}{path.relative_to(site)}"
        assert [urljoin(here, link) for link in found] == (
            [] if path.name == paths.MISSING else [f"{address}feed.xml"]
        )


def test_the_policy_stands_on_every_page_before_whatever_it_governs(served: tuple[str, Path]) -> None:
    _, site = served
    for path in site.rglob("*.html"):
        page = path.read_text("utf-8")
        (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
        rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
        assert rules.pop("default-src") == rules.pop("base-uri") == "'none'"
        assert set(rules.values()) == {"'self' file:"}
        assert set(rules) == {"img-src", "style-src", "script-src", "form-action"}
        assert page.index("Content-Security-Policy") < min(page.index("<link"), page.index("<script"))


def test_of_a_flagged_picture_nothing_is_told(tmp_path: Path) -> None:
    library = MadeLibrary(tmp_path / "library")
    rows = [row(page, f"prompt number {page}") for page in range(3)]
    library.add(MadeCollection("one", "One"), rows)
    library.flag(rows[0])
    library.build(tmp_path / "site", base="https://example.org/")
    for path in tmp_path.glob("site/**/*"):
        if path.is_file() and ".babelgen" not in path.parts:
            assert rows[0].name.encode() not in path.read_bytes()
            assert b"prompt number 0" not in path.read_bytes()
    home = (tmp_path / "site/index.html").read_bytes()
    assert told(home, "og:image") == f"https://example.org/{paths.picture(rows[1].name)}"


def test_a_browser_finds_and_opens_pictures_there_and_complains_of_nothing(
    served: tuple[str, Path], browser: Any
) -> None:
    address, _ = served
    context = browser.new_context()
    page, troubles = context.new_page(), []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("requestfailed", lambda request: troubles.append(request.url))
    page.on("response", lambda answer: troubles.append(answer.url) if answer.status >= 400 else None)
    page.goto(f"{address}index.html")
    page.fill("#seek", "sunset")
    page.press("#seek", "Enter")
    page.locator("#results .plate").first.click()
    page.locator("body.item h1").wait_for(timeout=5000)
    assert page.url.startswith(f"{address}collections/pages/item-")
    assert "sunset" in page.title()
    context.close()
    assert [trouble for trouble in troubles if not trouble.endswith("/favicon.ico")] == []
