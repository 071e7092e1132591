"""Every page is HTML as it should be, and the checker finds what it is for."""

from pathlib import Path

import pytest

from .made_up import MadeLibrary
from .markup import check, faults

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>A page</title></head>
<body><main><h1 id="top">One</h1>{}</main></body>
</html>
"""


def test_every_page_is_valid(site: Path) -> None:
    assert check(site) == []


def test_every_page_of_a_published_site_is_valid(shared: MadeLibrary, tmp_path: Path) -> None:
    shared.build(tmp_path / "site", base="https://example.org/pictures/")
    assert check(tmp_path / "site") == []


def test_the_checker_is_content_with_what_is_right() -> None:
    right = (
        "<p>a <b>b</b><br>c</p><ul><li><p>d</p></li></ul><dl><div><dt>e</dt><dd>f</dd></div></dl>"
        '<a href="x.html" aria-labelledby="top"><span>g</span></a><svg viewBox="0 0 1 1"><path d="M0"/></svg>'
    )
    assert faults(PAGE.format(right)) == []


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ("<p><div>a</div></p>", "<div> stands in <p>"),
        ("<p>a", "</main> closes what is not open"),
        ("<ul><p>a</p></ul>", "<p> stands in <ul>"),
        ("<ul>a</ul>", "text stands in <ul>"),
        ('<a href="x"><button type="button">a</button></a>', "<button> stands in a link"),
        ('<a href="x"><span><a href="y">a</a></span></a>', "<a> stands in a link"),
        ('<b id="top">a</b>', "the id 'top'"),
        ('<b class="a" class="b">a</b>', "<b> has class twice"),
        ('<b onclick="a()">a</b>', "<b> has no attribute onclick"),
        ('<b style="color: red">a</b>', "<b> has no attribute style"),
        ('<a href="JavaScript:a()">a</a>', "<a> has href='JavaScript:a()'"),
        ("<p><script>a()</script></p>", "a script stands in the page"),
        ('<img src="x" alt="" width="5" height="auto">', "<img> has no size"),
        ('<img src="x" width="5" height="5">', "<img> has no alt"),
        ('<label for="gone">a</label>', "nothing has the id 'gone'"),
        ("<h1>Two</h1>", "has <h1> 2 times"),
        ("<p/>", "closed as in XML"),
        ("<blink>a</blink>", "<blink> stands in <main>"),
    ],
)  # fmt: skip
def test_the_checker_finds(wrong: str, what: str) -> None:
    assert any(fault.startswith(what) or what in fault for fault in faults(PAGE.format(wrong)))


def test_the_checker_wants_a_whole_page() -> None:
    assert faults("<p>a</p>") != []
    assert faults(PAGE.format("").replace("A page", " ")) != []
    assert faults(PAGE.format("").replace("<!doctype html>", "<!DOCTYPE html PUBLIC>")) != []
