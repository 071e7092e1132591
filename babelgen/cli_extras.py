"""The command line of what is made beside libraries: `animate`, `develop`, `import`.

May import: exits, films, options, settings, Typer; commands inside functions.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from babelgen.exits import Command
from babelgen.films import Show
from babelgen.options import EditionOption, Flagged, KeyFile, KeyText, LibraryFolder, make_setting, options_of
from babelgen.settings import Setting


class NoiseName(StrEnum):
    """What becomes of a seed."""

    torch = "torch"
    pages = "pages"


def add_extras(app: typer.Typer) -> None:
    """Give an app these commands."""
    app.command(cls=Command)(animate)
    app.command(cls=Command)(develop)
    app.command("import", cls=Command)(import_)


def animate(
    collection: Annotated[str, typer.Argument(metavar="COLLECTION", help="The collection's name.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where it goes: a .webp, a .gif or an .mp4; into the library, for its site, by default.",
            show_default=False,
        ),
    ] = None,
    library: LibraryFolder = None,
    fps: Annotated[float, typer.Option(min=0.01, max=1000, help="Frames a second.")] = 12.0,
    ping_pong: Annotated[bool, typer.Option("--ping-pong", help="Out, and back again.")] = False,
    loop: Annotated[int, typer.Option(min=0, help="How often it plays; 0 for ever.")] = 0,
    width: Annotated[
        int | None,
        typer.Option(min=2, max=16383, help="Pixels; the pictures' own by default.", show_default=False),
    ] = None,
    quality: Annotated[int, typer.Option(min=0, max=100, help="Of frames, but for GIF.")] = 80,
    flagged: Flagged = False,
) -> int:
    """Make a collection's printed pictures one moving picture, and a file of their keys beside it.

    Example: render.py animate out-to-sea --library library/walks --out sea.webp --ping-pong
    """
    from babelgen.commands import animate as command

    show = Show(fps, ping_pong, loop, width, quality, flagged)
    return command.animate(collection, library, out, show)


@options_of("setting", make_setting)
def develop(
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder that the stages go to.")],
    file: KeyFile = None,
    text: KeyText = None,
    edition: EditionOption = None,
    fps: Annotated[float, typer.Option(min=0.01, max=100, help="Stages a second, in the films.")] = 5.0,
    *,
    setting: Setting,
) -> int:
    """Show how a key's picture comes out of its noise: after each step what there is, and what the model guesses from it.

    Example: render.py develop picture.key --out stages
    """
    from babelgen.commands import develop as command

    return command.develop(file, text, edition, out, fps, setting)


def import_(
    configuration: Annotated[Path, typer.Argument(metavar="YAML", help="The explorer's configuration.")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where the library file goes; beside the YAML by default.",
            show_default=False,
        ),
    ] = None,
    edition: EditionOption = None,
    noise: Annotated[
        NoiseName,
        typer.Option(
            help="torch: the noise that it draws from a seed, in long keys; pages: the page of the seed's number, other noise."
        ),
    ] = NoiseName.torch,
) -> int:
    """Turn a txt2img configuration of the latent-space explorer into a library file, and the edition that it needs.

    Example: render.py import explorer.yaml --out libraries/explorer.toml
    """
    from babelgen.commands import import_explorer as command

    return command.import_explorer(configuration, edition, noise is NoiseName.pages, out)
