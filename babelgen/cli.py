"""The command line: flags to settings to one command function.

May import: cli_edition, cli_export, cli_extras, cli_key, cli_walks, errors, exits, options, settings, Typer; edition, library and commands inside functions. Torch is loaded by the few commands that render.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from gc import freeze
from pathlib import Path
from typing import Annotated

import typer

from babelgen.cli_edition import edition_app
from babelgen.cli_export import export_app
from babelgen.cli_extras import add_extras
from babelgen.cli_key import key_app
from babelgen.cli_walks import add_walks
from babelgen.errors import UserError
from babelgen.exits import Command
from babelgen.options import (
    BaseUrl,
    Flagged,
    Fresh,
    Json,
    LevelOption,
    LibraryFolder,
    ShardOption,
    Steps,
    Templates,
    given,
    make_destination,
    make_run,
    options_of,
)
from babelgen.settings import Destination, Run

app = typer.Typer(
    name="babelgen",
    help="A library of latent pictures: every picture has a key, and the key alone re-creates it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(key_app, name="key")
app.add_typer(edition_app, name="edition")
app.add_typer(export_app, name="export")
add_extras(app)
add_walks(app)


@app.command(cls=Command)
@options_of("run", make_run)
def render(
    recipe: Annotated[Path | None, typer.Argument(metavar="RECIPE", help="A library file (TOML).")] = None,
    library: LibraryFolder = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try again what failed before.")
    ] = False,
    json_log: Annotated[
        bool, typer.Option("--json-log", help="Print what happens to standard output, a JSON object a line.")
    ] = False,
    shard: ShardOption = None,
    *,
    run: Run,
) -> int:
    """Render what a library still lacks.

    Example: render.py render libraries/default.toml
    """
    from babelgen.commands import render as command

    return command.render(recipe, library, run, retry_failed, json_log, shard)


@app.command("range", cls=Command)
@options_of("run", make_run)
@options_of("destination", make_destination)
def range_(
    start: Annotated[str | None, typer.Option(help="The first key.")] = None,
    start_file: Annotated[Path | None, typer.Option(help="A file with the first key.")] = None,
    prompt: Annotated[str | None, typer.Option(help="Start on the shelf of this prompt.")] = None,
    page: Annotated[int | None, typer.Option(min=0, help="Start on this page of the shelf.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many keys.")] = 12,
    level: LevelOption = None,
    stride: Annotated[int, typer.Option(help="How many steps between keys; negative goes back.")] = 1,
    steps: Steps = None,
    *,
    destination: Destination,
    run: Run,
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
    fields = given(
        start=start, prompt=prompt, page=page, steps=steps, count=count,
        level=int(level) if level and level.isdecimal() else level, stride=None if stride == 1 else stride,
    )  # fmt: skip
    words = f"range {prompt}" if prompt else "range"
    addition = add.Addition("range", fields, words)
    return add.add(addition, destination, run)


@app.command("random", cls=Command)
@options_of("run", make_run)
@options_of("destination", make_destination)
def random_(
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same keys.")] = 0,
    count: Annotated[int, typer.Option(min=1, help="How many keys.")] = 12,
    uniform: Annotated[
        bool, typer.Option("--uniform", help="Draw from the whole library: long keys.")
    ] = False,
    steps: Steps = None,
    *,
    destination: Destination,
    run: Run,
) -> int:
    """Add a random sample of keys to a library (library/default), and render it.

    Example: render.py random --seed 7 --count 20
    """
    from babelgen.commands import add

    fields = given(seed=seed, count=count, steps=steps, uniform=uniform)
    words = f"random {seed}"
    addition = add.Addition("random", fields, words)
    return add.add(addition, destination, run)


@app.command(cls=Command)
@options_of("run", make_run)
@options_of("destination", make_destination)
def search(
    prompts: Annotated[list[str], typer.Argument(metavar="PROMPT", help="What to look for.")],
    count: Annotated[int, typer.Option(min=1, help="Pages of each prompt.")] = 4,
    page: Annotated[int | None, typer.Option(min=0, help="The first page.")] = None,
    negative: Annotated[str | None, typer.Option(help="What to keep away.")] = None,
    steps: Steps = None,
    *,
    destination: Destination,
    run: Run,
) -> int:
    """Add the pages of some prompts to a library (library/default), and render them.

    Example: render.py search "a city at sunset" "a forest in the fog" --count 6
    """
    from babelgen.commands import add

    fields = given(prompts=list(prompts), count=count, page=page, negative=negative, steps=steps)
    words = prompts[0] or "the empty prompt"
    addition = add.Addition("search", fields, words)
    return add.add(addition, destination, run)


@app.command(cls=Command)
@options_of("run", make_run)
@options_of("destination", make_destination)
def matrix(
    config: Annotated[
        Path,
        typer.Argument(
            metavar="CONFIG", help="A library file (TOML) with a matrix, or an earlier tool's JSON."
        ),
    ],
    list_only: Annotated[
        bool,
        typer.Option("--list", help="Print prompt, steps and page of each picture, and do nothing else."),
    ] = False,
    collection: Annotated[
        str | None,
        typer.Option("--collection", metavar="NAME", help="Which matrix of the file.", show_default=False),
    ] = None,
    *,
    destination: Destination,
    run: Run,
) -> int:
    """Add combinations of subjects, actions and suffixes to a library (library/default), and render them.

    Example: render.py matrix libraries/matrix.toml --collection drawn-by-lot
    """
    from babelgen.commands import matrix as command

    request = command.Request(config, collection, destination)
    return command.list_matrix(request) if list_only else command.matrix(request, run)


@app.command(cls=Command)
def site(
    library: LibraryFolder = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the site goes.")] = Path("site"),
    flagged: Flagged = False,
    base_url: BaseUrl = None,
    templates: Templates = None,
    fresh: Fresh = False,
) -> int:
    """Build the static site of a library (library/default).

    Example: render.py site --library library/default --out site
    """
    from babelgen.commands import site as command

    return command.site(library, out, command.Publication(flagged, base_url, templates, fresh))


@app.command(cls=Command)
def rank(
    favourites: Annotated[
        Path,
        typer.Argument(metavar="FAVOURITES", help="A file with a key on each line, or - for standard input."),
    ],
    library: LibraryFolder = None,
    top: Annotated[int, typer.Option(min=1, help="How many of each kind are shown.")] = 10,
    chart: Annotated[
        Path | None,
        typer.Option("--chart", metavar="FILE", help="Draw a chart there, as SVG.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Where the next matrix goes; printed by default.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Count favourites back: what they have in common, against all printed pictures of a library (library/default).

    Example: render.py rank favourites.txt --chart rank.svg --out next.toml
    """
    from babelgen.commands import rank as command
    from babelgen.library import DEFAULT

    return command.rank(favourites, library or DEFAULT, command.Wanted(top, chart, out, as_json))


@app.command(cls=Command)
def status(library: LibraryFolder = None, as_json: Json = False) -> int:
    """Show what a library (library/default) has, lacks and failed.

    Example: render.py status --library library/default --json
    """
    from babelgen.commands import status as command
    from babelgen.library import DEFAULT

    return command.status(library or DEFAULT, as_json)


@app.command(cls=Command)
@options_of("run", make_run)
def verify(
    folder: Annotated[Path | None, typer.Argument(metavar="LIBRARY", help="The library's folder.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Render every picture again.")] = False,
    sample: Annotated[
        int | None,
        typer.Option(
            min=0, help="How many are rendered again; 8 by default, 0 for none.", show_default=False
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same sample.")] = 0,
    collection: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this collection's pictures.", show_default=False)
    ] = None,
    discard: Annotated[
        bool,
        typer.Option("--discard", help="Take pictures with faults away, so that render makes them again."),
    ] = False,
    library: LibraryFolder = None,
    as_json: Json = False,
    *,
    run: Run,
) -> int:
    """Check a library's files (library/default) against its catalog, and render a sample again; without --discard nothing is written.

    Ends with 4 where a picture is missing, damaged or not what its key makes.

    Example: render.py verify library/default --sample 20
    """
    from babelgen.commands import verify as command
    from babelgen.library import DEFAULT

    if folder is not None and library is not None:
        raise UserError("The library is given twice: leave out LIBRARY or --library.")
    if everything and sample is not None:
        raise UserError("Give either --all or --sample.")
    count = None if everything else 8 if sample is None else sample
    request = command.Request(collection, count, seed, discard)
    return command.verify(folder or library or DEFAULT, request, run, as_json)


@app.command(cls=Command)
def gc(
    library: LibraryFolder = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would go, and remove nothing.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Go on even where no picture would be left.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Remove what nobody needs from a library (library/default): pictures that no collection names, and what killed renders left.

    Example: render.py gc --library library/default --dry-run
    """
    from babelgen.commands import gc as command
    from babelgen.library import DEFAULT

    return command.gc(library or DEFAULT, dry_run, as_json, everything)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code."""
    try:
        app(list(arguments) if arguments is not None else None)
    except SystemExit as stop:
        return int(stop.code or 0)
    except KeyboardInterrupt:  # before a command has begun, which tells more of its own
        sys.stderr.write("error: Interrupted; nothing was begun.\n")
        return 130
    return 0


def entry_point() -> None:
    """The `babelgen` command."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # prompts go to terminals of any alphabet
    status = main()
    freeze()  # else Python looks once more for what nobody holds, 0.06 s long, though all of it is about to go
    sys.exit(status)
