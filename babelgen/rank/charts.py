"""The chart: shares and their intervals as an SVG picture that needs nothing else.

Law: the same ranking gives the same bytes; every text in it is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from babelgen.rank.intervals import Group, Rated, telling

WIDTH, LABELS, RIGHT, ROW, HEAD = 760, 280, 90, 22, 44
MOST_LETTERS = 38
_COLOURS = {"more": "#2b6e4f", "less": "#a3372a", "": "#66553f"}


def chart(groups: Sequence[Group], most: int) -> str:
    """An SVG of the `most` most telling terms of each kind: a dot for the share, a line for its interval."""
    shown = [(group, telling(group.terms, most)) for group in groups]
    height = sum(HEAD + ROW * len(terms) for _, terms in shown) + 30
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        ' role="img" font-family="Georgia, serif" font-size="14" fill="#2b2118">',
        "<title>How often pictures were chosen as favourites</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fdf8ee"/>',
    ]
    top = 0
    for group, terms in shown:
        lines += _group(group, terms, top)
        top += HEAD + ROW * len(terms)
    lines.append(
        f'<text x="16" y="{height - 12}" font-size="12" fill="#66553f">Dot: share of pictures that are favourites; '
        "line: its 95 % interval (Wilson); dashes: the share of all pictures; each kind has its own scale.</text>"
    )
    return "\n".join([*lines, "</svg>", ""])


def _group(group: Group, terms: Sequence[Rated], top: int) -> Iterator[str]:
    """One kind: its heading, the share of all, and a row for each term. The scale ends at the highest end."""
    scale = (WIDTH - LABELS - RIGHT) / max([group.share, *(term.high for term in terms)])
    base, bottom = LABELS + group.share * scale, top + HEAD + ROW * len(terms)
    yield f'<text x="16" y="{top + 30}" font-size="17">{escape(group.kind)}</text>'
    yield (
        f'<text x="{base:.1f}" y="{top + 30}" font-size="12" text-anchor="middle" fill="#66553f">'
        f"all: {group.share:.1%}</text>"
    )
    yield (
        f'<line x1="{base:.1f}" x2="{base:.1f}" y1="{top + HEAD - 8}" y2="{bottom - 4}" stroke="#8f7a58"'
        ' stroke-dasharray="4 3"/>'
    )
    for at, term in enumerate(terms):
        yield from _row(term, top + HEAD + ROW * at + 8, scale)


def _row(term: Rated, y: int, scale: float) -> Iterator[str]:
    colour = _COLOURS[term.verdict]
    low, dot, high = (LABELS + share * scale for share in (term.low, term.share, term.high))
    label = printable(term.text)
    label = label if len(label) <= MOST_LETTERS else f"{label[: MOST_LETTERS - 1]}…"
    yield f'<text x="{LABELS - 12}" y="{y + 5}" text-anchor="end">{escape(label)}</text>'
    yield f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"/>'
    yield f'<circle cx="{dot:.1f}" cy="{y}" r="4.5" fill="{colour}"/>'
    yield (
        f'<text x="{WIDTH - 16}" y="{y + 5}" font-size="12" text-anchor="end" fill="{colour}">'
        f"{term.liked} of {term.shown}</text>"
    )


def printable(text: str) -> str:
    """A term as people read it: what no terminal and no XML may hold is replaced, and nothing is said to be so."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text) or "(none)"
