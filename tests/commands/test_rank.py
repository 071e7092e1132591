"""`rank`: from the file that the gallery saves to a table, a chart and the next matrix."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from babelgen.catalog import Catalog
from babelgen.cli import main

from ..conftest import library_factory

ROOT = Path(__file__).parents[2]
GRID = {
    "name": "grid", "kind": "matrix", "mode": "grid", "subjects": ["the sea", "a forest"], "actions": ["at night", "at sunset"],
    "suffixes_1": ["in the fog"], "suffixes_2": ["with a boat"], "steps": [1, 2],
}  # fmt: skip
SEARCH = {
    "name": "search",
    "kind": "search",
    "prompts": ["the sea at night", "green hills"],
    "steps": 2,
    "count": 2,
}

pytestmark = pytest.mark.usefixtures("elsewhere")
needs_scipy = pytest.mark.skipif(
    importlib.util.find_spec("scipy") is None,
    reason="the extra `rank` is not installed",
)


@pytest.fixture(scope="module")
def root(tiny_edition_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A printed library, and beside it a file of its favourites: the sea at sunset."""
    root = library_factory(tiny_edition_file, tmp_path_factory.mktemp("rank"))(GRID, SEARCH)
    assert main(["render", "--library", str(root), "--engine", "inline"]) == 0
    with Catalog.open(root) as catalog:
        keys = [one.key for one in catalog.all() if "sea at sunset" in one.prompt]
    (root.parent / "favourites.txt").write_text("".join(f"{key}\n" for key in keys))
    return root


@needs_scipy
def test_a_table_and_a_matrix_are_printed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rank", str(root.parent / "favourites.txt"), "--library", str(root)]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("8 of 35 printed pictures are favourites.\n")
    assert "subjects: 8 of 32 chosen, 25.0%" in shown.out
    (row,) = [line for line in shown.out.splitlines() if line.startswith("│ at sunset")]
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "at sunset", "8", "16", "50.0%", "28.0% to 72.0%", "2.00", "more",
    ]  # fmt: skip
    assert shown.out.rstrip().endswith("[[collection]]" + shown.out.rpartition("[[collection]]")[2].rstrip())
    assert shown.err == ""


@needs_scipy
def test_chart_and_matrix_go_to_files_and_the_matrix_is_valid(
    root: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "rank",
        str(root.parent / "favourites.txt"),
        "--library",
        str(root),
        "--chart",
        "c.svg",
        "--out",
        "next.toml",
    ]
    assert main(words) == 0
    first = [(elsewhere / name).read_bytes() for name in ("c.svg", "next.toml")]
    assert main(words) == 0
    assert [(elsewhere / name).read_bytes() for name in ("c.svg", "next.toml")] == first
    shown = capsys.readouterr()
    assert "[[collection]]" not in shown.out
    assert "Wrote a matrix to try next to next.toml." in shown.err
    assert main(["matrix", "next.toml", "--list", "--library", str(root)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 32
    assert all(prompt.startswith("the sea at sunset") for prompt, _, _ in rows)


@needs_scipy
def test_files_go_into_a_new_folder_and_into_no_folder_s_place(
    root: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["rank", str(root.parent / "favourites.txt"), "--library", str(root)]
    assert main([*words, "--chart", "new/c.svg"]) == 0
    assert (elsewhere / "new/c.svg").is_file()
    capsys.readouterr()
    assert main([*words, "--out", "new"]) == 1
    assert "error: new cannot be written" in capsys.readouterr().err


@needs_scipy
def test_json_is_one_object(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rank", str(root.parent / "favourites.txt"), "--library", str(root), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["printed"], facts["favourites"], facts["missing"]) == (35, 8, 0)
    assert [group["kind"] for group in facts["kinds"]] == ["subject", "action", "suffix", "steps", "word"]
    assert facts["kinds"][0]["terms"][0]["text"] == "the sea"
    assert facts["next"]["kind"] == "matrix"


@needs_scipy
def test_favourites_of_other_libraries_are_told(
    root: Path, elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = (root.parent / "favourites.txt").read_text()
    Path("some.txt").write_text(own.splitlines()[0] + "\n" + FOREIGN)
    assert main(["rank", "some.txt", "--library", str(root)]) == 0
    assert "1 favourite is not printed in this library, and not counted." in capsys.readouterr().err
    Path("none.txt").write_text(FOREIGN)
    assert main(["rank", "none.txt", "--library", str(root)]) == 1
    assert capsys.readouterr() == ("", f"error: None of the favourites in none.txt is printed in {root}.\n")


FOREIGN = "babel2:mini-7k3q9d2x:20.t4hx9.0~ddghe53z\n"


@needs_scipy
@pytest.mark.parametrize(
    ("data", "told"),
    [(b"nonsense\n", "Line 1 of wrong.txt is no key: "), (b"", "wrong.txt has no keys."), (None, "wrong.txt cannot be read: No such file or directory.")],
)  # fmt: skip
def test_a_wrong_file_is_told_in_a_sentence(
    root: Path, data: bytes | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if data is not None:
        Path("wrong.txt").write_bytes(data)
    assert main(["rank", "wrong.txt", "--library", str(root)]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"error: {told}")
    assert len(shown.err.splitlines()) == 1


@needs_scipy
def test_favourites_may_come_from_standard_input(root: Path) -> None:
    data = (root.parent / "favourites.txt").read_bytes()
    words = [sys.executable, str(ROOT / "render.py"), "rank", "-", "--library", str(root), "--json"]
    done = subprocess.run(words, input=data, capture_output=True, check=True)
    assert json.loads(done.stdout)["favourites"] == 8


def test_without_scipy_it_says_how_to_get_it(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['scipy'] = None\n"
        "import importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'scipy' else found(name, *rest)\n"
        "from babelgen.cli import main; sys.exit(main(['rank', 'x.txt']))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment,
    )
    assert (done.returncode, done.stderr) == (1, "error: rank needs SciPy: pip install 'babelgen[rank]'.\n")
