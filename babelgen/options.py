"""Options: those flags of the command line that several commands have.

May import: Typer.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class EngineName(StrEnum):
    """Where pictures are rendered."""

    local = "local"
    inline = "inline"


def level_of(level: str) -> str:
    """A level that some codec may have; which ones the key's own has, it says itself."""
    if not re.fullmatch("page|shelf|steps|[0-9]{1,9}", level):
        raise typer.BadParameter("must be page, shelf or steps, or a number of characters")
    return level


LibraryFolder = Annotated[
    Path | None, typer.Option("--library", metavar="DIR", help="The library's folder.", show_default=False)
]
EngineOption = Annotated[
    EngineName, typer.Option("--engine", help="local: a process a core; inline: this process.")
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Worker processes; as many as cores by default.")
]
Slots = Annotated[
    int | None,
    typer.Option(
        "--slots", min=1, max=4096, help="Pictures in a batch; as suits the device by default. Changes bits."
    ),
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
LevelOption = Annotated[
    str | None,
    typer.Option(
        "--level",
        metavar="LEVEL",
        parser=level_of,
        help="What a step moves: page, shelf or steps; for lob1 keys, how many characters at the end are held.",
        show_default=False,
    ),
]
Count = Annotated[int, typer.Option("--count", help="How many steps.")]
KeyFile = Annotated[str | None, typer.Argument(metavar="FILE", help="A key file, or - for standard input.")]
KeyText = Annotated[str | None, typer.Option("--text", metavar="KEY", help="The key itself.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
KeyOut = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", help="Where the key goes; standard output by default.", show_default=False
    ),
]
NeededEdition = Annotated[
    str, typer.Option("--edition", metavar="E", help="A shipped edition's name, or a TOML file.")
]
CodecOption = Annotated[
    str | None, typer.Option("--codec", metavar="C", help="The edition's codec, to make sure of it.")
]
