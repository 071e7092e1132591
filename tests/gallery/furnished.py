"""Libraries with a text in every field that reaches a page: rooms, glossary, editions and profiles as well as prompts."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL import Image

from babelgen.collections.tree import BEGINNING, Gene, Generation, Tree
from babelgen.rooms import Reference, Room, Term

from .made_up import HOSTILE, MadeAxes, MadeCollection, MadeEdition, MadeLibrary, key_of, name_of, row

ATTACKS = (
    *(text for text in HOSTILE if text),
    "javascript:alert(1)",
    "[a](javascript:alert(1)) ![b](x:y) <a href=javascript:alert(1)>c</a> [d]: data:text/html,<script>alert(1)</script>",
    "</textarea></select></option></details><script>alert(1)</script>",
    "<svg/onload=alert(1)><iframe srcdoc='<script>alert(1)</script>'>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'><base href=//example.org>",
    "<style>*{display:none}</style><link rel=stylesheet href=//example.org>",
    '${alert(1)} `${alert(1)}` \\");alert(1);//',
    "--> ]]> <![CDATA[ <?php",
    "__proto__ constructor toString",
    "\u061c\u200e\u200f\u202e\u2067\u2066\u202a right \u05d0\u05d1 to left",
    "\ufeff\u00ad\u200b\ufffe\udfff\ud800 \x1b[31m",
    "<style>@import 'x'</style> url(x) expression(alert(1)) \u2028 \u2029",
)
LONG = (
    "A" * 100_000,
    "many words " * 9_000,
    "👩\u200d🚀" * 33_000,
    "e\u0301\u0302\u0323" * 25_000,
    "النجوم فوق الجبل " * 6_250,
    "<b>&quot;</b>" * 7_700,
)
ODD_KEYS = (
    "javascript:alert.0~ddghe53z",
    "data:text/html.0~ddghe53z",
    "..//..//etc/passwd.0~ddghe53z",
    "-.0~--out=x",
)


@dataclass
class Furnished(MadeLibrary):
    """A library whose profiles have ids of their own."""

    kinds: dict[str, dict[str, str]] = field(default_factory=dict)

    def profiles(self) -> dict[str, dict[str, str]]:
        return self.kinds


def furnish(library: Furnished, number: int, text: str, essay: str = "") -> None:
    """Add a collection of three pictures, with a room, an edition, a profile and a term of its own, all of the text."""
    folder = library.root / "beside"
    folder.mkdir(parents=True, exist_ok=True)
    path, picture = folder / f"{number}.md", folder / f"{number}.png"
    path.write_bytes(
        (essay or f'# {text}\n\n{text} [{text}]({text} "{text}")\n\n> {text}\n').encode("utf-8", "replace")
    )
    Image.new("RGB", (300, 200), (40 + number, 90, 140)).save(picture)
    room = Room(
        essay=path,
        references=(Reference(picture, text, text, text),),
        chosen=(1, 2),
        captions={1: text, 3: text},
    )
    edition = MadeEdition(id=f"mini-{number:08d}", title=text)
    rows = [row(at, text, f"t{number:x}q{at}") for at in range(3)]
    rows = [replace(one, key=one.key.replace("mini-7k3q9d2x", edition.id)) for one in rows]
    rows = [
        replace(one, name=name_of(one.key, edition.id), edition=edition.id, negative=text, profile=text)
        for one in rows
    ]
    rows[2] = replace(rows[2], page=text, sha256=text, rendered_at=text, colour=text)
    library.kinds[text] = {text: text}
    library.glossary += (Term(text[:80], (text[:80] + " so",), text),)
    tree = Tree(2, (Generation(BEGINNING, 0.05, text), Generation(Gene(1, 2), 1, text)))
    axes = MadeAxes((text,), (text[:100], text), text, text)
    named = MadeCollection(
        f"room-{number}", text, "random", text, room=room, origin=text, axes=axes, tree=tree
    )
    library.add(named, rows, edition)


def furnished(root: Path) -> Furnished:
    """A library of one such collection, of harmless words."""
    library = Furnished(root)
    essay = "## Of towns\n\nA *town* at dusk, and [its mill](https://example.org/mill).\n\n1. one\n2. two\n\n| a | b |\n|-|-|\n| 1 | 2 |\n"
    furnish(library, 1, "a town at dusk", essay)
    return library


def hostile(root: Path) -> Furnished:
    """A library of attacks, of prompts of 100 KB and more, and of keys that look like something else."""
    everything = " ".join(ATTACKS)
    library = Furnished(root, id=everything, title=everything, description=everything)
    for number, text in enumerate(ATTACKS):
        furnish(library, number, text)
    long = [replace(row(at, text, f"tz{at}"), negative=text) for at, text in enumerate(LONG)]
    library.add(MadeCollection("constructor", LONG[0][:5000], "walk", LONG[5][:5000]), long)
    odd = [replace(row(0, key), key=key, name=name_of(key)) for key in ODD_KEYS]
    library.add(
        MadeCollection("odd", "Odd keys"), [*odd, row(0, "\N{NO-BREAK SPACE}" * 50), row(3, key_of(3))]
    )
    return library
