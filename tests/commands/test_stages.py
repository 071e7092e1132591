"""`stages = true`: how each picture came out of its noise is kept beside it, each once, whatever stops the render."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from babelgen.cli import main
from babelgen.diffusion.development import develop
from babelgen.edition import Edition
from babelgen.library import load_library
from babelgen.stages import folder_of, read_stages
from babelgen.store import encode_webp

from ..conftest import LibraryFactory
from ..engines.test_contract import wait_until

SEA = {"name": "sea", "kind": "search", "prompts": ["the sea", "a forest"], "count": 3, "stages": True}
PLAIN = {"name": "plain", "kind": "search", "prompts": ["mountains"], "count": 2}
LONG = {"name": "long", "kind": "search", "prompts": ["the sea"], "steps": 30, "stages": True, "count": 1}
pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def root(tiny_library: LibraryFactory) -> Path:
    """A library with stages of two of its three collections, nothing printed yet."""
    return tiny_library(SEA, PLAIN, LONG)


def render(root: Path, *words: str, code: int = 0) -> None:
    given = ["render", "--library", str(root), "--engine", "inline", "--device", "cpu"]
    assert main([*given, *words]) == code


def stages_of(root: Path) -> dict[str, dict[str, bytes]]:
    """All files of stages, by the name of the picture."""
    folders = [path for path in (root / "stages").glob("*/*") if path.is_dir()]
    return {path.name: {file.name: file.read_bytes() for file in path.iterdir()} for path in folders}


def whole_stages(root: Path) -> list[Path]:
    """The folders of stages that are in their place, while others may be on their way there."""
    return [path for path in (root / "stages").glob("??/*") if not path.name.startswith(".")]


def names(root: Path, *slugs: str) -> list[str]:
    library = load_library(root)
    return [entry.name for one in library.collections if one.slug in slugs for entry in library.keys(one)]


def test_they_are_those_that_develop_shows(root: Path, tiny_edition: Edition) -> None:
    render(root)
    assert sorted(stages_of(root)) == sorted(names(root, "sea", "long"))
    for entry in load_library(root).entries():
        kept = read_stages(folder_of(root, entry.name))
        if entry.name in names(root, "plain"):
            assert kept is None
            continue
        assert kept is not None
        shown = {stage.step: stage for stage in develop(tiny_edition, entry.key)}
        assert len(kept.kept) == (24 if kept.steps == 30 else kept.steps + 1)
        for one in kept.kept:
            files = stages_of(root)[entry.name]
            stage = shown[one.step]
            assert one.timestep == stage.timestep
            assert files[f"noisy-{one.step:02}.webp"] == encode_webp(stage.noisy)
            assert files[f"clean-{one.step:02}.webp"] == encode_webp(stage.clean)


def test_they_come_later_too_and_the_pictures_stay(
    root: Path, tiny_library: LibraryFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (root / "library.toml").read_text()
    (root / "library.toml").write_text(text.replace("stages = true", "stages = false"))
    render(root)
    assert not (root / "stages").exists()
    pictures = {path: path.stat().st_mtime_ns for path in root.glob("pictures/*/*")}
    (root / "library.toml").write_text(text)
    capsys.readouterr()
    render(root)
    said = capsys.readouterr().err
    assert "0 pictures to render; 9 are there already." in said
    assert "Stages of 7 pictures to make." in said
    assert "Made the stages of 7 pictures." in said
    assert "Nothing to render" not in said
    assert {path: path.stat().st_mtime_ns for path in root.glob("pictures/*/*")} == pictures
    before = stages_of(root)
    render(root)
    said = capsys.readouterr().err
    assert "tages of" not in said
    assert "Nothing to render" in said
    assert stages_of(root) == before


def test_a_render_that_is_stopped_carries_on_with_those_that_are_missing(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from babelgen.store import stages

    real, calls = os.rename, []

    def stop(source: Any, target: Any) -> None:
        calls.append(target)
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(stages.os, "rename", stop)
        render(root, code=130)
    whole = stages_of(root)
    assert len(whole) == 2
    assert all(read_stages(folder_of(root, name)) for name in whole)
    stamps = {path: path.stat().st_mtime_ns for path in (root / "stages").glob("*/*/*")}
    capsys.readouterr()
    render(root)
    assert "Stages of 5 pictures to make." in capsys.readouterr().err
    assert len(stages_of(root)) == 7
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


def test_two_libraries_have_the_same_bytes(tiny_library: LibraryFactory) -> None:
    first, second = (tiny_library(SEA, LONG, name=name) for name in ("one", "two"))
    render(first)
    render(second, "--engine", "local", "--workers", "2")
    assert stages_of(first) == stages_of(second)


def test_a_spoilt_one_is_made_again(root: Path) -> None:
    render(root)
    before = stages_of(root)
    some = sorted((root / "stages").glob("*/*/noisy-01.webp"))
    some[0].write_bytes(b"")
    shutil.rmtree(some[1].parent)
    render(root)
    assert stages_of(root) == before


def test_a_part_of_the_library_has_its_stages(root: Path) -> None:
    render(root, "--shard", "1/2")
    there = {path.stem for path in root.glob("pictures/*/*.png")}
    assert set(stages_of(root)) == there & set(names(root, "sea", "long"))
    render(root, "--shard", "2/2")
    assert sorted(stages_of(root)) == sorted(names(root, "sea", "long"))


def test_what_cannot_be_made_is_told_and_the_pictures_are_there(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from babelgen.diffusion import development

    monkeypatch.setattr(development, "decode", lambda model, latents: [None] * len(latents))
    render(root, code=4)
    said = capsys.readouterr().err
    assert said.count("No stages of babel2:tiny") == 7
    assert "After 0 steps the picture has values that are not numbers." in said
    assert stages_of(root) == {}
    assert len(list(root.glob("pictures/*/*.png"))) == 9
    monkeypatch.undo()
    render(root)
    assert len(stages_of(root)) == 7


def test_programs_are_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    render(root, "--json-log")
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds.count("done") == 9
    assert kinds.count("developed") == 7
    (begun,) = [event for event in events if event["event"] == "developing"]
    assert begun["to_do"] == 7
    assert (events[-1]["rendered"], events[-1]["developed"], events[-1]["undeveloped"]) == (9, 7, 0)


def test_gc_takes_away_what_nobody_asks_for(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    render(root)
    text = tomlkit.parse((root / "library.toml").read_text())
    text["collection"][0]["count"] = 2  # two pictures go
    text["collection"][2]["stages"] = False
    (root / "library.toml").write_text(tomlkit.dumps(text))
    kept = set(names(root, "sea"))
    half = root / "stages" / "ab" / f".{'ab' * 16}.01234567.tmp"
    half.mkdir(parents=True)
    gc = ["gc", "--library", str(root), "--json"]
    capsys.readouterr()
    for words in ([*gc, "--dry-run"], gc):
        assert main(words) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["stages"]["count"] == 4
        assert told["stages"]["bytes"] > 1000
        assert told["pictures"]["count"] == 2
        assert told["left_alone"]["count"] == 0
    assert set(stages_of(root)) == kept
    assert not half.exists()
    assert main(gc) == 0
    assert json.loads(capsys.readouterr().out)["stages"]["count"] == 0
    assert main(["verify", "--library", str(root), "--sample", "0"]) == 0


def test_a_site_sees_stages_that_come_and_go(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told() -> str:
        capsys.readouterr()
        assert main(["site", "--library", str(root), "--out", str(tmp_path / "site")]) == 0
        return capsys.readouterr().err.splitlines()[0]

    text = (root / "library.toml").read_text()
    (root / "library.toml").write_text(text.replace("stages = true", "stages = false"))
    render(root)
    told()
    assert "Nothing to write" in told()
    (root / "library.toml").write_text(text)
    render(root)
    assert told().startswith("96 files added, 7 changed, 0 removed")  # 6 x 4 x 2 stages, and 24 x 2
    assert "Nothing to write" in told()
    shutil.rmtree(folder_of(root, names(root, "long")[0]))
    assert told().startswith("0 files added, 1 changed, 48 removed")
    assert "Nothing to write" in told()


def test_it_is_true_or_false(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (root / "library.toml").read_text()
    (root / "library.toml").write_text(text.replace("stages = true", 'stages = "all"', 1))
    render(root, code=1)
    assert "collection 1: stages must be true or false" in capsys.readouterr().err


MANY = {"name": "many", "kind": "range", "count": 60, "steps": 12, "stages": True}


def start(root: Path) -> subprocess.Popen[str]:
    code = "import sys; from babelgen.cli import main; sys.exit(main(sys.argv[1:]))"
    words = ["render", "--library", str(root), "--engine", "inline", "--device", "cpu"]
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen([sys.executable, "-c", code, *words], stderr=subprocess.PIPE, text=True, env=here)


def test_a_render_that_is_killed_leaves_whole_ones_and_two_more_share_the_rest(
    tiny_library: LibraryFactory,
) -> None:
    root = tiny_library(MANY)
    first = start(root)
    wait_until(lambda: len(whole_stages(root)) > 3 or first.poll() is not None)
    first.kill()
    first.communicate()
    found = whole_stages(root)
    assert len(found) > 3
    assert all(read_stages(path) for path in found)
    stamps = {path: path.stat().st_mtime_ns for path in (root / "stages").glob("??/[0-9a-f]*/*")}
    both = [start(root) for _ in range(2)]
    said = [one.communicate()[1] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    made = [
        int(count) for text in said for count in re.findall(r"Made the stages of (\d+) pictures?\.", text)
    ]
    assert sum(made) == 60 - len(found)
    assert len(whole_stages(root)) == 60
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
