"""Random samples: the same seed draws the same different keys, and a longer sample begins alike."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from babelgen.collections.sample import Sample
from babelgen.edition import Edition, load_edition
from babelgen.errors import UserError
from babelgen.keys import Address, parse_key
from babelgen.library import load_library
from babelgen.tokens import tokens_of

from .. import tiny
from ..conftest import LibraryFactory, library_factory

PLAIN = Sample(seed=7, steps=3, uniform=False, length=30)
UNIFORM = replace(PLAIN, uniform=True)


def addresses(spec: Sample, edition: Edition) -> list[Address]:
    return [parse_key(key, edition.key_space()) for key in spec.keys(edition)]


@pytest.mark.parametrize("spec", [PLAIN, UNIFORM])
def test_a_sample_depends_on_its_seed_alone(words_edition: Edition, spec: Sample) -> None:
    keys = list(spec.keys(words_edition))
    assert len(set(keys)) == len(keys) == 30
    assert keys == list(spec.keys(words_edition))
    assert not set(keys) & set(replace(spec, seed=8).keys(words_edition))


@pytest.mark.parametrize("spec", [PLAIN, UNIFORM])
def test_a_longer_sample_begins_alike(words_edition: Edition, spec: Sample) -> None:
    longer = list(replace(spec, length=60).keys(words_edition))
    assert longer[:30] == list(spec.keys(words_edition))


def test_prompts_are_made_of_whole_entries(words_edition: Edition) -> None:
    tokens = tokens_of(words_edition)
    for address in addresses(PLAIN, words_edition):
        rest = tokens.text(address.shelf)
        count = 0
        while rest:
            entry = next(entry for entry in tiny.WORDS if f"{rest} ".startswith(f"{entry} "))
            rest = rest.removeprefix(entry).lstrip()
            count += 1
        assert 1 <= count <= len(words_edition.lengths)
        assert address.page < 2**60
        assert address.steps == 3


def test_uniform_draws_come_from_the_whole_library(words_edition: Edition) -> None:
    space = words_edition.key_space()
    drawn = addresses(UNIFORM, words_edition)
    assert max(address.page for address in drawn) > space.pages // 2 > min(address.page for address in drawn)
    assert max(address.shelf.number for address in drawn) > space.shelves // 2
    assert len({address.steps for address in drawn}) > 10


def made(folder: Path, edition: Edition, words: str | None, latents: Sequence[int] = (4, 4, 8)) -> Edition:
    """An edition like the given one with another word list; its id is the same unless its latents change."""
    folder.mkdir()
    (folder / "tokenizer").symlink_to(edition.model / "tokenizer")
    if words is not None:
        (folder / "words.txt").write_text(words)
    fields = tiny.edition_fields(folder)
    fields["picture"]["latents"] = list(latents)
    fields["random"]["lengths"] = [1.0]
    return load_edition(str(tiny.write_edition(folder / "e.toml", fields)))


def test_editions_with_one_id_and_two_word_lists_draw_from_their_own(
    words_edition: Edition, tmp_path: Path
) -> None:
    one = made(tmp_path / "one", words_edition, "the sea\n")
    other = made(tmp_path / "other", words_edition, "a forest\n")
    assert one.id == other.id
    for edition, word in ((one, "the sea"), (other, "a forest")):
        assert {tokens_of(edition).text(address.shelf) for address in addresses(PLAIN, edition)} == {word}


def test_a_library_too_small_for_the_sample_is_told(words_edition: Edition, tmp_path: Path) -> None:
    """One prompt of 4,096 pages."""
    small = made(tmp_path / "small", words_edition, "the sea\n", (1, 1, 1))
    assert len(list(replace(PLAIN, length=1000).keys(small))) == 1000
    with pytest.raises(UserError, match=r"^Edition tiny-\w+ has no 4097 different random keys\.$"):
        list(replace(PLAIN, length=4097).keys(small))


def test_numbers_pass_over_what_was_drawn_before(words_edition: Edition, tmp_path: Path) -> None:
    small = made(tmp_path / "small", words_edition, "the sea\n", (1, 1, 1))
    numbered = list(replace(PLAIN, length=1000).numbered(small))
    numbers = [number for number, _ in numbered]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] > 1000
    make = replace(PLAIN, length=1000).maker(small)
    assert [make(number) for number in numbers] == [key for _, key in numbered]
    assert {make(number) for number in range(numbers[-1])} <= {key for _, key in numbered}


def test_without_a_word_list_only_uniform_samples_are_valid(words_edition: Edition, tmp_path: Path) -> None:
    bare = made(tmp_path / "bare", words_edition, None)
    make: LibraryFactory = library_factory(tmp_path / "bare/e.toml", tmp_path)
    plain, uniform = {"kind": "random", "count": 2}, {"kind": "random", "count": 2, "uniform": True}
    assert len(list(load_library(make(uniform, name="good")).entries())) == 2
    with pytest.raises(
        UserError, match=f"collection 1: uniform must be true: edition {bare.id} has no word list"
    ):
        load_library(make(plain, name="bad"))
