"""Imports: keys stay pure."""

import subprocess
import sys
from pathlib import Path

import babelgen.keys

ROOT = Path(babelgen.keys.__file__).parents[2]
OURS = {"babelgen", "babelgen.errors", "babelgen.keys"}


def test_keys_import_neither_torch_nor_another_part() -> None:
    command = [sys.executable, "-c", "import sys, babelgen.keys; print(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    modules = set(done.stdout.split())
    assert "numpy" in modules
    assert not {"torch", "diffusers", "transformers"} & modules
    ours = {name for name in modules if name.split(".")[0] == "babelgen"}
    assert {name for name in ours if not name.startswith("babelgen.keys.")} == OURS


def test_the_public_names_are_listed_in_order_and_exist() -> None:
    assert sorted(babelgen.keys.__all__) == sorted(set(babelgen.keys.__all__))
    for name in babelgen.keys.__all__:
        assert getattr(babelgen.keys, name) is not None
