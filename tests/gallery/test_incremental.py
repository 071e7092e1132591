"""Whatever changes, a site that is brought up to date is the one that would be built anew, and nothing else is written."""

import os
import random
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from babelgen.collections.collection import Place
from babelgen.errors import UserError
from babelgen.films import record_file
from babelgen.gallery import build_site, paths, site_files
from babelgen.gallery.pages import TEMPLATES
from babelgen.gallery.writer import Writer
from babelgen.rooms import Room, Term
from babelgen.stages import folder_of
from babelgen.store import remove_stages

from .made_up import MadeCollection, MadeLibrary, made_up, neighbours, plain_paint, row
from .test_site import files, item, stamps

PROMPTS = ("the sea", "the sea at night", "a start noise", "", "a house", "القمر", "<b>")


class Changer:
    """Changes a library at random, in a way that follows from the seed."""

    def __init__(self, library: MadeLibrary, seed: int) -> None:
        self.library, self.random, self.at = library, random.Random(seed), 100
        self.ways: tuple[Callable[[], None], ...] = (
            self.print_some, self.print_some, self.forget, self.flag, self.render_again, self.lose_a_file, self.rename, self.move,
            self.drop, self.reorder, self.furnish, self.explain, self.know_of_the_machine, self.hang_again, self.develop, self.lose_stages, self.show, self.stop_showing, self.tell,
        )  # fmt: skip

    def change(self) -> str:
        way = self.random.choice(self.ways)
        if self.library.rows and self.library.collections:
            way()
        else:
            self.print_some()
        return way.__name__

    def _collection(self) -> MadeCollection:
        return self.random.choice(self.library.collections)

    def _row(self) -> str:
        return self.random.choice(sorted(self.library.rows))

    def _with(self, slug: str, /, **changes: object) -> None:
        self.library.collections = tuple(
            replace(one, **changes) if one.slug == slug else one for one in self.library.collections
        )  # type: ignore[arg-type]

    def print_some(self) -> None:
        slug = self.random.choice([*(one.slug for one in self.library.collections), f"new-{self.at}"])
        rows = [row(self.at + n, self.random.choice(PROMPTS)) for n in range(self.random.randrange(1, 5))]
        self.at += self.random.randrange(1, 7)
        self.library.add(MadeCollection(slug, slug.title()), rows)

    def hang_again(self) -> None:
        self.library.add(MadeCollection(self._collection().slug, ""), [self.library.rows[self._row()]])

    def forget(self) -> None:
        del self.library.rows[self._row()]

    def flag(self) -> None:
        name = self._row()
        self.library.rows[name] = replace(
            self.library.rows[name], flagged=not self.library.rows[name].flagged
        )

    def render_again(self) -> None:
        name = self._row()
        prompt, colour = self.random.choice(PROMPTS), f"#{self.random.randrange(2**24):06x}"
        self.library.rows[name] = replace(self.library.rows[name], prompt=prompt, colour=colour)
        for where in (paths.picture, paths.view, paths.thumb):
            (self.library.root / where(name)).unlink(missing_ok=True)
        self.library.paint(replace(self.library.rows[name], name=name), lambda _: plain_paint(row(0, "")))

    def lose_a_file(self) -> None:
        (self.library.root / paths.thumb(self._row())).unlink(missing_ok=True)

    def rename(self) -> None:
        self._with(self._collection().slug, title=f"Title {self.at}", description=self.random.choice(PROMPTS))

    def move(self) -> None:
        """Another address."""
        self.at += 1
        self._with(self._collection().slug, slug=f"moved-{self.at}", title="Moved")

    def drop(self) -> None:
        one = self._collection()
        if self.random.random() < 0.3:
            self.library.collections = tuple(each for each in self.library.collections if each != one)
        else:
            self._with(one.slug, entries=one.entries[self.random.randrange(2) : -1])

    def reorder(self) -> None:
        self.library.collections = tuple(
            self.random.sample(self.library.collections, len(self.library.collections))
        )

    def furnish(self) -> None:
        one = self._collection()
        captions = {self.random.randrange(1, 9): f"A *note* {self.at}, [there](../pages/item-00003.html)."}
        self._with(one.slug, room=Room(chosen=(1, 2), captions=captions))

    def explain(self) -> None:
        self.library.glossary = (
            ()
            if self.library.glossary
            else (Term("start noise", ("noise",), f"What it starts from {self.at}."),)
        )

    def develop(self) -> None:
        self.library.develop(self.library.rows[self._row()], steps=self.random.randrange(1, 5))

    def lose_stages(self) -> None:
        for row_ in sorted(self.library.rows):
            remove_stages(folder_of(self.library.root, row_))

    def show(self) -> None:
        one = self._collection()
        if one.entries and all(entry.name in self.library.rows for entry in one.entries):
            self.library.film(one.slug)

    def stop_showing(self) -> None:
        record_file(self.library.root, self._collection().slug).unlink(missing_ok=True)

    def tell(self) -> None:
        told = (
            Place(f"{self.at} steps from here", True),
            None,
            Place("between this and that, 1 of 2", False),
        )
        self._with(self._collection().slug, told=told)

    def know_of_the_machine(self) -> None:
        self.library.details["Note"] = str(self.at)


@pytest.mark.parametrize("seed", range(8))
def test_any_changes_lead_to_the_site_that_is_built_anew(tmp_path: Path, seed: int) -> None:
    library, site = made_up(tmp_path / "library"), tmp_path / "site"
    changer, done = Changer(library, seed), []
    for number in range(12):
        done.append(changer.change())
        library.build(site)
        anew = tmp_path / f"anew-{number}"
        built = library.build(anew)
        after = files(site)
        assert after == files(anew), done
        assert list(site_files(site)) == sorted(after), done
        assert built.added == len(after), done
        before = stamps(site)
        again = library.build(site)
        assert (again.added, again.changed, again.removed) == (0, 0, 0), done
        assert stamps(site) == before, done


def test_pages_are_the_same_whoever_makes_them(tmp_path: Path) -> None:
    library = made_up(tmp_path / "library")
    library.add(
        MadeCollection("many", "Many"), [row(page, f"prompt {page % 90}") for page in range(300, 550)]
    )
    library.build(tmp_path / "one")
    build_site(library, library, tmp_path / "three", neighbours, processes=3)
    assert files(tmp_path / "one") == files(tmp_path / "three")
    before = stamps(tmp_path / "three")
    library.build(tmp_path / "three")
    assert stamps(tmp_path / "three") == before


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("template", ["item", "sheet"])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{% if %}", "Expected an expression"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ view.nothing.more }}", "has no attribute 'nothing'"),
    ],
)
def test_a_mistake_in_a_template_is_told_whoever_meets_it(
    tmp_path: Path, template: str, processes: int, text: str, told: str
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / f"{template}.html").write_text(f"\n{text}")
    library = made_up(tmp_path / "library")
    with pytest.raises(UserError, match=rf"^The template {template}\.html, line 2 cannot be used .*{told}"):
        build_site(library, library, tmp_path / "site", neighbours, own, processes=processes)


def failing(edition: str, key: str) -> tuple[object, object]:
    """Neighbours that cannot be told."""
    raise UserError("There is no telling.")


def test_what_one_process_cannot_do_is_told_and_the_old_site_stays(
    library: MadeLibrary, tmp_path: Path
) -> None:
    library.build(tmp_path / "site")
    before = files(tmp_path / "site")
    library.add(MadeCollection("more", "More"), [row(page, "more") for page in range(70, 90)])
    with pytest.raises(UserError, match="no telling"):
        build_site(library, library, tmp_path / "site", failing, processes=2)  # type: ignore[arg-type]
    assert files(tmp_path / "site") == before


class TestByHand:
    """What somebody does to a site's files is mended by the next build."""

    def mended(self, library: MadeLibrary, site: Path, fresh: bool = False) -> tuple[int, int]:
        built = build_site(library, library, site, neighbours, fresh=fresh)
        library.build(site.with_name("anew"))
        assert files(site) == files(site.with_name("anew"))
        return built.added, built.changed

    def test_removed_files_come_back(self, library: MadeLibrary, tmp_path: Path) -> None:
        site, name = tmp_path / "site", row(3, "").name
        library.build(site)
        for path in (
            "index.html",
            paths.item("pages", 3),
            paths.thumb(name),
            paths.key_file(name),
            "data/items.js",
        ):
            (site / path).unlink()
        assert self.mended(library, site) == (5, 0)

    def test_a_removed_folder_comes_back(self, library: MadeLibrary, tmp_path: Path) -> None:
        site = tmp_path / "site"
        library.build(site)
        for path in (site / "collections/pages").iterdir():
            path.unlink()
        (site / "collections/pages").rmdir()
        added, changed = self.mended(library, site)
        assert added > 8
        assert changed == 0

    def test_replaced_files_are_as_they_were(self, library: MadeLibrary, tmp_path: Path) -> None:
        site, name = tmp_path / "site", row(3, "").name
        library.build(site)
        for path in (paths.item("pages", 3), paths.view(name)):
            (site / "other").write_bytes(b"mine")
            (site / "other").replace(site / path)
        assert self.mended(library, site) == (0, 2)

    def test_the_file_of_a_long_key_comes_back(self, library: MadeLibrary, tmp_path: Path) -> None:
        site, long = tmp_path / "site", neighbours("mini-7k3q9d2x", row(0, "").key)[0]
        library.build(site)
        (site / paths.key_file(long.name)).unlink()
        assert self.mended(library, site) == (1, 0)

    def test_what_is_written_in_place_is_mended_by_a_fresh_build(
        self, library: MadeLibrary, tmp_path: Path
    ) -> None:
        site = tmp_path / "site"
        library.build(site)
        page = site / paths.item("pages", 3)
        page.write_text(page.read_text("utf-8").replace("sunset", "midday"), "utf-8")
        library.build(site)
        assert "midday" in item(site, "pages", 3)
        assert self.mended(library, site, fresh=True) == (0, 1)

    def test_a_fresh_build_of_what_is_as_it_was_writes_no_page(
        self, library: MadeLibrary, tmp_path: Path
    ) -> None:
        site = tmp_path / "site"
        library.build(site)
        before = {name: stamp for name, stamp in stamps(site).items() if not name.startswith(".babelgen")}
        assert self.mended(library, site, fresh=True) == (0, 0)
        assert {
            name: stamp for name, stamp in stamps(site).items() if not name.startswith(".babelgen")
        } == before

    def test_a_damaged_snapshot_is_made_anew_and_a_damaged_memory_told(
        self, library: MadeLibrary, tmp_path: Path
    ) -> None:
        site = tmp_path / "site"
        library.build(site)
        (site / ".babelgen/index.sqlite").write_bytes(b"nothing of the kind" * 400)
        assert self.mended(library, site) == (0, 0)
        memory = site / ".babelgen/site.sqlite"
        for kept in (4096, 0):  # its first page, or nothing at all
            memory.write_bytes(memory.read_bytes()[:kept] + b"nothing of the kind" * 4000)
            with pytest.raises(UserError, match="is damaged"):
                library.build(site)

    def test_a_memory_that_cannot_be_written_is_told(
        self, library: MadeLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

        monkeypatch.setattr(Writer, "hang", full)
        with pytest.raises(UserError, match="cannot be used: database or disk is full"):
            library.build(tmp_path / "site")


class TestPictures:
    """A changed picture is never stale."""

    @pytest.mark.parametrize("links", [True, False])
    def test_a_replaced_picture_is_replaced_in_the_site(
        self, library: MadeLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
    ) -> None:
        if not links:
            monkeypatch.setattr(os, "link", no_link)
        site, name = tmp_path / "site", row(3, "").name
        library.build(site)
        source = library.root / paths.view(name)
        other = library.root / paths.view(row(5, "").name)
        source.with_name("new").write_bytes(other.read_bytes())
        source.with_name("new").replace(source)
        built = library.build(site)
        assert (built.added, built.changed, built.removed) == (0, 1, 0)
        assert (site / paths.view(name)).read_bytes() == other.read_bytes()


def no_link(source: object, place: object) -> None:
    raise OSError("no links here")


def test_a_users_template_goes_before_the_shipped_one(library: MadeLibrary, tmp_path: Path) -> None:
    site, mine = tmp_path / "site", tmp_path / "mine"
    library.build(site)
    mine.mkdir()
    (mine / "about.html").write_text("<p>About mine: {{ site.title }}</p>\n")
    built = library.build(site, templates=mine)
    assert (built.added, built.changed, built.removed) == (0, 1, 0)
    assert (site / paths.ABOUT).read_text() == "<p>About mine: A made-up library</p>\n"
    (mine / "about.html").write_text("<p>Another</p>\n")
    assert library.build(site, templates=mine).changed == 1
    assert library.build(site, templates=TEMPLATES).changed == 1
    assert "Another" not in (site / paths.ABOUT).read_text()


def test_a_new_prompt_changes_its_page_of_the_index_and_few_others(tmp_path: Path) -> None:
    library = MadeLibrary(tmp_path / "library")
    prompts = [f"prompt {number:04}" for number in range(600)]
    library.add(MadeCollection("many", "Many"), [row(at, prompt) for at, prompt in enumerate(prompts)])
    library.build(tmp_path / "site")
    before = files(tmp_path / "site")
    pages = {name for name in before if name.startswith("prompts")}
    assert 4 <= len(pages) <= 12
    library.add(MadeCollection("more", "More"), [row(5000, "prompt 0300 and more")])
    library.build(tmp_path / "site")
    after = files(tmp_path / "site")
    assert len({name for name in after if name.startswith("prompts")} ^ pages) <= 2
    changed = {name for name in after if name.startswith("collections/many") and after[name] != before[name]}
    assert changed == set()
    own = {name for name in pages if ">prompt 0300<" in before[name].decode()}
    assert {name for name in pages if after[name] != before[name]} == own | {"prompts.html"}
    assert "601 prompts in alphabetical order" in after["prompts.html"].decode()
