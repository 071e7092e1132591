"""Whatever texts a library holds, they are text on its pages: no element, attribute or script comes of them."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from babelgen.errors import UserError
from babelgen.gallery import data
from babelgen.gallery.text import command, ends, plain, shorten

from .made_up import HOSTILE, MadeCollection, MadeEdition, MadeLibrary, made_up, row

ATTACKS = [text for text in HOSTILE if text]


class Skeleton(HTMLParser):
    """The elements of a page with the names of their attributes, without any text or value."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.bones: list[tuple[str, ...]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.bones.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.bones.append((f"/{tag}",))

    def handle_comment(self, data: str) -> None:
        self.bones.append(("comment", data))


def skeletons(site: Path) -> dict[str, list[tuple[str, ...]]]:
    return {
        str(path.relative_to(site)): Skeleton(path.read_text("utf-8")).bones for path in site.rglob("*.html")
    }


def with_text(root: Path, text: str) -> Path:
    """The site of a library with the text everywhere that a text can be."""
    library = MadeLibrary(root / "library", text, text, text, details={text: text})
    edition = MadeEdition(title=text)
    rows = [
        replace(row(at, text), negative=text, page=text, sha256=text, rendered_at=text) for at in range(3)
    ]
    library.add(MadeCollection("one", text, text, text), [replace(one, colour=text) for one in rows], edition)
    library.add(MadeCollection("two", text, text, text), rows[:1], edition)
    library.build(root / "site")
    return root / "site"


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, ...]]]:
    return skeletons(with_text(tmp_path_factory.mktemp("harmless"), "some words"))


@pytest.mark.parametrize("text", ATTACKS)
def test_texts_add_nothing_to_a_page(
    tmp_path: Path, harmless: dict[str, list[tuple[str, ...]]], text: str
) -> None:
    assert skeletons(with_text(tmp_path, text)) == harmless


def test_the_texts_are_shown_as_they_are(site: Path) -> None:
    words = {bone for path in site.glob("prompts*.html") for bone in _texts(path)}
    assert {plain(text) for text in ATTACKS} <= words


def _texts(path: Path) -> list[str]:
    found: list[str] = []

    class Texts(HTMLParser):
        def handle_data(self, data: str) -> None:
            found.append(data.strip())

    Texts().feed(path.read_text("utf-8"))
    return found


def test_nothing_that_the_policy_forbids_or_that_leaves_the_folder(site: Path) -> None:
    for path in site.rglob("*.html"):
        text = path.read_text("utf-8")
        assert text.count('http-equiv="Content-Security-Policy"') == 1
        assert "unsafe" not in text.partition("<title>")[0]
        for bone in Skeleton(text).bones:
            assert not any(name == "style" or name.startswith("on") for name in bone[1:]), path
            assert bone[0] not in {"style", "iframe", "object", "embed", "base", "comment"}, path
            assert bone[0] != "script" or "src" in bone, path


def test_data_scripts_hand_over_their_value_and_hold_no_markup(site: Path) -> None:
    scripts = [*site.glob("data/*.js"), *site.glob("keys/*/*.js")]
    assert len(scripts) >= 4
    for path in scripts:
        text = path.read_text("ascii")
        assert not set(text) & set("<>&"), path
        given = json.loads("[" + re.fullmatch(r"babelgen\.receive\((.*)\);\n", text).group(1) + "]")  # type: ignore[union-attr]
        assert given[0] == re.sub(r"\.[0-9a-f]{8}\.js$", ".js", path.relative_to(site).as_posix())


@pytest.mark.parametrize("text", HOSTILE)
def test_a_script_gives_back_any_text(text: str) -> None:
    script = data.script("data/x.js", {"text": text})
    assert json.loads(script[len('babelgen.receive("data/x.js",') : -3])["text"] == text


def test_plain_text_is_one_line_that_reorders_nothing() -> None:
    assert plain("a\u202eb\u2066c\x00d\ud800e \n\t f\u2028g") == "a�b�c�d�e f g"
    assert plain("قمر \u200f ق\u200dم 👩\u200d🚀 e\u0301") == "قمر \u200f ق\u200dم 👩\u200d🚀 e\u0301"


def test_shortening_keeps_marks_with_their_letters() -> None:
    assert shorten("abcdef", 6) == "abcdef"
    assert shorten("abcdefg", 6) == "abcde…"
    assert shorten("abcde\u0301\u0302fg", 6) == "abcd…"
    assert ends("abcdefghij", 2, 3) == "ab…hij"


def test_commands_are_safe_to_paste() -> None:
    key = "babel2:m:2.t0.0~a"
    assert command(key, "ab", "m", 100).endswith(' --text "babel2:m:2.t0.0~a" --out picture.png')
    assert command(key, "ab", "m", 5) == "python render.py key render ab.key --out picture.png"
    assert command("AbC/", "ab", "m-1", 3) == (
        "python render.py key render ab.key --edition m-1 --out picture.png"  # the key names none
    )
    for key in ('a"; rm -rf /"', "$(id)", "a b", "", "a\n", "`id`", "a\\"):
        with pytest.raises(ValueError, match="no codec"):
            command(key, "ab", "m", 100)


@pytest.mark.parametrize("slug", ["../up", "a/b", "", ".hidden", "a\x00", "index html", "a" * 101])
def test_names_that_cannot_name_a_file_are_refused(tmp_path: Path, slug: str) -> None:
    library = made_up(tmp_path / "library")
    library.add(MadeCollection(slug, "A title"), [])
    with pytest.raises(UserError, match="cannot name a page"):
        library.build(tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_two_collections_of_one_name_are_refused(library: MadeLibrary, tmp_path: Path) -> None:
    library.collections += (library.collections[0],)
    with pytest.raises(UserError, match="two collections"):
        library.build(tmp_path / "site")
