"""`edition`: say what editions are, check their models, and make editions from others by pinning and fitting.

Law: an edition's TOML is changed in place or copied, comments and all, and only when all that goes into it is there.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import tomlkit
from tomlkit.items import InlineTable

from babelgen.commands.console import say
from babelgen.edition import (
    Edition,
    StatisticsFile,
    find_edition,
    is_of_checker,
    load_edition,
    read_edition,
    shipped_editions,
)
from babelgen.errors import UserError
from babelgen.statistics import write_statistics
from babelgen.store import write_atomic
from babelgen.weights import fetch, file_hashes, is_here


def list_editions(as_json: bool) -> int:
    """Print each shipped edition, and where its model is."""
    editions = [read_edition(path) for path in shipped_editions()]
    if as_json:
        print(json.dumps([_summary(edition) for edition in editions], indent=2))
        return 0
    width = max(len(edition.id) for edition in editions)
    for edition in editions:
        print(f"{edition.id:<{width}}  {edition.title} ({_whereabouts(edition)})")
    return 0


def show(name: str, as_json: bool) -> int:
    """Print an edition's facts."""
    edition = load_edition(name)
    if as_json:
        print(json.dumps({**_summary(edition), "facts": dict(edition.facts())}, indent=2))
        return 0
    for label, value in edition.facts():
        print(f"{label}: {value}")
    return 0


def _summary(edition: Edition) -> dict[str, object]:
    return {
        "id": edition.id,
        "title": edition.title,
        "codec": edition.codec_name,
        "provisional": edition.provisional,
        "retired": edition.retired,
        "model": str(edition.model),
        "here": is_here(edition),
    }


def _whereabouts(edition: Edition) -> str:
    pins = "provisional, " if edition.provisional else ""
    if is_here(edition):
        return f"{pins}its model is here"
    if edition.source:
        return f"{pins}its model is downloaded when it is needed"
    return f"{pins}its model is not at {edition.model}"


def check(name: str) -> int:
    """Load an edition's model, and say what was found; UserError where it is not as the edition says."""
    edition = load_edition(name)
    _load(edition)
    if edition.provisional:
        say(f"The model in {edition.model} fits edition {edition.id}, which is provisional: pin its files.")
    else:
        say(
            f"The model in {edition.model} fits edition {edition.id}; its {len(edition.files)} files are as pinned."
        )
    return 0


def _load(edition: Edition) -> None:
    """Load the model to see that it can be, and fits."""
    fetch(edition)
    say(f"Loading the model of {edition.id} ...")
    from babelgen.diffusion.model import load_model
    from babelgen.diffusion.safety import load_safety_checker

    load_safety_checker(load_model(edition))


def pin(name: str, out: Path | None) -> int:
    """Pin the hashes of an edition's files in its TOML, or in a copy in the folder `out`; prints the id that comes of it.

    The model must be one that loads and fits; where files are pinned already, it must be the pinned one. A safety checker
    that was switched on since is pinned too.
    """
    source = find_edition(name)
    before = read_edition(source)
    target = source if out is None else out / source.name
    _check_target(source, target, needs_statistics=before.statistics is not None)
    fetch(before)
    hashes = file_hashes(before.model, before.variant, before.safety_checker)
    judges = {name: digest for name, digest in hashes.items() if is_of_checker(name)}
    _load(replace(before, files={**judges, **before.files} if before.files else {}))
    document = _copy(source, target)
    model, text = document["model"], document["text"]
    files = tomlkit.inline_table() if isinstance(model, InlineTable) else tomlkit.table()
    files.update(hashes)
    model["files"] = files
    if before.statistics and target.parent.resolve() != source.parent.resolve():
        moved = target.with_suffix(".npy")
        write_atomic(moved, before.statistics.path.read_bytes())
        text["statistics"]["file"] = moved.name
    write_atomic(target, tomlkit.dumps(document).encode("utf-8"))
    _tell(before, target, f"its {len(hashes)} files are pinned")
    return 0


def fit(name: str, out: Path | None) -> int:
    """Fit the statistics of an edition's embeddings, and pin them in its TOML, or in a copy in the folder `out`.

    The statistics go beside the TOML, under its name. Prints the id of the edition that comes of it.
    """
    source = find_edition(name)
    before = read_edition(source)
    if not before.codec.prompts:
        raise UserError(f"Keys of edition {before.id} hold whole embeddings, and need no statistics.")
    target = source if out is None else out / source.name
    _check_target(source, target, needs_statistics=True)
    fetch(before)
    from babelgen.diffusion.fit import SAMPLE, fit_statistics

    say(f"Encoding {SAMPLE} prompts with the text encoder of {before.id} ...")
    statistics = fit_statistics(before, SAMPLE)
    data, coordinates = write_statistics(statistics), statistics.coordinates
    pinned = StatisticsFile(target.with_suffix(".npy"), hashlib.sha256(data).hexdigest(), coordinates)
    text = _fitted(source, target, pinned)
    write_atomic(pinned.path, data)
    write_atomic(target, text.encode("utf-8"))
    size = statistics.mean.size
    say(
        f"Wrote {pinned.path}: {coordinates} of {size} values of an embedding are coded, the others constant."
    )
    _tell(before, target, "it has these statistics")
    return 0


def _tell(before: Edition, target: Path, what: str) -> None:
    """Say what a TOML has become, and print its id."""
    after = read_edition(target)
    if after.id == before.id:
        say(f"{target} is edition {after.id}, as before: {what} already.")
    else:
        say(f"{target} is edition {after.id} now: keys of {before.id} mean something else, and are refused.")
    print(after.id)


def _check_target(source: Path, target: Path, needs_statistics: bool) -> None:
    """Refuse with UserError, before anything is computed, a place where the edition cannot be written."""
    if target.parent.suffix == source.suffix and not target.parent.is_dir():
        raise UserError(f"--out names a folder, and {target.parent} looks like a file.")
    if target.resolve() != source.resolve():
        for path in [target, *([target.with_suffix(".npy")] if needs_statistics else [])]:
            if path.exists():
                raise UserError(
                    f"{path} is there already; take it away, or choose another folder with --out."
                )
    folder = target.parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UserError(
            f"{target} cannot be written, since {folder} is not writable; choose a folder with --out."
        )


def _fitted(source: Path, target: Path, pinned: StatisticsFile) -> str:
    """The TOML of the fitted edition: the old one, comments and all, with the statistics."""
    document = _copy(source, target)
    text = document["text"]
    table = tomlkit.inline_table() if isinstance(text, InlineTable) else tomlkit.table()
    table["file"], table["sha256"] = pinned.path.name, pinned.sha256
    table["coordinates"] = pinned.coordinates
    if not isinstance(text, InlineTable):
        table.add(tomlkit.nl())
    text["statistics"] = table
    return tomlkit.dumps(document)


def _copy(source: Path, target: Path) -> tomlkit.TOMLDocument:
    """An edition's TOML as it is to stand at `target`: a place that counts from where it lies is made absolute."""
    document = tomlkit.parse(source.read_text("utf-8"))
    model = document["model"]
    if target.parent.resolve() != source.parent.resolve() and "path" in model:
        path = str(model["path"])
        if not path.startswith("package:"):
            model["path"] = str((source.parent / path).resolve())
    return document
