"""What tells other programs of a site: its address, the feed, the map."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from babelgen.cli import main
from babelgen.errors import UserError
from babelgen.gallery import base_address, feeds, paths
from babelgen.gallery.index import Item

from .made_up import HOSTILE, MadeCollection, MadeLibrary, row

BASE = "https://example.org/a/b/"
ATOM = "{http://www.w3.org/2005/Atom}"
MAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class TestAddress:
    @pytest.mark.parametrize(
        "text",
        [
            "https://example.org", "http://localhost:8000/", "https://example.org/a/b", "https://xn--bcher-kva.example/",
            "https://[::1]:8080/x", "http://127.0.0.1/", "https://example.org/caf%C3%A9/", "https://a-b.example.org./~me/",
        ],
    )  # fmt: skip
    def test_one_that_can_be_gets_a_slash_at_its_end(self, text: str) -> None:
        assert base_address(text) == text.rstrip("/") + "/"

    @pytest.mark.parametrize(
        ("text", "what"),
        [
            ("", "does not begin with https:// or http://"),
            ("example.org/a", "does not begin with"),
            ("//example.org/a", "does not begin with"),
            ("javascript:alert(1)", "does not begin with"),
            ("JavaScript://example.org/%0aalert(1)", "does not begin with"),
            ("file:///a", "does not begin with"),
            ("ftp://example.org/", "does not begin with"),
            (" https://example.org/", "does not begin with"),
            ("https://example.org/?a=b", "has a query"),
            ("https://example.org/?", "has a query"),
            ("https://example.org/#top", "has a fragment"),
            ("https://name@example.org/", "has a user's name in it"),
            ("https://name:word@example.org/", "has a user's name in it"),
            ("https://example.org/a b", "has ' ', which no address has: there it is written as %20"),
            ("https://example.org/a\n", "written as %0A"),
            ("https://example.org/<b>", "has '<', which"),
            ('https://example.org/"', "written as %22"),
            ("https://example.org/%", "written as %25"),
            ("https://bücher.example/", "has 'ü', which no address has: there it is written as %C3%BC"),
            ("https://example.org\\a", "written as %5C"),
            ("https://", "names no host that there can be"),
            ("https:///a", "names no host that there can be"),
            ("https://:80/", "names no host that there can be"),
            ("https://example.org:99999/", "names no host that there can be"),
            ("https://example.org:x/", "names no host that there can be"),
            ("https://a..b/", "names no host that there can be"),
            ("https://[::1/", "names no host that there can be"),
            ("https://example.org/a/../b", "has steps up or down in it"),
            ("https://example.org/./", "has steps up or down in it"),
            ("https://example.org/" + "a" * 500, "is longer than 500 characters"),
            ("https://example.org/" + "&" * 100, "is longer than 500 characters"),
        ],
    )
    def test_any_other_is_told_in_one_sentence(self, text: str, what: str) -> None:
        with pytest.raises(UserError) as told:
            base_address(text)
        sentence = str(told.value)
        assert sentence.startswith(
            "--base-url must be the address of the site, such as https://example.org/pictures/"
        )
        assert what in sentence
        assert sentence.endswith(".")
        assert len(sentence) < 300
        assert "\n" not in sentence

    @pytest.mark.usefixtures("elsewhere")
    def test_the_command_line_refuses_it_before_anything_is_written(
        self, elsewhere: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for command in (["site"], ["export", "site"]):
            assert main([*command, "--base-url", "javascript:alert(1)", "--out", "x"]) == 1
            assert capsys.readouterr().err.startswith("error: --base-url must be the address of the site")
        assert list(elsewhere.iterdir()) == []


def items(*pages: int, prompt: str = "the sea") -> list[Item]:
    return [Item("one", "One", page + 1, row(page, prompt)) for page in pages]


def feed(
    newest: Iterable[Item], base: str = BASE, title: str = "Title", description: str = ""
) -> ElementTree.Element:
    return ElementTree.fromstring(feeds.feed(base, title, description, newest))


def only(parent: ElementTree.Element, name: str) -> str:
    """The text of an element that is there exactly once."""
    (found,) = parent.findall(ATOM + name)
    return found.text or ""


class TestFeed:
    @pytest.mark.parametrize("text", [*HOSTILE, "x" * 100_000, "]]><b>", "\x0b\x1b\uffff\ud800 end"])
    def test_it_has_what_the_standard_asks_for_whatever_the_texts(self, text: str) -> None:
        root = feed(items(1, 2, prompt=text), title=text, description=text)
        assert root.tag == f"{ATOM}feed"
        assert only(root, "id") == f"{BASE}feed.xml"
        assert STAMP.fullmatch(only(root, "updated"))
        assert len(root.findall(f"{ATOM}title")) == 1
        assert root.find(f"{ATOM}author/{ATOM}name").text  # type: ignore[union-attr]
        links = {link.get("rel"): link for link in root.findall(f"{ATOM}link")}
        assert links["self"].get("href") == f"{BASE}feed.xml"
        assert links["alternate"].get("href") == f"{BASE}index.html"
        entries = root.findall(f"{ATOM}entry")
        assert len(entries) == 2
        for entry in entries:
            assert only(entry, "title")
            assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", only(entry, "id"))
            assert STAMP.fullmatch(only(entry, "updated"))
            assert STAMP.fullmatch(only(entry, "published"))
            rels = [link.get("rel") for link in entry.findall(f"{ATOM}link")]
            assert sorted(map(str, rels)) == ["alternate", "enclosure"]
            assert all(str(link.get("href")).startswith(BASE) for link in entry.findall(f"{ATOM}link"))
            (content,) = entry.findall(f"{ATOM}content")
            assert content.get("type") == "xhtml"
            assert {child.tag for child in content.iter()} - {f"{ATOM}content"} == {
                f"{{http://www.w3.org/1999/xhtml}}{tag}" for tag in ("div", "p", "a", "img")
            }
        assert len({only(entry, "id") for entry in entries}) == 2

    def test_a_title_is_what_it_says(self) -> None:
        assert only(feed(items(1), title="<b>&"), "title") == "<b>&"
        (entry,) = feed(items(1, prompt="<i>&amp;")).findall(f"{ATOM}entry")
        assert only(entry, "title") == "<i>&amp;"
        (empty,) = feed(items(1, prompt="")).findall(f"{ATOM}entry")
        assert only(empty, "title") == "The empty prompt"

    def test_an_entry_keeps_its_id_wherever_the_site_is_and_whatever_hangs_beside_it(self) -> None:
        first = only(feed(items(3, 4)).findall(f"{ATOM}entry")[0], "id")
        moved = [replace(item, slug="other", title="Other", position=99) for item in items(3)]
        assert only(feed(moved, base="https://other.example/").findall(f"{ATOM}entry")[0], "id") == first

    @pytest.mark.parametrize(
        ("told", "stamp"),
        [
            ("2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05.678901+02:00", "2026-01-02T01:04:05Z"),
            ("2026-01-02T03:04:05", "2026-01-02T03:04:05Z"),
            ("2026-01-02", "2026-01-02T00:00:00Z"),
            ("", "1970-01-01T00:00:00Z"),
            ("yesterday", "1970-01-01T00:00:00Z"),
            ("0001-01-01T00:00:00+23:00", "1970-01-01T00:00:00Z"),
            ("0900-01-01T00:00:00+00:00", "1970-01-01T00:00:00Z"),
        ],
    )
    def test_times_are_the_pictures_own(self, told: str, stamp: str) -> None:
        item = items(1)[0]
        root = feed([replace(item, picture=replace(item.picture, rendered_at=told))])
        assert only(root, "updated") == only(root.findall(f"{ATOM}entry")[0], "updated") == stamp

    def test_a_feed_of_nothing_is_one(self) -> None:
        root = feed([])
        assert only(root, "updated") == "1970-01-01T00:00:00Z"
        assert root.findall(f"{ATOM}entry") == []


def test_the_newest_come_first_and_not_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "NEWEST", 5)
    library = MadeLibrary(tmp_path / "library")
    rows = [
        replace(row(page, f"prompt {page}"), rendered_at=f"2026-01-{page + 1:02d}T00:00:00+00:00")
        for page in range(9)
    ]
    library.add(MadeCollection("one", "One"), rows)
    library.flag(rows[8])
    library.build(tmp_path / "site", base=BASE)
    root = ElementTree.parse(tmp_path / "site/feed.xml").getroot()
    titles = [only(entry, "title") for entry in root.findall(f"{ATOM}entry")]
    assert titles == [f"prompt {page}" for page in (7, 6, 5, 4, 3)]
    assert only(root, "updated") == "2026-01-08T00:00:00Z"


def locations(text: str, root: str, entry: str) -> list[str]:
    tree = ElementTree.fromstring(text)
    assert tree.tag == MAP + root
    assert {child.tag for child in tree} <= {MAP + entry}
    return [str(child.findtext(f"{MAP}loc")) for child in tree]


class TestMap:
    def test_it_lists_the_pages_that_are_of_something(self, shared: MadeLibrary, tmp_path: Path) -> None:
        site = tmp_path / "site"
        shared.build(site, base=BASE)
        found = locations((site / "sitemap.xml").read_text("utf-8"), "urlset", "url")
        pages = {str(path.relative_to(site)) for path in site.rglob("*.html")}
        assert found == sorted(BASE + page for page in pages - {"404.html", "search.html", "favourites.html"})

    def test_a_site_of_many_pages_has_them_all_in_parts(
        self, shared: MadeLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(feeds, "MAP", 4)
        site = tmp_path / "site"
        shared.build(site, base=BASE)
        parts = locations((site / "sitemap.xml").read_text("utf-8"), "sitemapindex", "sitemap")
        found = [
            address
            for part in parts
            for address in locations((site / part.removeprefix(BASE)).read_text("utf-8"), "urlset", "url")
        ]
        pages = {str(path.relative_to(site)) for path in site.rglob("*.html")}
        assert found == sorted(BASE + page for page in pages - {"404.html", "search.html", "favourites.html"})
        assert {path.name for path in site.glob("sitemap-*")} == {part.removeprefix(BASE) for part in parts}

    @pytest.mark.parametrize("count", [0, 1, 3, 4, 6, 7])
    def test_many_pages_have_parts_and_an_index(self, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(feeds, "MAP", 3)
        pages = [f"page {number}.html" for number in range(count)]
        made = dict(feeds.site_map(BASE, pages))
        expected = [f"{BASE}page%20{number}.html" for number in range(count)]
        if count <= 3:
            assert list(made) == ["sitemap.xml"]
            assert locations(made["sitemap.xml"], "urlset", "url") == expected
            return
        parts = locations(made["sitemap.xml"], "sitemapindex", "sitemap")
        assert parts == [BASE + paths.map_part(at) for at in range(1, -(-count // 3) + 1)]
        assert set(made) == {part.removeprefix(BASE) for part in parts} | {"sitemap.xml"}
        listed = [locations(made[part.removeprefix(BASE)], "urlset", "url") for part in parts]
        assert [address for part in listed for address in part] == expected
        assert max(map(len, listed)) == 3

    @pytest.mark.parametrize("filling", ["a" * 480, "&" * 95])
    def test_a_whole_file_of_the_longest_addresses_is_no_larger_than_is_taken(self, filling: str) -> None:
        base = base_address(f"https://example.org/{filling}"[:499])
        ((_, text),) = feeds.site_map(base, [paths.item("s" * 100, 10_000_000)] * 1000)
        assert len(text.encode()) / 1000 * feeds.MAP < 50 * 2**20

    def test_robots_are_led_to_it(self) -> None:
        assert feeds.robots(BASE).splitlines()[-1] == f"Sitemap: {BASE}sitemap.xml"


def test_two_builds_are_alike_and_a_second_one_writes_nothing(shared: MadeLibrary, tmp_path: Path) -> None:
    names = ("feed.xml", "sitemap.xml", "robots.txt", "index.html", "collections/sample/item-00001.html")
    for site in (tmp_path / "one", tmp_path / "two"):
        shared.build(site, base=BASE)
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    again = shared.build(tmp_path / "one", base=BASE)
    assert (again.added, again.changed, again.removed) == (0, 0, 0)


def test_without_an_address_all_of_it_goes(shared: MadeLibrary, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shared.build(site, base=BASE)
    shared.build(site)
    assert not {"feed.xml", "sitemap.xml", "robots.txt"} & {path.name for path in site.iterdir()}
    assert not [path for path in site.rglob("*.html") if BASE.encode() in path.read_bytes()]
