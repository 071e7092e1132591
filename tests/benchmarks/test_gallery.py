"""The benchmark of the gallery: its library is what it is said to be, and one run gives every figure."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import gallery
import gallery_library
import pytest

from babelgen.commands.site import PLAIN, Publication, build
from babelgen.library import load_library
from babelgen.plan import make_plan

ITEMS = 400


def files(site: Path) -> dict[str, bytes]:
    found = {str(path.relative_to(site)): path for path in site.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not name.startswith(".babelgen")}


def stamps(site: Path) -> dict[str, tuple[int, int]]:
    found = {path: path.stat() for path in site.rglob("*") if path.is_file() and path.name != "lock"}
    return {str(path): (stat.st_ino, stat.st_mtime_ns) for path, stat in found.items()}


def test_a_real_library_is_brought_up_to_date_as_if_it_were_built_anew(tmp_path: Path) -> None:
    library, site = tmp_path / "library", tmp_path / "site"
    gallery_library.make_library(library, ITEMS)
    plan = make_plan(load_library(library))
    assert (plan.todo, plan.done) == (0, ITEMS)
    assert build(library, site, PLAIN).added > 5 * ITEMS
    before = stamps(site)
    again = build(library, site, PLAIN)
    assert (again.added, again.changed, again.removed) == (0, 0, 0)
    assert stamps(site) == before
    for number, change in enumerate((gallery_library.add_search, gallery_library.lengthen)):
        change(library, 20)
        built = build(library, site, PLAIN)
        assert built.added > 20
        build(library, tmp_path / f"anew-{number}", PLAIN)
        assert files(site) == files(tmp_path / f"anew-{number}")
    before = files(site)
    assert build(library, site, Publication(fresh=True)).changed == 0
    assert files(site) == before


def test_one_run_gives_every_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["gallery.py", "--items", str(ITEMS), "--folder", str(tmp_path), "--json"]
    )
    gallery.main()
    result = json.loads(capsys.readouterr().out)
    assert result["items"] == ITEMS
    for name in (
        "pages_per_second_per_core",
        "raw_pages_per_second_per_core",
        "share_of_raw",
        "noop_seconds",
        "add20_seconds",
    ):
        assert result[name] > 0, name
    assert result["noop_seconds"] < result["build_seconds"]
    assert result["noop_cpu_seconds"] < result["build_cpu_seconds"]
    assert result["peak_mb"] > 20
    assert 2000 < result["item_page_bytes"]["median"] <= result["item_page_bytes"]["largest"] < 12_288
    assert set(result["stages"]) == {"reading", "pages", "placing"}
    assert list(tmp_path.iterdir()) == []
    gallery.print_table(result)
    assert f"{ITEMS} items" in capsys.readouterr().out


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_numbers_of_items_begin_with_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["gallery.py", "--items", number])
    with pytest.raises(SystemExit, match="2"):
        gallery.main()
    assert "--items: invalid" in capsys.readouterr().err
