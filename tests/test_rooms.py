"""Rooms in library files: what is read of them, and with which sentence a mistake is refused."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.library import Library, read_library
from babelgen.rooms import LARGEST_TEXT, LONGEST_NOTE, MOST_CHOSEN, MOST_PIXELS, MOST_REFERENCES, read_text

HEAD = 'title = "Rooms"\nedition = "words.toml"\n'
COLLECTION = '[[collection]]\nname = "one"\nkind = "range"\ncount = 5\n'
REFERENCE = '[[collection.references]]\nfile = "pictures/boat.webp"\n'
TERM = '[[term]]\nterm = "page"\nexplanation = "A number."\n'


@pytest.fixture
def folder(tmp_path: Path, words_edition_file: Path) -> Path:
    """A folder for a library file, with an essay, a picture, a glossary and an edition in it."""
    (tmp_path / "words.toml").symlink_to(words_edition_file)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/essay.md").write_text("Once.\n", "utf-8")
    (tmp_path / "words").mkdir()
    (tmp_path / "words/glossary.toml").write_text(TERM, "utf-8")
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (30, 20), "#345").save(tmp_path / "pictures/boat.webp")
    return tmp_path


def read(folder: Path, collection: str = "", head: str = "") -> Library:
    """The library with these fields in its one collection, which begins at the fifth line, its own at the ninth."""
    path = folder / "rooms.toml"
    path.write_text(f"{HEAD}{head}\n\n{COLLECTION}{collection}", "utf-8")
    return read_library(path, folder)


def refused(folder: Path, collection: str = "", head: str = "") -> str:
    """The sentence with which the same is refused, without the file's name."""
    with pytest.raises(UserError) as error:
        read(folder, collection, head)
    sentence = str(error.value)
    assert sentence.startswith(f"{folder}/")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence.removeprefix(f"{folder}/rooms.toml: ").replace(f"{folder}/", "")


class TestReading:
    def test_a_room_has_what_its_fields_say(self, folder: Path) -> None:
        library = read(
            folder,
            'essay = "texts/essay.md"\nchosen = [4, 1]\n'
            '[collection.captions]\n3 = "*Third*"\n1 = "First"\n'
            + REFERENCE
            + 'caption = "A boat"\nsource = "https://example.org/"\ncredit = "Nobody"\n',
            'glossary = "words/glossary.toml"\n',
        )
        room = library.collections[0].room
        (reference,) = room.references
        assert room.text() == "Once.\n"
        assert room.chosen == (4, 1)
        assert dict(room.captions) == {1: "First", 3: "*Third*"}
        assert reference.path == folder / "pictures/boat.webp"
        assert (reference.caption, reference.source, reference.credit) == (
            "A boat",
            "https://example.org/",
            "Nobody",
        )
        assert [(term.term, term.explanation) for term in library.glossary] == [("page", "A number.")]

    def test_a_collection_need_have_none(self, folder: Path) -> None:
        library = read(folder)
        room = library.collections[0].room
        assert (room.text(), room.references, room.chosen, dict(room.captions)) == ("", (), (), {})
        assert library.glossary == ()

    def test_pictures_are_named_by_their_keys_too(self, folder: Path, words_edition: Edition) -> None:
        keys = list(read(folder).collections[0].spec.keys(words_edition))
        room = (
            read(folder, f'chosen = ["{keys[2]}", 1]\n[collection.captions]\n"{keys[4]}" = "Last"\n')
            .collections[0]
            .room
        )
        assert room.chosen == (3, 1)
        assert dict(room.captions) == {5: "Last"}

    def test_a_key_that_comes_twice_has_its_caption_twice(self, folder: Path, words_edition: Edition) -> None:
        path = folder / "rooms.toml"
        table = '[[collection]]\nname = "one"\nkind = "search"\nprompts = ["", "a", ""]\n'
        path.write_text(HEAD + table, "utf-8")
        key = next(read_library(path, folder).collections[0].spec.keys(words_edition))
        path.write_text(f'{HEAD}{table}chosen = ["{key}"]\n[collection.captions]\n"{key}" = "It"\n', "utf-8")
        room = read_library(path, folder).collections[0].room
        assert dict(room.captions) == {1: "It", 3: "It"}
        assert room.chosen == (1,)

    def test_a_text_is_read_when_it_is_asked_for(self, folder: Path) -> None:
        room = read(folder, 'essay = "texts/essay.md"\n').collections[0].room
        (folder / "texts/essay.md").write_bytes("\ufeffTwice, après-midi.\n".encode())
        assert room.text() == "Twice, après-midi.\n"
        (folder / "texts/essay.md").unlink()
        with pytest.raises(UserError, match=r"essay\.md cannot be read: No such file"):
            room.text()


MISTAKES = [
    ("essay = 3", "collection 1: essay must be a text in quotes, not 3 (line 9)."),
    ('essay = "gone.md"', "collection 1: essay names no file: there is no gone.md (line 9)."),
    ('essay = "texts"', "collection 1: essay names no file: there is no texts (line 9)."),
    (
        'essay = "../out.md"',
        "collection 1: essay must name a file beside the library file or below it, not '../out.md' (line 9).",
    ),
    (
        'essay = "/out.md"',
        "collection 1: essay must name a file beside the library file or below it, not '/out.md' (line 9).",
    ),
    (
        'essay = "texts\\\\essay.md"',
        "collection 1: essay must name a file beside the library file or below it, not 'texts\\\\essay.md' (line 9).",
    ),
    (
        'essay = ""',
        "collection 1: essay must name a file beside the library file or below it, not '' (line 9).",
    ),
    ("chosen = [6]", "collection 1: chosen has position 6, and the collection has 5 (line 9)."),
    (
        "chosen = [0]",
        "collection 1: chosen must be positions or keys of the collection: '0' is neither (line 9).",
    ),
    (
        "chosen = [-1]",
        "collection 1: chosen must be positions or keys of the collection: '-1' is neither (line 9).",
    ),
    ("chosen = [1.5]", "collection 1: chosen must be a list of texts and whole numbers (line 9)."),
    (
        'chosen = ["babel2:x:1.t0.0~x"]',
        "collection 1: chosen must be positions or keys of the collection: 'babel2:x:1.t0.0~x' is neither (line 9).",
    ),
    ("chosen = [2, 1, 2]", "collection 1: chosen has position 2 twice (line 9)."),
    (
        f"chosen = {list(range(MOST_CHOSEN + 1))}",
        f"collection 1: chosen must be at most {MOST_CHOSEN} pictures, not {MOST_CHOSEN + 1} (line 9).",
    ),
    (
        '\n[collection.captions]\n1 = "a"\n6 = "b"',
        "collection 1: captions.6 has position 6, and the collection has 5 (line 12).",
    ),
    (
        "\n[collection.captions]\n1 = 1",
        "collection 1: captions.1 must be a text in quotes, not 1 (line 11).",
    ),
    ('\n[collection.captions]\n1 = " "', "collection 1: captions.1 must not be empty (line 11)."),
    (
        f'\n[collection.captions]\n1 = "{"x" * (LONGEST_NOTE + 1)}"',
        f"collection 1: captions.1 must have at most {LONGEST_NOTE} characters, not {LONGEST_NOTE + 1} (line 11).",
    ),
    (
        '\n[collection.captions]\n"a word" = "b"',
        "collection 1: captions.a word must be positions or keys of the collection: 'a word' is neither (line 11).",
    ),
    (
        REFERENCE,
        "collection 1: references 1: caption is missing: it must be a text in quotes (line 9).",
    ),
    (
        f'{REFERENCE}caption = "a"\n{REFERENCE}caption = "b"\ncolour = "red"',
        "collection 1: references 2: colour is not known here; what is known: caption, credit, file, source (line 15).",
    ),
    (
        '[[collection.references]]\nfile = "texts/essay.md"\ncaption = "a"',
        "collection 1: references 1: file is refused: texts/essay.md is no picture in JPEG, PNG or WEBP (line 10).",
    ),
]


class TestMistakes:
    @pytest.mark.parametrize(("fields", "sentence"), MISTAKES)
    def test_it_is_one_sentence_with_the_line(self, folder: Path, fields: str, sentence: str) -> None:
        assert refused(folder, fields) == sentence

    def test_a_key_of_another_collection_is_refused(self, folder: Path, words_edition: Edition) -> None:
        key = words_edition.codec.first(7).text
        assert refused(folder, f'chosen = ["{key}"]') == (
            f"collection 1: chosen must be positions or keys of the collection: '{key}' is neither (line 9)."
        )

    def test_one_picture_has_one_caption(self, folder: Path, words_edition: Edition) -> None:
        key = next(read(folder).collections[0].spec.keys(words_edition))
        sentence = refused(folder, f'[collection.captions]\n1 = "a"\n"{key}" = "b"')
        assert sentence.endswith("is position 1, which has a caption already (line 11).")

    def test_there_is_a_bound_on_references(self, folder: Path) -> None:
        many = f'{REFERENCE}caption = "a"\n' * (MOST_REFERENCES + 1)
        assert refused(folder, many) == (
            f"collection 1: references must be at most {MOST_REFERENCES}, not {MOST_REFERENCES + 1} (line 5)."
        )

    def test_a_text_that_is_none_is_refused(self, folder: Path) -> None:
        (folder / "texts/essay.md").write_bytes(b"abc\xff")
        assert refused(folder, 'essay = "texts/essay.md"') == (
            "collection 1: essay is refused: texts/essay.md is no text in UTF-8: byte 3 is none (line 9)."
        )

    def test_a_text_that_is_too_large_is_refused(self, folder: Path) -> None:
        (folder / "texts/essay.md").write_bytes(b"a" * (LARGEST_TEXT + 1))
        assert refused(folder, 'essay = "texts/essay.md"') == (
            "collection 1: essay is too large: texts/essay.md has 131,073 bytes, and at most 131,072 are read (line 9)."
        )

    @pytest.mark.parametrize("name", ["a\x00b", "x" * 5000])
    def test_a_name_that_no_file_can_have_is_refused(self, folder: Path, name: str) -> None:
        quoted = name.replace("\x00", "\\u0000")
        assert "essay names no file: " in refused(folder, f'essay = "{quoted}"')

    @pytest.mark.parametrize(("ending", "kind"), [("gif", "GIF"), ("bmp", "BMP"), ("tiff", "TIFF")])
    def test_other_kinds_of_pictures_are_refused(self, folder: Path, ending: str, kind: str) -> None:
        Image.new("RGB", (3, 2)).save(folder / "pictures/boat.webp", kind)
        assert "is no picture in JPEG, PNG or WEBP" in refused(folder, f'{REFERENCE}caption = "a"')

    def test_a_drawing_of_commands_is_refused(self, folder: Path) -> None:
        (folder / "pictures/boat.webp").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>")
        assert "is no picture in JPEG, PNG or WEBP" in refused(folder, f'{REFERENCE}caption = "a"')

    @pytest.mark.parametrize("size", [(6001, 4000), (60_000, 60_000)])
    def test_a_picture_that_would_fill_the_memory_is_refused_by_its_head(
        self, folder: Path, size: tuple[int, int]
    ) -> None:
        (folder / "pictures/boat.webp").write_bytes(png_head(*size))
        sentence = refused(folder, f'{REFERENCE}caption = "a"')
        assert f"larger than {MOST_PIXELS:,} pixels (line 10)." in sentence


def png_head(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and no more."""
    head = struct.pack(">II5B", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


GLOSSARIES = [
    ("", "words/glossary.toml: it must have 1 to 1000 terms, each under [[term]], not 0."),
    (
        f"{TERM}{TERM}",
        "words/glossary.toml: 'page' stands in the glossary twice.",
    ),
    (
        f'{TERM}[[term]]\nterm = "leaf"\nforms = ["a", "PAGE"]\nexplanation = "b"',
        "words/glossary.toml: 'PAGE' stands in the glossary twice.",
    ),
    (
        '[[term]]\nterm = "page"',
        "words/glossary.toml: term 1: explanation is missing: it must be a text in quotes (line 1).",
    ),
    (
        '[[term]]\nterm = "<b>"\nexplanation = "a"',
        "words/glossary.toml: term 1: term must begin with a letter or a digit and have at most 80 characters, not '<b>' (line 2).",
    ),
    (
        f'[[term]]\nterm = "a"\nforms = ["{"b" * 81}"]\nexplanation = "a"',
        f"words/glossary.toml: term 1: forms must begin with a letter or a digit and have at most 80 characters, not '{'b' * 80}...' (line 3).",
    ),
    (f"{TERM}\nname = 3", "words/glossary.toml: term 1: name is not known here; what is known: explanation, forms, term (line 5)."),
    (f"x = 3\n{TERM}", "words/glossary.toml: x is not known here; what is known: term (line 1)."),
    ("term = 3", "words/glossary.toml: term must be tables, each under [[term]], not 3 (line 1)."),
]  # fmt: skip


class TestGlossary:
    @pytest.mark.parametrize(("text", "sentence"), GLOSSARIES)
    def test_a_mistake_is_one_sentence(self, folder: Path, text: str, sentence: str) -> None:
        (folder / "words/glossary.toml").write_text(text, "utf-8")
        assert refused(folder, head='glossary = "words/glossary.toml"\n') == sentence

    def test_a_file_that_is_not_there_is_refused(self, folder: Path) -> None:
        assert refused(folder, head='glossary = "gone.toml"\n') == (
            "glossary names no file: there is no gone.toml (line 3)."
        )

    def test_forms_are_compared_without_case_and_space(self, folder: Path) -> None:
        (folder / "words/glossary.toml").write_text(
            f'{TERM}[[term]]\nterm = "start  noise"\nforms = ["Start noise"]\nexplanation = "a"', "utf-8"
        )
        assert (
            refused(folder, head='glossary = "words/glossary.toml"\n')
            == "words/glossary.toml: 'Start noise' stands in the glossary twice."
        )


def test_a_text_with_a_mark_at_its_start_is_read_without_it(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\xef\xbb\xbfabc")
    assert read_text(tmp_path / "a.md") == "abc"
