"""Untrusted text made fit to show: prompts and titles may hold any character at all.

Law: what leaves here is one line of well-formed text that cannot reorder its surroundings; escaping
for HTML and for scripts is done where HTML and scripts are written.
May import: the standard library.
"""

import re
import unicodedata

_KINDS = {
    "range": "a range of keys", "random": "a random sample", "search": "a prompt search", "matrix": "a matrix of prompts",
    "interpolation": "frames between stops", "walk": "a random walk", "evolution": "an evolution",
}  # fmt: skip
_TITLE = 80  # characters of a title in passing
WHOLE_KEY = 256  # characters; a longer key is whole only in its file: most prompts' keys are far shorter
# Controls, surrogates and noncharacters say nothing on a page, and the bidirectional overrides and isolates could
# reorder what stands around the text in places without isolation (titles, attributes).
_UNFIT = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_SHELL_SAFE = re.compile(r"[A-Za-z0-9:.~+/=_-]+")


def in_words(kind: str) -> str:
    """What a collection of a kind is."""
    return _KINDS.get(kind, kind)


def plain(text: str) -> str:
    """The text on one line, each character that is unfit to show replaced by U+FFFD."""
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", " ".join(text.split()))


def capitalized(text: str) -> str:
    """The text as the beginning of a sentence."""
    return text[:1].upper() + text[1:]


def lines(text: str) -> str:
    """A text of several lines, each character that is unfit to show replaced by U+FFFD."""
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text)


def shorten(text: str, most: int) -> str:
    """The text cut to at most `most` characters, never before a combining mark, with an ellipsis."""
    if len(text) <= most:
        return text
    end = most - 1
    while end > 1 and unicodedata.combining(text[end]):
        end -= 1
    return text[:end].rstrip() + "…"


def titled(title: str) -> str:
    """A title as it stands where there are many, or on every page; its own page has the whole."""
    return shorten(title, _TITLE)


def ends(text: str, head: int, tail: int) -> str:
    """The two ends of a long text with an ellipsis between; the whole where that is not longer."""
    return text if len(text) <= head + tail + 1 else f"{text[:head]}…{text[-tail:]}"


def command(key: str, name: str, edition: str, longest: int) -> str:
    """The command that renders a key: from its text, or from its key file where it is longer than `longest`.

    A key that does not name its edition has it beside. Raises ValueError for a key with characters that no codec uses, since it would not be safe to paste.
    """
    if not _SHELL_SAFE.fullmatch(key):
        raise ValueError(f"no codec writes a key like {ends(key, 40, 20)!r}")
    # Double quotes: `~` is a pattern in some shells, and single quotes mean nothing to Windows' own.
    source = f'--text "{key}"' if len(key) <= longest else f"{name}.key"
    named = "" if f":{edition}:" in key else f" --edition {edition}"
    return f"python render.py key render {source}{named} --out picture.png"
