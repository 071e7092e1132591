"""Films of a library: `film` in its file, `animate` without --out; made once, whole, and again when something is other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from PIL import Image

from babelgen.cli import main
from babelgen.films import Show, film_file, keys_file, read_record, record_file
from babelgen.library import load_library
from babelgen.store import file_of

from ..conftest import LibraryFactory

SEA = {"name": "sea", "kind": "search", "prompts": ["the sea", "a forest"], "count": 3, "film": True}
BACK = {
    "name": "back", "kind": "search", "prompts": ["mountains"], "count": 3,
    "film": {"fps": 5, "ping_pong": True, "loop": False, "width": 8},
}  # fmt: skip
PLAIN = {"name": "plain", "kind": "search", "prompts": ["green hills"], "count": 2}
pytestmark = pytest.mark.usefixtures("elsewhere")


def render(root: Path, code: int = 0) -> None:
    assert main(["render", "--library", str(root), "--engine", "inline", "--device", "cpu"]) == code


@pytest.fixture
def root(tiny_library: LibraryFactory) -> Path:
    """A rendered library of two films, and a collection without one."""
    root = tiny_library(SEA, BACK, PLAIN)
    render(root)
    return root


def films(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (root / "films").iterdir()}


def change(root: Path, number: int, **fields: Any) -> None:
    text = tomlkit.parse((root / "library.toml").read_text())
    text["collection"][number].update(fields)
    (root / "library.toml").write_text(tomlkit.dumps(text))


def test_render_makes_them(root: Path) -> None:
    assert sorted(films(root)) == sorted(
        f"{slug}{end}" for slug in ("sea", "back") for end in (".json", ".webp", ".webp.keys")
    )
    with Image.open(film_file(root, "sea")) as film:
        assert (getattr(film, "n_frames", 1), film.size, film.info["loop"]) == (6, (16, 8), 0)
    with Image.open(film_file(root, "back")) as film:
        assert (getattr(film, "n_frames", 1), film.size, film.info["loop"]) == (4, (8, 4), 1)
        film.load()
        assert film.info["duration"] == 200
    library = load_library(root)
    keys = [entry.key for entry in library.keys(library.collections[0])]
    assert keys_file(root, "sea").read_text().splitlines() == keys
    record = read_record(root, "back")
    assert record is not None
    assert (record.pictures, record.frames, record.rate, record.loop) == (3, 4, "5", 1)


def test_they_are_made_again_where_something_is_other_and_only_then(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def made() -> list[str]:
        capsys.readouterr()
        render(root)
        said = capsys.readouterr().err
        return [slug for slug in ("sea", "back", "plain") if f"films/{slug}.webp:" in said]

    before = films(root)
    assert made() == []
    change(root, 0, film={"fps": 6})
    assert made() == ["sea"]
    change(root, 0, film=True)
    assert made() == ["sea"]
    assert films(root) == before
    change(root, 1, count=4)
    assert made() == ["back"]
    record_file(root, "sea").unlink()
    assert made() == ["sea"]
    film_file(root, "sea").write_bytes(b"cut")
    assert made() == ["sea"]
    change(root, 2, film=True)
    assert made() == ["plain"]


def test_what_stops_while_one_is_made_leaves_none_that_counts(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from babelgen.commands import animate

    before = films(root)
    change(root, 0, film={"fps": 3})
    real, calls = animate.write_film, []

    def stop(*words: Any) -> None:
        calls.append(words)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(animate, "write_film", stop)
        render(root, code=130)
    assert read_record(root, "sea") is None
    assert not [name for name in films(root) if name.endswith(".tmp")]
    change(root, 0, film=True)
    render(root)
    assert films(root) == before
    assert real is animate.write_film


def test_animate_without_a_file_makes_the_film_of_the_library(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["animate", "plain", "--library", str(root), "--fps", "4"]) == 0
    assert "Wrote " in (said := capsys.readouterr().err)
    assert "plain.webp: 2 frames" in said
    record = read_record(root, "plain")
    assert record is not None
    assert record.rate == "4"


def test_there_is_none_of_flagged_or_missing_pictures(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    library = load_library(root)
    name = next(iter(library.keys(library.collections[0]))).name
    with sqlite3.connect(root / "catalog.sqlite") as db:
        db.execute("UPDATE pictures SET flagged = 1 WHERE name = ?", (name,))
    record_file(root, "sea").unlink()
    capsys.readouterr()
    render(root)
    assert (
        "No film of 'sea': some of its pictures are flagged by the safety checker." in capsys.readouterr().err
    )
    assert read_record(root, "sea") is None


def test_gc_takes_away_those_of_collections_that_are_no_more(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tomlkit.parse((root / "library.toml").read_text())
    del text["collection"][1]
    (root / "library.toml").write_text(tomlkit.dumps(text))
    (root / "films" / ".sea.webp.01234567.tmp").write_bytes(b"half")
    (root / "films" / "notes.txt").write_text("mine")
    gc = ["gc", "--library", str(root), "--json"]
    capsys.readouterr()
    for words in ([*gc, "--dry-run"], gc):
        assert main(words) == 0
        told = json.loads(capsys.readouterr().out)["films"]
        assert [Path(path).name for path in told["names"]] == [
            ".sea.webp.01234567.tmp", "back.json", "back.webp", "back.webp.keys",
        ]  # fmt: skip
    assert sorted(films(root)) == ["notes.txt", "sea.json", "sea.webp", "sea.webp.keys"]


@pytest.mark.parametrize(
    ("film", "told"),
    [
        ("yes", "collection 1: film must be true, false or a table, not 'yes'"),
        ({"fps": 0}, "film.fps must be from 0.01 to 100 frames a second, not 0"),
        ({"fps": 101}, "film.fps must be from 0.01 to 100"),
        ({"loop": 3}, "film.loop must be true or false"),
        ({"width": 1}, "film.width must be at least 2"),
        ({"speed": 3}, "film.speed is not known here; what is known: fps, loop, ping_pong, quality"),
    ],
)
def test_what_is_wrong_is_told(
    tiny_library: LibraryFactory, capsys: pytest.CaptureFixture[str], film: Any, told: str
) -> None:
    root = tiny_library({**SEA, "film": film})
    capsys.readouterr()
    render(root, code=1)
    assert told in capsys.readouterr().err


def test_false_is_none_and_true_is_what_animate_does(tiny_library: LibraryFactory) -> None:
    root = tiny_library({**SEA, "film": False}, {**SEA, "name": "more"})
    first, second = load_library(root).collections
    assert first.film is None
    assert second.film == Show()


class TestSite:
    """A film on pages."""

    def site(self, root: Path, out: Path, *words: str) -> Path:
        assert main(["site", "--library", str(root), "--out", str(out), *words]) == 0
        return out

    def test_it_is_shown_where_it_shows_what_is_printed(
        self, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = self.site(root, tmp_path / "site")
        sheet = (out / "collections/sea/index.html").read_text()
        assert '<section class="film" id="film"' in sheet
        assert "6 pictures, 12 a second, 0.5 s, over and over." in sheet
        assert (
            "3 pictures in 4 frames, 5 a second, 0.8 s. WebP"
            in (out / "collections/back/index.html").read_text()
        )
        assert (out / "films/sea.webp").read_bytes() == film_file(root, "sea").read_bytes()
        assert (out / "films/sea-keys.txt").read_bytes() == keys_file(root, "sea").read_bytes()
        assert '<a href="index.html#film">' in (out / "collections/sea/item-00002.html").read_text()
        plain = (out / "collections/plain/index.html").read_text()
        assert "film" not in plain
        assert "film" not in (out / "collections/plain/item-00001.html").read_text()
        capsys.readouterr()
        self.site(root, out)
        assert "Nothing to write" in capsys.readouterr().err

    def test_one_that_comes_late_or_fits_no_more_changes_its_pages_alone(
        self, root: Path, tmp_path: Path
    ) -> None:
        def contents() -> dict[str, bytes]:
            out = self.site(root, tmp_path / "site")
            anew = self.site(root, tmp_path / "anew", "--fresh")
            found = [
                {
                    str(path.relative_to(place)): path.read_bytes()
                    for path in place.rglob("*")
                    if path.is_file() and ".babelgen" not in path.parts
                }
                for place in (out, anew)
            ]
            assert found[0] == found[1]
            return found[0]

        before = contents()
        kept = films(root)
        record_file(root, "sea").unlink()
        without = contents()
        changed = {path for path in before.keys() | without.keys() if before.get(path) != without.get(path)}
        assert changed == {
            "films/sea.webp", "films/sea-keys.txt", "collections/sea/index.html",
            *(f"collections/sea/item-{at:05}.html" for at in range(1, 7)),
        }  # fmt: skip
        record_file(root, "sea").write_bytes(kept["sea.json"])
        assert contents() == before
        change(root, 0, film={"fps": 3})
        render(root)
        slower = contents()
        changed = {path for path in before.keys() | slower.keys() if before.get(path) != slower.get(path)}
        assert changed == {"films/sea.webp", "collections/sea/index.html"}
        # One picture more than the film has: it does not fit.
        change(root, 0, count=4, film=False)
        render(root)
        assert "films/sea.webp" not in contents()

    def test_a_picture_that_is_lost_takes_the_film_along(self, root: Path, tmp_path: Path) -> None:
        library = load_library(root)
        entry = next(iter(library.keys(library.collections[0])))
        shutil.copytree(root, tmp_path / "copy")
        file_of(tmp_path / "copy", "views", entry.name).unlink()
        out = self.site(tmp_path / "copy", tmp_path / "site")
        assert not (out / "films/sea.webp").exists()
        assert (out / "films/back.webp").exists()
