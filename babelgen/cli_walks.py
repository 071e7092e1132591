"""The command line of ways between keys: `walk`, `interpolate`.

May import: errors, exits, options, settings; commands inside functions.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from babelgen.errors import UserError
from babelgen.exits import Command
from babelgen.options import (
    Steps,
    given,
    make_destination,
    make_run,
    options_of,
)
from babelgen.settings import Destination, Run


class Method(StrEnum):
    """How frames lie between two stops."""

    slerp = "slerp"
    lerp = "lerp"


class Space(StrEnum):
    """What a walk moves."""

    noise = "noise"
    condition = "condition"
    both = "both"


class Style(StrEnum):
    """How a walk moves."""

    sphere = "sphere"
    linear = "linear"


def add_walks(app: typer.Typer) -> None:
    """Give an app these commands."""
    for command in (interpolate, walk):
        app.command(cls=Command)(command)


@options_of("run", make_run)
@options_of("destination", make_destination)
def interpolate(
    through: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STOP",
            help="A prompt, a key, or @FILE for a key in a file; the empty prompt by default.",
            show_default=False,
        ),
    ] = None,
    pages: Annotated[
        str | None,
        typer.Option(
            metavar="P,P,...", help="Pages of the prompts, as many, or one that is held.", show_default=False
        ),
    ] = None,
    frames: Annotated[int, typer.Option(min=1, help="Frames between two stops.")] = 10,
    method: Annotated[
        Method, typer.Option(help="slerp: on the sphere; lerp: on the straight line.")
    ] = Method.slerp,
    plain: Annotated[
        bool, typer.Option("--plain", help="With lerp: do not restore the variance that the line loses.")
    ] = False,
    loop: Annotated[bool, typer.Option("--loop", help="Lead back from the last stop to the first.")] = False,
    negative: Annotated[str | None, typer.Option(help="What to keep away.")] = None,
    steps: Steps = None,
    *,
    destination: Destination,
    run: Run,
) -> int:
    """Add the frames between prompts, keys or pages to a library (library/default), and render them.

    Example: render.py interpolate "a town at noon" "a town at dusk" --frames 8
    """
    from babelgen.commands import add

    stops = [_stop(text) for text in through or []]
    fields = given(
        through=stops or None, pages=None if pages is None else _numbers(pages), negative=negative,
        steps=steps, frames=frames, method=None if method == "slerp" else str(method), loop=loop,
    )  # fmt: skip
    if plain:
        fields["restore"] = False
    prompts = [text for text in through or [] if not text.startswith(("babel2:", "@"))]
    words = " to ".join([prompts[0], prompts[-1]] if len(prompts) > 1 else ["interpolate", *prompts])
    return add.add(add.Addition("interpolation", fields, words), destination, run)


def _stop(text: str) -> str:
    """A stop, read from its file where it is one."""
    from babelgen.commands.key import read_key

    return read_key(text[1:], None) if text.startswith("@") else text


def _numbers(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and len(part) <= 4300 for part in parts):
        raise UserError("--pages must be whole numbers with commas between them, such as 3,0,7.")
    return [int(part) for part in parts]


@options_of("run", make_run)
@options_of("destination", make_destination)
def walk(
    prompt: Annotated[
        str | None, typer.Argument(metavar="PROMPT", help="Where to start.", show_default=False)
    ] = None,
    start: Annotated[str | None, typer.Option(help="The key to start from.")] = None,
    start_file: Annotated[Path | None, typer.Option(help="A file with the key to start from.")] = None,
    page: Annotated[int | None, typer.Option(min=0, help="The prompt's page.")] = None,
    negative: Annotated[str | None, typer.Option(help="What to keep away.")] = None,
    space: Annotated[Space, typer.Option(help="What moves: the noise, the prompt's embedding, or both.")] = (
        Space.both
    ),
    directions: Annotated[int, typer.Option(min=1, help="How many ways lead from the start.")] = 1,
    frames: Annotated[int, typer.Option(min=1, help="Steps in each direction.")] = 20,
    step: Annotated[
        float | None,
        typer.Option(
            help="How far each leads: radians on the sphere (0.05), or times -1 to 1 (0.0095).",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same directions.")] = 0,
    style: Annotated[
        Style,
        typer.Option(help="sphere: noise stays noise; linear: plainly added, to the negative prompt too."),
    ] = Style.sphere,
    back: Annotated[bool, typer.Option("--back", help="Lead out and back.")] = False,
    steps: Steps = None,
    *,
    destination: Destination,
    run: Run,
) -> int:
    """Add a random walk from a prompt or a key to a library (library/default), and render it.

    Example: render.py walk "a town at dusk" --frames 20 --step 0.1 --back
    """
    from babelgen.commands import add
    from babelgen.commands.key import read_key

    if start_file is not None:
        if start is not None:
            raise UserError("The start is given twice: leave out --start or --start-file.")
        start = read_key(str(start_file), None)
    fields = given(
        start=start, prompt=prompt, page=page, negative=negative, steps=steps, space=str(space),
        directions=directions if directions > 1 else None, frames=frames, step=step,
        style=None if style == "sphere" else str(style), back=back,
    )  # fmt: skip
    fields["seed"] = seed
    words = f"walk {prompt}" if prompt else "walk"
    return add.add(add.Addition("walk", fields, words), destination, run)
