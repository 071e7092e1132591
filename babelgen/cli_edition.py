"""The command line of editions: `edition list`, `show`, `check`, `pin`, `fit`.

May import: exits, options, Typer; commands inside functions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from babelgen.exits import Command
from babelgen.options import Json

edition_app = typer.Typer(help="What keys mean: editions, and the models they need.", no_args_is_help=True)

EditionArgument = Annotated[
    str, typer.Argument(metavar="EDITION", help="A shipped edition's name, an id, or a TOML file.")
]
EditionOut = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FOLDER", help="Where the new edition goes; in place by default.", show_default=False
    ),
]


@edition_app.command("list", cls=Command)
def edition_list(as_json: Json = False) -> int:
    """List the shipped editions, and whether their models are here.

    Example: render.py edition list
    """
    from babelgen.commands import edition as command

    return command.list_editions(as_json)


@edition_app.command("show", cls=Command)
def edition_show(edition: EditionArgument, as_json: Json = False) -> int:
    """Show what an edition consists of.

    Example: render.py edition show mini
    """
    from babelgen.commands import edition as command

    return command.show(edition, as_json)


@edition_app.command("check", cls=Command)
def edition_check(edition: EditionArgument) -> int:
    """Load an edition's model, download it first where it comes from the hub, and see that it fits the edition.

    Example: render.py edition check mini
    """
    from babelgen.commands import edition as command

    return command.check(edition)


@edition_app.command("pin", cls=Command)
def edition_pin(edition: EditionArgument, out: EditionOut = None) -> int:
    """Write the hashes of the model's files into an edition: makes another edition, and prints its id.

    From then on no other files are accepted. A model of the hub is downloaded first.

    Example: render.py edition pin sd15 --out editions
    """
    from babelgen.commands import edition as command

    return command.pin(edition, out)


@edition_app.command("fit", cls=Command)
def edition_fit(edition: EditionArgument, out: EditionOut = None) -> int:
    """Fit the statistics that shelves of kind v are read with: makes another edition, and prints its id.

    Example: render.py edition fit mini --out editions
    """
    from babelgen.commands import edition as command

    return command.fit(edition, out)
