"""The checker finds what it is for, and a built site has none of it."""

from pathlib import Path

import pytest

from .links import check, unreached
from .made_up import MadeLibrary


def test_every_link_leads_to_a_file(site: Path) -> None:
    assert check(site) == []


def test_every_page_is_reached_from_home_without_javascript(site: Path) -> None:
    assert unreached(site) == {"404.html"}


def test_an_empty_library_is_a_site_too(tmp_path: Path) -> None:
    MadeLibrary(tmp_path / "library").build(tmp_path / "site")
    assert check(tmp_path / "site") == []
    assert "no collections yet" in (tmp_path / "site/index.html").read_text()


@pytest.mark.parametrize(
    ("link", "what"),
    [
        ("gone.html", "no file"),
        ("folder/", "no file"),
        ("../outside.html", "out of the site"),
        ("/index.html", "out of the site"),
        ("https://example.org/a.css", "out of the site"),
        ("//example.org/a.css", "out of the site"),
        ("index.html#gone", "no part"),
    ],
)
def test_the_checker_finds(tmp_path: Path, link: str, what: str) -> None:
    site = tmp_path / "site"
    (site / "folder").mkdir(parents=True)
    (tmp_path / "outside.html").touch()
    (site / "index.html").write_text(f'<p id="here"><a href="index.html#here">a</a><img srcset="{link} 2x">')
    (problem,) = check(site)
    assert what in problem


def test_the_checker_reads_stylesheets(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text('a { background: url("gone.svg") }')
    assert len(check(tmp_path)) == 1


def test_a_link_out_must_say_so_and_lead_to_the_web(tmp_path: Path) -> None:
    says = 'rel="external noopener"'
    (tmp_path / "index.html").write_text(
        f'<a {says} href="https://example.org/">a</a><a {says} href="mailto:a@b.c">a</a>'
        f'<a {says} href="javascript:alert(1)">a</a><a href="https://example.org/b">a</a>'
        f'<img {says} src="https://example.org/c">'
    )
    assert [line.split("'")[1] for line in check(tmp_path)] == [
        "javascript:alert(1)",
        "https://example.org/b",
        "https://example.org/c",
    ]
