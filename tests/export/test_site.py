"""A site as one zip file: unpacked anywhere it is the site."""

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from babelgen.cli import main
from babelgen.errors import UserError
from babelgen.export import pack_site, workshop
from babelgen.gallery import hold
from babelgen.zips import Zip

from ..conftest import LibraryFactory
from ..gallery.links import check
from .conftest import RANGE
from .printed import print_library

pytestmark = pytest.mark.usefixtures("elsewhere")


def export(root: Path, *words: str, out: str = "site.zip") -> dict[str, bytes]:
    """The files of the zip file that the command writes."""
    assert main(["export", "site", "--library", str(root), "--out", out, *words]) == 0
    with zipfile.ZipFile(out) as file:
        return {name: file.read(name) for name in file.namelist()}


def built(site: Path) -> dict[str, bytes]:
    found = {str(path.relative_to(site)): path for path in site.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not name.startswith(".babelgen/")}


def test_it_holds_what_the_build_writes_and_nothing_else(
    books: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = export(books)
    assert capsys.readouterr() == ("", f"{len(packed)} files in site.zip.\n")
    assert [path.name for path in elsewhere.iterdir()] == ["site.zip"]
    assert main(["site", "--library", str(books), "--out", "pages"]) == 0
    assert packed == built(Path("pages"))
    assert list(packed) == sorted(packed)


def test_unpacked_every_link_leads_to_a_file(books: Path) -> None:
    export(books)
    with zipfile.ZipFile("site.zip") as file:
        assert file.testzip() is None
        file.extractall("unpacked")
    assert check(Path("unpacked")) == []


@pytest.mark.skipif(not shutil.which("unzip"), reason="no unzip on the path")
def test_unzip_reads_it(books: Path) -> None:
    packed = export(books)
    subprocess.run(["unzip", "-q", "site.zip", "-d", "unpacked"], check=True)
    assert built(Path("unpacked")) == packed


def test_the_bytes_are_the_same_each_time(books: Path) -> None:
    export(books)
    export(books, out="other/again.zip")
    assert Path("site.zip").read_bytes() == Path("other/again.zip").read_bytes()


def test_a_site_s_own_folder_is_brought_up_to_date_and_foreign_files_stay_out(books: Path) -> None:
    export(books, "--site", "pages")
    Path("pages/CNAME").write_text("example.org\n")
    before = Path("site.zip").read_bytes()
    packed = export(books, "--site", "pages")
    assert "CNAME" not in packed
    assert Path("site.zip").read_bytes() == before


def test_with_an_address_it_has_what_is_told_of_it(books: Path) -> None:
    assert {"feed.xml", "sitemap.xml", "robots.txt"} & set(export(books)) == set()
    packed = export(books, "--base-url", "https://example.org/books")
    assert {"feed.xml", "sitemap.xml", "robots.txt"} <= set(packed)
    assert b'<link rel="canonical" href="https://example.org/books/index.html">' in packed["index.html"]


def test_flagged_ones_are_left_out_unless_they_are_asked_for(words_library: LibraryFactory) -> None:
    root = words_library(RANGE)
    name = print_library(root, flagged=[1])[1]
    picture = f"pictures/{name[:2]}/{name}.png"
    packed = export(root)
    assert picture not in packed
    assert not [path for path, data in packed.items() if name in path or name.encode() in data]
    assert picture in export(root, "--flagged")


def test_what_a_killed_export_left_goes_with_the_next_one_of_that_name(books: Path, elsewhere: Path) -> None:
    left = Path(".site.zip.export")
    (left / "site/pictures").mkdir(parents=True)
    for name in ("lock", "zip", "site/pictures/half"):
        (left / name).write_bytes(b"half")
    assert not [path for path in export(books) if "half" in path]
    assert [path.name for path in elsewhere.iterdir()] == ["site.zip"]


def test_no_build_changes_a_site_while_it_is_packed(
    books: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = []

    def add(self: Zip, name: str, data: bytes, deflate: bool = False) -> None:
        seen.append(main(["site", "--library", str(books), "--out", "pages", "--fresh"]))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Zip, "add", add)
        words = ["export", "site", "--library", str(books), "--site", "pages", "--out", "site.zip"]
        assert main(words) == 130
    assert seen == [1]
    assert capsys.readouterr().err == (
        "error: Another build or export is at work in pages: wait for it to end.\n"
        "error: Interrupted; nothing was written under the name site.zip.\n"
    )
    assert [path.name for path in elsewhere.iterdir()] == ["pages"]


def test_a_site_that_is_being_built_is_not_packed(books: Path) -> None:
    assert main(["site", "--library", str(books), "--out", "pages"]) == 0
    with workshop(Path("site.zip")) as shop:
        with hold(Path("pages")), pytest.raises(UserError, match="at work in pages"):
            pack_site(Path("pages"), Path("site.zip"), shop)
        assert pack_site(Path("pages"), Path("site.zip"), shop) == len(built(Path("pages")))


def test_json_is_one_object(books: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = export(books, "--json")
    told = json.loads(capsys.readouterr().out)
    assert told == {"out": "site.zip", "files": len(packed), "bytes": Path("site.zip").stat().st_size}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--out", "file"], "file is there already and is no zip file of ours: choose another name."),
        (["--out", "folder"], "folder is a folder: say the name of a file."),
        (["--out", "file/a.zip"], "The export stopped at file: File exists."),
        (["--site", "folder"], "folder holds files that are not a site of ours: choose an empty folder."),
        (["--library", "nowhere"], "There is no library in nowhere: it has no library.toml."),
    ],
)
def test_what_cannot_be_is_told(
    books: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str], elsewhere: Path
) -> None:
    (elsewhere / "folder").mkdir()
    (elsewhere / "folder/a.txt").touch()
    (elsewhere / "file").touch()
    assert main(["export", "site", "--library", str(books), "--out", "site.zip", *words]) == 1
    assert capsys.readouterr() == ("", f"error: {told}\n")
    assert sorted(path.name for path in elsewhere.iterdir()) == ["file", "folder"]
