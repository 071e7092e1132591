"""The command line: flags to settings to one command function, and the one place where errors become exit codes.

May import: errors; edition and commands inside functions. Torch is loaded by the few commands that render.
"""

from __future__ import annotations

import errno
import io
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand

from babelgen.errors import BabelgenError, UserError


class Command(TyperCommand):
    """A command whose every end is an exit code, so that Typer deals with wrong usage alone."""

    def invoke(self, ctx: Any) -> NoReturn:
        """Run the function behind the command."""
        invoke = super().invoke
        raise typer.Exit(guard(lambda: invoke(ctx)))


app = typer.Typer(
    name="babelgen",
    help="A library of latent pictures: every picture has a key, and the key alone re-creates it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
key_app = typer.Typer(help="What a key says, the picture it means, its neighbours.", no_args_is_help=True)
edition_app = typer.Typer(help="What keys mean: the editions that are shipped.", no_args_is_help=True)
app.add_typer(key_app, name="key")
app.add_typer(edition_app, name="edition")


class EngineName(StrEnum):
    """Where pictures are rendered."""

    local = "local"
    inline = "inline"


class LevelName(StrEnum):
    """What a step between keys moves."""

    page = "page"
    shelf = "shelf"
    steps = "steps"


LibraryFolder = Annotated[
    Path | None, typer.Option("--library", metavar="DIR", help="The library's folder.", show_default=False)
]
EngineOption = Annotated[
    EngineName, typer.Option("--engine", help="local: a process a core; inline: this process.")
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Worker processes; as many as cores by default.")
]
Name = Annotated[
    str | None, typer.Option("--name", help="The collection's name; made from its words by default.")
]
Title = Annotated[str | None, typer.Option("--title", help="What the collection is called on its page.")]
EditionOption = Annotated[
    str | None, typer.Option("--edition", metavar="E", help="A shipped edition's name, or a TOML file.")
]
Steps = Annotated[
    int | None, typer.Option("--steps", min=1, max=64, help="Steps; the edition's own by default.")
]
AddOnly = Annotated[bool, typer.Option("--add-only", help="Add the collection, and render it later.")]
LevelOption = Annotated[LevelName, typer.Option("--level", help="What a step moves.")]
Count = Annotated[int, typer.Option("--count", help="How many steps.")]
KeyFile = Annotated[str | None, typer.Argument(metavar="FILE", help="A key file, or - for standard input.")]
KeyText = Annotated[str | None, typer.Option("--text", metavar="KEY", help="The key itself.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def _fields(**values: object) -> dict[str, object]:
    """A collection's fields, without those that were not given."""
    return {name: value for name, value in values.items() if value is not None}


@app.command(cls=Command)
def render(
    recipe: Annotated[Path | None, typer.Argument(metavar="RECIPE", help="A library file (TOML).")] = None,
    library: LibraryFolder = None,
    engine: EngineOption = EngineName.local,
    workers: Workers = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try again what failed before.")
    ] = False,
) -> int:
    """Render what a library still lacks.

    Example: render.py render libraries/default.toml
    """
    from babelgen.commands import render as command

    return command.render(recipe, library, engine, workers, retry_failed)


@app.command("range", cls=Command)
def range_(
    start: Annotated[str | None, typer.Option(help="The first key.")] = None,
    start_file: Annotated[Path | None, typer.Option(help="A file with the first key.")] = None,
    prompt: Annotated[str | None, typer.Option(help="Start on the shelf of this prompt.")] = None,
    page: Annotated[int | None, typer.Option(min=0, help="Start on this page of the shelf.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many keys.")] = 12,
    level: LevelOption = LevelName.page,
    stride: Annotated[int, typer.Option(help="How many steps between keys; negative goes back.")] = 1,
    steps: Steps = None,
    library: LibraryFolder = None,
    name: Name = None,
    title: Title = None,
    edition: EditionOption = None,
    engine: EngineOption = EngineName.local,
    workers: Workers = None,
    add_only: AddOnly = False,
) -> int:
    """Add a range of sequential keys to a library (library/default), and render it.

    Example: render.py range --prompt "the sea at night" --count 20
    """
    from babelgen.commands import add
    from babelgen.commands.key import read_key

    if start_file is not None:
        if start is not None:
            raise UserError("The first key is given twice: leave out --start or --start-file.")
        start = read_key(str(start_file), None)
    fields = _fields(
        start=start, prompt=prompt, page=page, steps=steps, count=count,
        level=None if level == "page" else str(level), stride=None if stride == 1 else stride,
    )  # fmt: skip
    words = f"range {prompt}" if prompt else "range"
    return add.add(
        add.Addition("range", fields, words, name, title, edition), library, engine, workers, add_only
    )


@app.command("random", cls=Command)
def random_(
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same keys.")] = 0,
    count: Annotated[int, typer.Option(min=1, help="How many keys.")] = 12,
    uniform: Annotated[
        bool, typer.Option("--uniform", help="Draw from the whole library: long keys.")
    ] = False,
    steps: Steps = None,
    library: LibraryFolder = None,
    name: Name = None,
    title: Title = None,
    edition: EditionOption = None,
    engine: EngineOption = EngineName.local,
    workers: Workers = None,
    add_only: AddOnly = False,
) -> int:
    """Add a random sample of keys to a library (library/default), and render it.

    Example: render.py random --seed 7 --count 20
    """
    from babelgen.commands import add

    fields = _fields(seed=seed, count=count, steps=steps, uniform=uniform or None)
    words = f"random {seed}"
    return add.add(
        add.Addition("random", fields, words, name, title, edition), library, engine, workers, add_only
    )


@app.command(cls=Command)
def search(
    prompts: Annotated[list[str], typer.Argument(metavar="PROMPT", help="What to look for.")],
    count: Annotated[int, typer.Option(min=1, help="Pages of each prompt.")] = 4,
    page: Annotated[int | None, typer.Option(min=0, help="The first page.")] = None,
    negative: Annotated[str | None, typer.Option(help="What to keep away.")] = None,
    steps: Steps = None,
    library: LibraryFolder = None,
    name: Name = None,
    title: Title = None,
    edition: EditionOption = None,
    engine: EngineOption = EngineName.local,
    workers: Workers = None,
    add_only: AddOnly = False,
) -> int:
    """Add the pages of some prompts to a library (library/default), and render them.

    Example: render.py search "a city at sunset" "a forest in the fog" --count 6
    """
    from babelgen.commands import add

    fields = _fields(prompts=list(prompts), count=count, page=page, negative=negative, steps=steps)
    words = prompts[0] or "the empty prompt"
    return add.add(
        add.Addition("search", fields, words, name, title, edition), library, engine, workers, add_only
    )


@app.command(cls=Command)
def site(
    library: LibraryFolder = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the site goes.")] = Path("site"),
) -> int:
    """Build the static site of a library (library/default).

    Example: render.py site --library library/default --out site
    """
    from babelgen.commands import site as command

    return command.site(library, out)


@app.command(cls=Command)
def status(library: LibraryFolder = None, as_json: Json = False) -> int:
    """Show what a library (library/default) has, lacks and failed.

    Example: render.py status --library library/default --json
    """
    from babelgen.commands import status as command
    from babelgen.commands.render import DEFAULT

    return command.status(library or DEFAULT, as_json)


@key_app.command("show", cls=Command)
def key_show(
    file: KeyFile = None, text: KeyText = None, edition: EditionOption = None, as_json: Json = False
) -> int:
    """Say what a key means.

    Example: render.py key show picture.key
    """
    from babelgen.commands import key

    return key.show(file, text, edition, as_json)


@key_app.command("render", cls=Command)
def key_render(
    out: Annotated[Path, typer.Option(metavar="PNG", help="Where the picture goes.")],
    file: KeyFile = None,
    text: KeyText = None,
    edition: EditionOption = None,
) -> int:
    """Render a key to a PNG file.

    Example: render.py key render picture.key --out picture.png
    """
    from babelgen.commands import key

    return key.render(file, text, edition, out)


@key_app.command("next", cls=Command)
def key_next(
    file: KeyFile = None,
    text: KeyText = None,
    edition: EditionOption = None,
    level: LevelOption = LevelName.page,
    count: Count = 1,
) -> int:
    """Print the key that follows.

    Example: render.py key next picture.key --level shelf
    """
    from babelgen.commands import key

    return key.step(file, text, edition, level.value, count)


@key_app.command("prev", cls=Command)
def key_prev(
    file: KeyFile = None,
    text: KeyText = None,
    edition: EditionOption = None,
    level: LevelOption = LevelName.page,
    count: Count = 1,
) -> int:
    """Print the key before.

    Example: render.py key prev picture.key
    """
    from babelgen.commands import key

    return key.step(file, text, edition, level.value, -count)


@edition_app.command("list", cls=Command)
def edition_list() -> int:
    """List the shipped editions.

    Example: render.py edition list
    """
    from babelgen.edition import read_edition, shipped_editions

    for path in shipped_editions():
        edition = read_edition(path)
        print(f"{edition.id}  {edition.title}")
    return 0


@edition_app.command("show", cls=Command)
def edition_show(
    edition: Annotated[str, typer.Argument(help="A shipped edition's name, or a TOML file.")],
) -> int:
    """Show what an edition consists of.

    Example: render.py edition show mini
    """
    from babelgen.edition import load_edition

    for name, value in load_edition(edition).facts():
        print(f"{name}: {value}")
    return 0


# What the machine refuses, as opposed to what our code gets wrong.
_MACHINE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EMFILE,
    errno.ENAMETOOLONG,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code."""
    try:
        app(list(arguments) if arguments is not None else None)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def guard(action: Callable[[], int | None]) -> int:
    """Run something, and turn every way in which it can end into an exit code."""
    try:
        code = action() or 0
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        raise  # whoever read our output has gone, and Typer ends quietly
    except KeyboardInterrupt:
        return _fail("Interrupted; what was done is kept.", 130)
    except UserError as error:
        return _fail(str(error), 1)
    except BabelgenError as error:  # an item failed, or a worker died: what was done is kept
        return _fail(str(error), 4)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _MACHINE:
            return _fail(f"{error.strerror}: {error.filename or 'while writing'}.", 1)
        return _fail(f"This is a bug in Babelgen, sorry; what happened is in {_log(error)}.", 3)


def _fail(sentence: str, code: int) -> int:
    print(f"error: {sentence}", file=sys.stderr)
    return code


def _log(error: Exception) -> str:
    text = "".join(traceback.format_exception(error))
    with tempfile.NamedTemporaryFile(prefix="babelgen-", suffix=".log", delete=False) as file:
        file.write(text.encode("utf-8", "backslashreplace"))
    return file.name


def entry_point() -> None:
    """The `babelgen` command."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # prompts go to terminals of any alphabet
    sys.exit(main())
