"""What the documents say of publishing: the workflow is one, and its commands and theirs are ours."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from babelgen.cli import app
from babelgen.gallery import base_address

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / "docs/pages.yml"


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    read: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text("utf-8"))
    return read


def parse(line: str) -> None:
    """Read a command line of ours; Typer raises where a command, an option or an argument is wrong."""
    words = shlex.split(line, comments=True)
    del words[: next(at for at, word in enumerate(words) if word.endswith("render.py")) + 1]
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context("x", words)


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_the_workflow_has_what_a_workflow_must_have(workflow: dict[Any, Any]) -> None:
    assert set(workflow) == {
        "name",
        True,
        "permissions",
        "concurrency",
        "jobs",
    }  # YAML 1.1 reads `on` as true
    assert set(workflow[True]) == {"push", "workflow_dispatch"}
    for job in workflow["jobs"].values():
        assert {"runs-on", "steps", "permissions"} <= set(job)
        assert set(job["permissions"].values()) <= {"read", "write"}
    for step in steps(workflow):
        assert ("uses" in step) != ("run" in step)
        assert set(step) <= {"id", "if", "name", "uses", "run", "with", "env"}
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/x@v1"))


def test_only_what_publishes_may_write(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert set(workflow["jobs"]["build"]["permissions"].values()) == {"read"}
    assert workflow["jobs"]["deploy"]["permissions"] == {"pages": "write", "id-token": "write"}


def test_what_the_workflow_refers_to_is_there(workflow: dict[Any, Any]) -> None:
    named = {step["id"] for step in steps(workflow) if "id" in step}
    text = WORKFLOW.read_text("utf-8")
    assert set(re.findall(r"steps\.([a-z]+)\.", text)) == named
    assert set(re.findall(r"inputs\.([a-z]+)", text)) == set(workflow[True]["workflow_dispatch"]["inputs"])
    assert workflow["jobs"]["deploy"]["needs"] in workflow["jobs"]
    assert workflow["jobs"]["deploy"]["environment"]["name"] == "github-pages"  # others are refused


def test_no_value_from_outside_is_part_of_a_script(workflow: dict[Any, Any]) -> None:
    assert [step for step in steps(workflow) if "${{" in step.get("run", "")] == []


def test_the_workflow_s_commands_are_ours(workflow: dict[Any, Any]) -> None:
    lines = [line for step in steps(workflow) for line in step.get("run", "").splitlines()]
    ours = [line for line in lines if "render.py" in line]
    assert len(ours) == 1
    parse(ours[0])
    (target,) = re.findall(r"^make (\S+)", "\n".join(lines), re.MULTILINE)
    assert f"\n{target}:" in (ROOT / "Makefile").read_text("utf-8")


def test_the_gallery_s_document_has_commands_that_are_ours() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs/gallery.md").read_text("utf-8"), re.M | re.S)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    ours = [line for line in lines if "render.py" in line]
    assert len(ours) >= 5
    for line in ours:
        parse(line)


def test_its_addresses_are_such_as_the_program_takes() -> None:
    found = re.findall(r"--base-url (https?://\S+)", (ROOT / "docs/gallery.md").read_text("utf-8"))
    assert found
    for address in found:
        base_address(address)
