"""`gc`: a table for people, one JSON object for programs, and a site that is built from what is left."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from babelgen import gc
from babelgen.cli import main
from babelgen.library import Library
from babelgen.store import file_of, open_run

from ..test_gc import (
    STRAY,
    begin,
    everything_in,
    expected_files,
    files_of,
    full,
    in_turns,
    library,
    shorten,
    unneeded,
)

__all__ = ["begin", "full", "in_turns", "library"]
pytestmark = pytest.mark.usefixtures("elsewhere")


def run(library: Library, *words: str) -> int:
    return main(["gc", "--library", str(library.root), *words])


def rows(out: str) -> dict[str, list[str]]:
    """The table's rows by their first word."""
    lines = [re.split(r" *│ *", line.strip("│ ")) for line in out.splitlines() if line.startswith("│")]
    return {line[0]: line[1:] for line in lines}


def leave_rubbish(library: Library) -> int:
    """Some of most kinds; the bytes of what is on disk."""
    stray, half = file_of(library.root, "thumbs", STRAY), f".{STRAY}.webp.01234567.tmp"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"stray")
    (stray.parent / half).write_bytes(b"half")
    (library.root / "runs" / "20260102T030405Z-abcdef").mkdir(parents=True)
    return len(b"stray") + len(b"half")


def test_a_dry_run_lists_and_removes_nothing(
    full: Library, library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_rubbish(library)
    before = everything_in(library.root)
    capsys.readouterr()
    assert run(library, "--dry-run") == 0
    out, err = capsys.readouterr()
    assert everything_in(library.root) == before
    table = rows(out)
    assert re.fullmatch(r"[0-9.]+ kB", table.pop("pictures that no collection names")[1])
    assert table == {
        "files of pictures that are not in the catalog": ["1", "5 bytes"],
        "temporary files of writers that were killed": ["1", "4 bytes"],
        "folders of renders that were killed": ["1"],
    }
    named = re.search(r"^pictures: (.+) and 15 more$", out, re.MULTILINE)
    assert named
    assert set(named[1].split(", ")) < set(unneeded(full, library))
    assert err == "Nothing was removed: this was a dry run.\n"


def test_json_is_one_object_with_all_names(
    full: Library, library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    leave_rubbish(library)
    capsys.readouterr()
    results: list[dict[str, Any]] = []
    for words in (["--dry-run"], []):
        assert run(library, "--json", *words) == 0
        out, err = capsys.readouterr()
        assert err == ""
        results.append(json.loads(out))
    dry, wet = results
    assert (dry.pop("dry_run"), wet.pop("dry_run")) == (True, False)
    assert dry == wet
    assert (wet["library"], wet["whole"], wet["render_at_work"]) == (str(library.root), True, False)
    assert set(wet["pictures"]["names"]) == set(unneeded(full, library))
    assert wet["pictures"]["count"] == 20
    assert wet["runs"]["names"] == ["20260102T030405Z-abcdef"]
    assert wet["leftovers"]["names"] == [str(file_of(library.root, "thumbs", STRAY))]
    assert files_of(library) == expected_files(library)


def test_what_was_removed_is_told(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(library) == 0
    out, err = capsys.readouterr()
    assert (rows(out)["pictures that no collection names"][0], err) == ("20", "")
    assert run(library) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"Nothing to remove: all that is in {library.root} is needed.\n")


def test_the_site_is_built_from_what_is_left(
    full: Library, library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = tmp_path / "site"
    shorten(library, 30)
    assert main(["site", "--library", str(full.root), "--out", str(site)]) == 0
    shorten(full, 10)
    assert run(library) == 0
    assert main(["site", "--library", str(full.root), "--out", str(site)]) == 0
    assert {path.stem for path in site.rglob("*.png")} == {entry.name for entry in library.entries()}
    assert main(["status", "--library", str(full.root), "--json"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert [collection["done"] for collection in json.loads(last)["collections"]] == [10]
    assert main(["verify", str(full.root), "--sample", "0"]) == 0


def test_beside_a_render_it_is_refused_and_a_dry_run_says_so(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    with open_run(library.root):
        assert run(library) == 1
        refusal = f"error: A render is at work on the library {library.root}: wait for it to end.\n"
        assert capsys.readouterr() == ("", refusal)
        assert run(library, "--dry-run") == 0
        assert capsys.readouterr().err.endswith(
            "warning: A render is at work: gc is refused until it has ended, and files that are not in the catalog are"
            " not told of.\n"
        )


def test_what_was_removed_is_told_even_if_it_has_to_stop(
    library: Library, in_turns: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_turns(lambda: shorten(library, 11))
    monkeypatch.setattr(
        gc, "PARTS", sorted(gc.PARTS, key=lambda part: not part.startswith(some_part(library)))
    )
    capsys.readouterr()
    assert run(library, "--json") == 1
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert (result["whole"], result["pictures"]["count"]) == (False, 20 - len(files_left(library)))
    assert err == f"error: The collections of {library.root} have changed meanwhile: run gc again.\n"


def some_part(library: Library) -> str:
    """Where there is something to remove."""
    return sorted(files_left(library))[0][:2]


def files_left(library: Library) -> set[str]:
    wanted = {entry.name for entry in library.entries()}
    return {path.stem for path in library.root.glob("pictures/*/*.png")} - wanted


def test_what_is_left_alone_is_told(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    (library.root / "pictures" / "notes.txt").write_bytes(b"mine")
    (library.root / "catalog.sqlite").unlink()
    capsys.readouterr()
    assert run(library) == 0
    first, second = capsys.readouterr().err.splitlines()
    assert first == (
        "warning: 30 files of pictures that collections name are left alone, though the catalog knows of none of these:"
        " it may have been lost. The next render makes them again."
    )
    assert second == (
        "warning: 1 files, folders or links are not the library's own and left alone:"
        f" {library.root / 'pictures' / 'notes.txt'}"
    )


def test_what_is_wrong_is_told(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    before, path = files_of(library), library.root / "library.toml"
    capsys.readouterr()
    assert main(["gc", "--library", "nowhere"]) == 1
    assert capsys.readouterr().err == "error: There is no library in nowhere: it has no library.toml.\n"
    text = path.read_text()
    for spoilt in ("", text[:-9], text.replace("kind", "sort")):
        path.write_text(spoilt)
        assert run(library, "--all") == 1
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert err.startswith("error: ")
    path.unlink()
    assert run(library, "--all") == 1
    assert files_of(library) == before


def test_no_picture_left_must_be_said(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    path = library.root / "library.toml"
    path.write_text(path.read_text().replace("count = 10", "page = 1000\ncount = 10"))
    assert run(library) == 1
    assert capsys.readouterr().err.endswith(" give --all if that is meant.\n")
    assert run(library, "--all") == 0
    assert files_of(library) == set()


@pytest.mark.parametrize("words", [["books"], ["--dry"], ["--sample", "3"]])
def test_wrong_usage_ends_with_2(words: list[str]) -> None:
    assert main(["gc", *words]) == 2
