"""Making a trained model the built-in one: its files into the package, their hashes into its edition."""

from __future__ import annotations

import shutil
from pathlib import Path

import tomlkit

from babelgen.edition import file_hashes
from babelgen.resources import EDITIONS, PACKAGE


def install(trained: Path, name: str = "mini") -> Path:
    """Replace the shipped model `name` and pin its edition's files; returns the edition's TOML."""
    target = PACKAGE / "models" / name
    for part in [entry for entry in target.iterdir() if entry.name != "README.md"] if target.exists() else []:
        shutil.rmtree(part) if part.is_dir() else part.unlink()
    shutil.copytree(trained, target, dirs_exist_ok=True, copy_function=shutil.copyfile)
    edition = EDITIONS / f"{name}.toml"
    document = tomlkit.parse(edition.read_text("utf-8"))
    files = tomlkit.table()
    for file, digest in file_hashes(target).items():
        files.append(file, digest)
    document["model"]["files"] = files
    edition.write_text(tomlkit.dumps(document), "utf-8")
    return edition
