"""`evolve`: generation after generation of pictures, each around the one that somebody, or something, chose.

What is chosen is written into the library file before its pictures are rendered, so that nothing of an evolution is lost
and whoever has the file has all of it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from babelgen.collections import Collection, Derived, read_collection
from babelgen.collections.choices import Session
from babelgen.collections.evolution import STEP, Evolution
from babelgen.collections.tree import START, Generation
from babelgen.commands import genes
from babelgen.commands.add import Addition, ensure
from babelgen.commands.console import say, warn, warn_prompts
from babelgen.commands.render import render_and_report, settled
from babelgen.errors import UserError
from babelgen.library import DEFAULT, FILE, Library, load_library
from babelgen.settings import Destination, Run, Setting
from babelgen.store import add_generations, write_atomic
from babelgen.tokens import tokens_of
from babelgen.toml import Table, read_toml

SHEETS = "evolutions"  # the folder of a library for pictures of what can be chosen
END = ("q", "quit")
FOR_NEXT = {
    "step": "step",
    "target": "to",
}  # what may be said of generations to come, and how a session says it


@dataclass(frozen=True)
class Chooser:
    """Who chooses. lines: what is said beforehand. automatic: how many generations follow by themselves.

    prompt, picture: what these are to be like; by lot where there is neither.
    """

    lines: tuple[str, ...] = ()
    automatic: int = 0
    prompt: str | None = None
    picture: Path | None = None

    @property
    def asks(self) -> bool:
        """Whether somebody is to be asked, generation after generation."""
        return not self.lines and not self.automatic and sys.stdin.isatty()


@dataclass(frozen=True)
class _Found:
    """What a library says of an evolution. table: as in its file."""

    library: Library
    collection: Collection
    spec: Evolution
    table: Mapping[str, Any]


def evolve(begin: Addition, destination: Destination, chooser: Chooser, run: Run) -> int:
    """Begin an evolution, or go on with the one of that name; exit code 4 when some pictures failed.

    What is chosen beforehand is checked before any of it is written or rendered; a new evolution is in the file by then.
    """
    root = destination.library or DEFAULT
    if destination.only and chooser.automatic:
        raise UserError("--auto chooses among rendered pictures: leave out --add-only.")
    if not destination.only:
        run = settled(run)
    lines, slug = chooser.lines, destination.name or ""
    if _goes_on(begin, destination, root):
        lines = (*(f"{FOR_NEXT[name]} {value}" for name, value in begin.fields.items()), *lines)
    else:
        slug = ensure(begin, destination)
    found = _find(root, slug)
    last = found.spec.generations[-1]
    session = Session(found.spec.tree(), len(found.spec.generations), last.step, last.target)
    score = _scorer(chooser, found.collection, run.setting)
    say(f"Evolution {slug!r} has {_counted(session.view)}.")
    for line in lines:
        session = _heard(found, session, line)
    if destination.only or not (chooser.automatic or chooser.asks):
        _refuse_loose_ends(session)
    _write(root, slug, session)
    if destination.only:
        return 0
    from babelgen.diffusion.worker import keeping_models

    with keeping_models():
        code = _render(root, slug, run)
        for _ in range(chooser.automatic):
            found = _find(root, slug)
            view = session.view or len(session.tree.generations)
            printed = genes.pictures_of(found.library, found.collection, session.tree, view)
            session = session.grown(genes.choose(printed, score, found.spec.seed))
            say(f"Chosen: {session.tree.generations[-1].parent}.")
            _write(root, slug, session)
            code = max(code, _render(root, slug, run))
        _show(root, slug, session)
        return max(code, _talk(root, slug, session, run)) if chooser.asks else code


def read_choices(path: Path) -> tuple[str, ...]:
    """The lines of a file of choices; empty ones, and what stands behind a #, are left out, but for that of a prompt."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is no file of choices that can be read.") from error
    lines = (line.strip() for line in text.split("\n"))
    lines = (line if line.startswith("to ") else line.partition("#")[0].rstrip() for line in lines)
    return tuple(line for line in lines if line)


def _goes_on(begin: Addition, destination: Destination, root: Path) -> bool:
    """Whether an evolution of the library is meant: nothing is said but its name, and what is for generations to come.

    UserError where a new one is not told where to start.
    """
    if begin.fields.keys() & {"prompt", "start"}:
        return False
    evolutions = _evolutions(root)
    if destination.name not in evolutions:
        known = f"; {root} has {', '.join(evolutions)}" if evolutions else ""
        raise UserError(
            f"Say where to start, a prompt or --start, or with --name which evolution to go on with{known}."
        )
    if others := begin.fields.keys() - FOR_NEXT.keys():
        raise UserError(
            f"{destination.name!r} has begun: its {', '.join(sorted(others))} can no longer be said."
        )
    if destination.title is not None or destination.edition is not None:
        raise UserError(f"{destination.name!r} has begun: its title and its edition can no longer be said.")
    return True


def _evolutions(root: Path) -> list[str]:
    if not (root / FILE).is_file():
        return []
    return [collection.slug for collection in load_library(root).collections if collection.tree is not None]


def _refuse_loose_ends(session: Session) -> None:
    """Refuse a step or a target that no generation has."""
    last = session.tree.generations[-1]
    if (session.step, session.target) != (last.step, last.target):
        raise UserError("A step or a target is of the generations that are chosen after it, and none is.")


def _counted(generations: int) -> str:
    return "1 generation" if generations == 1 else f"{generations} generations"


def _render(root: Path, slug: str, run: Run) -> int:
    """Render what the evolution lacks, and nothing else of its library."""
    library = load_library(root)
    mine = tuple(collection for collection in library.collections if collection.slug == slug)
    return render_and_report(replace(library, collections=mine), run)


def _find(root: Path, slug: str) -> _Found:
    library, tables = load_library(root), read_toml(root / FILE).raw("collection")
    for collection, table in zip(library.collections, tables, strict=True):
        spec = collection.spec.spec if isinstance(collection.spec, Derived) else collection.spec
        if collection.slug == slug and isinstance(spec, Evolution):
            return _Found(library, collection, spec, table)
    raise UserError(f"Collection {slug!r} in {root} is no evolution.")


def _heard(found: _Found, session: Session, line: str) -> Session:
    """The session after a line that somebody said; UserError where the edition cannot say what it wants."""
    said = session.say(line)
    if said.target != session.target:
        table = {**found.table, "generations": [{"from": START, "target": said.target}]}
        read_collection(Table(table, repr(line.strip()[:40])), found.collection.edition)
        warn_prompts(found.collection.edition, [said.target])
    return said


def _write(root: Path, slug: str, session: Session) -> None:
    """Have the library file say what a session has come to."""
    found = _find(root, slug)
    known, raw = len(found.spec.generations), found.table.get("generations", [])
    if len(session.tree.generations) > known:
        # A file that has none has one by default, which is said now.
        fresh = [_fields(each, found.table) for each in session.tree.generations[known if raw else 0 :]]
        table = {**found.table, "generations": [*raw, *fresh]}
        read_collection(Table(table, "the evolution"), found.collection.edition, root)
        add_generations(root, slug, fresh, len(raw))


def _fields(generation: Generation, table: Mapping[str, Any]) -> dict[str, object]:
    """A generation as in a library file, without what the collection says for all."""
    fields: dict[str, object] = {"from": str(generation.parent)}
    if generation.step != table.get("step", STEP):
        fields["step"] = generation.step
    if generation.target != table.get("target", ""):
        fields["target"] = generation.target
    return fields


def _scorer(chooser: Chooser, collection: Collection, setting: Setting) -> genes.Score | None:
    """What says how much pictures are as they should be; None where the lot decides. No model is loaded yet."""
    edition = collection.edition
    if chooser.picture is not None:
        wanted = genes.open_picture(chooser.picture, edition)

        def like_picture(pictures: genes.Pictures) -> list[float]:
            from babelgen.diffusion.likeness import likeness_to_picture

            return likeness_to_picture(edition, pictures, wanted, setting)

        return like_picture
    if chooser.prompt is None:
        return None
    shelf = tokens_of(edition).shelf(chooser.prompt)
    warn_prompts(edition, [chooser.prompt])

    def like_prompt(pictures: genes.Pictures) -> list[float]:
        from babelgen.diffusion.likeness import likeness_to_prompt

        return likeness_to_prompt(edition, pictures, shelf, setting)

    return like_prompt


def _talk(root: Path, slug: str, session: Session, run: Run) -> int:
    """Ask for choice after choice, until there is no more; exit code 4 when some pictures failed."""
    code = 0
    say("A number chooses a gene, 2.4 or start any other; again, back, to PROMPT, step NUMBER; q ends.")
    while True:
        try:
            line = input(f"{slug}, generation {session.view}, {_told(session)}> ")
        except EOFError:
            return code
        if line.strip() in END:
            return code
        try:
            said = _heard(_find(root, slug), session, line)
            _write(root, slug, said)
        except UserError as error:
            warn(str(error))
            continue
        if said.tree != session.tree:
            code = max(code, _render(root, slug, run))
        if said.view != session.view:
            _show(root, slug, said)
        session = said


def _told(session: Session) -> str:
    """What the next generations have."""
    return f"step {session.step:g}" + (f", to {session.target[:40]!r}" if session.target else "")


def _show(root: Path, slug: str, session: Session) -> None:
    """Put the genes of the generation in view on a sheet, and say where."""
    if not session.view:
        say("In view: the start.")
        return
    found, path = _find(root, slug), root / SHEETS / f"{slug}.webp"
    printed = genes.pictures_of(found.library, found.collection, session.tree, session.view)
    parent = session.tree.generations[session.view - 1].parent
    if printed:
        write_atomic(path, genes.sheet(printed))
        say(f"Generation {session.view}, of {parent}: {path}")
    else:
        warn(f"Generation {session.view}, of {parent}, has no pictures to show.")
