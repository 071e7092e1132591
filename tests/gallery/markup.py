"""Check pages for what browsers forgive and the standard does not: a small part of HTML's rules, those that our pages use.

Knows nothing of the program: `python markup.py SITE` prints what is wrong, a line each, and exits with 1.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

VOID = {"br", "hr", "img", "input", "link", "meta", "source", "wbr"}
PHRASING = {
    "a", "abbr", "b", "bdi", "br", "button", "cite", "code", "data", "del", "dfn", "em", "i", "img", "input", "ins", "kbd",
    "label", "mark", "meter", "output", "progress", "q", "s", "samp", "select", "small", "span", "strong", "sub", "sup",
    "svg", "textarea", "time", "u", "var", "wbr",
}  # fmt: skip
FLOW = PHRASING | {
    "address", "article", "aside", "blockquote", "details", "dialog", "div", "dl", "fieldset", "figure", "footer", "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p", "pre", "search", "section", "table", "ul",
}  # fmt: skip
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
SVG = {"circle", "g", "line", "path", "polygon", "polyline", "rect", "title"}
# What may stand in an element; one that is not here takes phrasing, an empty set nothing but text.
INSIDE = {
    "html": {"head", "body"},
    "head": {"meta", "title", "link", "script"},
    "title": set(), "script": set(), "option": set(), "textarea": set(),
    "ul": {"li"}, "ol": {"li"},
    "dl": {"dt", "dd", "div"},
    "select": {"option", "optgroup"},
    "summary": PHRASING | HEADINGS,
    "figure": FLOW | {"figcaption"},
    "details": FLOW | {"summary"},
    "svg": SVG, "g": SVG,
    "table": {"caption", "thead", "tbody", "tr"}, "thead": {"tr"}, "tbody": {"tr"}, "tr": {"th", "td"},
} | dict.fromkeys(
    ("body", "header", "footer", "main", "nav", "section", "article", "aside", "div", "form", "li", "dd", "figcaption",
     "blockquote", "dialog", "td", "th", "fieldset", "search", "address"), FLOW,
)  # fmt: skip
GLOBAL = {"class", "dir", "hidden", "id", "lang", "role", "tabindex", "title"}
OWN = {
    "a": {"href", "rel", "download", "hreflang"},
    "button": {"type", "disabled"},
    "details": {"open", "name"},
    "form": {"action", "autocomplete", "method"},
    "img": {"alt", "decoding", "height", "loading", "sizes", "src", "srcset", "width"},
    "input": {"accept", "autocomplete", "name", "placeholder", "spellcheck", "type", "value", "checked", "min", "max"},
    "label": {"for"},
    "link": {"href", "rel", "type"},
    "meta": {"charset", "content", "http-equiv", "name", "property"},
    "ol": {"start", "reversed"},
    "option": {"selected", "value"},
    "select": {"name"},
    "script": {"defer", "src"},
    "svg": {"color", "viewbox", "width", "height"},
    "path": {"d"},
    "time": {"datetime"},
    "td": {"colspan"}, "th": {"colspan", "scope"},
}  # fmt: skip
POINTERS = {"for", "aria-labelledby", "aria-describedby", "aria-controls"}


class Markup(HTMLParser):
    """The faults of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self._open: list[str] = []
        self._ids: set[str] = set()
        self._pointed: set[str] = set()
        self._seen: dict[str, int] = {}
        self._title = ""
        if not text.startswith("<!doctype html>\n<html lang="):
            self.faults.append("does not begin as a page does")
        if not re.search('<meta charset="utf-8">', text[:1024]):
            self.faults.append("says its encoding too late")
        self.feed(text)
        self.close()
        self._end()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._seen[tag] = self._seen.get(tag, 0) + 1
        self._place(tag)
        self._attributes(tag, attrs)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if "svg" not in self._open and tag != "svg":
            self._tell(f"<{tag}/> is closed as in XML")
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self._tell(f"</{tag}> closes what is not open")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "title" and "svg" not in self._open:
            self._title += data
        if not data.strip():
            return
        parent = self._open[-1] if self._open else ""
        if parent == "script":
            self._tell("a script stands in the page")
        if parent in ("", "html", "head", "ul", "ol", "dl", "select", "table", "tr"):
            self._tell(f"text stands in <{parent}>: {data.strip()[:30]!r}")

    def _place(self, tag: str) -> None:
        parent = self._open[-1] if self._open else ""
        inside = INSIDE.get(parent, PHRASING) if parent else {"html"}
        if parent == "div" and len(self._open) > 1 and self._open[-2] == "dl":
            inside = {"dt", "dd"}
        if tag not in inside:
            self._tell(f"<{tag}> stands in <{parent}>")
        if tag in ("a", "button", "label", "select", "details") and {"a", "button"} & set(self._open):
            self._tell(f"<{tag}> stands in a link or a button")
        if tag in ("header", "footer", "main") and tag in self._open:
            self._tell(f"<{tag}> stands in <{tag}>")

    def _attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self._tell(f"<{tag}> has {name} twice")
        for name, value in attrs:
            known = name in GLOBAL | OWN.get(tag, set()) or name.startswith(("data-", "aria-"))
            if not known:
                self._tell(f"<{tag}> has no attribute {name}")
            if name == "id":
                if not value or value in self._ids or re.search(r"\s", value):
                    self._tell(f"the id {value!r} is no good, or there twice")
                self._ids.add(value or "")
            elif name in POINTERS:
                self._pointed |= set((value or "").split())
            elif name in ("href", "src", "action") and (
                value is None or re.match(r"\s*javascript:", value, re.I)
            ):
                self._tell(f"<{tag}> has {name}={value!r}")
        self._needs(tag, dict(attrs))

    def _needs(self, tag: str, attrs: dict[str, str | None]) -> None:
        needed = {"img": ("alt", "src"), "button": ("type",), "a": ("href",), "html": ("lang",)}
        for name in needed.get(tag, ()):
            if name not in attrs:
                self._tell(f"<{tag}> has no {name}")
        if tag == "img" and not all((attrs.get(name) or "").isdigit() for name in ("width", "height")):
            self._tell("<img> has no size in whole pixels")

    def _end(self) -> None:
        if self._open:
            self._tell("is not closed")
        for tag in ("html", "head", "body", "title", "main", "h1"):
            if self._seen.get(tag, 0) != 1:
                self._tell(f"has <{tag}> {self._seen.get(tag, 0)} times")
        if not self._title.strip():
            self._tell("has no title")
        for name in sorted(self._pointed - self._ids):
            self._tell(f"nothing has the id {name!r}")

    def _tell(self, what: str) -> None:
        self.faults.append(f"{what} (line {self.getpos()[0]}, in {' '.join(self._open[-3:]) or 'nothing'})")


def faults(text: str) -> list[str]:
    """What is wrong with a page."""
    return Markup(text).faults


def check(site: Path) -> list[str]:
    """A line for each fault of the pages of a site."""
    pages = sorted(site.rglob("*.html"))
    return [
        f"{path.relative_to(site)}: {fault}" for path in pages for fault in faults(path.read_text("utf-8"))
    ]


if __name__ == "__main__":
    found = check(Path(sys.argv[1]))
    print("\n".join(found) or "every page is valid as far as this is looked at")
    sys.exit(1 if found else 0)
