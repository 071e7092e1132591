"""What commands say: as it is, and not too much of it."""

import pytest

from babelgen.commands.console import say, warn, warn_prompts
from babelgen.edition import Edition


def test_texts_are_said_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    text = "[bold]a[/] :fire: " + "long " * 40
    say(text)
    warn(text)
    assert capsys.readouterr() == ("", f"{text}\nwarning: {text}\n")


def test_many_unknown_words_are_counted(words_edition: Edition, capsys: pytest.CaptureFixture[str]) -> None:
    words = [f"zebra{chr(97 + at)}" for at in range(15)]
    warn_prompts(words_edition, [" ".join(words[:4]), " ".join(words[2:])])
    told = capsys.readouterr().err.splitlines()[-1]
    assert told.endswith(f"{', '.join(map(repr, words[:12]))} and 3 more words; expect something else.")
