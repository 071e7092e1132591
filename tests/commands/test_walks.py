"""`walk` and `interpolate`, from the command to the pictures: every frame is made again from its key alone."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
import tomlkit
from PIL import Image

from babelgen.cli import main
from babelgen.collections import Derived
from babelgen.commands.derive import work_out
from babelgen.edition import Edition, load_edition
from babelgen.errors import UserError
from babelgen.keys import Address, format_key
from babelgen.library import Library, load_library
from babelgen.store import file_of
from babelgen.tokens import tokens_of

from ..collections.conftest import spoken_edition, spoken_edition_file
from ..conftest import library_factory

__all__ = ["spoken_edition", "spoken_edition_file"]
pytestmark = pytest.mark.usefixtures("elsewhere")

RECIPE = [
    {"name": "prompts", "kind": "interpolation", "through": ["the sea", "a forest"], "frames": 2},
    {"name": "pages", "kind": "interpolation", "through": ["the sea"], "pages": [0, 4], "frames": 1},
    {"name": "both", "kind": "walk", "prompt": "the sea", "frames": 2, "step": 0.3, "back": True},
    {"name": "plain", "kind": "walk", "prompt": "mountains", "negative": "in the fog", "style": "linear",
     "frames": 2, "step": 0.4},
]  # fmt: skip


@pytest.fixture(scope="module")
def rendered(fitted_edition_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A library of all of them, rendered by the command."""
    folder = tmp_path_factory.mktemp("walks")
    (folder / "walks.toml").write_text(
        tomlkit.dumps({"edition": str(fitted_edition_file), "collection": RECIPE}), "utf-8"
    )
    words = ["render", str(folder / "walks.toml"), "--library", str(folder / "library"), "--engine", "inline"]
    assert main(words) == 0
    return load_library(folder / "library")


def picture(library: Library, name: str) -> np.ndarray:  # type: ignore[type-arg]
    with Image.open(file_of(library.root, "pictures", name)) as opened:
        return np.asarray(opened)


def test_every_frame_is_made_again_from_its_key_file_alone(
    rendered: Library, fitted_edition_file: Path, tmp_path: Path
) -> None:
    entries = {entry.name: entry for entry in rendered.entries()}
    assert (
        len(entries) == 11
    )  # 4, 3, 4 and 3 frames; both walks begin where others do, and out and back share one
    for name, entry in entries.items():
        (tmp_path / "frame.key").write_text(entry.key + "\n")
        out = tmp_path / f"{name}.png"
        words = ["key", "render", str(tmp_path / "frame.key"), "--out", str(out)]
        assert main([*words, "--edition", str(fitted_edition_file)]) == 0
        with Image.open(out) as again:
            assert np.array_equal(np.asarray(again), picture(rendered, name))
            assert again.text["key"] == entry.key


def test_frames_differ(rendered: Library) -> None:
    pictures = {picture(rendered, entry.name).tobytes() for entry in rendered.entries()}
    assert len(pictures) == 11


def test_a_second_render_leaves_keys_and_pictures_alone(
    rendered: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [path for path in rendered.root.rglob("*") if path.suffix in (".keys", ".png")]
    before = {path: path.stat().st_mtime_ns for path in files}
    assert sum(path.suffix == ".keys" for path in files) == 3
    assert main(["render", "--library", str(rendered.root), "--engine", "inline"]) == 0
    assert "Nothing to render" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in files} == before


def test_what_lacks_its_keys_is_waited_for_and_never_taken_for_unnamed(
    rendered: Library, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Somebody lost a file of keys: gc refuses, status and site tell, and the next render works them out again."""
    folder = ["--library", str(rendered.root)]
    spec = rendered.collections[0].spec
    assert isinstance(spec, Derived)
    data = spec.path.read_bytes()
    spec.path.unlink()
    capsys.readouterr()
    for words in (["gc"], ["gc", "--dry-run"], ["gc", "--all"]):
        assert main([*words, *folder]) == 1
        assert "The keys of collection 'prompts' are not worked out yet" in capsys.readouterr().err
    assert main(["status", "--json", *folder]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["waiting"], told["unnamed"]) == (["prompts"], 0)
    assert told["collections"][0]["todo"] == told["collections"][0]["total"] == 4
    assert told["collections"][1]["done"] == 3
    assert main(["status", *folder]) == 0
    assert "worked out by the next render: prompts." in capsys.readouterr().out
    assert main(["site", *folder, "--out", str(tmp_path / "site")]) == 0
    assert "Collection 'prompts' is left out" in capsys.readouterr().err
    assert (tmp_path / "site/collections/pages").is_dir()
    assert not (tmp_path / "site/collections/prompts").exists()
    assert main(["render", *folder, "--engine", "inline"]) == 0
    assert "Worked out the 4 keys of collection 'prompts'." in capsys.readouterr().err
    assert spec.path.read_bytes() == data
    assert main(["gc", *folder]) == 0
    assert "Nothing to remove" in capsys.readouterr().err


def test_files_of_keys_that_no_collection_reads_go(
    rendered: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = rendered.root / "keys"
    before = sorted(folder.iterdir())
    old, half, strange = folder / f"{'0' * 32}.keys", folder / ".a.keys.01234567.tmp", folder / "notes.txt"
    for path in (old, half, strange):
        path.write_bytes(b"four")
    gc = ["gc", "--library", str(rendered.root), "--json"]
    capsys.readouterr()
    for words in ([*gc, "--dry-run"], gc):
        assert main(words) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["keys"] == {"count": 2, "bytes": 8, "names": [str(half), str(old)]}
        assert told["pictures"]["count"] == 0
    assert sorted(folder.iterdir()) == sorted([*before, strange])
    strange.unlink()


def test_keys_are_worked_out_once_and_without_torch_in_this_process(
    fitted_edition_file: Path, tmp_path: Path
) -> None:
    """Two processes begin at once: one of them writes the file, and both can read it."""
    root = library_factory(fitted_edition_file, tmp_path)(RECIPE[0])
    code = (
        "import sys; from pathlib import Path; from babelgen.library import load_library;"
        "from babelgen.commands.derive import work_out; library = load_library(Path(sys.argv[1]));"
        "work_out(library); print(len(list(library.entries())));"
        "sys.exit('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(root)]
    both = [
        subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)
    ]
    told = [each.communicate() for each in both]
    assert [each.returncode for each in both] == [0, 0]
    assert [out for out, _ in told] == ["4\n", "4\n"]
    assert sum(err.count("Worked out the 4 keys") for _, err in told) == 1
    assert [path.suffix for path in (root / "keys").iterdir()] == [".keys"]


def test_a_model_that_is_not_there_is_told_and_nothing_is_written(
    spoken_edition_file: Path, tmp_path: Path
) -> None:
    library = load_library(library_factory(spoken_edition_file, tmp_path)(RECIPE[0]))
    with pytest.raises(UserError, match=r"^The model of edition spoken-\w+ in .* has no weights"):
        work_out(library)
    assert not (library.root / "keys").exists()


class TestAdding:
    """The commands themselves."""

    @pytest.fixture
    def root(self, spoken_edition_file: Path, tmp_path: Path) -> Path:
        """A library without collections, of an edition that has no model."""
        return library_factory(spoken_edition_file, tmp_path)()

    def add(self, root: Path, *words: str, code: int = 0) -> None:
        assert main([*words, "--library", str(root), "--add-only"]) == code

    def test_a_walk_is_added_once(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        words = ["walk", "the sea", "--frames", "3", "--seed", "4", "--step", "0.1", "--back"]
        self.add(root, *words)
        self.add(root, *words)
        assert "says the same already" in capsys.readouterr().err
        self.add(root, "walk", "the sea", "--space", "noise", "--directions", "2", "--style", "linear")
        first, second = load_library(root).collections
        assert (first.slug, first.kind, first.spec.count()) == ("walk-the-sea", "walk", 6)
        assert (second.spec.count(), second.spec.prompts()) == (42, ("the sea",))
        assert [collection.slug for collection, _ in load_library(root).waiting()] == ["walk-the-sea"]

    def test_an_interpolation_is_added(self, root: Path) -> None:
        words = [
            "the sea",
            "a forest",
            "--pages",
            "3,4",
            "--frames",
            "2",
            "--loop",
            "--method",
            "lerp",
            "--plain",
        ]
        self.add(root, "interpolate", *words)
        self.add(root, "interpolate", "--pages", "0,1")
        first, second = load_library(root).collections
        assert (first.slug, first.spec.count()) == ("the-sea-to-a-forest", 6)
        assert (second.slug, second.spec.count()) == ("interpolate", 12)

    def test_keys_may_stand_in_files(self, root: Path, tmp_path: Path) -> None:
        edition = edition_of(root)
        keys = [
            format_key(Address(5, tokens_of(edition).shelf("the sea"), page), edition.key_space())
            for page in (7, 8)
        ]
        (tmp_path / "a.key").write_text(keys[0] + "\n")
        self.add(root, "interpolate", f"@{tmp_path / 'a.key'}", keys[1], "--frames", "1")
        self.add(root, "walk", "--start-file", str(tmp_path / "a.key"), "--space", "noise", "--frames", "1")
        library = load_library(root)
        assert [entry.key for entry in library.keys(library.collections[0])][::2] == keys
        assert next(library.keys(library.collections[1])).key == keys[0]

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("walk", "--step", "0"), "step must be above 0"),
            (("walk", "--start", "a", "--start-file", "b"), "The start is given twice"),
            (("walk", "--start", "the sea"), "start must be a key"),
            (("interpolate", "the sea"), "through must have two prompts or keys at least"),
            (("interpolate", "a", "b", "--pages", "1,2,3"), "pages must be as many"),
            (("interpolate", "a", "b", "--pages", "1,x"), "--pages must be whole numbers"),
            (("interpolate", "a", "@nowhere.key"), "The key file nowhere.key cannot be read"),
            (("interpolate", "--pages", "0,1", "--plain"), "restore stands beside method lerp alone"),
        ],
    )
    def test_what_is_wrong_is_told_and_nothing_is_written(
        self, root: Path, words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = (root / "library.toml").read_bytes()
        self.add(root, *words, code=1)
        sentence = capsys.readouterr().err
        assert sentence.startswith("error: ")
        assert told in sentence
        assert sentence.count("\n") == 1
        assert (root / "library.toml").read_bytes() == before


def edition_of(root: Path) -> Edition:
    """The edition of a library without collections."""
    return load_edition(tomllib.loads((root / "library.toml").read_text("utf-8"))["edition"])
