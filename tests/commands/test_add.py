"""`range`, `random`, `search`: a collection is added to the copy, once, or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from babelgen.cli import main
from babelgen.edition import Edition
from babelgen.keys import Address, Shelf, format_key, parse_key
from babelgen.library import Library, load_library
from babelgen.tokens import tokens_of

from ..conftest import LibraryFactory

Run = Callable[..., str]

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def root(words_library: LibraryFactory) -> Path:
    """A library with one collection."""
    return words_library({"name": "first", "kind": "search", "prompts": ["the sea"], "count": 2})


@pytest.fixture
def add(root: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that runs an adding command on the library, expects a code, and returns what was told."""

    def run(*words: str, code: int = 0) -> str:
        assert main([*words, "--library", str(root), "--add-only"]) == code
        shown = capsys.readouterr()
        assert shown.out == ""
        return shown.err

    return run


def slugs(library: Library) -> list[str]:
    return [collection.slug for collection in library.collections]


def last_addresses(root: Path, edition: Edition) -> list[Address]:
    library = load_library(root)
    return [parse_key(entry.key, edition.key_space()) for entry in library.keys(library.collections[-1])]


def test_a_search_is_added(root: Path, add: Run, words_edition: Edition) -> None:
    told = add(
        "search",
        "a forest",
        "green hills",
        "--count",
        "2",
        "--page",
        "5",
        "--negative",
        "fog",
        "--steps",
        "9",
    )
    assert told == f"Added collection 'a-forest' to {root / 'library.toml'}.\n"
    tokens = tokens_of(words_edition)
    assert last_addresses(root, words_edition) == [
        Address(9, tokens.shelf(prompt), page, tokens.shelf("fog"))
        for prompt in ("a forest", "green hills")
        for page in (5, 6)
    ]


def test_a_range_is_added(root: Path, add: Run, words_edition: Edition) -> None:
    add("range", "--prompt", "a forest", "--count", "3", "--stride", "-1", "--level", "steps", "--page", "8")
    shelf = tokens_of(words_edition).shelf("a forest")
    assert last_addresses(root, words_edition) == [Address(steps, shelf, 8) for steps in (3, 2, 1)]
    assert load_library(root).collections[-1].slug == "range-a-forest"


def test_a_range_is_added_from_a_key(root: Path, add: Run, words_edition: Edition, tmp_path: Path) -> None:
    start = Address(9, Shelf("t", 5), 7)
    key = format_key(start, words_edition.key_space())
    (tmp_path / "start.key").write_text(key + "\n")
    for at, words in enumerate([("--start", key), ("--start-file", str(tmp_path / "start.key"))]):
        add("range", *words, "--count", "2", "--name", f"range-{at}")
        assert last_addresses(root, words_edition) == [start, Address(9, Shelf("t", 5), 8)]


def test_a_random_sample_is_added(root: Path, add: Run, words_edition: Edition) -> None:
    add("random", "--seed", "7", "--count", "5")
    drawn = last_addresses(root, words_edition)
    add("random", "--seed", "7", "--count", "5", "--uniform")
    assert len({*drawn, *last_addresses(root, words_edition)}) == 10
    assert slugs(load_library(root)) == ["first", "random-7", "random-7-2"]


def test_what_stands_there_stays_as_it_was(root: Path, add: Run) -> None:
    before = (root / "library.toml").read_text() + "# the last word"
    (root / "library.toml").write_text(before)
    add("search", "a forest")
    assert (root / "library.toml").read_text().startswith(before)
    assert [collection.added for collection in load_library(root).collections] == [False, True]


@pytest.mark.parametrize(
    "words",
    [
        ("search", "the sea", "--count", "2"),
        ("random", "--seed", "7"),
        ("range",),
        ("search", "", "--steps", "9"),
    ],
)
def test_what_is_there_already_is_not_added(root: Path, add: Run, words: tuple[str, ...]) -> None:
    add(*words)
    before = (root / "library.toml").read_bytes()
    assert "says the same already; nothing was added." in add(*words)
    assert (root / "library.toml").read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ("the sea",),
        ("the sea", "--count", "2", "--page", "1"),
        ("the sea", "--count", "2", "--name", "other"),
    ],
)
def test_what_differs_or_has_another_name_is_added(root: Path, add: Run, words: tuple[str, ...]) -> None:
    assert "Added" in add("search", *words)
    assert len(load_library(root).collections) == 2


def test_names_are_made_and_given(root: Path, add: Run) -> None:
    add("search", "The  SEA, at Night!")
    add("search", "the sea at night", "--page", "7")
    add("search", "海")
    add("search", "")
    add("search", "word " * 40)
    add("search", "a forest", "--name", "mine", "--title", "“Mine” [bold] <b>")
    found = load_library(root).collections
    assert slugs(load_library(root))[1:4] == ["the-sea-at-night", "the-sea-at-night-2", "collection"]
    assert (found[4].slug, len(found[5].slug)) == ("the-empty-prompt", 48)
    assert (found[6].slug, found[6].title) == ("mine", "“Mine” [bold] <b>")


REFUSED = [
    (("search", "a", "--name", "first"), "has another collection with the name 'first'."),
    (("search", "a", "--name", "No Name"), "The name of a collection must be words of a-z"),
    (("search", "a", "--name", ""), "The name of a collection must be words of a-z"),
    (
        ("search", "<|endoftext|>"),
        "the new collection: prompts is refused: A prompt cannot contain <|endoftext|>",
    ),
    (
        ("search", "a", "--negative", "<|endoftext|>"),
        "the new collection: negative is refused: A prompt cannot",
    ),
    (("search", "a\udcff"), "must be text, and has a byte that is none."),
    (
        ("search", "a", "--title", "\udcff"),
        "the new collection: title must be text, and has a byte that is none.",
    ),
    (("search", "a", "--page", str(2**1536)), "the new collection: page is beyond the last page of a shelf."),
    (("search", "a", "--count", "99999999"), "the new collection: count must be at most"),
    (("search", "a", "--edition", "nowhere"), "There is no edition 'nowhere'"),
    (("search", "a", "--edition", "nowhere.toml"), "There is no edition file"),
    (
        ("range", "--prompt", "<|endoftext|>"),
        "the new collection: prompt is refused: A prompt cannot contain",
    ),
    (("range", "--start", "nonsense"), "the new collection: start is refused: The key begins with 'nonsens'"),
    (("range", "--start", ""), "the new collection: start"),
    (("range", "--start", "a", "--start-file", "b"), "The first key is given twice"),
    (("range", "--start-file", "nowhere.key"), "The key file nowhere.key cannot be read: No such file"),
    (("range", "--page", str(2**1536)), "the new collection: page is beyond the last page of a shelf."),
    (("random", "--seed", str(2**63)), "the new collection: seed must be at most"),
    (("random", "--uniform", "--steps", "5"), "the new collection: steps cannot stand beside uniform"),
]


@pytest.mark.parametrize(("words", "told"), REFUSED, ids=[" ".join(words)[:40] for words, _ in REFUSED])
def test_what_is_wrong_is_told_and_nothing_is_written(
    root: Path, add: Run, words: tuple[str, ...], told: str
) -> None:
    before = (root / "library.toml").read_bytes()
    sentence = add(*words, code=1)
    assert sentence.startswith("error: ")
    assert told in sentence
    assert sentence.count("\n") == 1
    assert len(sentence) < 400
    assert (root / "library.toml").read_bytes() == before


def test_a_library_that_is_not_there_yet_is_made(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], words_edition_file: Path
) -> None:
    edition = ["--edition", str(words_edition_file)]
    assert main(["search", "the sea", "--add-only", *edition]) == 0
    assert main(["search", "a forest", "--add-only", "--library", ".", *edition]) == 0
    assert slugs(load_library(elsewhere / "library/default")) == ["the-sea"]
    assert load_library(elsewhere).title == elsewhere.name


def test_an_edition_file_counts_from_where_the_command_was_given(
    elsewhere: Path, words_edition_file: Path, words_edition: Edition
) -> None:
    (elsewhere / "words.toml").symlink_to(words_edition_file)
    words = ["search", "the sea", "--add-only", "--edition", "words.toml"]
    assert main(words) == 0
    library = load_library(elsewhere / "library/default")
    assert library.collections[0].edition == words_edition
    before = (library.root / "library.toml").read_bytes()
    assert main(words) == 0
    assert (library.root / "library.toml").read_bytes() == before


def test_a_library_file_may_name_its_edition_from_where_it_lies(
    root: Path, add: Run, words_edition_file: Path, words_edition: Edition
) -> None:
    (root / "words.toml").symlink_to(words_edition_file)
    text = (root / "library.toml").read_text().replace(str(words_edition_file), "words.toml")
    (root / "library.toml").write_text(text)
    add("search", "a forest")
    assert load_library(root).collections[-1].edition.id == words_edition.id


def test_a_library_that_is_wrong_already_is_left_alone(root: Path, add: Run) -> None:
    (root / "library.toml").write_text("titel = 1\n")
    assert "titel is not known here" in add("search", "a forest", code=1)
    assert (root / "library.toml").read_text() == "titel = 1\n"


def test_a_long_prompt_makes_a_short_title(root: Path, add: Run) -> None:
    add("search", "the  sea " + "and the sea " * 40, "--add-only")
    (title,) = (one.title for one in load_library(root).collections[-1:])
    assert title.startswith("the sea and the sea and")
    assert title.endswith("…")
    assert 75 < len(title) <= 80
