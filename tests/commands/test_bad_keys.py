"""Bad input to every verb that takes a key: one sentence that says what and where, code 1, and no file left behind."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from babelgen.cli import main
from babelgen.edition import Edition
from babelgen.keys import Address, Shelf, format_key
from babelgen.keys.spelling import compute_check
from babelgen.tokens import tokens_of

VERBS: dict[str, tuple[str, ...]] = {
    "show": (),
    "check": (),
    "next": ("--level", "shelf"),
    "prev": ("--out", "out"),
    "render": ("--out", "out"),
    "decode": ("--out", "out"),
    "rebase": (),
}

pytestmark = [pytest.mark.usefixtures("elsewhere"), pytest.mark.parametrize("verb", VERBS)]


def sign(body: str) -> str:
    return f"{body}~{compute_check(body)}"


def body(key: str) -> str:
    return key.partition("~")[0]


def field(key: str, place: int, change: Callable[[str], str]) -> str:
    """A key with one of steps, shelf, page changed, and the right check."""
    head, _, address = body(key).rpartition(":")
    fields = address.split(".")
    fields[place] = change(fields[place])
    return sign(f"{head}:{'.'.join(fields)}")


DAMAGE: dict[str, tuple[Callable[[str], str], str]] = {
    "empty": (lambda _: "", "The key file is empty."),
    "too short": (lambda key: key[:-1], "has 7 characters, and must have 8."),
    "far too short": (lambda _: "babel2:", "ends at character 7 without its check"),
    "too long": (lambda key: key + "0", "has 9 characters, and must have 8."),
    "far too long": (lambda key: field(key, 2, lambda _: "1" * 2000), "characters, and no key of edition words-"),
    "foreign": (lambda key: key.replace("~", "!"), "is '!', which no key contains."),
    "not ASCII": (lambda key: key[:20] + "é" + key[21:], "Byte 21 of the key file is 0xc3, which is not ASCII."),
    "capitals": (str.upper, "Character 1 of the key is the capital 'B', and a key is in lower case."),
    "alias o": (lambda key: field(key, 2, lambda _: "1o"), ", in the page, is 'o', which is no digit: "),
    "alias i": (lambda key: field(key, 2, lambda _: "i"), ", in the page, is 'i', which is no digit: "),
    "alias l": (lambda key: field(key, 1, lambda _: "tl"), ", in the number of the shelf, is 'l', which is no"),
    "alias u": (lambda key: field(key, 1, lambda _: "t1u"), ", in the number of the shelf, is 'u', which is no"),
    "zeros in front": (lambda key: field(key, 2, lambda page: "0" + page), "begins with a zero, and a number has no"),
    "space inside": (lambda key: key.replace(".", " .", 1), "is a space, and a key has none."),
    "space before": (lambda key: " " + key, "Character 1 of the key is a space, and a key has none."),
    "line break inside": (lambda key: key.replace(".", "\n.", 1), "is a line break, and only one final newline"),
    "unknown field": (lambda key: sign(body(key) + ".x5"), "The field 'x' at character "),
    "unknown kind": (lambda key: field(key, 1, lambda _: "w5"), "is of kind 'w', which this version does not know."),
    "65 steps": (lambda key: field(key, 0, lambda _: "65"), "must be a number from 1 to 64."),
    "wrong check": (lambda key: key[:-1] + ("0" if key[-1] != "0" else "1"), "does not fit the "),
    "another codec": (lambda _: "A" * 189_436, "The key begins with 'AAAAAAA' at character 1"),
}  # fmt: skip


@pytest.fixture
def key(words_edition: Edition) -> str:
    shelf = tokens_of(words_edition).shelf("the sea")
    return format_key(Address(9, shelf, 5), words_edition.key_space())


@pytest.fixture
def refused(
    capsys: pytest.CaptureFixture[str], words_edition_file: Path, elsewhere: Path
) -> Callable[[str, str], str]:
    """A function that runs a verb on a file, which is refused, and returns the sentence."""

    def refused(verb: str, name: str) -> str:
        before = sorted(elsewhere.iterdir())
        own = "--from" if verb == "rebase" else "--edition"
        more = ("--edition", "mini") if verb == "rebase" else ()
        code = main(["key", verb, name, own, str(words_edition_file), *VERBS[verb], *more])
        told = capsys.readouterr()
        assert (code, told.out) == (1, "")
        assert told.err.startswith("error: ")
        assert told.err.endswith(".\n")
        assert told.err.count("\n") == 1
        assert len(told.err) < 300
        assert sorted(elsewhere.iterdir()) == before
        return told.err

    return refused


@pytest.mark.parametrize(("damage", "told"), DAMAGE.values(), ids=list(DAMAGE))
def test_a_damaged_key(
    verb: str, key: str, refused: Callable[[str, str], str], damage: Callable[[str], str], told: str
) -> None:
    Path("a.key").write_text(damage(key), "utf-8")
    assert told in refused(verb, "a.key")


def test_a_key_of_another_edition(
    verb: str, words_edition: Edition, refused: Callable[[str, str], str]
) -> None:
    space = replace(words_edition.key_space(), edition="other-00000000")
    Path("a.key").write_text(format_key(Address(1, Shelf("t", 0), 0), space))
    assert f"is of edition other-00000000 (character 8), not of {words_edition.id}." in refused(verb, "a.key")


def test_a_file_that_is_no_text(verb: str, refused: Callable[[str, str], str]) -> None:
    Path("a.key").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    assert "Byte 1 of the key file is 0x89, which is not ASCII." in refused(verb, "a.key")


def test_a_huge_file_is_not_read(verb: str, refused: Callable[[str, str], str]) -> None:
    with Path("a.key").open("wb") as file:
        file.truncate(2**30)
    start = time.process_time()
    assert "a.key is longer than 4194304 bytes, and no key is." in refused(verb, "a.key")
    assert time.process_time() - start < 2


def test_what_is_no_file(verb: str, refused: Callable[[str, str], str]) -> None:
    Path("folder").mkdir()
    assert "The key file folder cannot be read: Is a directory." in refused(verb, "folder")
    assert "The key file nowhere cannot be read: No such file or directory." in refused(verb, "nowhere")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is hidden from root")
def test_a_file_that_may_not_be_read(verb: str, key: str, refused: Callable[[str, str], str]) -> None:
    Path("a.key").write_text(key)
    Path("a.key").chmod(0)
    assert "The key file a.key cannot be read: Permission denied." in refused(verb, "a.key")
