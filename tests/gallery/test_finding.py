"""Finding pictures in the browser, opened from disk: words and filters, key files, pictures that carry their key."""

import base64
import io
import random
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from babelgen.catalog import Picture
from babelgen.gallery import paths
from babelgen.keys.spelling import compute_check
from babelgen.store import encode_png

from .made_up import MADE, MINI, MadeCollection, MadeEdition, MadeLibrary, key_of, name_of, row
from .reader import Reader

LOB = "sd15-lob-00000000"
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def lob_key(seed: int) -> str:
    """A text in the form of a lob1 key, which names no edition."""
    return base64.b64encode(random.Random(seed).randbytes(142077)).decode()


def right(key: str) -> str:
    """A made-up key with the check that it must have."""
    body = key.partition("~")[0]
    return f"{body}~{compute_check(body)}"


def lob_row(seed: int) -> Picture:
    key = lob_key(seed)
    return replace(
        MADE, name=name_of(key, LOB), key=key, edition=LOB, steps=50, prompt=f"an embedding {seed}"
    )


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> MadeLibrary:
    """A library of two editions and three numbers of steps, with a flagged picture and shared ones."""
    library = MadeLibrary(tmp_path_factory.mktemp("varied") / "library")
    seas = [replace(row(at, "the sea at sunset"), steps=20 if at < 4 else 30) for at in range(6)]
    lakes = [row(at, f"a lake, {at}", "t7") for at in range(5)]
    lobs = [lob_row(seed) for seed in range(3)]
    library.add(MadeCollection("seas", "Seas <b>"), seas)
    library.add(MadeCollection("lakes", "Lakes"), lakes)
    library.add(MadeCollection("lobs", "Embeddings"), lobs, MadeEdition(id=LOB, title="Layout of old"))
    library.add(MadeCollection("best", "The best", "search"), [lakes[3], seas[1], seas[5], seas[1]])
    library.flag(lakes[0], lobs[2])
    library.build(library.root.parent / "site")
    return library


@pytest.fixture
def seeker(browser: Any, varied: MadeLibrary) -> Iterator[Reader]:
    """Somebody at the search page of that library."""
    context = browser.new_context(accept_downloads=True)
    seeker = Reader(context.new_page(), varied.root.parent / "site")
    seeker.open(paths.SEARCH)
    yield seeker
    context.close()
    assert seeker.troubles == []


def options(seeker: Reader, name: str) -> list[str]:
    return list(seeker.page.locator(f"#filter-{name} option").all_text_contents())


def give(seeker: Reader, data: bytes, name: str = "some.file") -> None:
    """Choose a file to look up."""
    seeker.page.set_input_files("#keyfile", files=[{"name": name, "mimeType": "", "buffer": data}])


def png(texts: PngInfo) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG", pnginfo=texts)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes, size: int | None = None) -> bytes:
    head = struct.pack(">I", len(data) if size is None else size) + kind
    return head + data + struct.pack(">I", zlib.crc32(kind + data))


class TestFilters:
    def test_they_narrow_the_words_and_stand_in_the_address(self, seeker: Reader) -> None:
        page = seeker.page
        page.fill("#query", "sea")
        seeker.found("6 pictures")
        page.select_option("#filter-steps", "30")
        seeker.found("2 pictures")
        assert page.url.endswith("search.html#q=sea&steps=30")
        page.select_option("#filter-collection", "best")
        seeker.found("1 picture")
        page.click("#results a")
        assert seeker.at(paths.item("best", 3))  # where it hangs in the collection that was asked for
        page.go_back()
        seeker.found("1 picture")
        assert [page.input_value(f"#filter-{name}") for name in ("collection", "steps", "edition")] == [
            "best",
            "30",
            "",
        ]

    def test_an_address_that_is_changed_is_searched(self, seeker: Reader) -> None:
        seeker.page.fill("#query", "sea")
        seeker.found("6 pictures")
        seeker.page.evaluate("location.hash = 'q=lake&steps=20'")
        seeker.found("4 pictures")
        assert seeker.page.input_value("#query") == "lake"
        assert seeker.page.input_value("#filter-steps") == "20"

    def test_no_server_is_told_what_is_searched_for(self, seeker: Reader) -> None:
        seeker.open(paths.HOME).fill("#seek", "the sea & more")
        seeker.page.keyboard.press("Enter")
        seeker.found("Nothing printed here has that.")
        assert seeker.page.url.endswith("search.html#q=the+sea+%26+more")
        assert all("sea+" not in url for url in seeker.asked)

    def test_they_work_without_words(self, seeker: Reader) -> None:
        page = seeker.open(f"{paths.SEARCH}#collection=best")
        seeker.found("3 pictures")  # one of them hangs there twice
        assert page.locator("#results .place").all_text_contents() == [
            "The best, no.\u00a02",
            "The best, no.\u00a03",
            "The best, no.\u00a01",
        ]
        page.select_option("#filter-collection", "")
        page.wait_for_selector("#results .plate", state="detached")
        assert page.inner_text("#found") == ""
        page.select_option("#filter-edition", LOB)
        seeker.found("2 pictures")

    def test_each_choice_tells_how_many_it_would_find(self, seeker: Reader) -> None:
        page = seeker.page
        seeker.wait("#filter-collection option:nth-child(2)", "attached")
        before = options(seeker, "collection")
        assert before == ["All collections", "Seas <b> (6)", "Lakes (4)", "Embeddings (2)", "The best (4)"]
        assert options(seeker, "steps") == ["Any number", "20 steps (8)", "30 steps (2)", "50 steps (2)"]
        assert options(seeker, "edition") == ["All editions", "Mini (10)", "Layout of old (2)"]
        page.fill("#query", "the sea")
        page.select_option("#filter-steps", "20")
        seeker.found("4 pictures")
        assert options(seeker, "collection")[1:] == [
            "Seas <b> (4)",
            "Lakes (0)",
            "Embeddings (0)",
            "The best (1)",
        ]
        assert options(seeker, "steps")[1:] == ["20 steps (4)", "30 steps (2)", "50 steps (0)"]
        assert options(seeker, "edition")[1:] == ["Mini (4)", "Layout of old (0)"]
        page.fill("#query", "")
        page.select_option("#filter-steps", "")
        page.wait_for_selector("#results .plate", state="detached")
        assert sorted(options(seeker, "collection")[1:]) == sorted(
            word.replace("The best (4)", "The best (4)") for word in before[1:]
        )

    def test_what_an_address_asks_for_in_vain_is_no_filter(self, seeker: Reader) -> None:
        for asked in (
            "collection=nowhere",
            "steps=-1",
            "edition=%3Cscript%3E",
            "steps=20&collection=__proto__",
        ):
            page = seeker.open(f"{paths.SEARCH}#q=sea&{asked}")
            seeker.found("4 pictures" if "steps=20" in asked else "6 pictures")
            assert page.input_value("#filter-collection") == ""

    def test_a_filter_with_one_choice_is_not_shown(self, reader: Reader) -> None:
        page = reader.open(paths.SEARCH)
        reader.wait("#filter-collection option:nth-child(2)", "attached")
        assert page.is_visible("#filter-collection")
        assert page.is_hidden("#filter-steps")
        assert page.is_hidden("#filter-edition")

    def test_a_sheet_leads_to_the_search_in_it(self, reader: Reader) -> None:
        reader.open(paths.sheet("found")).click("text=Search in it")
        reader.found("2 pictures")
        assert reader.page.input_value("#filter-collection") == "found"


@pytest.fixture(scope="module")
def worded(tmp_path_factory: pytest.TempPathFactory) -> MadeLibrary:
    """A library of prompts that are hard to find."""
    library = MadeLibrary(tmp_path_factory.mktemp("worded") / "library")
    prompts = (
        "The sea at sunset",
        "sunset over the sea",
        "Straße in ZÜRICH",
        "ΟΔΟΣ στο φως",
        "seaside, the",
        "Ångström Ｗide",
    )
    library.add(MadeCollection("words", "Words"), [row(at, words) for at, words in enumerate(prompts)])
    library.build(library.root.parent / "site")
    return library


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("sea the", 3),
        ("SUNSET sea", 2),
        ('"the sea"', 2),
        ('"the sea" sunset', 2),
        ('"sunset over"', 1),
        ('sunset "the  SEA', 2),
        ("“the sea” at", 1),
        ('"sea the"', 0),
        ("strasse zurich", 1),
        ("straße", 1),
        ("οδοσ", 1),
        ("ΦΩΣ", 1),
        ("angstrom wide", 1),
        ("ｓｅａｓｉｄｅ", 1),
        ("a\u030angstro\u0308m", 1),
    ],
)
def test_words_and_phrases(browser: Any, worded: MadeLibrary, asked: str, count: int) -> None:
    reader = Reader(browser.new_context().new_page(), worded.root.parent / "site")
    reader.open(paths.SEARCH).fill("#query", asked)
    reader.found(
        "1 picture" if count == 1 else f"{count} pictures" if count else "Nothing printed here has that."
    )
    reader.page.context.close()
    assert reader.troubles == []


def test_quotes_alone_ask_for_nothing(seeker: Reader) -> None:
    seeker.page.fill("#query", "sea")
    seeker.found("6 pictures")
    seeker.page.fill("#query", '""')
    seeker.page.wait_for_selector("#results .plate", state="detached")


class TestNames:
    def test_the_hash_is_blake2b(self, seeker: Reader) -> None:
        code = "([hex, size]) => [...babelgen.keyfile.blake2b(new Uint8Array(hex), size)]"
        draw = random.Random(1)
        for length in (0, 1, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1000, 4096, 189454):
            data = draw.randbytes(length)
            for size in (5, 16, 64):
                found = bytes(seeker.page.evaluate(code, [list(data), size]))
                assert found == blake2b(data, digest_size=size).digest(), length

    def test_names_and_checks_are_those_of_the_library(self, seeker: Reader) -> None:
        for at in range(40):
            key = right(key_of(at * 7919, f"t{at:x}"))
            assert seeker.page.evaluate(
                "key => babelgen.keyfile.nameOf('mini-7k3q9d2x', key)", key
            ) == name_of(key)
            body, check = key.split("~")
            assert seeker.page.evaluate("body => babelgen.keyfile.checkOf(body)", body) == check


class TestKeyFiles:
    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_a_key_file_leads_to_its_picture(self, seeker: Reader, end: str) -> None:
        give(seeker, f"{row(2, '').key}{end}".encode())
        assert seeker.at(paths.item("seas", 3))

    @pytest.mark.parametrize("form", ["tEXt", "zTXt", "iTXt", "iTXt compressed"])
    def test_a_picture_leads_to_its_page(self, seeker: Reader, form: str) -> None:
        texts = PngInfo()
        texts.add_text("parameters", "key\0" * 100)
        for name, text in (("key", row(4, "").key), ("edition", MINI)):
            if form.startswith("iTXt"):
                texts.add_itxt(name, text, lang="en", tkey="Schlüssel", zip=" " in form)
            else:
                texts.add_text(name, text, zip=form == "zTXt")
        give(seeker, png(texts), "renamed.dat")
        assert seeker.at(paths.item("seas", 5))

    @pytest.mark.parametrize("width", [8, 400])
    def test_a_picture_as_the_library_writes_it_leads_to_its_page(self, seeker: Reader, width: int) -> None:
        one = lob_row(0) if width == 400 else row(4, "")
        pixels = np.random.default_rng(1).integers(0, 256, (width, width, 3), np.uint8)
        give(seeker, encode_png(pixels, {"key": one.key, "edition": one.edition, "parameters": "a b"}))
        assert seeker.at(paths.item("lobs", 1) if width == 400 else paths.item("seas", 5))

    def test_a_key_of_189436_characters_leads_to_its_picture(self, seeker: Reader) -> None:
        give(seeker, f"{lob_key(1)}\n".encode())
        assert seeker.at(paths.item("lobs", 2))
        seeker.open(paths.SEARCH)
        texts = PngInfo()
        texts.add_text("key", lob_key(0))
        texts.add_text("edition", LOB)
        give(seeker, png(texts))
        assert seeker.at(paths.item("lobs", 1))

    def test_keys_are_taken_from_the_clipboard_and_the_search_field(self, seeker: Reader) -> None:
        page = seeker.page
        paste = """([text, where]) => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", text);
            const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
            document.querySelector(where).dispatchEvent(event);
        }"""
        page.evaluate(paste, [f"  {row(2, '').key}\n", "main"])
        assert seeker.at(paths.item("seas", 3))
        seeker.open(paths.SEARCH)
        page.evaluate(paste, [lob_key(1), "#query"])
        assert seeker.at(paths.item("lobs", 2))
        seeker.open(paths.SEARCH)
        page.fill("#query", row(0, "", "t7").key.replace("t7.0", "t7.1"))
        page.keyboard.press("Enter")
        assert seeker.at(paths.item("lakes", 2))

    @pytest.mark.parametrize("where", ["main", "h1", "footer", "#answer"])
    def test_a_file_may_be_dropped_anywhere(self, seeker: Reader, where: str) -> None:
        drop = """([text, where]) => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([text], "a.key"));
            const target = document.querySelector(where);
            const event = (name) => new DragEvent(name, { dataTransfer, bubbles: true, cancelable: true });
            const over = event("dragover");
            target.dispatchEvent(over);
            if (!over.defaultPrevented) throw new Error("a file would be opened instead");
            target.dispatchEvent(event("drop"));
        }"""
        seeker.page.evaluate(drop, [f"{row(2, '').key}\n", where])
        assert seeker.at(paths.item("seas", 3))

    def test_one_that_is_not_printed_has_the_command_that_renders_it(self, seeker: Reader) -> None:
        key = right(key_of(77))
        give(seeker, f"{key}\n".encode(), '"; rm -rf $HOME; echo ".key')
        seeker.told("not printed here yet", "#answer")
        seeker.page.click("#answer .command button")
        seeker.told("Copied", "[role=status]")
        assert seeker.page.inner_text("#answer .shelfmark") == key
        told = seeker.page.locator("#answer .command code").text_content().strip()
        assert told == f'python render.py key render --text "{key}" --out picture.png'
        assert seeker.pasted("#query") == told

    def test_a_long_one_that_is_not_printed_is_saved_first(self, seeker: Reader) -> None:
        key = lob_key(9)
        name = name_of(key, LOB)
        give(seeker, key.encode())
        seeker.told("not printed here yet", "#answer")
        told = seeker.page.locator("#answer .command code").text_content().strip()
        assert told == f"python render.py key render {name}.key --edition {LOB} --out picture.png"
        with seeker.page.expect_download() as saving:
            seeker.page.click("#answer [data-do=save-key]")
        assert saving.value.suggested_filename == f"{name}.key"
        assert Path(saving.value.path()).read_bytes() == f"{key}\n".encode()

    def test_another_editions_key_says_so(self, seeker: Reader) -> None:
        give(seeker, right("babel2:other-00000000:20.t5.0~").encode())
        seeker.told("Nothing here is of its edition, other-00000000.", "#answer")

    def test_an_unnamed_edition_that_is_not_here_is_told(self, reader: Reader) -> None:
        reader.open(paths.SEARCH)
        give(reader, lob_key(1).encode())
        reader.told("does not name its edition", "#answer")
        assert reader.page.locator("#answer .command").count() == 0

    def test_a_slip_in_a_key_is_told_and_never_mended(self, seeker: Reader) -> None:
        key = right(key_of(5)).replace("t4hx9", "t4hx8")
        give(seeker, key.encode())
        seeker.told("its check does not fit", "#answer")
        assert compute_check(key.partition("~")[0]) not in seeker.page.content()

    @pytest.mark.parametrize(
        "around", ['"{}"', "“{}”", " '{}'\n", 'python render.py key render --text "{}" --out a.png']
    )
    def test_one_is_taken_out_of_quotes_and_of_a_command(self, seeker: Reader, around: str) -> None:
        seeker.open(paths.SEARCH)
        paste = """text => {
            const clipboardData = new DataTransfer();
            clipboardData.setData("text/plain", text);
            document.body.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, clipboardData }));
        }"""
        seeker.page.evaluate(paste, around.format(row(2, "").key))
        assert seeker.at(paths.item("seas", 3))

    def test_a_key_in_capitals_is_told(self, seeker: Reader) -> None:
        give(seeker, right(key_of(5)).upper().encode())
        seeker.told("This is no key: keys are in lower case.", "#answer")

    def test_a_filter_that_is_not_there_is_told(self, seeker: Reader) -> None:
        seeker.open(f"{paths.SEARCH}#q=sea&collection=nope")
        seeker.told("There is no collection nope here: left out of the search.", "[role=status]")

    def test_flagged_pictures_are_not_found(self, seeker: Reader, varied: MadeLibrary) -> None:
        flagged = [one for one in varied.rows.values() if one.flagged]
        assert len(flagged) == 2
        for one in flagged:
            seeker.open(paths.SEARCH)
            give(seeker, one.key.encode())
            seeker.wait("#answer p:not(:has-text('Looking'))")
            assert seeker.page.url.endswith(paths.SEARCH)
            assert "opens" not in seeker.page.inner_text("#answer")
            seeker.page.fill("#query", f'"{one.prompt}"')
            seeker.found("Nothing printed here has that.")


NO_KEYS = {
    "nothing": b"",
    "words": b"not a key\n",
    "markup": b"<script>alert(1)</script>",
    "two lines": f"{key_of(1)}\n{key_of(2)}\n".encode(),
    "a byte order mark": b"\xef\xbb\xbf" + key_of(1).encode(),
    "capitals": key_of(1).upper().encode(),
    "a shell": b"babel2:mini-7k3q9d2x:20.t4hx9.$(id)~ddghe53z",
    "too long": b"A" * (4 * 2**20 + 1),
    "a long line": b"A" * 189437,
    "a photograph": b"\xff\xd8\xff\xe0" + bytes(100),
    "a viewing size": b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(100),
    "a picture without texts": png(PngInfo()),
    "only a signature": SIGNATURE,
    "a chunk longer than the file": SIGNATURE + chunk(b"tEXt", b"key\0" + key_of(1).encode(), 2**31),
    "a chunk of the largest size": SIGNATURE + chunk(b"tEXt", b"key\0x", 2**32 - 1),
    "no keyword": SIGNATURE + chunk(b"tEXt", b"key") + chunk(b"iTXt", b"key\0") + chunk(b"IEND", b""),
    "no texts in iTXt": SIGNATURE + chunk(b"iTXt", b"key\0\1\0en") + chunk(b"IEND", b""),
    "broken compression": SIGNATURE + chunk(b"zTXt", b"key\0\0" + b"\x78\x9cjunk") + chunk(b"IEND", b""),
    "a bomb": SIGNATURE + chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(2**28), 9)) + chunk(b"IEND", b""),
    "a text that is no key": SIGNATURE
    + chunk(b"tEXt", b"key\0<img src=x onerror=alert(1)>")
    + chunk(b"IEND", b""),
    "a key behind the end": SIGNATURE + chunk(b"IEND", b"") + chunk(b"tEXt", b"key\0" + key_of(1).encode()),
    "many chunks": SIGNATURE + chunk(b"tEXt", b"") * 300000,
}


@pytest.mark.parametrize("what", NO_KEYS)
def test_whatever_else_a_file_is_the_reader_learns_that_it_has_no_key(seeker: Reader, what: str) -> None:
    give(seeker, NO_KEYS[what], f"{what}.png")
    seeker.wait("#answer p:not(:has-text('Looking'))")
    said = seeker.page.inner_text("#answer")
    words = ("no key", "is empty", "cannot be read", "longer than any key")
    assert any(word in said for word in words), said
    assert seeker.page.locator("#answer .command, #answer img").count() == 0
    assert seeker.page.url.endswith(paths.SEARCH)


def test_the_latest_look_up_counts(seeker: Reader) -> None:
    give(seeker, lob_key(9).encode())
    give(seeker, f"{row(2, '').key}\n".encode())
    assert seeker.at(paths.item("seas", 3))
