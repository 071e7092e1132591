"""Searches: prompt by prompt, page by page."""

from dataclasses import replace
from pathlib import Path

from babelgen.collections.search import Search
from babelgen.edition import Edition, load_edition
from babelgen.keys import Address, Shelf, parse_key
from babelgen.tokens import tokens_of

from .. import tiny

PLAIN = Search(texts=("the sea", "a forest"), negative="", first=0, pages=3, steps=3)


def addresses(spec: Search, edition: Edition) -> list[Address]:
    return [parse_key(key, edition.key_space()) for key in spec.keys(edition)]


def test_all_pages_of_a_prompt_stand_together(words_edition: Edition) -> None:
    sea, forest = (tokens_of(words_edition).shelf(text) for text in PLAIN.texts)
    assert addresses(replace(PLAIN, first=5), words_edition) == [
        Address(3, shelf, page) for shelf in (sea, forest) for page in (5, 6, 7)
    ]


def test_the_last_pages_of_a_shelf_are_found(words_edition: Edition) -> None:
    pages = words_edition.key_space().pages
    found = addresses(replace(PLAIN, first=pages - 3), words_edition)
    assert [address.page for address in found] == [pages - 3, pages - 2, pages - 1] * 2


def test_a_negative_prompt_is_part_of_every_key(words_edition: Edition) -> None:
    fog = tokens_of(words_edition).shelf("in the fog")
    assert {
        address.negative for address in addresses(replace(PLAIN, negative="in the fog"), words_edition)
    } == {fog}


def test_the_default_negative_prompt_is_left_out(words_edition: Edition, tmp_path: Path) -> None:
    """The same picture has one key, whether its default is said or not."""
    fields = tiny.edition_fields(words_edition.model)
    fields["text"]["negative"] = list(tokens_of(words_edition).encode("in the fog").ranks)
    foggy = load_edition(str(tiny.write_edition(tmp_path / "e.toml", fields)))
    assert list(replace(PLAIN, negative="in the fog").keys(foggy)) == list(PLAIN.keys(foggy))
    other = addresses(replace(PLAIN, negative="the sea"), foggy)
    assert {address.negative for address in other} == {tokens_of(foggy).shelf("the sea")}


def test_the_empty_prompt_can_be_searched_for(words_edition: Edition) -> None:
    found = addresses(replace(PLAIN, texts=("",)), words_edition)
    assert {address.shelf for address in found} == {Shelf("t", 0)}


def test_a_prompt_given_twice_has_its_pages_twice(words_edition: Edition) -> None:
    keys = list(replace(PLAIN, texts=("the sea", "the sea")).keys(words_edition))
    assert keys[:3] == keys[3:]


def test_all_prompts_are_told_of() -> None:
    assert PLAIN.prompts() == ("the sea", "a forest")
    assert replace(PLAIN, negative="fog").prompts() == ("the sea", "a forest", "fog")
