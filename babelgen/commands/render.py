"""`render`: make what a library still lacks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from babelgen.commands.animate import keep_films
from babelgen.commands.console import say, warn, warn_prompts
from babelgen.commands.derive import work_out
from babelgen.commands.events import Events, to_output
from babelgen.commands.progress import LINE_EVERY, Listeners, Meter, RunProgress
from babelgen.engines import Engine, InlineEngine, LocalEngine, RayEngine
from babelgen.engines.devices import choose_device
from babelgen.engines.ray import require_ray
from babelgen.errors import UserError
from babelgen.farm import Tally, render_library
from babelgen.library import FILE, LIBRARIES, Library, load_library, read_library
from babelgen.picture import short_key
from babelgen.plan import WHOLE, Shard
from babelgen.resources import shipped
from babelgen.settings import Run
from babelgen.store import copy_recipe, open_log

MOST_LISTED = 10
LOG_EVERY = 60.0  # seconds between counts in a library's log


def find_library(recipe: Path | None, folder: Path | None) -> Path:
    """Where the library is: `folder`, or library/NAME for the recipe NAME.toml; brings its file up to date.

    With neither, the shipped default recipe; with a folder alone there must be a library. A recipe is read before
    anything is written.
    """
    if folder is not None and folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file, and no library's folder.")
    if recipe is None and folder is not None:
        if not (folder / FILE).is_file():
            raise UserError(f"There is no library in {folder}: name the recipe to make one of, too.")
        return folder
    recipe = recipe or shipped("libraries") / "default.toml"
    if not recipe.is_file():
        what = (
            f"{recipe} is a folder, and no library file"
            if recipe.is_dir()
            else f"There is no library file {recipe}"
        )
        raise UserError(f"{what}.")
    root = folder or LIBRARIES / recipe.stem
    read_library(recipe, root)
    copy_recipe(recipe, root)
    return root


def make_engine(name: str, workers: int | None) -> Engine:
    """The engine of that name."""
    if name == "ray":
        return RayEngine(workers)
    return InlineEngine() if name == "inline" else LocalEngine(workers)


def settled(run: Run) -> Run:
    """The same run with its device chosen, before anything is written; UserError where it asks for one in vain.

    With Ray the cluster chooses: this machine's GPUs say nothing of it.
    """
    if run.engine == "ray":
        require_ray()
        return run
    return replace(run, setting=choose_device(run.setting))


def render(
    recipe: Path | None,
    folder: Path | None,
    run: Run,
    retry: bool = False,
    json_log: bool = False,
    shard: str | None = None,
) -> int:
    """Render a library: exit code 0, or 4 when some pictures failed. shard: I/N for a part of it."""
    run = settled(run)
    library = load_library(find_library(recipe, folder))
    part = WHOLE if shard is None else Shard(*map(int, shard.split("/")))
    return render_and_report(library, run, retry, json_log, part)


def render_and_report(
    library: Library, run: Run, retry: bool = False, json_log: bool = False, shard: Shard = WHOLE
) -> int:
    """Render what a library lacks, and say how it went; json_log: to programs, too, on standard output."""
    for collection in library.collections:
        warn_prompts(collection.edition, collection.spec.prompts())
    for edition in dict.fromkeys(collection.edition for collection in library.collections):
        if edition.provisional:
            warn(f"Edition {edition.id} is provisional: its files are not pinned, and its keys may change.")
    work_out(library, here=run.engine == "inline")
    progress, engine = RunProgress(), make_engine(run.engine, run.workers)
    events = [Events(open_log(library.root), pictures=False, every=LOG_EVERY)]
    if json_log:
        events.append(Events(to_output(), pictures=True, every=LINE_EVERY))
    try:
        listeners = Listeners([progress, *events])
        tally = render_library(library, engine, listeners, retry, setting=run.setting, shard=shard)
    except BaseException as error:
        for each in events:
            each.stopped(error)
        raise
    finally:
        progress.close()
    for each in events:
        each.ended(tally)
    if not library.collections:
        say(f"{library.root / FILE} has no collections yet.")
        return 0
    code = _report(tally, progress.meter, library.root, shard)
    keep_films(library)
    return code


def _report(tally: Tally, meter: Meter, root: Path, shard: Shard) -> int:
    failed, seconds = len(tally.failures) + tally.failed_before, meter.seconds
    if tally.rendered:
        each = seconds / tally.rendered
        pictures = "picture" if tally.rendered == 1 else "pictures"
        say(
            f"Rendered {tally.rendered} {pictures} into {root} in {seconds:.0f} s ({each:.2f} s each); the first worker"
            f" was ready after {meter.startup:.0f} s."
        )
    if tally.done_elsewhere:
        say(f"{tally.done_elsewhere} of the pictures were made by other renders meanwhile.")
    elif not (tally.rendered or tally.developed or tally.undeveloped or failed):
        part = "" if shard == WHOLE else f"part {shard.index} of {shard.count} of "
        say(f"Nothing to render: {part}{root} is complete.")
    if tally.flagged:
        were, are = ("picture was", "is") if tally.flagged == 1 else ("pictures were", "are")
        say(
            f"{tally.flagged} {were} flagged by the model's safety checker and {are} left out of the site"
            " (without --flagged)."
        )
    if tally.developed:
        say(f"Made the stages of {tally.developed} {'picture' if tally.developed == 1 else 'pictures'}.")
    for failure in tally.undeveloped[:MOST_LISTED]:
        warn(f"No stages of {short_key(failure.key)}: {failure.reason}")
    for failure in tally.failures[:MOST_LISTED]:
        warn(f"Not rendered: {short_key(failure.key)}: {failure.reason}")
    if failed:
        were = "picture has" if failed == 1 else "pictures have"
        warn(
            f"{failed} {were} failed; `render.py status` lists them, and `render --retry-failed` tries again."
        )
    return 4 if failed or tally.undeveloped else 0
