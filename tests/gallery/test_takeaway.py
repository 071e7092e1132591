"""The zip files of a collection's keys: all of them, in bounded parts, where the contact sheets say."""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from babelgen.gallery import paths, takeaway

from .links import check
from .made_up import MadeCollection, MadeLibrary, row
from .reader import Reader


def read(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        return {name: file.read(name).decode("ascii") for name in file.namelist()}


def expected(library: MadeLibrary, slug: str) -> dict[str, str]:
    """What the keys of a collection's printed items are called, and hold."""
    (collection,) = (one for one in library.collections if one.slug == slug)
    return {
        f"{slug}/{position:05d}-{entry.name}.key": f"{entry.key}\n"
        for position, entry in enumerate(collection.entries, 1)
        if entry.name in library.rows
    }


def zips(site: Path, slug: str) -> Iterator[dict[str, str]]:
    number = 1
    while (place := site / paths.keys_zip(slug, number)).is_file():
        yield read(place.read_bytes())
        number += 1


@pytest.mark.parametrize("slug", ["pages", "sample", "found"])
def test_a_collection_has_all_its_keys(shared: MadeLibrary, site: Path, slug: str) -> None:
    (found,) = zips(site, slug)
    assert found == expected(shared, slug)
    sheet = (site / paths.sheet(slug)).read_text("utf-8")
    assert f'href="{slug}-keys.zip" download' in sheet


def test_what_has_no_keys_has_no_zip(site: Path) -> None:
    assert not list((site / "collections/empty").glob("*.zip"))
    assert ".zip" not in (site / paths.sheet("empty")).read_text("utf-8")


def test_the_size_that_a_page_tells_is_the_file_s(
    library: MadeLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, int] = {}
    known = takeaway.key_zips

    def noting(*arguments: object) -> object:
        found = known(*arguments)  # type: ignore[arg-type]
        told.update({part.path: part.size for part in found})
        return found

    monkeypatch.setattr("babelgen.gallery.site.key_zips", noting)
    library.build(tmp_path / "site")
    assert len(told) == 3
    for path, size in told.items():
        assert (tmp_path / "site" / path).stat().st_size == size


def test_many_keys_have_several_zips_of_bounded_size(
    library: MadeLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeaway, "MOST", 800)
    site = tmp_path / "site"
    library.build(site)
    parts = list(zips(site, "pages"))
    assert len(parts) > 2
    assert {name: key for part in parts for name, key in part.items()} == expected(library, "pages")
    assert all((site / paths.keys_zip("pages", at)).stat().st_size <= 800 for at in range(1, len(parts) + 1))
    sheet = (site / paths.sheet("pages")).read_text("utf-8")
    ranges = [(int(a), int(b)) for a, b in re.findall(r"download>(\d+) to (\d+)</a>", sheet)]
    positions = [[int(name[6:11]) for name in part] for part in parts]
    assert ranges == [(found[0], found[-1]) for found in positions]
    long = next(name for name, key in expected(library, "sample").items() if len(key) > 800)
    assert [len(part) for part in zips(site, "sample") if long in part] == [
        1
    ]  # larger than wanted, and alone
    assert check(site) == []


def test_what_is_added_at_the_end_leaves_the_first_parts_as_they_are(
    library: MadeLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeaway, "MOST", 800)
    site = tmp_path / "site"
    library.build(site)
    before = [(site / paths.keys_zip("pages", at)).read_bytes() for at in (1, 2)]
    library.add(MadeCollection("pages", ""), [row(page, "the sea at sunset") for page in range(8, 12)])
    library.build(site)
    assert [(site / paths.keys_zip("pages", at)).read_bytes() for at in (1, 2)] == before
    assert {name: key for part in zips(site, "pages") for name, key in part.items()} == expected(
        library, "pages"
    )


def test_flagged_and_unprinted_ones_are_left_out(library: MadeLibrary, tmp_path: Path) -> None:
    library.flag(row(2, ""))
    del library.rows[row(4, "").name]
    library.build(tmp_path / "site")
    (found,) = zips(tmp_path / "site", "pages")
    assert [name[6:11] for name in found] == ["00001", "00002", "00004", "00006", "00007", "00008"]
    assert row(2, "").name not in "".join(found)


def test_a_second_build_makes_the_same_bytes(library: MadeLibrary, tmp_path: Path) -> None:
    library.build(tmp_path / "one")
    library.rows = {name: replace(one, seconds=9.0) for name, one in library.rows.items()}
    library.build(tmp_path / "two")
    for path in (tmp_path / "one").rglob("*.zip"):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()


def test_from_disk_a_click_downloads_the_exact_bytes(reader: Reader, site: Path) -> None:
    """Chromium goes to a file beside the page where it should download it, and a zip file is downloaded all the same."""
    page = reader.open(paths.sheet("pages"))
    with page.expect_download(timeout=5000) as got:
        page.click("text=All keys")
    assert got.value.suggested_filename == "pages-keys.zip"
    assert Path(got.value.path()).read_bytes() == (site / paths.keys_zip("pages")).read_bytes()
