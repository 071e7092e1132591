"""The command line of ways between keys: `walk`, `interpolate`, `evolve`.

May import: errors, exits, options, settings, Typer; commands inside functions.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    make_run_here,
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
    for command in (interpolate, walk, evolve):
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


def make_start(
    prompt: Annotated[
        str | None, typer.Argument(metavar="PROMPT", help="Where to start.", show_default=False)
    ] = None,
    start: Annotated[str | None, typer.Option(help="The key to start from.")] = None,
    start_file: Annotated[Path | None, typer.Option(help="A file with the key to start from.")] = None,
    page: Annotated[int | None, typer.Option(min=0, help="The prompt's page.")] = None,
    negative: Annotated[str | None, typer.Option(help="What to keep away.")] = None,
    steps: Steps = None,
) -> dict[str, object]:
    """Where something starts, as a collection's fields."""
    from babelgen.commands.key import read_key

    if start_file is not None:
        if start is not None:
            raise UserError("The start is given twice: leave out --start or --start-file.")
        start = read_key(str(start_file), None)
    return given(start=start, prompt=prompt, page=page, negative=negative, steps=steps)


@options_of("run", make_run)
@options_of("destination", make_destination)
@options_of("begin", make_start)
def walk(
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
    *,
    begin: dict[str, object],
    destination: Destination,
    run: Run,
) -> int:
    """Add a random walk from a prompt or a key to a library (library/default), and render it.

    Example: render.py walk "a town at dusk" --frames 20 --step 0.1 --back
    """
    from babelgen.commands import add

    fields = begin | given(
        space=str(space), directions=directions if directions > 1 else None, frames=frames, step=step,
        style=None if style == "sphere" else str(style), back=back, seed=seed,
    )  # fmt: skip
    return add.add(add.Addition("walk", fields, _words("walk", begin)), destination, run)


def _words(kind: str, begin: Mapping[str, object]) -> str:
    return f"{kind} {begin['prompt']}" if begin.get("prompt") else kind


@options_of("run", make_run_here)
@options_of("destination", make_destination)
@options_of("begin", make_start)
def evolve(
    genes: Annotated[
        int | None, typer.Option(min=1, help="Pictures in each generation; 5.", show_default=False)
    ] = None,
    step: Annotated[
        float | None,
        typer.Option(
            help="How far each is from its parent, 1 being the whole way; 0.05.", show_default=False
        ),
    ] = None,
    target: Annotated[str | None, typer.Option(help="A prompt, or a key, to turn to.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Draws what is new in each gene; 0.", show_default=False)
    ] = None,
    choose: Annotated[
        list[str] | None,
        typer.Option(
            "--choose",
            metavar="WORDS",
            help="3, 2.4, start, again, back, 'to PROMPT', 'step 0.1'; as often as you like.",
            show_default=False,
        ),
    ] = None,
    choices: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A file of such choices, one a line.", show_default=False),
    ] = None,
    auto: Annotated[int, typer.Option(min=0, help="Generations that are chosen by themselves.")] = 0,
    like: Annotated[
        str | None,
        typer.Option(
            metavar="PROMPT",
            help="With --auto: those most like a prompt; by lot otherwise.",
            show_default=False,
        ),
    ] = None,
    like_picture: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --auto: those most like a picture.", show_default=False),
    ] = None,
    *,
    begin: dict[str, object],
    destination: Destination,
    run: Run,
) -> int:
    """Breed pictures in a library (library/default): each generation is of one that was chosen. With --name, go on with it.

    Without choices you are asked, on a terminal.

    Example: render.py evolve "the sea at noon" --name sea --genes 4 --step 0.3
    """
    from babelgen.commands import add
    from babelgen.commands import evolve as command

    if like is not None and like_picture is not None:
        raise UserError("Likeness is asked for twice: leave out --like or --like-picture.")
    if not auto and (like is not None or like_picture is not None):
        raise UserError("Likeness chooses for --auto alone: say how many generations.")
    lines = (*(choose or ()), *(command.read_choices(choices) if choices else ()))
    fields = begin | given(genes=genes, step=step, target=target, seed=seed)
    chooser = command.Chooser(lines, auto, like, like_picture)
    return command.evolve(
        add.Addition("evolution", fields, _words("evolution", begin)), destination, chooser, run
    )
