"""What the pages of a library say, and what a build does to the files of a site."""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from babelgen.collections.kinds import KINDS
from babelgen.errors import UserError
from babelgen.gallery import build_site, paths, staging
from babelgen.gallery.staging import Places
from babelgen.gallery.text import in_words
from babelgen.gallery.writer import Writer, open_site

from .links import check, unreached
from .made_up import (
    HOSTILE,
    MadeCollection,
    MadeEdition,
    MadeFile,
    MadeLibrary,
    made_up,
    neighbours,
    row,
)


def item(site: Path, slug: str, position: int) -> str:
    return (site / paths.item(slug, position)).read_text("utf-8")


def words(page: str) -> str:
    """A page without its markup."""
    return re.sub("<[^>]*>", "", page)


def files(site: Path) -> dict[str, bytes]:
    """The bytes of each file of a site, the builder's own folder left out."""
    found = (path for path in site.rglob("*") if path.is_file())
    named = {str(path.relative_to(site)): path for path in found}
    return {name: path.read_bytes() for name, path in named.items() if not name.startswith(".babelgen/")}


def stamps(site: Path) -> dict[str, tuple[int, int]]:
    """When and where each file was written, the builder's own included but for its lock."""
    found = {path: path.stat() for path in site.rglob("*") if path.is_file() and path.name != "lock"}
    return {str(path.relative_to(site)): (stat.st_ino, stat.st_mtime_ns) for path, stat in found.items()}


def pages_of_prompts(site: Path) -> list[str]:
    return sorted(path.name for path in site.glob("prompts*.html"))


class TestPages:
    def test_an_item_says_where_it_is(self, site: Path) -> None:
        page = item(site, "pages", 3)
        assert 'href="item-00002.html"' in page
        assert 'href="item-00004.html"' in page
        assert 'href="item-00001.html"' in page
        assert 'href="item-00008.html"' in page
        assert "3 <i>of</i> 8" in page
        for position in (1, 2, 4, 8):
            link = re.search(rf'<a [^>]*href="item-{position:05}.html".*?</a>', page, re.DOTALL)
            assert link
            assert f'src="../../{paths.thumb(row(position - 1, "").name)}"' in link[0]

    def test_the_ends_of_a_collection_have_no_way_on(self, site: Path) -> None:
        assert 'rel="prev"' not in item(site, "pages", 1)
        assert 'rel="next"' not in item(site, "pages", 8)

    def test_the_only_picture_of_a_collection_has_no_way_on_at_all(self, tmp_path: Path) -> None:
        library = MadeLibrary(tmp_path / "library")
        library.add(MadeCollection("one", "One"), [row(3, "the sea")])
        library.build(tmp_path / "site")
        page = item(tmp_path / "site", "one", 1)
        assert "1 <i>of</i> 1" in page
        for dead in ("This is the", "First", "Last", 'class="turn'):
            assert dead not in page

    def test_a_neighbour_in_the_library_is_a_link_and_another_a_command(self, site: Path) -> None:
        before, after = neighbours("mini-7k3q9d2x", row(7, "").key)
        page = item(site, "pages", 8)
        assert before.key in page
        assert f"render {before.key}" not in page
        assert f"python render.py key render --text &#34;{after.key}&#34; --out picture.png" in words(page)

    def test_a_long_key_shows_its_ends_and_is_whole_in_its_file(self, site: Path) -> None:
        long = neighbours("mini-7k3q9d2x", row(0, "").key)[0]
        page = item(site, "pages", 1)
        assert long.key[:50] in page
        assert long.key[-20:] in page
        assert long.key not in page
        assert f"{long.name}.key --out picture.png" in words(page)
        assert "This renders it, in the folder that holds the key file:" in page
        assert "the folder that holds the key file" not in item(site, "pages", 8)
        assert (site / paths.key_file(long.name)).read_text() == long.key + "\n"
        assert long.key in (site / paths.key_script(long.name)).read_text()

    def test_every_picture_has_its_key_file(self, shared: MadeLibrary, site: Path) -> None:
        for one in shared.rows.values():
            assert (site / paths.key_file(one.name)).read_bytes() == one.key.encode() + b"\n"

    def test_an_item_tells_where_else_its_key_is_and_its_prompt(self, site: Path) -> None:
        page = item(site, "pages", 4)
        assert 'href="../found/item-00001.html"' in page
        assert 'href="../found/item-00003.html"' in page
        siblings = page.partition('id="siblings-title"')[2]
        assert re.findall(r'<a href="item-0000(\d).html"', siblings) == list("123567")

    def test_of_many_places_an_item_tells_the_first_ones(self, tmp_path: Path) -> None:
        library = MadeLibrary(tmp_path / "library")
        library.add(MadeCollection("same", "Same"), [row(1, "one")] * 9)
        library.add(MadeCollection("more", "More"), [row(2, "two")] * 10)
        library.build(tmp_path / "site")
        places = item(tmp_path / "site", "same", 5).partition("Also in")[2].partition("</dd>")[0]
        assert re.findall(r'href="item-0000(\d)\.html"', places) == list("12346789")
        assert "other places" not in places
        places = item(tmp_path / "site", "more", 1).partition("Also in")[2].partition("</dd>")[0]
        assert re.findall(r'href="item-0000(\d)\.html"', places) == list("23456789")
        assert "and other places" in places

    def test_an_item_tells_what_is_known_of_it(self, shared: MadeLibrary, site: Path) -> None:
        one = row(4, "the sea at sunset")
        page = item(site, "pages", 5)
        for told in (
            one.key,
            one.sha256,
            "cpu-1f9a",
            "2026-01-02 03:04",
            "Mini",
        ):
            assert told in page
        assert f"../../{paths.picture(one.name)}" in page
        assert f"../../{paths.view(one.name)}" in page

    def test_its_profile_is_told_on_a_page_for_all(self, site: Path) -> None:
        (profile,) = re.findall(r'href="../../(profiles.html#(.*?))"', item(site, "pages", 5))
        page = (site / paths.PROFILES).read_text()
        section = page.partition(f'id="{profile[1]}"')[2].partition("</section>")[0]
        assert "CPU &lt;x86&gt;" in section
        assert "cpu-1f9a" in section

    def test_a_profile_is_named_once_on_that_page(self, library: MadeLibrary, tmp_path: Path) -> None:
        library.details = {"id": "cpu-1f9a", "Device": "CPU"}
        library.build(tmp_path / "site")
        assert words((tmp_path / "site" / paths.PROFILES).read_text()).count("cpu-1f9a") == 1

    def test_the_index_of_no_prompts_says_so(self, tmp_path: Path) -> None:
        library = MadeLibrary(tmp_path / "library")
        library.add(MadeCollection("none", "None"), [])
        library.build(tmp_path / "site")
        page = (tmp_path / "site" / paths.prompts()).read_text()
        assert "There are no prompts yet: nothing is printed." in page
        assert "alphabetical" not in page

    def test_a_long_title_is_whole_on_its_own_page_and_short_elsewhere(self, tmp_path: Path) -> None:
        title = "A very long title of something " * 40
        library = MadeLibrary(tmp_path / "library", title=f"L{title}")
        library.add(MadeCollection("long", f"C{title}"), [row(at, "the sea") for at in range(3)])
        library.build(tmp_path / "site", base="https://example.org/")
        for path in (tmp_path / "site").rglob("*.html"):
            page = path.read_text()
            own = {
                "index.html": 2,
                "collections/long/index.html": 1,
            }  # the first page and its card of the collection
            assert page.count(title.strip()) == own.get(str(path.relative_to(tmp_path / "site")), 0)
            assert len(page.partition("<title>")[2].partition("</title>")[0]) < 250
        assert "CA very long title" in item(tmp_path / "site", "long", 1)

    def test_pictures_in_lists_are_lazy_and_have_a_size_and_a_tone(self, site: Path) -> None:
        page = (site / paths.sheet("pages")).read_text()
        assert page.count('loading="lazy"') == page.count('width="32" height="20"') == 8
        assert f'<svg color="{row(0, "").colour}"' in page

    def test_a_provisional_edition_says_so_beside_its_keys(
        self, library: MadeLibrary, tmp_path: Path
    ) -> None:
        first = library.collections[0]
        entries = tuple(replace(one, edition=replace(one.edition, provisional=True)) for one in first.entries)
        library.collections = (replace(first, entries=entries),)
        library.build(tmp_path / "site")
        assert "provisional" in item(tmp_path / "site", "pages", 1)
        assert "Provisional" in (tmp_path / "site/editions/mini-7k3q9d2x.html").read_text()

    def test_contact_sheets_have_120_pictures(self, tmp_path: Path) -> None:
        library = MadeLibrary(tmp_path / "library")
        library.add(MadeCollection("many", "Many"), [row(page, f"prompt {page}") for page in range(245)])
        library.build(tmp_path / "site")
        folder = tmp_path / "site/collections/many"
        counts = [
            (folder / f"{name}.html").read_text().count('class="plate"')
            for name in ("index", "page-2", "page-3")
        ]
        assert counts == [120, 120, 5]
        assert 'href="page-3.html"' in item(tmp_path / "site", "many", 241)
        ledger = [(tmp_path / "site" / name).read_text() for name in pages_of_prompts(tmp_path / "site")]
        assert len(ledger) > 1
        assert sum(page.count("<h2>") for page in ledger) == 245
        assert check(tmp_path / "site") == []
        assert unreached(tmp_path / "site") == {"404.html"}

    def test_what_is_not_printed_leaves_a_gap(self, library: MadeLibrary, tmp_path: Path) -> None:
        del library.rows[row(2, "").name]
        (library.root / paths.thumb(row(3, "").name)).unlink()
        library.build(tmp_path / "site")
        assert not (tmp_path / "site" / paths.item("pages", 3)).exists()
        assert 'rel="next" href="item-00005.html"' in item(tmp_path / "site", "pages", 2)
        assert "6 of 8" in (tmp_path / "site/index.html").read_text()
        assert "render --text &#34;" + row(2, "").key in words(item(tmp_path / "site", "pages", 2))
        assert (
            '[["pages","The first pages \\u003cem\\u003e",[[1,2,0],[5,8,2]]]'
            in (tmp_path / "site/data/items.js").read_text()
        )
        assert check(tmp_path / "site") == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_collection_is_called_something(kind: str) -> None:
    assert re.match("an? |frames ", in_words(kind))


class TestBuild:
    def test_pictures_are_links_where_they_can_be(self, library: MadeLibrary, tmp_path: Path) -> None:
        library.build(tmp_path / "site")
        for name in library.rows:
            for where in (paths.picture(name), paths.view(name), paths.thumb(name)):
                assert (library.root / where).samefile(tmp_path / "site" / where)

    @pytest.mark.parametrize("links", [True, False])
    def test_a_rebuild_writes_nothing(
        self, library: MadeLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
    ) -> None:
        if not links:
            monkeypatch.setattr(os, "link", _no_link)
        first = library.build(tmp_path / "site")
        before = stamps(tmp_path / "site")
        again = library.build(tmp_path / "site")
        assert stamps(tmp_path / "site") == before
        assert (again.added, again.changed, again.removed) == (0, 0, 0)
        assert again.unchanged == first.added == len(files(tmp_path / "site"))

    def test_two_builds_are_alike(self, library: MadeLibrary, tmp_path: Path) -> None:
        other = made_up(tmp_path / "far/away/library")
        library.build(tmp_path / "site")
        other.build(tmp_path / "far/away/other")
        assert files(tmp_path / "site") == files(tmp_path / "far/away/other")

    def test_a_changed_title_rewrites_only_what_shows_it(self, library: MadeLibrary, tmp_path: Path) -> None:
        library.build(tmp_path / "site")
        before = files(tmp_path / "site")
        pages, sample, found, empty = library.collections
        library.collections = (pages, sample, replace(found, title="Sought"), empty)
        built = library.build(tmp_path / "site")
        after = files(tmp_path / "site")
        changed = {name for name in after if after[name] != before[name]}
        assert changed == {name for name, text in before.items() if b"Found" in text}
        assert (built.added, built.changed, built.removed) == (0, len(changed), 0)

    def test_what_is_gone_is_removed_and_what_is_foreign_stays(
        self, library: MadeLibrary, tmp_path: Path
    ) -> None:
        site = tmp_path / "site"
        site.mkdir()
        (site / ".gitignore").write_text("*\n")
        library.build(site)
        (site / "CNAME").write_text("example.org\n")
        library.collections = library.collections[:1]
        built = library.build(site)
        assert not (site / "collections/sample").exists()
        assert built.removed > 10
        fresh = tmp_path / "fresh"
        library.build(fresh)
        assert files(site) == files(fresh) | {"CNAME": b"example.org\n", ".gitignore": b"*\n"}
        assert check(site) == []

    def test_a_folder_of_other_files_is_refused(self, library: MadeLibrary, tmp_path: Path) -> None:
        (tmp_path / "home").mkdir()
        (tmp_path / "home/index.html").write_text("mine")
        with pytest.raises(UserError, match="not a site of ours"):
            library.build(tmp_path / "home")
        assert files(tmp_path / "home") == {"index.html": b"mine"}

    def test_the_memory_of_a_site_cannot_name_files_elsewhere(
        self, library: MadeLibrary, tmp_path: Path
    ) -> None:
        site, outside = tmp_path / "site", tmp_path / "outside.txt"
        library.build(site)
        outside.write_text("mine")
        (site / ".gitignore").write_text("*\n")
        with closing(sqlite3.connect(site / ".babelgen/site.sqlite")) as memory, memory:
            rows = [(path,) for path in ("../outside.txt", str(outside), ".gitignore", ".babelgen/lock", "")]
            memory.executemany("INSERT INTO files VALUES (?, '', '')", rows)
        library.build(site)
        assert outside.exists()
        assert (site / ".gitignore").exists()
        assert (site / ".babelgen/lock").exists()

    def test_two_builds_at_once_are_refused(self, library: MadeLibrary, tmp_path: Path) -> None:
        with open_site(tmp_path / "site"), pytest.raises(UserError, match="Another build"):
            library.build(tmp_path / "site")


def _no_link(source: Path, place: Path) -> None:
    raise OSError("no links here")


class Stop(Exception):
    """An interruption."""


def _next_version(library: MadeLibrary) -> None:
    """Much that is new, changed and gone at once."""
    library.add(MadeCollection("pages", ""), [row(page, "the sea at sunset") for page in range(8, 12)])
    library.add(MadeCollection("new", "New"), [row(20, "a new prompt"), row(21, HOSTILE[0])])
    pages, _, found, empty, new = library.collections
    library.collections = (
        replace(pages, entries=pages.entries[1:]),
        replace(found, title="Sought"),
        empty,
        new,
    )


class TestInterrupted:
    def test_a_failure_while_making_pages_leaves_the_old_site_as_it_was(
        self, library: MadeLibrary, tmp_path: Path
    ) -> None:
        def stop(edition: str, key: str) -> tuple[object, object]:
            raise Stop

        library.build(tmp_path / "site")
        before = stamps(tmp_path / "site")
        _next_version(library)
        with pytest.raises(Stop):
            build_site(library, library, tmp_path / "site", stop)  # type: ignore[arg-type]
        after = stamps(tmp_path / "site")
        snapshot = ".babelgen/index.sqlite"  # what pages are made from may be known already
        assert after | {snapshot: before[snapshot]} == before

    @pytest.mark.parametrize("step", [0, 1, 2, 5, 6, 7, 12, 15, 20, 30, 40, 47, 60, 75, 90, 100])
    def test_a_stop_at_any_step_leaves_links_that_work_and_the_next_build_ends_it(
        self, library: MadeLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
    ) -> None:
        site, fresh = tmp_path / "site", tmp_path / "fresh"
        library.build(site)
        _next_version(library)
        with _stop_after(monkeypatch, step), pytest.raises(Stop):
            library.build(site)
        out_of_reach = unreached(site)  # pages that no page of the old site knows, and those it has let go
        assert [line for line in check(site) if line.partition(":")[0] not in out_of_reach] == []
        library.build(site)
        library.build(fresh)
        assert files(site) == files(fresh)

    def test_what_a_stopped_build_added_is_removed_when_no_longer_wanted(
        self, library: MadeLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site, fresh = tmp_path / "site", tmp_path / "fresh"
        library.build(site)
        held = library.collections
        _next_version(library)
        with _stop_after(monkeypatch, 30), pytest.raises(Stop):
            library.build(site)
        assert len(files(site)) > 100
        library.collections = held
        library.build(site)
        library.build(fresh)
        assert files(site) == files(fresh)


def test_an_editions_statistics_travel_with_the_site(tmp_path: Path) -> None:
    (tmp_path / "mine.npy").write_bytes(b"means and deviations")
    library = MadeLibrary(tmp_path / "library")
    fitted = MadeEdition(statistics=MadeFile(tmp_path / "mine.npy"))
    library.add(MadeCollection("one", "One"), [row(1, "the sea")], fitted)
    site = tmp_path / "site"
    library.build(site)
    assert (site / "editions/mini-7k3q9d2x.npy").read_bytes() == b"means and deviations"
    assert 'href="mini-7k3q9d2x.npy"' in (site / "editions/mini-7k3q9d2x.html").read_text("utf-8")
    assert check(site) == []


def test_an_edition_without_statistics_has_no_link_to_them(site: Path) -> None:
    assert ".npy" not in (site / "editions/mini-7k3q9d2x.html").read_text("utf-8")
    assert not [*site.rglob("*.npy")]


@contextmanager
def _stop_after(monkeypatch: pytest.MonkeyPatch, step: int) -> Iterator[None]:
    """Let the commit end after so many moves and removals."""
    done: list[int] = []
    move, remove, hang = staging.move, Writer._remove, staging.hang

    def count() -> None:
        if len(done) == step:
            raise Stop
        done.append(1)

    def counted_move(places: Places, path: str) -> None:
        count()
        move(places, path)

    def counted_hang(places: Places, name: str, small: list[tuple[str, bytes]]) -> Iterator[str]:
        for state in hang(places, name, small):
            count()
            yield state

    def counted_remove(self: Writer, path: str) -> bool:
        count()
        return remove(self, path)

    with monkeypatch.context() as patch:
        patch.setattr(staging, "move", counted_move)
        patch.setattr(staging, "hang", counted_hang)
        patch.setattr(Writer, "_remove", counted_remove)
        yield
