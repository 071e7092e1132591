"""The record of a film, and what is no record."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from babelgen.films import (
    Record,
    Show,
    film_file,
    keys_file,
    read_record,
    record_file,
    sign_of,
    sign_of_show,
    slug_of,
)

RECORD = Record(3, 4, "ab", "cd", 16, 8, "25/2", 0, 5, 6)


def put(root: Path, data: bytes) -> None:
    record_file(root, "sea").parent.mkdir(exist_ok=True)
    film_file(root, "sea").write_bytes(b"12345")
    keys_file(root, "sea").write_bytes(b"123456")
    record_file(root, "sea").write_bytes(data)


def test_a_record_is_read_where_its_files_are_there(tmp_path: Path) -> None:
    assert read_record(tmp_path, "sea") is None
    put(tmp_path, RECORD.text())
    assert read_record(tmp_path, "sea") == RECORD
    assert RECORD.seconds == 4 / 12.5
    for path in (film_file(tmp_path, "sea"), keys_file(tmp_path, "sea")):
        data = path.read_bytes()
        path.write_bytes(data[:-1])
        assert read_record(tmp_path, "sea") is None
        path.unlink()
        assert read_record(tmp_path, "sea") is None
        path.write_bytes(data)
    assert read_record(tmp_path, "sea") == RECORD


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[1]",
        b"\xff",
        b"[" * 100_000,
        replace(RECORD, rate="0").text(),
        replace(RECORD, rate="1/0").text(),
        replace(RECORD, rate="x").text(),
        replace(RECORD, rate="1000").text(),
        replace(RECORD, pictures=0).text(),
        replace(RECORD, width=True).text(),
        replace(RECORD, loop=-1).text(),
        replace(RECORD, frames="9").text(),  # type: ignore[arg-type]
        replace(RECORD, made_from=None).text(),  # type: ignore[arg-type]
        json.dumps({**json.loads(RECORD.text()), "more": 1}).encode(),
        RECORD.text()[:-1],
    ],
)
def test_what_is_no_record_is_none(tmp_path: Path, data: bytes) -> None:
    put(tmp_path, data)
    assert read_record(tmp_path, "sea") is None


def test_signs_tell_apart_what_would_be_another_film() -> None:
    pictures = [("a", "1"), ("b", "2")]
    assert (
        len(
            {
                sign_of(pictures),
                sign_of(pictures[::-1]),
                sign_of(pictures[:1]),
                sign_of([("a", "1"), ("b", "3")]),
            }
        )
        == 4
    )
    shows = [Show(), Show(rate=6), Show(back=True), Show(loop=1), Show(width=32), Show(quality=50)]
    assert len({sign_of_show(show) for show in shows}) == len(shows)
    assert sign_of_show(Show(flagged=True)) == sign_of_show(
        Show()
    )  # which pictures there are says the other sign


def test_files_are_known_by_their_names() -> None:
    found = [slug_of(name) for name in ("sea.webp", "sea.webp.keys", "sea.json", ".sea.webp", "notes.txt")]
    assert found == ["sea", "sea", "sea", "", ""]
