"""A made-up library: real small picture files, and rows, collections and keys that nothing else knows."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor

from babelgen.catalog import Picture, version_of
from babelgen.collections.collection import Place
from babelgen.collections.tree import Tree
from babelgen.films import Record, film_file, keys_file, record_file, sign_of
from babelgen.gallery import Built, Neighbour, build_site
from babelgen.gallery.pages import TEMPLATES
from babelgen.rooms import NO_ROOM, Reference, Room, Term
from babelgen.stages import chosen
from babelgen.store import encode_stage, put_stages

MINI = "mini-7k3q9d2x"
HOSTILE = (
    "<script>alert(1)</script>",
    '"onerror=alert(1) x="',
    "' onmouseover='alert(1)",
    "</title></script><img src=x onerror=alert(1)>",
    "</script><!--<script>",
    "{{ 7 * 7 }}{% raw %}\\u003c",
    "abc\u202edef\u2066 \x00\x07\ud800 end\u2028next",
    "القمر فوق البحر في الليل",
    "&lt;b&gt; &amp; café",
    "",
)


@dataclass(frozen=True)
class MadeFile:
    path: Path


@dataclass(frozen=True)
class MadeEdition:
    id: str = MINI
    title: str = "Mini"
    provisional: bool = False
    statistics: MadeFile | None = None

    def facts(self) -> list[tuple[str, str]]:
        return [("Size", "32 × 20"), ("Weights", "unet " + "ab" * 32), (self.title, self.title)]

    def whereabouts(self) -> str:
        return f"Its model is {self.title}."

    def document(self, statistics: str) -> str:
        return f"# {self.title}\nname = 'mini'\nstatistics = '{statistics}'\n"


@dataclass(frozen=True)
class MadeEntry:
    edition: MadeEdition
    key: str
    name: str


@dataclass(frozen=True)
class MadePlaces:
    """Each cell has one picture, row by row, but for the last, which has none."""

    columns: int
    cells: int
    each: int = 1

    def total(self, row: int, column: int, /) -> int:
        return 0 if row * self.columns + column == self.cells - 1 else self.each

    def first(self, row: int, column: int, /) -> tuple[int, ...]:
        return (row * self.columns + column + 1,) if self.total(row, column) else ()


@dataclass(frozen=True)
class MadeAxes:
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    across: str = "suffixes_2"
    down: str = "subjects"
    each: int = 1

    @property
    def places(self) -> MadePlaces:
        return MadePlaces(len(self.columns), len(self.columns) * len(self.rows), self.each)


@dataclass(frozen=True)
class MadeCollection:
    slug: str
    title: str
    kind: str = "range"
    description: str = ""
    entries: tuple[MadeEntry, ...] = ()
    room: Room = NO_ROOM
    origin: str = ""
    axes: MadeAxes | None = None
    tree: Tree | None = None
    told: tuple[Place | None, ...] = ()

    def places(self) -> Callable[[int], Place | None]:
        return lambda number: self.told[number] if number < len(self.told) else None


MADE = Picture(
    name="",
    key="",
    edition=MINI,
    steps=20,
    prompt="",
    negative="",
    page="0",
    width=32,
    height=20,
    sha256="5e" * 32,
    colour="#6a7f95",
    profile="cpu-1f9a",
    seconds=0.4321,
    rendered_at="2026-01-02T03:04:05+00:00",
)


def name_of(key: str, edition: str = MINI) -> str:
    """The name of a key's picture."""
    return hashlib.blake2b(f"{edition}\n{key}".encode(), digest_size=16).hexdigest()


def key_of(page: int, shelf: str = "t4hx9", negative: str = "") -> str:
    """A text in the form of a key; the check is not one."""
    return f"babel2:{MINI}:20.{shelf}.{page:x}{negative}~ddghe53z"


def neighbours(edition: str, key: str) -> tuple[Neighbour, Neighbour]:
    """The made-up order: pages up and down, and a very long page before page 0."""
    start, page, end = key.rpartition(".")[0], key.rpartition(".")[2].partition("~")[0], "~ddghe53z"
    at = int(page, 16) if len(page) < 1000 else -1
    texts = (
        f"{start}.{at - 1:x}{end}" if at > 0 else f"{start}.{'z9' * 4992}{end}",
        f"{start}.{at + 1:x}{end}",
    )
    return Neighbour(texts[0], name_of(texts[0], edition)), Neighbour(texts[1], name_of(texts[1], edition))


@dataclass
class MadeLibrary:
    """A library and catalog in one."""

    root: Path
    id: str = "made-up"
    title: str = "A made-up library"
    description: str = "Pictures that nobody rendered."
    collections: tuple[MadeCollection, ...] = ()
    glossary: tuple[Term, ...] = ()
    rows: dict[str, Picture] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=lambda: {"Device": "CPU <x86>", "Precision": "float32"})

    def keys(self, collection: MadeCollection, /) -> Iterator[MadeEntry]:
        return iter(collection.entries)

    def pictures(self, names: list[str], /) -> dict[str, Picture]:
        assert len(names) <= 500
        return {name: self.rows[name] for name in sorted(names) if name in self.rows}  # as a database would

    def edition_of(self, collection: MadeCollection, /) -> MadeEdition | None:
        return None  # each entry has its own

    def keys_state(self, collection: MadeCollection, /) -> str:
        return ""  # nobody knows: keys are gone through each time

    def state(self) -> str:
        return ""

    def count(self) -> int:
        return len(self.rows)

    def versions(self) -> Iterator[tuple[str, str]]:
        return ((name, version_of(self.rows[name])) for name in sorted(self.rows))

    def flagged(self) -> list[str]:
        return [name for name, row in self.rows.items() if row.flagged]

    def profiles(self) -> dict[str, dict[str, str]]:
        return {"cpu-1f9a": self.details}

    def add(
        self, collection: MadeCollection, rows: Iterable[Picture], edition: MadeEdition | None = None
    ) -> None:
        """Print pictures and hang them in a collection, new or there already."""
        rows = tuple(rows)
        entries = tuple(MadeEntry(edition or MadeEdition(), row.key, row.name) for row in rows)
        for row in rows:
            self.rows[row.name] = row
            self.paint(row, plain_paint)
        old = {held.slug: held for held in self.collections}
        collection = old.get(collection.slug, collection)
        old[collection.slug] = replace(collection, entries=collection.entries + entries)
        self.collections = tuple(old.values())

    def paint(self, row: Picture, painter: "Painter") -> None:
        """Write a picture's three files, where they are not there."""
        picture = painter(row)
        small = picture.resize((160, round(160 * row.height / row.width)))
        files = (("pictures", "png", picture), ("views", "webp", picture), ("thumbs", "webp", small))
        for folder, ending, image in files:
            path = self.root / folder / row.name[:2] / f"{row.name}.{ending}"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                image.save(path)

    def develop(self, row: Picture, steps: int = 20) -> None:
        """Keep stages of a picture: plain ones, each of another colour."""
        colour = np.array(ImageColor.getrgb(row.colour), np.uint8)
        plain = np.broadcast_to(colour, (row.height, row.width, 3))
        stages = [
            encode_stage(at, None if at == steps else 999 - 1000 * at // steps, (plain + at, plain - at))
            for at in chosen(steps)
        ]
        put_stages(self.root, row.name, steps, (row.width, row.height), stages)

    def film(self, slug: str) -> None:
        """Keep a film of a collection: its pictures, one after the other."""
        (collection,) = [one for one in self.collections if one.slug == slug]
        rows = [self.rows[entry.name] for entry in collection.entries]
        path, keys = film_file(self.root, slug), keys_file(self.root, slug)
        path.parent.mkdir(exist_ok=True)
        first, *others = map(plain_paint, rows)
        first.save(path, save_all=True, append_images=others, duration=100, loop=0)
        keys.write_text("".join(f"{row.key}\n" for row in rows), "utf-8")
        record = Record(
            pictures=len(rows), frames=len(rows), made_from=sign_of((row.name, row.sha256) for row in rows), shown="",
            width=first.width, height=first.height, rate="10", loop=0, film=path.stat().st_size, keys=keys.stat().st_size,
        )  # fmt: skip
        record_file(self.root, slug).write_bytes(record.text())

    def flag(self, *rows: Picture) -> None:
        """Have pictures flagged."""
        self.rows |= {row.name: replace(row, flagged=True) for row in rows}

    def build(self, site: Path, flagged: bool = False, base: str = "", templates: Path = TEMPLATES) -> Built:
        return build_site(self, self, site, neighbours, templates, flagged, base)


Painter = Callable[[Picture], Image.Image]


def plain_paint(row: Picture) -> Image.Image:
    """A plain picture in a colour of its own."""
    return Image.new("RGB", (row.width, row.height), f"#{row.name[:6]}")


def row(page: int, prompt: str, shelf: str = "t4hx9") -> Picture:
    """A printed picture of a made-up key."""
    key = key_of(page, shelf)
    colour = f"#{name_of(key)[:6]}"
    return replace(MADE, name=name_of(key), key=key, prompt=prompt, page=str(page), colour=colour)


ESSAY = """\
Who asked for *the sea*? Somebody **did**, in `words`.

# A heading, with <b>no markup</b>

* See [the pages](../pages/item-00002.html), [nothing](../pages/item-99999.html), or [elsewhere](https://example.org/).
* [Above](#a-heading-with-b-no-markup-b)

| a | b |
|---|--:|
| 1 | 2 |

> A sunset is not a sunrise.

```
code that is too long for a line of a narrow page, and so it has to be moved aside to be read
```
"""
GLOSSARY = (
    Term("sea", ("seas", "the <i>deep</i>"), "Water. See *sunset*, or [this](https://example.org/)."),
    Term("sunset", (), "The sun, going. Not the sea."),
    Term("words", (), "What `nobody` says."),
)


def furnished(root: Path) -> Room:
    """A room for the collection of three: an essay, two reference pictures, two chosen ones, two captions."""
    (root / "texts").mkdir(parents=True, exist_ok=True)
    (root / "texts/essay.md").write_text(ESSAY, "utf-8")
    Image.new("RGB", (600, 400), "#842").save(root / "texts/a.png")
    Image.new("RGB", (30, 40), "#248").save(root / "texts/b.jpg")
    return Room(
        essay=root / "texts/essay.md",
        references=(
            Reference(root / "texts/a.png", "*A boat* on the sea", "https://example.org/a?b=c&d", "Nobody"),
            Reference(root / "texts/b.jpg", "<i>Another</i>", "an <i>album</i>", ""),
        ),
        chosen=(2, 1),
        captions={1: "The **first** of the sea.", 2: "<script>alert(1)</script>"},
    )


def made_up(root: Path) -> MadeLibrary:
    """A library of three collections and one empty one: a range of 8 keys of one prompt, the hostile prompts
    as a random sample (one of whose keys is very long), and a search that shares pictures with both and has a room."""
    library = MadeLibrary(root, glossary=GLOSSARY)
    ranged = [row(page, "the sea at sunset") for page in range(8)]
    sampled = [row(at, prompt, f"t{at:x}h") for at, prompt in enumerate(HOSTILE)]
    long = key_of(0, "t5").replace(".0~", f".{'q7' * 2000}~")
    sampled.append(replace(MADE, name=name_of(long), key=long, prompt="a long way out", page="123…789"))
    library.add(MadeCollection("pages", "The first pages <em>", "range", "Eight pages & one prompt."), ranged)
    library.add(MadeCollection("sample", "A sample", "random"), sampled)
    library.add(
        MadeCollection("found", "Found", "search", "“quotes” \"and\" 'more'", room=furnished(root)),
        [ranged[3], sampled[0], ranged[3]],
    )
    library.add(MadeCollection("empty", "Not printed", "walk"), [])
    return library
