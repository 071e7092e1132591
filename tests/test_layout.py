"""The shape of the code: which way imports go, where torch is, how long modules are."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "babelgen"
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {"torch", "diffusers", "transformers", "tokenizers", "safetensors"}

# Each package, and what of ours it may not know: the flow never turns back.
LATER = {
    "keys": {"edition", "statistics", "tokens", "collections", "library", "catalog", "store", "plan", "diffusion", "engines",
             "farm", "gallery", "export", "commands", "cli", "scenes"},
    "scenes": {"keys", "edition", "diffusion", "engines", "farm", "gallery", "commands", "cli", "store"},
    "collections": {"catalog", "store", "plan", "diffusion", "engines", "farm", "gallery", "commands", "cli"},
    "diffusion": {"farm", "gallery", "commands", "cli"},
    "engines": {"diffusion", "farm", "gallery", "commands", "cli", "store"},
    "gallery": {"statistics", "diffusion", "engines", "farm", "plan", "store", "export", "commands", "cli", "tokens"},
    "export": {"diffusion", "engines", "farm", "plan", "commands", "cli", "tokens"},
    "commands": {"cli"},
}  # fmt: skip


def imports(path: Path, everywhere: bool) -> set[str]:
    """The modules that a file imports: at its top level, or everywhere."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = ast.walk(tree) if everywhere else ast.iter_child_nodes(tree)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
    return found


@pytest.mark.parametrize(("package", "later"), LATER.items())
def test_imports_follow_the_flow(package: str, later: set[str]) -> None:
    for path in sorted((PACKAGE / package).rglob("*.py")):
        ours = {name.split(".")[1] for name in imports(path, True) if name.startswith("babelgen.")}
        assert not ours & later, path


def parts() -> dict[str, set[str]]:
    """Each module or package at the top of ours, and which others of them it imports anywhere."""
    found: dict[str, set[str]] = {}
    for path in MODULES:
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        ours = {name.split(".")[1] for name in imports(path, True) if name.startswith("babelgen.")}
        found.setdefault(part, set()).update(ours - {part})
    return found


def test_imports_have_no_circle() -> None:
    graph = parts()
    graph = {part: others & set(graph) for part, others in graph.items()}
    assert set(TopologicalSorter(graph).static_order()) == set(graph)


WRITTEN = {
    "PIL": "pillow",
    "av": "pyav",
    "jinja2": "jinja2",
    "markdown_it": "markdown-it-py",
    "yaml": "pyyaml",
}
SAYS = re.compile(r"May import: (.+?)(?:\.(?=\s|$)|$)", re.DOTALL)


def said(path: Path) -> set[str] | None:
    """What a module's docstring has in its line `May import: ...`; None where it has none."""
    found = SAYS.search(ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "")
    return found and {word.lower().removeprefix("babelgen.") for word in re.findall(r"[\w.-]+", found[1])}


def named(module: str) -> set[str]:
    """The ways in which such a line may name an imported module: by itself, or by a package that it is in."""
    first, *rest = module.split(".")
    if first == "babelgen":
        return {".".join(rest[:end]) for end in range(1, len(rest) + 1)}
    return {WRITTEN.get(first, first)}


def others(path: Path) -> set[str]:
    """The modules of ours, and of others but Python, that a file imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {name.name for name in node.names if is_ours(f"{node.module}.{name.name}")}
            found |= {f"{node.module}.{name}" for name in inner} | (
                {node.module} if len(inner) < len(node.names) else set()
            )
    return {name for name in found if name.split(".")[0] not in sys.stdlib_module_names}


def is_ours(module: str) -> bool:
    """Whether it is one of our modules or packages, and no name in one."""
    path = ROOT.joinpath(*module.split("."))
    return module.startswith("babelgen.") and (path.is_dir() or path.with_suffix(".py").is_file())


@pytest.mark.parametrize("path", [*filter(said, MODULES)], ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_what_it_says(path: Path) -> None:
    """That of a package is for all of its modules; one of a package may call the others as they are called there."""
    words, home = said(path) or set(), ".".join(path.relative_to(ROOT).parts[:-1])
    if path.name == "__init__.py":
        found = set().union(*map(others, path.parent.rglob("*.py")))
        found = {name for name in found if not f"{name}.".startswith(f"{home}.")}
    else:
        found = others(path)
    found = {name.replace(f"{home}.", "babelgen.") for name in found if not named(name) & words}
    assert not {name for name in found if not named(name) & words}


@pytest.mark.parametrize("part", sorted(set(parts()) - {"__init__", "commands", "diffusion", "scenes"}))
def test_each_part_says_what_it_imports(part: str) -> None:
    path = PACKAGE / f"{part}.py"
    assert said(path if path.is_file() else PACKAGE / part / "__init__.py")


def test_only_diffusion_imports_torch_and_its_kind() -> None:
    for path in MODULES:
        if "diffusion" not in path.relative_to(PACKAGE).parts:
            tops = {name.split(".")[0] for name in imports(path, False)}
            assert not tops & HEAVY, path
            inside = {name.split(".")[0] for name in imports(path, True)}
            allowed = {"tokens.py": {"transformers"}, "clip_tokens.py": {"tokenizers"}}
            assert inside & HEAVY <= allowed.get(path.name, set()), path


@pytest.mark.parametrize(
    "module",
    [
        "keys",
        "statistics",
        "gallery",
        "export",
        "catalog",
        "library",
        "collections",
        "engines",
        "farm",
        "store",
        "scenes",
        "cli",
    ],
)
def test_importing_it_leaves_torch_out(module: str) -> None:
    code = f"import sys, babelgen.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_is_short_and_says_what_it_is(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) < 400
    assert ast.get_docstring(ast.parse(text))


def test_no_function_is_longer_than_a_screen() -> None:
    """Fifty lines; the command line's signatures are what they are."""
    for path in (*MODULES, *(ROOT / "benchmarks").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                assert (node.end_lineno or 0) - node.body[0].lineno < 50, f"{path}: {node.name}"


@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="needs a checkout")
def test_no_file_names_a_place_on_somebodys_machine() -> None:
    homes = "|".join(["home", "root", "Users", "work", "mnt"])
    place = re.compile(rf"(?<![\w.}}/:-])/(?:{homes})/\w")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in listed.decode().rstrip("\0").split("\0"):
        data = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        if b"\0" not in data:
            assert not place.findall(data.decode("utf-8")), name
