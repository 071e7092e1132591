"""Flagged pictures: left out of a site with all that names them, unless they are asked for."""

from dataclasses import replace
from pathlib import Path

import pytest

from babelgen.catalog import Picture
from babelgen.gallery import paths

from .links import check, unreached
from .made_up import MINI, MadeCollection, MadeLibrary, neighbours, row
from .test_site import files, item

NOTE = "The model's safety checker flagged this picture."
LEFT_OUT = "the model's safety checker flagged its picture"
INSIDE = row(3, "the sea at sunset")  # in two collections, one of them a range
NOWHERE = row(8, "a picture that no collection has")  # beside the last of the range
FIRST = row(0, "the sea at sunset")


def naming(site: Path, picture: Picture) -> list[str]:
    """The files of a site, the builder's own included, that name a picture or tell its key."""
    words = [picture.name, picture.key]
    named = [path for path in site.rglob("*") if any(word in path.name for word in words)]
    told = [
        path
        for path in site.rglob("*")
        if path.is_file() and any(word.encode() in path.read_bytes() for word in words)
    ]
    return sorted({path.relative_to(site).as_posix() for path in named + told})


@pytest.fixture
def flagged(library: MadeLibrary) -> list[Picture]:
    """Pictures of the made-up library that were flagged: a long key's, a prompt's only one, and so on."""
    long = next(one for one in library.rows.values() if one.prompt == "a long way out")
    hostile = next(one for one in library.rows.values() if one.prompt.startswith("القمر"))
    library.flag(FIRST, INSIDE, long, hostile, NOWHERE)
    return [FIRST, INSIDE, long, hostile, NOWHERE]


def test_no_file_of_a_site_names_them(library: MadeLibrary, flagged: list[Picture], tmp_path: Path) -> None:
    site = tmp_path / "site"
    library.build(site)
    assert {picture.name: naming(site, picture) for picture in flagged} == {p.name: [] for p in flagged}
    assert check(site) == []
    assert unreached(site) == {"404.html"}
    assert naming(site, row(4, ""))  # as others are


def test_they_leave_gaps_and_are_not_counted(
    library: MadeLibrary, flagged: list[Picture], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    library.build(site)
    home = (site / "index.html").read_text("utf-8")
    assert "6 of 8" in home
    assert (
        '[["pages","The first pages \\u003cem\\u003e",[[2,3,0],[5,8,2]]]'
        in (site / "data/items.js").read_text()
    )
    assert 'rel="next" href="item-00005.html"' in item(site, "pages", 3)
    prompts = (site / "prompts.html").read_text("utf-8")
    assert "القمر" not in prompts
    assert "a long way out" not in prompts


def test_beside_one_it_is_told_that_it_was_left_out(
    library: MadeLibrary, flagged: list[Picture], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    library.build(site)
    assert LEFT_OUT in item(site, "pages", 3)
    assert LEFT_OUT in item(site, "pages", 8)  # the key of one that no collection has
    assert LEFT_OUT not in item(site, "pages", 6)
    before, after = neighbours(MINI, row(2, "").key)
    assert before.key in item(site, "pages", 3)
    assert (after.name, after.key) == (INSIDE.name, INSIDE.key)


def test_when_asked_for_they_are_like_any_other_with_a_note(
    library: MadeLibrary, flagged: list[Picture], tmp_path: Path
) -> None:
    site, plain = tmp_path / "site", tmp_path / "plain"
    library.build(site, flagged=True)
    assert NOTE in item(site, "pages", 4)
    assert NOTE not in item(site, "pages", 5)
    assert check(site) == []
    library.rows = {name: replace(one, flagged=False) for name, one in library.rows.items()}
    library.build(plain)
    shown = {
        name: text.replace(f'<p class="notice">{NOTE}</p>'.encode(), b"")
        for name, text in files(site).items()
    }
    assert {name: b"".join(text.split()) for name, text in shown.items()} == {
        name: b"".join(text.split()) for name, text in files(plain).items()
    }


def test_a_site_that_had_them_loses_them(
    library: MadeLibrary, flagged: list[Picture], tmp_path: Path
) -> None:
    site, fresh = tmp_path / "site", tmp_path / "fresh"
    library.build(site, flagged=True)
    assert paths.picture(INSIDE.name) in naming(site, INSIDE)
    built = library.build(site)
    assert built.removed > 10
    library.build(fresh)
    assert files(site) == files(fresh)
    assert [naming(site, picture) for picture in flagged] == [[]] * len(flagged)


def test_a_library_of_flagged_pictures_alone_has_a_site(tmp_path: Path) -> None:
    library = MadeLibrary(tmp_path / "library")
    library.add(MadeCollection("one", "One"), [replace(row(1, "the sea"), flagged=True)])
    library.build(tmp_path / "site")
    assert check(tmp_path / "site") == []
    assert naming(tmp_path / "site", row(1, "the sea")) == []
