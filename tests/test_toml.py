"""Reading TOML: what is asked for is given, and everything else is one sentence that says where."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from babelgen.errors import UserError
from babelgen.toml import Table, read_toml

GOOD = """
text = "a"
whole = 3
real = 1.5
yes = true
texts = ["a", "b"]
wholes = [1, 2]
reals = [1, 2.5]
[inner]
text = "deep"
[[row]]
text = "first"
[[row]]
text = "second"
"""


def table(tmp_path: Path, text: str) -> Table:
    path = tmp_path / "x.toml"
    path.write_text(text, "utf-8")
    return read_toml(path)


def refusal(action: Callable[[], object]) -> str:
    """The sentence with which an action is refused, without the line, which has tests of its own."""
    with pytest.raises(UserError) as refused:
        action()
    return re.sub(r" \(line \d+\)(?=\.$)", "", str(refused.value))


LINES = """title = 1
"quoted" = 2
# count = 3
description = \"\"\"
count = 4
[[shelf]]
count = 5
\"\"\"
[[shelf]]  # the first
  count = 6
[model]
path = 7
[[shelf]]
'count' = 8
inline = { count = 9 }
"""


def test_the_line_of_a_mistake_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(LINES)
    top = read_toml(path)
    first, second = top.tables("shelf")

    def line(action: Callable[[], object]) -> str:
        with pytest.raises(UserError) as refused:
            action()
        found = re.search(r" \(line (\d+)\)\.$", str(refused.value))
        return found[1] if found else ""

    assert line(lambda: top.text("title")) == "1"
    assert line(lambda: top.text("quoted")) == "2"
    assert line(lambda: first.text("count")) == "10"
    assert line(lambda: second.text("count")) == "14"
    assert line(lambda: top.table("model").text("path")) == "12"
    assert line(lambda: first.text("name")) == "9"  # missing: where its table begins
    assert line(lambda: second.table("inline").text("count")) == ""
    assert line(lambda: top.text("nowhere")) == ""
    assert line(top.tables("shelf")[0].refuse_others) == "10"


def test_each_type_of_value_is_read(tmp_path: Path) -> None:
    top = table(tmp_path, GOOD)
    assert (top.text("text"), top.number("whole"), top.real("real"), top.flag("yes", False)) == (
        "a",
        3,
        1.5,
        True,
    )
    assert (top.texts("texts"), top.numbers("wholes"), top.reals("reals")) == (["a", "b"], [1, 2], [1.0, 2.5])
    assert top.real("whole") == 3.0
    assert (top.label("text", "z"), top.label("whole", "z"), top.label("absent", "z")) == ("a", "3", "z")
    assert top.table("inner").text("text") == "deep"
    assert [row.text("text") for row in top.tables("row")] == ["first", "second"]
    top.refuse_others()
    assert table(tmp_path, 'a = [1, "b", 3]').mixed("a") == [1, "b", 3]


def test_what_is_absent_has_its_default(tmp_path: Path) -> None:
    top = table(tmp_path, "")
    assert (top.text("a", "b"), top.number("c", 4), top.real("d", 0.5), top.flag("e", True)) == (
        "b",
        4,
        0.5,
        True,
    )
    assert (top.texts("f", ["g"]), top.tables("h"), top.table("i", optional=True).names()) == (["g"], [], [])


WRONG: list[tuple[str, Callable[[Table], object], str]] = [
    ("", lambda t: t.text("a"), "a is missing: it must be a text in quotes."),
    ("", lambda t: t.table("a"), "a is missing: it must be a table."),
    ("a = 1", lambda t: t.text("a"), "a must be a text in quotes, not 1."),
    ("a = '1'", lambda t: t.number("a"), "a must be a whole number, not '1'."),
    ("a = 1.0", lambda t: t.number("a"), "a must be a whole number, not 1.0."),
    ("a = true", lambda t: t.number("a"), "a must be a whole number, not True."),
    ("a = true", lambda t: t.real("a"), "a must be a number, not True."),
    ("a = true", lambda t: t.label("a", "b"), "a must be a text in quotes or a whole number, not True."),
    ("a = 1.5", lambda t: t.label("a", "b"), "a must be a text in quotes or a whole number, not 1.5."),
    ("a = 1", lambda t: t.flag("a", False), "a must be true or false, not 1."),
    ("a = 0", lambda t: t.number("a", low=1), "a must be at least 1, not 0."),
    ("a = 65", lambda t: t.number("a", high=64), "a must be at most 64, not 65."),
    ("a = -0.5", lambda t: t.real("a", low=0.0), "a must be at least 0.0, not -0.5."),
    ("a = nan", lambda t: t.real("a", low=0.0), "a must be a finite number, not nan."),
    ("a = inf", lambda t: t.real("a"), "a must be a finite number, not inf."),
    ("a = [1.0, inf]", lambda t: t.reals("a"), "a must be a list of finite numbers."),
    ("a = ['b', 1]", lambda t: t.texts("a"), "a must be a list of texts."),
    ("a = [true]", lambda t: t.numbers("a"), "a must be a list of whole numbers."),
    ("a = [1, 2.5]", lambda t: t.mixed("a"), "a must be a list of texts and whole numbers."),
    ("a = ['b', true]", lambda t: t.mixed("a"), "a must be a list of texts and whole numbers."),
    ("a = 'b'", lambda t: t.choice("a", ("c", "d")), "a must be one of c, d, not 'b'."),
    ("a = 1", lambda t: t.tables("a"), "a must be tables, each under [[a]], not 1."),
    ("[a]\nb = 1", lambda t: t.table("a").text("b"), "a.b must be a text in quotes, not 1."),
    ("[[a]]\n[[a]]\nb = 1", lambda t: t.tables("a")[1].text("b"), "a 2: b must be a text in quotes, not 1."),
]


@pytest.mark.parametrize(("text", "ask", "told"), WRONG)
def test_a_wrong_value_is_one_sentence(
    tmp_path: Path, text: str, ask: Callable[[Table], object], told: str
) -> None:
    assert refusal(lambda: ask(table(tmp_path, text))) == f"{tmp_path / 'x.toml'}: {told}"


def test_what_nobody_asks_for_is_refused(tmp_path: Path) -> None:
    top = table(tmp_path, "title = 'a'\ntitel = 'b'")
    top.text("title")
    assert refusal(top.refuse_others).endswith("titel is not known here; what is known: title.")


HUGE = "0x" + "f" * 10_000  # TOML allows it; Python writes no number of more than 4,300 decimal digits

LONG: list[tuple[str, Callable[[Table], object]]] = [
    (f"a = {HUGE}", lambda t: t.number("a", high=1)),
    (f"a = -{'9' * 4000}", lambda t: t.number("a", low=0)),
    (f"a = {HUGE}", lambda t: t.text("a")),
    (f"a = {HUGE}", lambda t: t.real("a")),
    (f"a = [{HUGE}]", lambda t: t.reals("a")),
    (f"a = [[{HUGE}]]", lambda t: t.text("a")),
    (f"a = '{'b' * 10_000}'", lambda t: t.choice("a", ("c",))),
    ("a = 1", lambda t: t.number("a", low=2**20_000)),
]


@pytest.mark.parametrize(("text", "ask"), LONG)
def test_a_long_value_is_refused_in_a_short_sentence(
    tmp_path: Path, text: str, ask: Callable[[Table], object]
) -> None:
    told = refusal(lambda: ask(table(tmp_path, text)))
    assert len(told.removeprefix(str(tmp_path))) < 200


def test_a_number_of_any_length_is_read(tmp_path: Path) -> None:
    assert table(tmp_path, f"a = {HUGE}").number("a") == 16**10_000 - 1


UNREADABLE = [
    (b"a = \n", "line 1"),
    (b"a = 1\na = 2\nb = 3", "line 2"),
    (b"\xff", "utf-8"),
    (b"\xef\xbb\xbfa = 1", "line 1"),
    (b"a = " + b"9" * 5000, "4300 digits"),
    (b"a = " + b"[" * 100_000, "nested"),
]


@pytest.mark.parametrize(("data", "told"), UNREADABLE, ids=[told for _, told in UNREADABLE])
def test_what_is_no_toml_is_refused(tmp_path: Path, data: bytes, told: str) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(data)
    sentence = refusal(lambda: read_toml(path))
    assert sentence.startswith(f"{path} is not valid TOML: ")
    assert told in sentence


def test_a_missing_file_a_folder_and_a_huge_file_are_refused(tmp_path: Path) -> None:
    assert refusal(lambda: read_toml(tmp_path / "no.toml")).endswith(
        "cannot be read: No such file or directory."
    )
    assert refusal(lambda: read_toml(tmp_path)).endswith("cannot be read: Is a directory.")
    with (tmp_path / "huge.toml").open("wb") as file:
        file.truncate(65 * 2**20)
    assert refusal(lambda: read_toml(tmp_path / "huge.toml")).endswith("is too large for a TOML file.")


def test_a_text_from_a_command_line_that_is_no_unicode_is_refused() -> None:
    fields: dict[str, Any] = {"title": "a\udcff", "prompts": ["b", "\udcff"]}
    told = "must be text, and has a byte that is none"
    assert refusal(lambda: Table(fields, "x").text("title")) == f"x: title {told}."
    assert refusal(lambda: Table(fields, "x").texts("prompts")) == f"x: prompts {told}."
