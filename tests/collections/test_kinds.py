"""What holds for every kind of collection, and for a collection's own fields."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from babelgen.collections import KINDS, check_slug
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.keys import Address, Shelf, format_key, parse_key
from babelgen.library import Library, load_library, picture_name

from ..conftest import LibraryFactory

Fields = dict[str, Any]

EACH_KIND: list[Fields] = [
    {"kind": "range", "count": 4},
    {"kind": "random", "count": 4},
    {"kind": "search", "prompts": ["the sea", "a forest"], "count": 2},
    {
        "kind": "matrix",
        "mode": "grid",
        "subjects": ["the sea", "a forest"],
        "actions": ["at night", "at sunset"],
    },
    {"kind": "interpolation", "pages": [0, 1], "frames": 2},
    {"kind": "walk", "space": "noise", "frames": 3},
    {"kind": "evolution", "genes": 3},
]


@pytest.fixture
def read(words_library: LibraryFactory) -> Callable[..., Library]:
    """The library of some collections, given by their fields."""
    return lambda *fields, **named: load_library(words_library(*fields, **named))


def test_every_kind_is_tried_here() -> None:
    assert [fields["kind"] for fields in EACH_KIND] == list(KINDS)


@pytest.mark.parametrize("fields", EACH_KIND)
def test_keys_are_as_many_as_counted_and_always_the_same(
    read: Callable[..., Library], words_edition: Edition, fields: Fields
) -> None:
    (collection,) = read(fields).collections
    keys = list(collection.spec.keys(words_edition))
    assert len(keys) == collection.spec.count() == 4
    assert keys == list(collection.spec.keys(words_edition))
    assert all(parse_key(key, words_edition.key_space()).steps == words_edition.steps for key in keys)


@pytest.mark.parametrize("fields", EACH_KIND)
def test_each_key_is_made_again_from_its_number(
    read: Callable[..., Library], words_edition: Edition, fields: Fields
) -> None:
    """In any order, by whoever has nothing but the numbers."""
    (collection,) = read(fields).collections
    numbered = list(collection.spec.numbered(words_edition))
    assert [key for _, key in numbered] == list(collection.spec.keys(words_edition))
    make = collection.spec.maker(words_edition)
    assert all(make(number) == key for number, key in reversed(numbered))


@pytest.mark.parametrize("fields", EACH_KIND)
def test_the_number_of_steps_may_be_given(
    read: Callable[..., Library], words_edition: Edition, fields: Fields
) -> None:
    (collection,) = read({**fields, "steps": 64}).collections
    space = words_edition.key_space()
    assert {parse_key(key, space).steps for key in collection.spec.keys(words_edition)} == {64}


@pytest.mark.parametrize("fields", EACH_KIND)
def test_the_fields_that_all_have(read: Callable[..., Library], fields: Fields) -> None:
    told = {"name": "a-1", "title": "<b> “quotes”", "description": "two\nlines", "added": True}
    (plain,) = read(fields).collections
    (titled,) = read({**fields, **told}, name="more").collections
    assert (plain.slug, plain.title, plain.description, plain.added) == ("shelf-1", "shelf-1", "", False)
    assert (titled.slug, titled.title, titled.description, titled.added) == (
        "a-1",
        "<b> “quotes”",
        "two\nlines",
        True,
    )
    assert titled.spec == plain.spec


def test_entries_are_all_keys_with_the_names_of_their_files(
    read: Callable[..., Library], words_edition: Edition
) -> None:
    library = read(*EACH_KIND)
    entries = list(library.entries())
    assert [entry.key for entry in entries] == [
        key for collection in library.collections for key in collection.spec.keys(words_edition)
    ]
    for entry in entries:
        assert entry.name == picture_name(words_edition.id, entry.key)
        assert len(entry.name) == 32


@pytest.mark.parametrize("slug", ["a", "0", "a-b", "the-1-sea", "a" * 64])
def test_a_good_name(slug: str) -> None:
    assert check_slug(slug) is None


@pytest.mark.parametrize(
    "slug", ["", "A", "a b", "a_b", "-a", "a-", "a--b", "é", "a\n", "..", "a/b", "a" * 65, "٣"]
)
def test_a_bad_name(slug: str) -> None:
    assert check_slug(slug) is not None


# Each of these stands as the second collection; `key` is replaced by a key of the edition.
RANGE, RANDOM, SEARCH = (
    {key: value for key, value in fields.items() if key != "count"} for fields in EACH_KIND[:3]
)
REFUSED: list[tuple[Fields, str]] = [
    ({"count": 1}, "kind is missing"),
    ({"kind": "spiral", "count": 1}, f"kind must be one of {', '.join(KINDS)}, not 'spiral'"),
    ({"kind": "range", "count": 1, "name": "No Name"}, "name must be words"),
    ({"kind": "range", "count": 1, "title": 5}, "title must be a text"),
    ({"kind": "range", "count": 1, "description": 5}, "description must be a text"),
    ({"kind": "range", "count": 1, "added": "yes"}, "added must be true or false"),
    (
        {"kind": "range", "count": 1, "edition": "nowhere"},
        "edition is refused: There is no edition 'nowhere'",
    ),
    (
        {"kind": "range", "count": 1, "edition": "nowhere.toml"},
        "edition is refused: There is no edition file",
    ),
    ({"kind": "range", "count": 1, "edition": 5}, "edition must be a text"),
    ({"kind": "range", "count": 1, "colour": "red"}, "colour is not known here"),
    (RANGE, "count is missing"),
    ({**RANGE, "count": 0}, "count must be at least 1"),
    ({**RANGE, "count": 10_000_001}, "count must be at most 10000000"),
    ({**RANGE, "count": "1"}, "count must be a whole number"),
    ({**RANGE, "count": 1, "stride": 0}, "stride must not be 0"),
    ({**RANGE, "count": 1, "page": -1}, "page must be at least 0"),
    ({**RANGE, "count": 1, "page": 2**1536}, "page is beyond the last page of a shelf"),
    ({**RANGE, "count": 1, "steps": 0}, "steps must be at least 1"),
    ({**RANGE, "count": 1, "steps": 65}, "steps must be at most 64"),
    ({**RANGE, "count": 1, "level": "book"}, "level must be one of page, shelf, steps"),
    ({**RANGE, "count": 1, "stride": 0.5}, "stride must be a whole number"),
    ({**RANGE, "count": 1, "prompt": "a <|endoftext|>"}, "prompt is refused: A prompt cannot contain"),
    ({**RANGE, "count": 1, "start": "nonsense"}, "start is refused: The key begins with 'nonsens'"),
    ({**RANGE, "count": 1, "start": "key", "prompt": "a"}, "prompt cannot stand beside start"),
    ({**RANGE, "count": 1, "start": "key", "page": 1}, "page cannot stand beside start"),
    ({**RANGE, "count": 1, "start": "key", "steps": 1}, "steps cannot stand beside start"),
    ({**RANGE, "count": 1, "seed": 1}, "seed is not known here"),
    (RANDOM, "count is missing"),
    ({**RANDOM, "count": 0}, "count must be at least 1"),
    ({**RANDOM, "count": 10_000_001}, "count must be at most 10000000"),
    ({**RANDOM, "count": 1, "seed": -1}, "seed must be at least 0"),
    ({**RANDOM, "count": 1, "seed": 2**63}, "seed must be at most"),
    ({**RANDOM, "count": 1, "uniform": 1}, "uniform must be true or false"),
    ({**RANDOM, "count": 1, "steps": 65}, "steps must be at most 64"),
    ({**RANDOM, "count": 1, "uniform": True, "steps": 3}, "steps cannot stand beside uniform"),
    ({**RANDOM, "count": 1, "page": 1}, "page is not known here"),
    ({"kind": "search"}, "prompts is missing"),
    ({"kind": "search", "prompts": []}, "prompts must have at least one prompt"),
    ({"kind": "search", "prompts": "the sea"}, "prompts must be a list of texts"),
    ({"kind": "search", "prompts": ["a", "<|startoftext|>"]}, "prompts is refused: A prompt cannot contain"),
    ({**SEARCH, "negative": "<|endoftext|>"}, "negative is refused: A prompt cannot contain"),
    ({**SEARCH, "count": 0}, "count must be at least 1"),
    ({**SEARCH, "count": 5_000_001}, "count must be at most 5000000"),
    ({**SEARCH, "page": -1}, "page must be at least 0"),
    ({**SEARCH, "page": 2**1536}, "page is beyond the last page of a shelf"),
    ({**SEARCH, "page": 2**1536 - 1, "count": 2}, "page is beyond the last page of a shelf"),
    ({**SEARCH, "steps": 0}, "steps must be at least 1"),
    ({**SEARCH, "prompt": "a"}, "prompt is not known here"),
]


@pytest.mark.parametrize(("fields", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_a_wrong_field_is_named_with_its_collection(
    words_library: LibraryFactory, words_edition: Edition, fields: Fields, told: str
) -> None:
    if fields.get("start") == "key":
        fields = {**fields, "start": format_key(Address(1, Shelf("t", 0), 0), words_edition.key_space())}
    root = words_library({"kind": "range", "count": 1}, fields)
    with pytest.raises(UserError) as refused:
        load_library(root)
    assert str(refused.value).startswith(f"{root / 'library.toml'}: collection 2: {told}")
    assert len(str(refused.value).splitlines()) == 1


def test_a_key_of_another_edition_is_refused(words_library: LibraryFactory, tiny_edition: Edition) -> None:
    key = format_key(Address(1, Shelf("t", 0), 0), tiny_edition.key_space())
    with pytest.raises(UserError, match=f"start is refused: The key is of edition {tiny_edition.id}"):
        load_library(words_library({"kind": "range", "count": 1, "start": key}))


LIBRARY_REFUSED = [
    ("title = 5", "title must be a text"),
    ("titel = 'x'", "titel is not known here"),
    ("edition = 'nowhere'", "edition is refused: There is no edition 'nowhere'"),
    ("collection = 5", "collection must be tables"),
    ("[collection]\nname = 'a'", "collection must be tables"),
]


@pytest.mark.parametrize(("text", "told"), LIBRARY_REFUSED)
def test_a_wrong_field_of_the_library_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "library.toml").write_text(text)
    with pytest.raises(UserError) as refused:
        load_library(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / 'library.toml'}: {told}")


def test_two_collections_of_one_name_are_refused(words_library: LibraryFactory) -> None:
    twin = {"name": "twin", "kind": "range", "count": 1}
    with pytest.raises(UserError, match=r"library\.toml: two collections have the name 'twin'\.$"):
        load_library(words_library(twin, twin))


def test_a_folder_without_a_library_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^There is no library in .*: it has no library\.toml\.$"):
        load_library(tmp_path)


def test_a_library_may_be_empty(words_library: LibraryFactory) -> None:
    assert list(load_library(words_library()).entries()) == []


def test_editions_may_be_mixed(
    words_library: LibraryFactory, words_edition: Edition, tiny_edition: Edition, tiny_edition_file: Path
) -> None:
    one = {"kind": "search", "prompts": ["the sea"]}
    library = load_library(words_library(one, {**one, "edition": str(tiny_edition_file)}))
    first, second = library.entries()
    assert (first.edition, second.edition) == (words_edition, tiny_edition)
    assert first.name != second.name


ORIGINS: list[tuple[Fields, str]] = [
    ({"kind": "range", "count": 2}, "Keys in their order, from the first key of {steps} steps on."),
    (
        {"kind": "range", "count": 2, "prompt": "the sea", "page": 1234, "steps": 3},
        "Keys in their order, from page 1,234 of the prompt “the sea” on.",
    ),
    (
        {"kind": "range", "count": 2, "page": 7, "stride": -2, "level": "shelf"},
        "Keys 2 apart at the level shelf, from page 7 of the empty prompt back.",
    ),
    ({"kind": "random", "count": 2, "seed": 5}, "Keys drawn at random, of {steps} steps, by the seed 5."),
    (
        {"kind": "random", "count": 2, "uniform": True},
        "Keys drawn evenly from the whole library, by the seed 0.",
    ),
    (
        {"kind": "search", "prompts": ["the sea", "a forest"], "count": 3},
        "Pages 0 to 2 of each of 2 prompts, at {steps} steps.",
    ),
    (
        {"kind": "search", "prompts": [""], "page": 9, "negative": "the sea"},
        "Page 9 of the empty prompt, at {steps} steps, with the negative prompt “the sea”.",
    ),
]


@pytest.mark.parametrize(("fields", "sentence"), ORIGINS)
def test_where_keys_come_from_is_said_in_a_sentence(
    read: Callable[..., Library], words_edition: Edition, fields: Fields, sentence: str
) -> None:
    (collection,) = read(fields).collections
    assert collection.origin == sentence.format(steps=words_edition.steps)


def test_long_numbers_and_keys_are_cut_in_that_sentence(
    read: Callable[..., Library], words_edition: Edition
) -> None:
    page = words_edition.key_space().pages - 9
    far = read({"kind": "range", "count": 2, "page": page}).collections[0]
    assert len(far.origin) < 200
    assert "…" in far.origin
    key = next(far.spec.keys(words_edition))
    (told,) = read({"kind": "range", "count": 2, "start": key}, name="more").collections
    assert told.origin == f"Keys in their order, from the key {key[:80]}… on."


def test_what_was_asked_for_is_kept_as_it_was_written(read: Callable[..., Library]) -> None:
    searched, ranged = read(
        {"kind": "search", "prompts": ["The  SEA", "a forest"], "count": 2}, {"kind": "range", "count": 1}
    ).collections
    assert searched.room.asked == (("The  SEA", "a forest"), 2)
    assert ranged.room.asked == ((), 1)
