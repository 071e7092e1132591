"""Prose: essays, captions and explanations, Markdown into markup.

Law: the only markup that enters a page unescaped is made here, by `_markup` and, of plain text, by `note`. Whatever the
text says, it consists of the elements that `_Reader` knows; no raw HTML, no pictures, no styles; links lead to http, https
and mailto addresses, to the text's own headings and to pages of the site that are there; and no character can reorder the
page.
May import: the standard library, markdown-it-py, markupsafe, gallery.terms, gallery.text.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from babelgen.gallery.terms import Terms, slugs
from babelgen.gallery.text import lines, plain, shorten

_ADDRESS = re.compile(r"https?://[^\s/]|mailto:[^\s]", re.IGNORECASE)
# Of the site, or a place on one; whether it is there, `Ways` knows.
_PAGE = re.compile(r"[A-Za-z0-9._/-]+\.html(?:#[A-Za-z0-9._~%!$&'()*+,;=:@/?-]*)?")
_SENTENCE = re.compile(r".*?(?:(?<!\b\w)[.!?…؟।]+[\"'”’»)\]]*(?=\s|$)|[。！？]+[」』”]*)")
_TEASER = 220  # characters of an essay's first sentence
_LARGEST = 10 * 1024  # bytes of a caption's markup; a character of a text takes five at most
_ALIGNED = re.compile(r"text-align:(left|center|right)")
# What opens a block: each finds its own direction, since an essay may be of several languages.
_BLOCKS = {
    f"{name}_open"
    for name in ("paragraph", "heading", "bullet_list", "ordered_list", "list_item", "blockquote", "th", "td")
}


@dataclass(frozen=True)
class Ways:
    """Where the links of a text on some page lead.

    term: the address of a term's place in the glossary, by its number. page: the address of another page, or of a place
    on one, by the relative one that the text has for it; '' where that is no page of the site.
    """

    term: Callable[[int], str]
    page: Callable[[str], str]


NOWHERE = Ways(lambda _: "", lambda _: "")


class _Reader(MarkdownIt):
    """CommonMark with tables and struck-out words, without raw HTML and pictures."""

    def __init__(self, headings: bool) -> None:
        super().__init__("commonmark", {"html": False})
        self.enable(["table", "strikethrough"])
        self.disable(["image", "html_block", "html_inline"])
        if not headings:
            self.disable(["heading", "lheading"])

    def validateLink(self, url: str) -> bool:
        """Whether an address may stand in a link; where not, the link stays the text that it was written as."""
        return bool(_ADDRESS.match(url) or _PAGE.fullmatch(url)) or url.startswith("#")


_ESSAY, _NOTE = _Reader(headings=True), _Reader(headings=False)


@dataclass(frozen=True)
class Prose:
    """Makes the markup of texts, in which the terms of a glossary are links."""

    terms: Terms = field(default_factory=Terms)

    def essay(self, text: str, ways: Ways) -> Markup:
        """An essay, its headings below the page's own."""
        return self._markup(_ESSAY, text, ways, set())

    def note(self, text: str, ways: Ways, known: Sequence[int] = ()) -> Markup:
        """A caption or an explanation, without headings; terms that are `known` are no links.

        One whose markup would be large stays the text that it was written as.
        """
        markup = self._markup(_NOTE, text, ways, set(known))
        if len(markup.encode("utf-8", "replace")) <= _LARGEST:
            return markup
        return Markup('<p dir="auto">{}</p>\n').format(lines(shorten(text, _LARGEST // 5 - 10)))

    def mentions(self, text: str) -> set[int]:
        """The numbers of the terms that are links in a text."""
        known: set[int] = set()
        self._markup(_ESSAY, text, NOWHERE, known)
        return known

    def _markup(self, reader: _Reader, text: str, ways: Ways, known: set[int]) -> Markup:
        tokens = reader.parse(lines(text))
        anchors = _anchors(tokens)
        for number, token in enumerate(tokens):
            _settle(token)
            if token.type == "inline":
                children = _merged(token.children or [])
                if tokens[number - 1].type != "heading_open":
                    children = list(self._linked(children, ways, known))
                token.children = list(_bounded(children, anchors, ways))
        # Once more, since a text may write a character as an entity.
        return Markup(lines(reader.renderer.render(tokens, reader.options, {})))

    def _linked(self, children: Sequence[Token], ways: Ways, known: set[int]) -> Iterator[Token]:
        """The same tokens with the terms in their texts made links, but for texts that are links already."""
        depth = 0
        for token in children:
            depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
            if token.type != "text" or depth:
                yield token
                continue
            at = 0
            for found in self.terms.find(token.content, known):
                yield _text(token.content[at : found.start])
                yield Token("link_open", "a", 1, attrs={"class": "term", "href": ways.term(found.number)})
                yield _text(token.content[found.start : found.end])
                yield Token("link_close", "a", -1)
                at = found.end
            yield _text(token.content[at:])


def first_sentence(text: str) -> str:
    """What an essay begins with, for the page that leads to it; '' where it has no paragraph."""
    tokens = _ESSAY.parse(lines(text))
    for opening, inline in pairwise(tokens):
        if opening.type == "paragraph_open" and opening.level == 0:
            words = plain("".join(map(_words, inline.children or [])))
            sentence = _SENTENCE.match(words)
            if words:
                return shorten(sentence[0] if sentence else words, _TEASER)
    return ""


def headings(text: str) -> dict[str, str]:
    """The ids of an essay's headings, by what links say of them."""
    return _anchors(_ESSAY.parse(lines(text)))


def bare(text: str) -> str:
    """The words of a text without its markup, on one line."""
    blocks = (token.children or [] for token in _NOTE.parse(lines(text)) if token.type == "inline")
    return plain(" ".join("".join(map(_words, children)) for children in blocks))


def address(text: str) -> str:
    """An untrusted text as the address of a link out of the site; '' where it is none on the web."""
    return text if re.fullmatch(r"https?://[!#-;=?-\[\]_a-z~]+", text) else ""


def _anchors(tokens: Sequence[Token]) -> dict[str, str]:
    """Have the headings begin at the second level and skip none, and give them ids; these by what links say of them."""
    stack: list[int] = []
    headings: list[tuple[Token, str]] = []
    for number, token in enumerate(tokens):
        if token.type not in ("heading_open", "heading_close"):
            continue
        if token.nesting == 1:
            level = int(token.tag[1])
            while stack and stack[-1] >= level:
                stack.pop()
            stack.append(level)
            headings.append((token, plain("".join(map(_words, tokens[number + 1].children or [])))))
        token.tag = f"h{min(1 + len(stack), 6)}"
    ids = slugs([words for _, words in headings], "essay")
    for (token, _), id_ in zip(headings, ids, strict=True):
        token.attrSet("id", id_)
    return {id_.removeprefix("essay-"): id_ for id_ in ids}


def _settle(token: Token) -> None:
    """Give a block its direction, and nothing that a page's policy forbids or a stylesheet could be fooled by."""
    if token.type in _BLOCKS and not token.hidden:
        token.attrSet("dir", "auto")
    style = _ALIGNED.fullmatch(str(token.attrs.pop("style", "")))
    if style:
        token.attrSet("class", f"to-{style[1]}")
    token.info = ""  # of a fenced block: it would become a class


def _merged(children: Sequence[Token]) -> list[Token]:
    """The same tokens with neighbouring texts as one, and with line breaks as part of them: a term may go over two."""
    merged: list[Token] = []
    for token in children:
        if token.type == "softbreak":
            token = _text("\n")
        if token.type == "text" and merged and merged[-1].type == "text":
            token = _text(merged.pop().content + token.content)
        merged.append(token)
    return merged


def _bounded(children: Sequence[Token], anchors: dict[str, str], ways: Ways) -> Iterator[Token]:
    """The same tokens; links out of the site say so, and links to headings and pages that are not there are no links."""
    dropped = False  # links do not nest
    for token in children:
        if token.type == "link_open" and token.attrs.get("class") != "term":
            href = str(token.attrs.get("href", ""))
            if _ADDRESS.match(href):
                token.attrSet("rel", "external noopener")
            else:
                anchor = anchors.get(unquote(href[1:]).casefold(), "")
                href = ways.page(href) if _PAGE.fullmatch(href) else anchor and f"#{anchor}"
                token.attrSet("href", href)
                dropped = not href
            if dropped:
                continue
        elif token.type == "link_close" and dropped:
            dropped = False
            continue
        yield token


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _words(token: Token) -> str:
    return " " if token.type in ("softbreak", "hardbreak") else token.content
