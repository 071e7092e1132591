"""Choices: what is said becomes generations, and a slip becomes one sentence."""

import pytest

from babelgen.collections.choices import Session
from babelgen.collections.tree import BEGINNING, Gene, Generation, Tree
from babelgen.errors import UserError

TREE = Tree(3, (Generation(BEGINNING, 0.1), Generation(Gene(1, 2), 0.1)))
SESSION = Session(TREE, 2, 0.1, "")


def said(*lines: str, session: Session = SESSION) -> Session:
    for line in lines:
        session = session.say(line)
    return session


def parents(session: Session) -> list[str]:
    """Of the generations that were chosen."""
    return [str(each.parent) for each in session.tree.generations[2:]]


def test_a_number_is_a_gene_of_the_generation_in_view() -> None:
    assert parents(said("3", "1", "2")) == ["2.3", "3.1", "4.2"]


def test_any_gene_may_be_chosen_again() -> None:
    session = said("1.3", "start", "1")
    assert parents(session) == ["1.3", "start", "4.1"]
    assert session.view == 5


@pytest.mark.parametrize("word", ["again", "r", "", "  "])
def test_again_is_another_generation_of_the_same_parent(word: str) -> None:
    assert parents(said(word, word)) == ["1.2", "1.2"]
    assert parents(said("back", "back", word)) == ["start"]


@pytest.mark.parametrize("word", ["back", "b"])
def test_back_has_the_parents_generation_in_view(word: str) -> None:
    assert said(word).view == 1
    assert said(word).tree == TREE
    assert parents(said(word, "3")) == ["1.3"]
    assert said(word, word).view == said(word, word, word).view == 0
    assert parents(said("2", word, word, "1", "1")) == ["2.2", "1.1", "4.1"]


def test_target_and_step_are_for_what_comes() -> None:
    session = said("1", "to the sea", "step 0.5", "2", "to", "3")
    assert [(each.target, each.step) for each in session.tree.generations] == [
        ("", 0.1), ("", 0.1), ("", 0.1), ("the sea", 0.5), ("", 0.5)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line", ["4", "0", "2.4", "3.1", "0.1", "-1", "q", "best", "toward the sea", "step", "1 2", "²", "١"]
)
def test_what_is_no_choice(line: str) -> None:
    with pytest.raises(UserError) as refused:
        SESSION.say(line)
    assert str(refused.value) == (
        f"{line!r} is no choice: say 1 to 3, start, a gene up to 2.3, again, back, to PROMPT, or step NUMBER."
    )


def test_the_start_has_no_numbers() -> None:
    with pytest.raises(UserError, match=r"'1' is no choice: say start, a gene up to 2\.3"):
        said("back", "back", "1")


@pytest.mark.parametrize("step", ["0", "-1", "1.1", "nan", "inf", "far"])
def test_what_is_no_step(step: str) -> None:
    with pytest.raises(UserError, match="A step is a number above 0 and at most 1, not "):
        SESSION.say(f"step {step}")
