"""Tokens: any text becomes a shelf or one sentence, and nothing is left out silently."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babelgen.edition import Edition, load_edition
from babelgen.errors import UserError
from babelgen.keys import Shelf
from babelgen.tokens import Tokens, tokens_of
from babelgen.weights import file_hashes

from . import tiny

ROOM = tiny.LENGTH - 2

relaxed = settings(deadline=None)


@pytest.fixture(scope="module")
def tokens(words_edition: Edition) -> Tokens:
    """The tokens of the tiny vocabulary."""
    return tokens_of(words_edition)


@relaxed
@given(text=st.text(max_size=60).filter(lambda text: "<|" not in text))
def test_any_text_encodes(tokens: Tokens, text: str) -> None:
    encoded = tokens.encode(text)
    assert len(encoded.ranks) <= ROOM
    assert all(0 <= rank < tiny.VOCABULARY for rank in encoded.ranks)
    assert bool(encoded.cut) <= (len(encoded.ranks) == ROOM)


@relaxed
@given(text=st.text(min_size=200, alphabet=st.characters(exclude_categories=("Z", "C"))))
def test_whatever_is_cut_is_told(tokens: Tokens, text: str) -> None:
    encoded = tokens.encode(text)
    assert len(encoded.ranks) == ROOM
    assert encoded.cut


@relaxed
@given(ranks=st.lists(st.integers(0, tiny.VOCABULARY - 1), max_size=ROOM))
def test_any_ranks_decode_to_text_that_can_be_stored(tokens: Tokens, ranks: list[int]) -> None:
    tokens.decode(ranks).encode("utf-8")


@relaxed
@given(ranks=st.lists(st.integers(0, tiny.VOCABULARY - 1), max_size=ROOM))
def test_ids_are_start_content_end_padding(tokens: Tokens, ranks: list[int]) -> None:
    ids = tokens.ids(ranks)
    start, end = tiny.VOCABULARY, tiny.VOCABULARY + 1  # this tokenizer has its markers last
    assert ids == [start, *ranks, *[end] * (tiny.LENGTH - 1 - len(ranks))]


@relaxed
@given(words=st.lists(st.sampled_from(tiny.WORDS), max_size=4))
def test_known_words_come_back(tokens: Tokens, words: list[str]) -> None:
    text = " ".join(words)
    encoded = tokens.encode(text)
    assert tokens.decode(encoded.ranks) == text
    assert (encoded.cut, encoded.unknown) == ("", ())


def test_ranks_pass_over_markers_wherever_they_are(words_edition: Edition, tmp_path: Path) -> None:
    """Start and end first, as some tokenizers have them: ranks then start at the id behind them."""
    from transformers import CLIPTokenizer

    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    names = ["<|startoftext|>", "<|endoftext|>", *letters, *(f"{letter}</w>" for letter in letters)]
    tokenizer = CLIPTokenizer(vocab={name: at for at, name in enumerate(names)}, merges=[])
    tokenizer.save_pretrained(tmp_path / "model/tokenizer")
    fields = tiny.edition_fields(tmp_path / "model")
    fields["text"]["vocabulary"] = 52
    found = Tokens(load_edition(str(tiny.write_edition(tmp_path / "e.toml", fields))))
    assert found.encode("ab").ranks == (0, 27)
    assert found.ids((0, 27))[:4] == [0, 2, 29, 1]
    assert found.decode((0, 27)) == "ab"


def test_the_empty_prompt_is_shelf_0(tokens: Tokens) -> None:
    assert tokens.shelf("") == tokens.shelf(" \n\t ") == Shelf("t", 0)
    assert tokens.text(Shelf("t", 0)) == ""


def test_capitals_and_blanks_make_no_difference(tokens: Tokens) -> None:
    assert tokens.shelf("The  SEA\nat night") == tokens.shelf("the sea at night")


@pytest.mark.parametrize("marker", ["<|startoftext|>", "<|endoftext|>"])
def test_markers_are_refused(tokens: Tokens, marker: str) -> None:
    for prompt in (marker, f"the sea {marker} at night", f"sea{marker}"):
        with pytest.raises(UserError) as refused:
            tokens.encode(prompt)
        assert str(refused.value) == (
            f"A prompt cannot contain {marker}, which marks where prompts begin and end."
        )


def test_a_prompt_that_is_no_unicode_is_refused(tokens: Tokens) -> None:
    with pytest.raises(UserError, match=r"^A prompt must be text, and has a byte that is none\.$"):
        tokens.encode("sea \udcff")


def test_what_is_cut_is_told_and_nothing_else_is_said(
    tokens: Tokens, capfd: pytest.CaptureFixture[str]
) -> None:
    encoded = tokens.encode("sea " * ROOM + "at night")
    assert encoded.ranks == tokens.encode("sea " * ROOM).ranks
    assert encoded.cut == "at night"
    assert capfd.readouterr() == ("", "")  # transformers would warn of indexing errors


def test_unknown_words_are_told_once_in_their_order(tokens: Tokens) -> None:
    assert tokens.encode("the zebra at night, Zebra! an 7 ÉLAN").unknown == ("zebra", "an", "élan")


def words_edition_with(folder: Path, source: Edition, words: bytes | None) -> Edition:
    """A copy of an edition whose word list has these bytes."""
    shutil.copytree(source.model / "tokenizer", folder / "model/tokenizer")
    if words is not None:
        (folder / "model/words.txt").write_bytes(words)
    return load_edition(str(tiny.write_edition(folder / "e.toml", tiny.edition_fields(folder / "model"))))


def test_without_a_word_list_no_word_is_unknown(tmp_path: Path, words_edition: Edition) -> None:
    found = Tokens(words_edition_with(tmp_path, words_edition, None))
    assert found.entries == ()
    assert found.encode("zebra").unknown == ()


def test_blank_lines_are_no_entries_and_capitals_are_known(tmp_path: Path, words_edition: Edition) -> None:
    found = Tokens(words_edition_with(tmp_path, words_edition, b"\nOld Paris\r\n\n  \no'clock\n\n"))
    assert found.entries == ("Old Paris", "o'clock")
    assert found.encode("paris at six o'clock").unknown == ("at", "six")


def test_a_word_list_that_cannot_be_read_is_refused(tmp_path: Path, words_edition: Edition) -> None:
    found = Tokens(words_edition_with(tmp_path, words_edition, b"caf\xe9\n"))
    with pytest.raises(UserError, match=r"^The word list .*words\.txt cannot be read: "):
        _ = found.entries


DAMAGES = [
    ("tokenizer.json", b"{}"),
    ("tokenizer.json", b""),
    ("tokenizer_config.json", b"no"),
    ("tokenizer.json", None),
]


@pytest.mark.parametrize(("name", "data"), DAMAGES)
def test_a_damaged_tokenizer_is_refused(
    tmp_path: Path, words_edition: Edition, name: str, data: bytes | None
) -> None:
    damaged = words_edition_with(tmp_path, words_edition, None)
    file = damaged.model / "tokenizer" / name
    file.unlink()
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(UserError, match=f"{damaged.id}.* tokenizer|tokenizer .*{damaged.id}"):
        Tokens(damaged)


def test_a_missing_tokenizer_is_refused(tmp_path: Path, words_edition: Edition) -> None:
    damaged = words_edition_with(tmp_path, words_edition, None)
    shutil.rmtree(damaged.model / "tokenizer")
    with pytest.raises(UserError, match=r"^The tokenizer of edition tiny-\w+ is not at "):
        Tokens(damaged)


def test_a_tokenizer_of_another_size_is_refused(tmp_path: Path, words_edition: Edition) -> None:
    fields = tiny.edition_fields(words_edition.model)
    fields["text"]["vocabulary"] = 827
    with pytest.raises(UserError, match="has 827 content tokens, and its tokenizer 826"):
        Tokens(load_edition(str(tiny.write_edition(tmp_path / "e.toml", fields))))


def test_a_tokenizer_that_is_not_the_pinned_one_is_refused(tmp_path: Path, words_edition: Edition) -> None:
    """Before it makes keys that mean other prompts."""
    copy = words_edition_with(tmp_path, words_edition, None)
    fields = tiny.edition_fields(copy.model, pinned=True)
    edition = load_edition(str(tiny.write_edition(tmp_path / "e.toml", fields)))
    assert edition.files == file_hashes(copy.model)
    Tokens(edition)
    config = copy.model / "tokenizer/tokenizer_config.json"
    config.write_text(config.read_text() + "\n")
    with pytest.raises(UserError, match=r"^The file tokenizer/tokenizer_config\.json in .* is not the one"):
        Tokens(edition)


def test_tokens_are_loaded_once_a_process(words_edition: Edition, words_edition_file: Path) -> None:
    assert tokens_of(words_edition) is tokens_of(load_edition(str(words_edition_file)))
