"""Prose: what Markdown becomes, and that nothing else comes of whatever text."""

import re
import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babelgen.gallery.prose import NOWHERE, Prose, Ways, address, bare, first_sentence
from babelgen.gallery.terms import Terms
from babelgen.rooms import LARGEST_TEXT, Term

from .made_up import HOSTILE

WAYS = Ways(lambda number: f"glossary.html#{number}", lambda path: f"to/{path}" if "gone" not in path else "")
ELEMENTS = {
    "p", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "s", "a", "br", "hr",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title", "class", "rel"},
    "ol": {"start", "dir"},
    "th": {"class", "dir"},
    "td": {"class", "dir"},
    **{name: {"id", "dir"} for name in ("h2", "h3", "h4", "h5", "h6")},
}
TERMS = Terms(
    [Term("start noise", ("page", "pages"), ""), Term("start", (), ""), Term("Wasserfarbe", ("Σ",), "")]
)


class Bones(HTMLParser):
    """The elements of a text, their attributes, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words = ""
        self.odd: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("br", "hr") and (not self.open or self.open.pop() != tag):
            self.odd.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_comment(self, data: str) -> None:
        self.odd.append("comment")

    def handle_decl(self, decl: str) -> None:
        self.odd.append("declaration")

    def handle_pi(self, data: str) -> None:
        self.odd.append("instruction")


def harmless(markup: str) -> Bones:
    """The same text, once it is known to hold nothing that it may not hold."""
    bones = Bones(markup)
    assert bones.odd == bones.open == []
    for name, attributes in bones.elements:
        assert name in ELEMENTS
        assert set(attributes) <= ATTRIBUTES.get(name, {"dir"}), (name, attributes)
        assert attributes.get("class", "term") in ("term", "to-left", "to-center", "to-right")
        href = attributes.get("href", "#")
        assert re.match(
            r"https?://|mailto:|#essay|#$|glossary\.html#\d|to/[A-Za-z0-9._/-]+\.html(#[A-Za-z0-9%_.':=-]*)?$",
            href,
            re.I,
        ), href
    assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", markup)
    return bones


def essay(text: str, terms: Terms | None = None) -> str:
    return str(Prose(terms or Terms()).essay(text, WAYS))


def note(text: str, terms: Terms | None = None) -> str:
    return str(Prose(terms or Terms()).note(text, WAYS))


class TestMarkdown:
    def test_it_is_what_people_write(self) -> None:
        assert essay("One *two* **three** `four` ~~five~~\n\n* six\n* seven") == (
            '<p dir="auto">One <em>two</em> <strong>three</strong> <code>four</code> <s>five</s></p>\n'
            '<ul dir="auto">\n<li dir="auto">six</li>\n<li dir="auto">seven</li>\n</ul>\n'
        )

    def test_headings_begin_below_the_pages_own_and_skip_none(self) -> None:
        found = re.findall(r"<(h\d) id=\"([^\"]+)\"", essay("# A\n### B\n# C\n\nD\n=\n\n###### E"))
        assert found == [
            ("h2", "essay-a"),
            ("h3", "essay-b"),
            ("h2", "essay-c"),
            ("h2", "essay-d"),
            ("h3", "essay-e"),
        ]

    def test_headings_of_one_name_are_told_apart(self) -> None:
        found = re.findall(r'id="([^"]+)"', essay("# A b!\n# a B\n# ?\n# Title\n# 海"))
        assert found == ["essay-a-b", "essay-a-b-2", "essay", "essay-title", "essay-海"]

    def test_a_link_to_a_heading_leads_there_and_to_none_is_none(self) -> None:
        assert '<a href="#essay-a-b">x</a>' in essay("# A b\n\n[x](#a-b)")
        assert "<a" not in essay("# A b\n\n[x](#a-c) [y](#)")

    def test_a_caption_has_no_headings(self) -> None:
        assert note("# A\n\nB\n===") == '<p dir="auto"># A</p>\n<p dir="auto">B\n===</p>\n'

    def test_a_table_has_its_alignment_without_a_style(self) -> None:
        markup = essay("|a|b|\n|-:|:-:|\n|1|2|")
        assert '<th class="to-right"' in markup.replace(' dir="auto"', "")
        assert "style" not in markup

    @pytest.mark.parametrize(
        "link", ["https://example.org/a?b=1&c", "HTTP://example.org/", "mailto:a@example.org"]
    )
    def test_links_out_say_that_they_leave(self, link: str) -> None:
        (bones,) = [one for one in harmless(essay(f"[x]({link})")).elements if one[0] == "a"]
        assert bones[1] == {"href": link, "rel": "external noopener"}

    def test_a_link_to_a_page_of_the_site_leads_there_if_it_is_there(self) -> None:
        assert essay("[x](../other/index.html) [y](gone.html)") == (
            '<p dir="auto"><a href="to/../other/index.html">x</a> y</p>\n'
        )

    def test_it_may_name_a_place_there(self) -> None:
        assert '<a href="to/a.html#b-%C3%A9">' in essay("[x](a.html#b-é)")
        assert "<a" not in essay("[x](gone.html#b)")
        for fragment in ("b<c", "\u202eb", "'onclick='x", "javascript:x"):
            (link,) = [one for one in harmless(essay(f"[x](a.html#{fragment})")).elements if one[0] == "a"]
            assert set(link[1]) == {"href"}

    @pytest.mark.parametrize(
        "text",
        [
            '"' * 2000,
            "👩" * 2000,
            "-\n" * 1000,
            "|a" * 300 + "\n" + "|-" * 300 + "\n|" * 390,
            "\ud800" * 2000,
        ],
    )
    def test_a_caption_whose_markup_is_large_stays_a_text(self, text: str) -> None:
        markup = note(text)
        assert len(markup.encode()) <= 10 * 1024
        assert [name for name, _ in harmless(markup).elements] == ["p"]

    def test_a_long_caption_with_some_markup_has_it(self) -> None:
        assert note("many *words* " * 150).count("<em>") == 150


LINKS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "&#106;avascript:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "//example.org/",
    "/etc/passwd",
    "\\\\example.org\\a",
    "https:example.org",
    "https:///a",
    "a.js",
    "a.html?b",
    "#a.html#b",
    "%2e%2e/a.html%00",
    "blob:https://example.org/a",
    "ftp://example.org",
    "https://\u202eexample.org",
]
RAW = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<div\n\n<b>",
    "<!-- a --> <?php ?> <!DOCTYPE a> <![CDATA[a]]>",
    "</section></main></body></html>",
    "![a](https://example.org/a.png)",
    "![a](../a.webp 'b')",
    "![a][b]\n\n[b]: https://example.org/a.png",
    '[a](https://example.org/ "\\" onclick=\\"alert(1)")',
    '[a](<https://example.org/"onclick="alert(1)>)',
    "[a](https://example.org/'onclick='alert(1))",
    "```\" onclick=\"alert(1)\nx\n```",
    "```{.a style=color:red}\nx\n```",
    "# a {#main .b}\n\n<a id=main></a>",
    "# <script>",
    "&lt;script&gt; &#60;script&#62; &#x3c;img src=x&#x3e; &quot; &amp;amp;",
    "&#x202e;abc&#8238; &#0; &#xD800; &#x2066;",
    "\u202eabc\u2066def\x00\x07 \ud800 \ufffe",
    "[a]: javascript:alert(1)\n[b]: data:x\n\n[a] [b] [x][a]",
    "[![a](javascript:alert(1))](javascript:alert(2))",
    "<javascript:alert(1)> <https://example.org/<script>> <a@b.c>",
    "a\\\n<b>\\<i> `<u>` ``<a>``",
    "|<b>|`a|b`|\n|-|-|\n|<script>|[a](javascript:b)|",
    "- [ ] a\n- [x] b\n\n1000000000. c\n\n-1. d",
    "<https://example.org/\u202eabc>",
    "{{ 7 * 7 }} {% raw %} ${7} \\u003cscript\\u003e",
]  # fmt: skip


class TestHostileTexts:
    @pytest.mark.parametrize("link", LINKS)
    @pytest.mark.parametrize("form", ["[x]({})", "[x](<{}>)", "<{}>", "[x]\n\n[x]: {}"])
    def test_a_link_elsewhere_stays_a_text(self, link: str, form: str) -> None:
        markup = essay(form.format(link))
        bones = harmless(markup)
        assert "a" not in [name for name, _ in bones.elements] or link.startswith("https://")

    @pytest.mark.parametrize("text", [*RAW, *HOSTILE])
    def test_nothing_comes_of_it_but_prose(self, text: str) -> None:
        for markup in (essay(text), note(text), essay(f"> {text}"), essay(f"* {text}\n  {text}")):
            bones = harmless(markup)
            assert "img" not in bones.elements

    def test_what_is_no_markup_is_shown_as_it_was_written(self) -> None:
        assert "<script>alert(1)</script>" in harmless(essay("a <script>alert(1)</script>")).words
        assert "[x](javascript:alert(1))" in harmless(essay("[x](javascript:alert(1))")).words
        assert "![a](https://example.org/a.png)".partition("[")[0] in harmless(essay("![a](b)")).words

    def test_a_character_that_reorders_is_replaced_however_it_is_written(self) -> None:
        for text in ("\u202ea", "&#x202e;a", "&#8238;a", "[b](https://example.org '&#x202e;a')"):
            assert "\u202e" not in essay(text)
            assert "\N{REPLACEMENT CHARACTER}" in essay(text)

    @settings(max_examples=200, deadline=None)
    @given(
        st.text(alphabet=st.sampled_from(list("ab \n\t<>[]()!\"'&;#*_`~|\\:/.-=+1x\u202e{}%@")), max_size=80)
    )
    def test_nothing_comes_of_any_text(self, text: str) -> None:
        harmless(essay(text, TERMS))
        harmless(note(text, TERMS))
        first_sentence(text)
        bare(text)


MANY = LARGEST_TEXT // 4  # so many characters, since all texts together would take a minute else
LARGE = [
    text * (MANY // len(text))
    for text in (
        "a", "a b ", ">", "> ", "* ", "[", "[a](", "![", "*a _b ", "**", "**a", "~~a~", "`", "`a``b```c", "<", "&", "# a\n",
        "a\n", "\\", "page ", "1. a\n", "<https://a> ", "&#1;",
    )
] + [
    "|a" * (MANY // 4) + "\n" + "|-" * (MANY // 4),
    "|a|\n|-|\n" + "|b|\n" * (MANY // 4),
    "[a]: b\n" * (MANY // 7) + "[a]" * 10,
    "".join(" " * depth + "* a\n" for depth in range(250)),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(LARGE)))
def test_a_large_text_takes_a_moment(number: int) -> None:
    began = time.process_time()
    essay(LARGE[number], TERMS)
    first_sentence(LARGE[number])
    assert time.process_time() - began < 8  # most take less than one


class TestTerms:
    def test_a_term_is_a_link_where_it_comes_first(self) -> None:
        assert note("Start noise, a start, a page.", TERMS) == (
            '<p dir="auto"><a class="term" href="glossary.html#0">Start noise</a>, '
            'a <a class="term" href="glossary.html#1">start</a>, a page.</p>\n'
        )

    def test_a_term_is_a_whole_word(self) -> None:
        for text in ("starting", "restart", "start_er", "sta\u0301rt", "start\u0301", "3start"):
            assert "class" not in note(text, TERMS)
        assert "class" in note("re-start!", TERMS)

    def test_a_term_may_go_over_a_line_and_is_found_in_any_case(self) -> None:
        assert ">START\nnoise</a>" in note("a START\nnoise", TERMS)
        assert ">ς</a>" in note("ς", TERMS)

    def test_headings_code_and_links_have_none(self) -> None:
        for text in ("# page", "`page`", "    page", "[page](https://example.org/)", "```\npage\n```"):
            assert "term" not in essay(text, TERMS)

    def test_what_is_known_is_no_link(self) -> None:
        assert "class" not in str(Prose(TERMS).note("a page", WAYS, [0]))

    def test_the_terms_of_a_text_can_be_told(self) -> None:
        assert Prose(TERMS).mentions("# start\n\na `page`, *wasserfarbe*") == {2}
        assert Prose(TERMS).mentions("") == set()

    def test_without_a_glossary_there_are_none(self) -> None:
        assert "class" not in str(Prose().essay("a page", NOWHERE))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("# A\n\nOne *two* three. Four.", "One two three."),
        ("* a\n\nAfter a list, e. g. this! And more.", "After a list, e. g. this!"),
        ("No end", "No end"),
        ("“Is it?” she asked.", "“Is it?”"),
        ("「海。」次", "「海。」"),
        ("J. L. Borges wrote it. In 1941.", "J. L. Borges wrote it."),
        ("# Only\n## headings", ""),
        ("", ""),
        ("\u202ea\x00 b.", "\N{REPLACEMENT CHARACTER}a\N{REPLACEMENT CHARACTER} b."),
        ("x" * 300, "x" * 219 + "…"),
    ],
)
def test_an_essay_is_told_by_its_first_sentence(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence


def test_the_words_of_a_caption_are_without_its_markup() -> None:
    assert bare("*One* [two](https://example.org/)\n\n* `three`") == "One two three"


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://example.org/a?b=c&d#e", "https://example.org/a?b=c&d#e"),
        ("http://example.org", "http://example.org"),
        ("javascript:alert(1)", ""),
        ('https://example.org/"onclick="a', ""),
        ("https://example.org/ a", ""),
        ("https://example.org/<b>", ""),
        ("https://\u202eexample.org", ""),
        ("from a book", ""),
        ("", ""),
    ],
)
def test_a_source_is_a_link_if_it_is_an_address(text: str, link: str) -> None:
    assert address(text) == link
