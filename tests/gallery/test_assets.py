"""Assets have names that follow from their bytes, and whatever calls them knows these names."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from babelgen.errors import UserError
from babelgen.gallery.assets import Assets, read_assets, stamped
from babelgen.gallery.pages import TEMPLATES

from .links import check
from .made_up import MadeLibrary, row

STAMPED = re.compile(r".+\.[0-9a-f]{8}\.[a-z]+")


def names(**texts: str) -> dict[str, str]:
    """The plain names of some assets, with their stamped ones."""
    assets = Assets({name.replace("_", "."): text for name, text in texts.items()})
    return {name: assets.address(f"assets/{name.replace('_', '.')}") for name in texts}


def test_a_name_has_a_hash_of_the_bytes_before_its_ending() -> None:
    assert stamped("data/search-1.js", "a") != stamped("data/search-1.js", "b")
    assert stamped("data/search-1.js", "a") == stamped("data/search-1.js", "a")
    for path in ("a.css", "data/search-1.js", "a.b/c.svg"):
        assert STAMPED.fullmatch(stamped(path, "a"))
        assert re.sub(r"\.[0-9a-f]{8}\.", ".", stamped(path, "a")) == path


def test_only_assets_have_other_names() -> None:
    assets = Assets({"a.css": ""})
    for path in ("a.css", "index.html", "other/a.css", "data/items.js"):
        assert assets.address(path) == path
    assert assets.address("assets/a.css") == f"assets/{stamped('a.css', '')}"
    with pytest.raises(LookupError, match=r"^there is no asset b\.css$"):
        assets.address("assets/b.css")


@pytest.mark.parametrize("call", ["url(b.svg)", 'url("b.svg")', "'b.svg'", "`assets/b.svg`"])
def test_what_an_asset_calls_changes_its_name(call: str) -> None:
    before = names(a_css=f"x {call} y", b_svg="one")
    after = names(a_css=f"x {call} y", b_svg="two")
    assert before["a_css"] != after["a_css"]
    assets = Assets({"a.css": f"x {call} y", "b.svg": "one"})
    stamp = assets.address("assets/b.svg").removeprefix("assets/")
    assert dict(assets.files())[assets.address("assets/a.css")] == f"x {call.replace('b.svg', stamp)} y"


def test_a_word_that_is_no_call_stays() -> None:
    text = "b.svg, xb.svg, 'lib.svg', 'b.svgz', \"other/b.svg\""
    assets = Assets({"a.js": text, "b.svg": ""})
    assert dict(assets.files())[assets.address("assets/a.js")] == text


def test_assets_that_call_each_other_are_told() -> None:
    with pytest.raises(UserError, match=r"a\.js and b\.js call each other"):
        Assets({"a.js": "'b.js'", "b.js": "'a.js'"})
    with pytest.raises(UserError, match=r"a\.js and a\.js"):
        Assets({"a.js": "'a.js'"})


def test_ours_are_read_and_called() -> None:
    assets = read_assets(TEMPLATES / "assets")
    files = dict(assets.files())
    assert len(files) == len(list((TEMPLATES / "assets").iterdir()))
    assert all(STAMPED.fullmatch(name) for name in files)


def pages(site: Path) -> dict[str, str]:
    return {str(path.relative_to(site)): path.read_text("utf-8") for path in site.rglob("*.html")}


@pytest.mark.parametrize("name", ["room.css", "site.js", "search.js", "hexagon.svg"])
def test_a_changed_asset_has_another_name_in_every_page_that_uses_it_and_in_no_other(
    library: MadeLibrary, tmp_path: Path, name: str
) -> None:
    site, templates = tmp_path / "site", tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    library.build(site, templates=templates)
    before, (old,) = pages(site), site.glob(f"assets/{name.replace('.', '.*.')}")
    with (templates / "assets" / name).open("a") as file:
        file.write("\n" if name.endswith("svg") else "\n/* another */\n")
    built = library.build(site, templates=templates)
    after, (new,) = pages(site), site.glob(f"assets/{name.replace('.', '.*.')}")
    assert old.name != new.name
    assert not old.exists()
    users = {page for page, text in before.items() if old.name in text}
    assert users
    assert {page for page in after if after[page] != before[page]} == users
    for page in after:
        assert after[page] == before[page].replace(old.name, new.name)
    assert built.changed == len(users)
    assert (built.added, built.removed) == (1, 1)
    assert check(site) == []


def test_changed_data_have_another_name_that_the_first_one_tells(
    library: MadeLibrary, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    library.build(site)
    before = {path.name for path in (site / "data").iterdir()}
    again = replace(row(1, "another prompt"), rendered_at="2026-10-03T00:00:00+00:00")
    library.rows |= {again.name: again}
    library.build(site)
    after = {path.name for path in (site / "data").iterdir()}
    (gone,), (fresh,) = before - after, after - before
    assert re.fullmatch(r"search-1\.[0-9a-f]{8}\.js", gone)
    assert re.fullmatch(r"search-1\.[0-9a-f]{8}\.js", fresh)
    told = (site / "data/items.js").read_text("ascii")
    assert f'"data/search-1.js":"{fresh.split(".")[1]}"' in told
    assert "items.js" in before & after
