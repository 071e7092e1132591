"""`edition`: make an edition from another by fitting the statistics of its embeddings."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import tomlkit
from tomlkit.items import InlineTable

from babelgen.commands.console import say
from babelgen.edition import StatisticsFile, find_edition, read_edition
from babelgen.errors import UserError
from babelgen.statistics import write_statistics
from babelgen.store import write_atomic


def fit(name: str, out: Path | None) -> int:
    """Fit the statistics of an edition's embeddings, and pin them in its TOML, or in a copy in the folder `out`.

    The statistics go beside the TOML, under its name. Prints the id of the edition that comes of it.
    """
    source = find_edition(name)
    before = read_edition(source)
    if not before.codec.prompts:
        raise UserError(f"Keys of edition {before.id} hold whole embeddings, and need no statistics.")
    target = source if out is None else out / source.name
    _check_target(source, target)
    from babelgen.diffusion.fit import SAMPLE, fit_statistics

    say(f"Encoding {SAMPLE} prompts with the text encoder of {before.id} ...")
    statistics = fit_statistics(before, SAMPLE)
    data, coordinates = write_statistics(statistics), statistics.coordinates
    pinned = StatisticsFile(target.with_suffix(".npy"), hashlib.sha256(data).hexdigest(), coordinates)
    text = _fitted(source, target, pinned)
    write_atomic(pinned.path, data)
    write_atomic(target, text.encode("utf-8"))
    after = read_edition(target)
    size = statistics.mean.size
    say(
        f"Wrote {pinned.path}: {coordinates} of {size} values of an embedding are coded, the others constant."
    )
    if after.id == before.id:
        say(f"{target} has these statistics already; its keys mean what they meant.")
    else:
        say(f"{target} is edition {after.id} now: keys of {before.id} mean something else, and are refused.")
    print(after.id)
    return 0


def _check_target(source: Path, target: Path) -> None:
    """Refuse with UserError, before anything is computed, a place where the edition cannot be written."""
    if target.resolve() != source.resolve():
        for path in (target, target.with_suffix(".npy")):
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
    document = tomlkit.parse(source.read_text("utf-8"))
    text, model = document["text"], document["model"]
    table = tomlkit.inline_table() if isinstance(text, InlineTable) else tomlkit.table()
    table["file"], table["sha256"] = pinned.path.name, pinned.sha256
    table["coordinates"] = pinned.coordinates
    if not isinstance(text, InlineTable):
        table.add(tomlkit.nl())
    text["statistics"] = table
    path = str(model["path"])
    if target.parent.resolve() != source.parent.resolve() and not path.startswith("package:"):
        model["path"] = str((source.parent / path).resolve())  # it counts from where the TOML lies
    return tomlkit.dumps(document)
