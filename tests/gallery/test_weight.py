"""What a page's first view takes from a server: at most 15 requests besides small pictures in view, and 400 KB in all."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from babelgen.catalog import Picture
from babelgen.collections.tree import BEGINNING, Gene, Generation, Tree
from babelgen.gallery import paths
from babelgen.gallery.text import WHOLE_KEY
from babelgen.rooms import LONGEST_NOTE, MOST_CHOSEN, Room
from babelgen.store.pictures import THUMBNAIL_WIDTH, VIEW_QUALITY, WEBP_METHOD

from .furnished import Furnished, furnish
from .made_up import MADE, MINI, MadeCollection, MadeLibrary, key_of, name_of, row

REQUESTS, BYTES, ITEM, ANY_ITEM = 15, 400_000, 12 * 1024, 40 * 1024
WORDS = "a harbour town at dusk with fishing boats, a mill on the left, oil on canvas, warm light from the windows"


class Counting(SimpleHTTPRequestHandler):
    """A server of files that notes what it sends."""

    sent: list[tuple[str, int]]

    def log_message(self, *_: Any) -> None:
        pass

    def copyfile(self, source: Any, outputfile: Any) -> None:
        data = source.read()
        self.sent.append((self.path, len(data)))
        outputfile.write(data)


def detailed(row: Picture) -> Image.Image:
    """A picture with grain in it, so that its WebP is no light one."""
    grain = Image.effect_noise((row.width // 4, row.height // 4), 40).resize((row.width, row.height))
    slope = Image.linear_gradient("L").resize((row.width, row.height))
    return Image.merge("RGB", (grain, slope, Image.blend(grain, slope, 0.5)))


class Heavy(MadeLibrary):
    """A library of pictures of 640 by 416; all are one, and only its names are many."""

    def paint(self, row: Picture, painter: Any) -> None:
        first = self.root / "first"
        if not first.exists():
            first.mkdir(parents=True)
            picture = detailed(row)
            small = picture.resize((THUMBNAIL_WIDTH, round(THUMBNAIL_WIDTH * row.height / row.width)))
            picture.save(first / "pictures.png")
            for name, image in (("views", picture), ("thumbs", small)):
                image.save(first / f"{name}.webp", quality=VIEW_QUALITY, method=WEBP_METHOD)
        for folder, ending in (("pictures", "png"), ("views", "webp"), ("thumbs", "webp")):
            path = self.root / folder / row.name[:2] / f"{row.name}.{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.hardlink_to(first / f"{folder}.{ending}")


class HeavyFurnished(Heavy, Furnished):
    """The same with rooms."""


def longest() -> list[Picture]:
    """Pictures of one prompt of 300 characters, with keys as long as pages show whole."""
    shelf = f"t{'q' * (WHOLE_KEY - len(key_of(400, 't')))}"
    keys = [key_of(at, shelf) for at in range(400, 460)]
    assert len(keys[0]) == WHOLE_KEY
    words = f"{WORDS}, {WORDS}, {WORDS}"[:300]
    return [replace(MADE, key=key, name=name_of(key), prompt=words, width=640, height=416) for key in keys]


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a library of large pictures, many of them of one long prompt, with keys as long as pages show whole."""
    root = tmp_path_factory.mktemp("heavy")
    library = HeavyFurnished(root / "library")
    rows = [replace(row(at, f"{WORDS}, {at}"), width=640, height=416) for at in range(400)]
    library.add(MadeCollection("many", "Many harbours", "random", WORDS), rows)
    library.add(MadeCollection("same", "The same prompt, over and over", "search", WORDS), longest())
    chosen = Room(chosen=tuple(range(1, MOST_CHOSEN + 1)))
    library.add(MadeCollection("chosen", "Many chosen", room=chosen), rows[:200])
    tree = Tree(5, (Generation(BEGINNING, 0.05), *(Generation(Gene(at, 1), 0.05) for at in range(1, 79))))
    library.add(MadeCollection("bred", "A long line", "evolution", tree=tree), rows)
    for number in range(12):
        furnish(library, number, f"a town, {number}", f"## An essay\n\n{WORDS}.\n\n" * 20)
    library.kinds["cpu-1f9a"] = {"Device": "CPU"}
    library.build(root / "site")
    return root / "site"


@pytest.fixture(scope="module")
def served(heavy: Path) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """The address of a server of that site, and what it has sent."""
    sent: list[tuple[str, int]] = []
    handler = type("Handler", (Counting,), {"sent": sent})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(heavy))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", sent
        server.shutdown()


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize(
    "path",
    [
        paths.HOME,
        paths.sheet("many"),
        paths.sheet("many", 2),
        paths.sheet("room-1"),
        paths.sheet("chosen"),
        paths.table("room-1"),
        paths.tree("bred"),
        paths.item("many", 200),
        paths.item("same", 30),
        paths.item("room-1", 1),
        paths.edition(MINI),
        paths.prompts(),
        paths.glossary(),
        paths.PROFILES,
        paths.SEARCH,
        paths.FAVOURITES,
        paths.ABOUT,
        paths.MISSING,
    ],
)
def test_a_first_view_is_light(
    browser: Any, served: tuple[str, list[tuple[str, int]]], path: str, width: int
) -> None:
    address, sent = served
    sent.clear()
    context = browser.new_context(viewport={"width": width, "height": 800})
    context.new_page().goto(address + path, wait_until="networkidle")
    context.close()
    besides = [name for name, _ in sent if "/thumbs/" not in name]
    assert 1 < len(besides) <= REQUESTS, besides
    weight = sum(size for _, size in sent)
    assert 5000 < weight <= BYTES, sorted(sent, key=lambda one: -one[1])[:5]


def test_the_pictures_of_the_test_are_not_light(heavy: Path) -> None:
    view, thumb = (next(heavy.glob(f"{folder}/*/*.webp")).stat().st_size for folder in ("views", "thumbs"))
    assert view > 30_000
    assert thumb > 4_000


def test_an_items_page_is_small(heavy: Path) -> None:
    for slug in ("many", "same", "room-1"):
        for page in (heavy / "collections" / slug).glob("item-*.html"):
            assert page.stat().st_size <= ITEM, page


@pytest.mark.parametrize("character", ['"', "&", "👩", "海"])
def test_an_items_page_is_bounded_whatever_its_texts_are_made_of(tmp_path: Path, character: str) -> None:
    """HTML spells some characters with five, and a caption's markup can be far longer than the caption."""
    words = character * 300
    library = HeavyFurnished(tmp_path / "library", title=words, kinds={"cpu-1f9a": {"Device": "CPU"}})
    rows = [replace(one, prompt=words, negative=words) for one in longest()[:9]]
    captions = {1: character * LONGEST_NOTE, 2: "-\n" * 1000, 3: "*a* " * 500, 4: "|a\n|-" + "\n|" * 900}
    for number in range(9):
        room = Room(captions={} if number else captions)
        library.add(MadeCollection(f"same-{number}", words, "search", words, room=room), rows)
    library.build(tmp_path / "site", base="https://example.org/library/")
    sizes = [page.stat().st_size for page in tmp_path.glob("site/collections/*/item-*.html")]
    assert len(sizes) == 81
    assert max(sizes) <= ANY_ITEM


def test_an_items_page_is_small_where_it_is_told_to_other_sites(tmp_path: Path) -> None:
    library = HeavyFurnished(tmp_path / "library", kinds={"cpu-1f9a": {"Device": "CPU"}})
    library.add(MadeCollection("same", "The same prompt, over and over", "search", WORDS), longest())
    library.build(tmp_path / "site", base="https://example.org/library/")
    sizes = [page.stat().st_size for page in tmp_path.glob("site/collections/*/item-*.html")]
    assert len(sizes) == 60
    assert max(sizes) <= ITEM
