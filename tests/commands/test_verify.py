"""`verify`: it finds what is wrong with a library, accepts what is sound, and writes nothing."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from babelgen.catalog import Catalog, Picture
from babelgen.cli import main
from babelgen.commands.progress import RunProgress
from babelgen.edition import Edition
from babelgen.engines import InlineEngine
from babelgen.farm import render_library
from babelgen.library import Library, load_library
from babelgen.store import encode_png, file_of, open_store

from ..conftest import LibraryFactory, library_factory

pytestmark = pytest.mark.usefixtures("elsewhere")

COLLECTIONS: list[dict[str, Any]] = [
    {"name": "sea", "kind": "search", "prompts": ["the sea", "in the fog"], "count": 2},
    {"name": "walk", "kind": "range", "prompt": "the sea", "count": 4},
    {"name": "hills", "kind": "range", "prompt": "green hills", "count": 2},
]
Verify = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def rendered(tiny_edition_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound library: ten items, eight pictures."""
    root = library_factory(tiny_edition_file, tmp_path_factory.mktemp("rendered"))(*COLLECTIONS)
    render_library(load_library(root), InlineEngine(), RunProgress())
    return root


@pytest.fixture
def library(rendered: Path, tmp_path: Path) -> Library:
    """A copy of it that a test may spoil."""
    return load_library(Path(shutil.copytree(rendered, tmp_path / "books")))


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str], library: Library, elsewhere: Path) -> Verify:
    """A function that verifies in this process, and returns code, output and errors; nothing may be written."""

    def run(*words: str) -> tuple[int, str, str]:
        before = everything(library.root)
        code = main(["verify", str(library.root), "--engine", "inline", *words])
        assert everything(library.root) == before
        assert list(elsewhere.iterdir()) == []
        return code, *capsys.readouterr()

    return run


def everything(folder: Path) -> dict[Path, tuple[bytes, int]]:
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()
    }


def verified(verify: Verify, *words: str, code: int = 0) -> dict[str, Any]:
    found, out, err = verify("--json", *words)
    assert (found, err) == (code, "")
    result: dict[str, Any] = json.loads(out)
    return result


def row_of(library: Library, collection: int, at: int = 0) -> Picture:
    entry = list(library.keys(library.collections[collection]))[at]
    with Catalog.open(library.root) as catalog:
        row = catalog.picture(entry.name)
    assert row is not None
    return row


def change(library: Library, row: Picture, **columns: str | int) -> None:
    """Write something else into a picture's row."""
    with sqlite3.connect(library.root / "catalog.sqlite") as connection:
        for column, value in columns.items():
            connection.execute(f"UPDATE pictures SET {column} = ? WHERE name = ?", (value, row.name))
    connection.close()


def the_fault(result: dict[str, Any], row: Picture) -> str:
    """What is wrong with the one picture that has a fault."""
    (fault,) = result["faults"]
    assert (fault["name"], fault["key"]) == (row.name, row.key)
    assert fault["file"] == f"pictures/{row.name[:2]}/{row.name}.png"
    return str(fault["what"])


def test_a_sound_library_is_accepted(verify: Verify) -> None:
    code, out, err = verify("--all")
    assert (code, err) == (0, "")
    lines = [line.strip("│┃ ").split("│") for line in out.splitlines()]
    table = {words[0].strip(): words[1].strip() for words in lines if len(words) == 2}
    assert table == {
        "pictures checked": "8",
        "rendered again": "8",
        "of these, the same to the pixel": "8",
        "faults": "0",
    }
    assert "fault:" not in out


def test_json_is_one_object(verify: Verify, library: Library) -> None:
    assert verified(verify, "--sample", "3", "--seed", "5") == {
        "library": str(library.root), "collection": None, "sample": 3, "seed": 5, "pictures": 8, "hashed_only": 0,
        "rendered_again": 3, "equal": 3, "other_profile": 0, "psnr": None, "not_rendered_again": {}, "faults": [],
    }  # fmt: skip


def test_eight_are_rendered_again_where_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("babelgen.commands.verify.verify", lambda *words: asked.append(words) or 0)
    assert main(["verify"]) == main(["verify", "here", "--all"]) == main(["verify", "--library", "here"]) == 0
    assert [(str(folder), request.sample) for folder, request, _, _ in asked] == [
        ("library/default", 8),
        ("here", None),
        ("here", 8),
    ]


def test_a_pixel_that_was_changed_is_found(verify: Verify, library: Library) -> None:
    row = row_of(library, 0)
    path = file_of(library.root, "pictures", row.name)
    with Image.open(path) as image:
        pixels = np.array(image)
        kept = dict(image.text)
    pixels[3, 7, 1] ^= 1
    path.write_bytes(encode_png(pixels, kept))
    code, out, _ = verify("--sample", "0")
    assert code == 4
    told = f"fault: {row.key}: {path.relative_to(library.root)}: Its pixels are not those that the catalog"
    assert told in out


def test_a_file_that_was_packed_again_is_the_same_picture(verify: Verify, library: Library) -> None:
    path = file_of(library.root, "pictures", row_of(library, 0).name)
    with Image.open(path) as image:
        image.save(path, "PNG", compress_level=1)
    assert verified(verify, "--all")["faults"] == []


def spoil_by_cutting(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def spoil_by_flipping(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[1] ^= 255
    path.write_bytes(data)


def spoil_by_emptying(path: Path) -> None:
    path.write_bytes(b"")


def spoil_by_another_format(path: Path) -> None:
    Image.new("RGB", (16, 8)).save(path, "BMP")


def spoil_by_another_size(path: Path) -> None:
    with Image.open(path) as image:
        image.transpose(Image.Transpose.ROTATE_90).save(path, "PNG")


def spoil_by_transparency(path: Path) -> None:
    with Image.open(path) as image:
        image.convert("RGBA").save(path, "PNG")


def spoil_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


SPOILT = [
    (Path.unlink, "The file is missing."),
    (spoil_by_cutting, "The file is {found} bytes long, not {size}."),
    (spoil_by_flipping, "The file cannot be read: it is not a whole PNG."),
    (spoil_by_emptying, "The file is empty."),
    (spoil_by_another_format, "The file is {found} bytes long, not {size}."),
    (spoil_by_another_size, "The file has 8 x 16 pixels (RGB), not 16 x 8 (RGB)."),
    (spoil_by_transparency, "The file has 16 x 8 pixels (RGBA), not 16 x 8 (RGB)."),
    (spoil_by_a_folder, "The file cannot be read: Is a directory."),
]


@pytest.mark.parametrize(("spoil", "told"), SPOILT, ids=[told for _, told in SPOILT])
def test_a_file_that_is_spoilt_is_found(
    verify: Verify, library: Library, spoil: Callable[[Path], None], told: str
) -> None:
    row = row_of(library, 1, 3)
    path = file_of(library.root, "pictures", row.name)
    size = path.stat().st_size
    spoil(path)
    found = path.stat().st_size if path.exists() else 0
    assert the_fault(verified(verify, "--sample", "0", code=4), row) == told.format(found=found, size=size)


@pytest.mark.parametrize("folder", ["views", "thumbs"])
def test_a_smaller_size_that_is_spoilt_is_found(verify: Verify, library: Library, folder: str) -> None:
    path = file_of(library.root, folder, row_of(library, 0).name)
    size = path.stat().st_size
    for spoil, told in (
        (lambda: path.write_bytes(path.read_bytes()[:-2]), f"The file is {size - 2} bytes long, not {size}."),
        (lambda: path.write_bytes(b""), "The file is empty."),
        (path.unlink, "The file is missing."),
        (path.parent.rmdir, "The file is missing, and its folder too."),
    ):
        spoil()
        (fault,) = verified(verify, "--sample", "0", code=4)["faults"]
        assert (library.root / fault["file"], fault["what"]) == (path, told)


def test_where_sizes_were_not_recorded_what_is_there_counts(verify: Verify, library: Library) -> None:
    """As in a catalog of an earlier version."""
    row = row_of(library, 0)
    change(library, row, bytes=0, view_bytes=0, thumb_bytes=0)
    view = file_of(library.root, "views", row.name)
    view.write_bytes(b"another")
    assert verified(verify, "--sample", "0")["faults"] == []
    spoil_by_cutting(file_of(library.root, "pictures", row.name))
    assert (
        the_fault(verified(verify, "--sample", "0", code=4), row)
        == "The file cannot be read: it is not a whole PNG."
    )


def swap(library: Library, row: Picture, other: Picture) -> None:
    """Give a picture the pixels and the hash of another."""
    shutil.copy(file_of(library.root, "pictures", other.name), file_of(library.root, "pictures", row.name))
    change(library, row, sha256=other.sha256)


def test_a_picture_that_was_rendered_wrongly_is_found_by_rendering_alone(
    verify: Verify, library: Library
) -> None:
    row = row_of(library, 1, 2)
    swap(library, row, row_of(library, 2))
    assert verified(verify, "--sample", "0")["faults"] == []
    result = verified(verify, "--all", code=4)
    assert the_fault(result, row).startswith("Its key makes another picture, in the same profile (PSNR ")
    assert (result["rendered_again"], result["equal"]) == (8, 7)


def test_in_another_profile_the_difference_is_told_and_is_no_fault(verify: Verify, library: Library) -> None:
    row, same = row_of(library, 1, 2), row_of(library, 1, 3)
    swap(library, row, row_of(library, 2))
    change(library, row, profile="elsewhere")
    change(library, same, profile="elsewhere")
    result = verified(verify, "--all")
    assert (result["equal"], result["other_profile"], result["faults"]) == (7, 1, [])
    assert 0 < result["psnr"]["worst"] == result["psnr"]["median"] < 60
    assert f"{result['psnr']['worst']:.1f} and {result['psnr']['median']:.1f} dB" in verify("--all")[1]


def test_other_batches_are_another_profile(verify: Verify) -> None:
    result = verified(verify, "--all", "--slots", "2")
    assert (result["equal"] + result["other_profile"], result["faults"]) == (8, [])


def test_a_key_in_anothers_place_is_found(verify: Verify, library: Library) -> None:
    row = row_of(library, 0)
    change(library, row, key=row_of(library, 2).key)
    (fault,) = verified(verify, "--sample", "0", code=4)["faults"]
    assert (fault["name"], fault["what"]) == (row.name, "The catalog has another key in its place.")


def test_a_collection_limits_what_is_verified(verify: Verify, library: Library) -> None:
    file_of(library.root, "pictures", row_of(library, 2).name).unlink()
    whole = verified(verify, "--collection", "walk", "--all")
    assert (whole["collection"], whole["pictures"], whole["rendered_again"]) == ("walk", 4, 4)
    assert len(verified(verify, "--collection", "hills", "--sample", "0", code=4)["faults"]) == 1


def test_faults_are_found_on_every_page(
    verify: Verify, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("babelgen.verify.PAGE", 3)
    rows = [row_of(library, 0, at) for at in range(4)]
    for row in rows:
        file_of(library.root, "pictures", row.name).unlink()
    result = verified(verify, "--all", code=4)
    assert (result["pictures"], result["rendered_again"], result["equal"]) == (8, 4, 4)
    assert {fault["name"] for fault in result["faults"]} == {row.name for row in rows}
    found = verified(verify, "--collection", "walk", "--all", code=4)
    assert (found["pictures"], found["equal"], len(found["faults"])) == (4, 2, 2)


def test_a_library_of_which_nothing_is_rendered_has_no_faults(
    tiny_library: LibraryFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tiny_library(*COLLECTIONS)
    assert main(["verify", str(root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pictures"] == 0
    assert [path.name for path in root.iterdir()] == ["library.toml"]


def test_a_library_that_is_being_rendered_is_verified_all_the_same(verify: Verify, library: Library) -> None:
    with open_store(library.root):
        assert verified(verify, "--all")["equal"] == 8


REFUSED = [
    (["nowhere"], "There is no library in nowhere: it has no library.toml."),
    (["{}", "--collection", "sky"], "The library in {} has no collection 'sky'; it has sea, walk, hills."),
    (["{}", "--library", "{}"], "The library is given twice: leave out LIBRARY or --library."),
    (["{}", "--all", "--sample", "3"], "Give either --all or --sample."),
]


@pytest.mark.parametrize(("words", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_is_wrong_is_told(
    words: list[str], told: str, library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *(word.format(library.root) for word in words)]) == 1
    assert capsys.readouterr() == ("", f"error: {told.format(library.root)}\n")


@pytest.mark.parametrize("words", [["--sample", "-1"], ["--seed", "x"], ["--workers", "0"], ["a", "b"]])
def test_wrong_usage_ends_with_2(words: list[str]) -> None:
    assert main(["verify", *words]) == 2


def without_model(library: Library, *kept: str) -> Edition:
    """Take the model away from the same library, but for a few of its files."""
    edition = library.collections[0].edition
    model, toml, path = library.root / "model", library.root / "gone.toml", library.root / "library.toml"
    for name in kept:
        shutil.copytree(edition.model / name, model / name)
    source = Path(old_edition(path.read_text()))
    toml.write_text(source.read_text().replace(str(edition.model), str(model)))
    path.write_text(path.read_text().replace(str(source), toml.name))
    return edition


def old_edition(text: str) -> str:
    return text.partition('edition = "')[2].partition('"')[0]


@pytest.mark.parametrize("kept", [["tokenizer"], []], ids=["networks", "all"])
def test_where_the_model_is_gone_files_are_checked_and_that_is_told(
    verify: Verify, library: Library, kept: list[str]
) -> None:
    """Without a tokenizer the library file itself is refused, since it has prompts."""
    edition = without_model(library, *kept)
    told = f"The {'model' if kept else 'tokenizer'} of edition {edition.id} "
    code, out, err = verify("--json")
    result = json.loads(out)
    assert (code, result["pictures"], result["rendered_again"], result["faults"]) == (1, 8, 0, [])
    (reason,) = result["not_rendered_again"].values()
    assert told in reason
    assert err == f"warning: Not everything could be rendered again: {reason}\n"
    assert verified(verify, "--sample", "0")["pictures"] == 8
    lost = next(library.root.glob("pictures/*/*.png"))
    lost.unlink()
    code, out, _ = verify()
    assert code == 4
    assert f"{lost.relative_to(library.root)}: The file is missing.\n" in out


def test_pictures_of_an_edition_that_no_collection_has_are_hashed(
    verify: Verify, library: Library, fitted_edition_file: Path
) -> None:
    path = library.root / "library.toml"
    path.write_text(path.read_text().replace(old_edition(path.read_text()), str(fitted_edition_file)))
    code, out, err = verify("--all", "--json")
    result = json.loads(out)
    assert (code, result["pictures"], result["hashed_only"], result["rendered_again"]) == (0, 8, 8, 0)
    assert err == "No collection has the editions of 8 pictures: only their files were checked.\n"


def test_an_interrupt_leaves_nothing_behind(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("babelgen.verify._Again._compare", interrupt)
    assert verify("--all")[0] == 130


def test_a_long_key_is_told_by_its_ends(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["random", "--uniform", "--count", "1", "--library", str(library.root), "--engine", "inline"])
        == 0
    )
    row = row_of(load_library(library.root), 3)
    file_of(library.root, "pictures", row.name).unlink()
    capsys.readouterr()
    assert main(["verify", str(library.root), "--sample", "0", "--json"]) == 4
    (fault,) = json.loads(capsys.readouterr().out)["faults"]
    assert len(row.key) > 100 > len(fault["key"])
    assert row.key.startswith(fault["key"].partition("…")[0])
    assert row.key.endswith(fault["key"].partition("…")[2])


def discard(
    library: Library, capsys: pytest.CaptureFixture[str], *words: str, code: int = 4
) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["verify", str(library.root), "--engine", "inline", "--discard", "--json", *words]) == code
    out, err = capsys.readouterr()
    assert err == ""
    result: dict[str, Any] = json.loads(out)
    return result


def test_without_faults_nothing_is_taken_away(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    before = everything(library.root / "pictures")
    result = discard(library, capsys, "--all", code=0)
    assert (result["discarded"], result["not_discarded"], result["equal"]) == ([], {}, 8)
    assert everything(library.root / "pictures") == before


def test_what_has_faults_is_taken_away_and_made_again(
    library: Library, rendered: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files that are damaged, a row that is, and a picture that only its key gives away."""
    cut, swapped, wrong = row_of(library, 0), row_of(library, 1, 2), row_of(library, 1, 3)
    spoil_by_cutting(file_of(library.root, "pictures", cut.name))
    swap(library, swapped, row_of(library, 2))
    change(library, wrong, sha256="0" * 64)
    result = discard(library, capsys, "--all")
    assert {fault["name"] for fault in result["faults"]} == {cut.name, swapped.name, wrong.name}
    assert (set(result["discarded"]), result["not_discarded"]) == ({cut.name, swapped.name, wrong.name}, {})
    with Catalog.open(library.root) as catalog:
        assert catalog.count() == 5
        left = catalog.names()
    for folder in ("pictures", "views", "thumbs"):
        assert {path.stem for path in library.root.glob(f"{folder}/*/*")} == left
    assert main(["render", "--library", str(library.root), "--engine", "inline"]) == 0
    assert discard(library, capsys, "--all", code=0)["equal"] == 8
    for folder in ("pictures", "views", "thumbs"):
        files = [path.relative_to(rendered) for path in rendered.glob(f"{folder}/*/*")]
        assert all((library.root / path).read_bytes() == (rendered / path).read_bytes() for path in files)


def test_people_are_told_what_to_do_next(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    row, strange = row_of(library, 0), row_of(library, 2)
    spoil_by_emptying(file_of(library.root, "views", row.name))
    spoil_by_a_folder(file_of(library.root, "pictures", strange.name))
    words = ["verify", str(library.root), "--sample", "0"]
    assert main(words) == 4
    assert capsys.readouterr().err == (
        "With --discard, pictures with faults are taken away, so that the next `render` makes them again.\n"
    )
    assert main([*words, "--discard"]) == 4
    out, err = capsys.readouterr()
    assert f"fault: {row.key}: views/{row.name[:2]}/{row.name}.webp: The file is empty.\n" in out
    assert err == (
        f"1 picture taken away: run `render.py render --library {library.root}` to make it again.\n"
        f"warning: Not taken away: {strange.key}: a folder stands where its file should be.\n"
    )


def test_another_profiles_pictures_are_kept(library: Library, capsys: pytest.CaptureFixture[str]) -> None:
    row = row_of(library, 1, 2)
    swap(library, row, row_of(library, 2))
    change(library, row, profile="elsewhere")
    result = discard(library, capsys, "--all", code=0)
    assert (result["other_profile"], result["discarded"]) == (1, [])
    assert file_of(library.root, "pictures", row.name).exists()


def test_where_nothing_could_be_made_again_nothing_is_taken_away(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without its tokenizer the library file cannot be read."""
    spoil_by_cutting(file_of(library.root, "pictures", row_of(library, 0).name))
    without_model(library)
    before = everything(library.root)
    assert main(["verify", str(library.root), "--sample", "0", "--discard"]) == 1
    assert everything(library.root) == before
