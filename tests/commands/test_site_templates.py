"""`site --templates`: somebody's own pages and assets go before the shipped ones, and mistakes in them are told."""

import re
from pathlib import Path

import pytest

from babelgen.cli import main

from ..conftest import LibraryFactory
from ..export.printed import print_library
from ..gallery.links import check
from ..gallery.markup import check as check_markup

pytestmark = pytest.mark.usefixtures("elsewhere")
FONT = b"\x00\x01\xff\xfe not text"


@pytest.fixture
def root(words_library: LibraryFactory) -> Path:
    folder = words_library({"name": "one", "kind": "range", "count": 2})
    print_library(folder)
    return folder


@pytest.fixture
def own(elsewhere: Path) -> Path:
    """A folder of templates with a page, a style that calls a picture, and a style in place of a shipped one."""
    folder = elsewhere / "own"
    (folder / "assets").mkdir(parents=True)
    (folder / "about.html").write_text(
        '{% extends "base.html" %}{% block title %}Us · {% endblock %}'
        '{% block head %}<link rel="stylesheet" href="{{ paths.asset(\'ours.css\') | href }}">{% endblock %}'
        "{% block main %}<h1>{{ site.title }} is ours</h1>{% endblock %}"
    )
    (folder / "assets/ours.css").write_text("main { background: url(dots.png) }")
    (folder / "assets/dots.png").write_bytes(FONT)
    (folder / "assets/.hidden").write_bytes(b"\xff")
    (folder / "assets/room.css").write_text("/* ours */")
    return folder


def build(root: Path, *words: str) -> int:
    return main(["site", "--library", str(root), "--out", "pages", *words])


def test_own_ones_go_before_the_shipped_ones(root: Path, own: Path) -> None:
    assert build(root) == 0
    before = Path("pages/search.html").read_text("utf-8")
    assert build(root, "--templates", str(own)) == 0
    about = Path("pages/about.html").read_text("utf-8")
    assert "<h1>Books is ours</h1>" in about
    (style,) = re.findall(r'href="(assets/ours\.[0-9a-f]{8}\.css)"', about)
    (dots,) = re.findall(r"url\((dots\.[0-9a-f]{8}\.png)\)", (Path("pages") / style).read_text())
    assert (Path("pages/assets") / dots).read_bytes() == FONT
    (room,) = Path("pages/assets").glob("room.*.css")
    assert room.read_text() == "/* ours */"
    assert Path("pages/search.html").read_text("utf-8") == re.sub(r"room\.\w+\.css", room.name, before)
    assert not list(Path("pages").rglob("*hidden*"))
    assert check(Path("pages")) == check_markup(Path("pages")) == []
    assert build(root) == 0
    assert Path("pages/search.html").read_text("utf-8") == before
    assert not list(Path("pages/assets").glob("ours.*"))


def test_a_zip_of_the_site_is_made_with_them_too(root: Path, own: Path) -> None:
    import zipfile

    words = ["export", "site", "--library", str(root), "--templates", str(own), "--out", "site.zip"]
    assert main(words) == 0
    with zipfile.ZipFile("site.zip") as file:
        assert b"Books is ours" in file.read("about.html")


MISTAKES = [
    (b"{{ 1 / 0 }}", "about.html, line 1", "division by zero"),
    (b"{{ nobody.knows }}", "about.html, line 1", "'nobody' is undefined"),
    (b"{% extends 'gone.html' %}", "about.html, line 1", "'gone.html' not found"),
    (b"\n{{ paths.asset('gone.png') | href }}", "about.html, line 2", "there is no asset gone.png"),
    (b"\n{% if %}", "about.html, line 2", "Expected an expression"),
    (b"\xff\xfe", "about.html", "can't decode byte"),
]


@pytest.mark.parametrize(("text", "place", "reason"), MISTAKES)
def test_a_mistake_in_one_is_told_with_its_place(
    root: Path, own: Path, capsys: pytest.CaptureFixture[str], text: bytes, place: str, reason: str
) -> None:
    (own / "about.html").write_bytes(text)
    assert build(root, "--templates", str(own)) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"error: The template {place} cannot be used (templates of {own} go first): ")
    assert reason in told
    assert told.count("\n") == 1


def test_what_cannot_be_a_folder_of_templates_is_told(
    root: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(root, "--templates", "nowhere") == 1
    assert capsys.readouterr().err == "error: There is no folder nowhere with templates.\n"
    (own / "assets/a b?.css").touch()
    assert build(root, "--templates", str(own)) == 1
    assert "a b?.css must be called by letters, digits, '.', '_' and '-' only" in capsys.readouterr().err
