"""The command line of keys: `render.py key ...`.

May import: exits, options, settings, Typer; commands inside functions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from babelgen.exits import Command
from babelgen.options import (
    CodecOption,
    Count,
    EditionOption,
    Json,
    KeyFile,
    KeyOut,
    KeyText,
    LevelOption,
    NeededEdition,
    Steps,
    make_setting,
    options_of,
)
from babelgen.settings import Setting

key_app = typer.Typer(help="What a key says, the picture it means, its neighbours.", no_args_is_help=True)


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
@options_of("setting", make_setting)
def key_render(
    out: Annotated[Path, typer.Option(metavar="PNG", help="Where the picture goes.")],
    file: KeyFile = None,
    text: KeyText = None,
    edition: EditionOption = None,
    *,
    setting: Setting,
) -> int:
    """Render a key to a PNG file.

    Example: render.py key render picture.key --out picture.png
    """
    from babelgen.commands import key

    return key.render(file, text, edition, out, setting)


@key_app.command("next", cls=Command)
def key_next(
    file: KeyFile = None,
    text: KeyText = None,
    edition: EditionOption = None,
    level: LevelOption = None,
    count: Count = 1,
    out: KeyOut = None,
) -> int:
    """Print the key that follows.

    Example: render.py key next picture.key --level shelf
    """
    from babelgen.commands import key

    return key.step(file, text, edition, level, count, out)


@key_app.command("prev", cls=Command)
def key_prev(
    file: KeyFile = None,
    text: KeyText = None,
    edition: EditionOption = None,
    level: LevelOption = None,
    count: Count = 1,
    out: KeyOut = None,
) -> int:
    """Print the key before.

    Example: render.py key prev picture.key
    """
    from babelgen.commands import key

    return key.step(file, text, edition, level, -count, out)


@key_app.command("random", cls=Command)
def key_random(
    edition: NeededEdition,
    codec: CodecOption = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same key.")] = 0,
    uniform: Annotated[
        bool, typer.Option("--uniform", help="Draw from the whole library: a long key.")
    ] = False,
    steps: Steps = None,
    out: KeyOut = None,
) -> int:
    """Print a random key: the first that `render.py random` adds of that seed.

    Example: render.py key random --edition mini --seed 7
    """
    from babelgen.commands import key

    return key.draw(codec, edition, seed, uniform, steps, out)


@key_app.command("check", cls=Command)
def key_check(file: KeyFile = None, text: KeyText = None, edition: EditionOption = None) -> int:
    """Say whether a text is a key, and of what edition: code 0, or 1 and what is wrong.

    Example: render.py key check picture.key
    """
    from babelgen.commands import key

    return key.check(file, text, edition)


@key_app.command("rebase", cls=Command)
def key_rebase(
    edition: NeededEdition,
    file: KeyFile = None,
    text: KeyText = None,
    origin: Annotated[
        str | None,
        typer.Option("--from", metavar="E", help="The key's own edition, where it is a TOML file."),
    ] = None,
    out: KeyOut = None,
) -> int:
    """Move a key to another edition, where it is another picture.

    Example: render.py key rebase old.key --edition mini
    """
    from babelgen.commands import key_rebase as command

    return command.rebase(file, text, origin, edition, out)


@key_app.command("decode", cls=Command)
def key_decode(
    out: Annotated[Path, typer.Option(metavar="NPZ", help="Where the arrays go; - for standard output.")],
    file: KeyFile = None,
    text: KeyText = None,
    edition: EditionOption = None,
    embeddings: Annotated[
        bool,
        typer.Option(
            "--embeddings/--no-embeddings", help="The embeddings of prompts, which the model computes."
        ),
    ] = True,
) -> int:
    """Write what a key says as NumPy arrays.

    Example: render.py key decode picture.key --out parts.npz
    """
    from babelgen.commands import key_parts

    return key_parts.decode(file, text, edition, out, embeddings)


@key_app.command("encode", cls=Command)
def key_encode(
    file: Annotated[
        str, typer.Argument(metavar="NPZ", help="Arrays as decode writes them, or - for standard input.")
    ],
    edition: NeededEdition,
    codec: CodecOption = None,
    out: KeyOut = None,
) -> int:
    """Print the key of NumPy arrays; what it cannot keep of them is told.

    Example: render.py key encode parts.npz --edition mini
    """
    from babelgen.commands import key_parts

    return key_parts.encode(file, codec, edition, out)
