"""Options: those flags of the command line that several commands have.

May import: settings and Typer.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from babelgen.settings import Destination, Run, Setting

T = TypeVar("T")


class EngineName(StrEnum):
    """Where pictures are rendered."""

    local = "local"
    inline = "inline"
    ray = "ray"


class DeviceName(StrEnum):
    """What computes pictures."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class PrecisionName(StrEnum):
    """What networks compute in."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


def level_of(level: str) -> str:
    """A level that some codec may have; which ones the key's own has, it says itself."""
    if not re.fullmatch("page|shelf|steps|[0-9]{1,9}", level):
        raise typer.BadParameter("must be page, shelf or steps, or a number of characters")
    return level


def shard_of(shard: str) -> str:
    """A part of all pictures, I/N: the I-th of N."""
    parts = re.fullmatch("([0-9]{1,9})/([0-9]{1,9})", shard)
    if parts is None:
        raise typer.BadParameter("must be I/N, such as 3/8 for the third of eight parts")
    if not 1 <= int(parts[1]) <= int(parts[2]):
        raise typer.BadParameter(f"must be I/N with I from 1 to N, and {shard} is not")
    return shard


LibraryFolder = Annotated[
    Path | None, typer.Option("--library", metavar="DIR", help="The library's folder.", show_default=False)
]
EngineOption = Annotated[
    EngineName,
    typer.Option(
        "--engine",
        help="local: a process a core, or a GPU; inline: this process; ray: workers on a Ray cluster.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Worker processes; as many as cores, or GPUs, by default."),
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        parser=shard_of,
        help="Only the I-th of N parts, as a job of an array does; the parts have no picture in common.",
        show_default=False,
    ),
]
DeviceOption = Annotated[
    DeviceName, typer.Option("--device", help="What computes; auto: GPUs where there are any. Changes bits.")
]
PrecisionOption = Annotated[
    PrecisionName | None,
    typer.Option(
        "--precision",
        help="float32 on a CPU and float16 on a GPU by default. Changes bits.",
        show_default=False,
    ),
]
Compiled = Annotated[
    bool,
    typer.Option("--compile/--no-compile", help="Compile the UNet: a minute, then faster. Changes bits."),
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
    str | None, typer.Option("--edition", metavar="E", help="An edition's name or id, or a TOML file.")
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
Flagged = Annotated[
    bool, typer.Option("--flagged", help="With the pictures that a model's safety checker flagged, too.")
]
Fresh = Annotated[
    bool,
    typer.Option(
        "--fresh", help="Make every page and compare every file, whatever is known of the last build."
    ),
]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        metavar="URL",
        help="The address that the site is to have: adds a feed, a map and what other sites show of its pages.",
        show_default=False,
    ),
]
Templates = Annotated[
    Path | None,
    typer.Option(
        "--templates",
        metavar="DIR",
        help="A folder whose templates, and whose assets, go before the shipped ones of the same names.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
KeyOut = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", help="Where the key goes; standard output by default.", show_default=False
    ),
]
NeededEdition = Annotated[
    str, typer.Option("--edition", metavar="E", help="An edition's name or id, or a TOML file.")
]
CodecOption = Annotated[
    str | None, typer.Option("--codec", metavar="C", help="The edition's codec, to make sure of it.")
]


def options_of(name: str, make: Callable[..., object]) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Give a function all options that `make` has; it gets what that makes of them as its argument `name`."""

    def decorate(function: Callable[..., T]) -> Callable[..., T]:
        theirs = inspect.signature(make, eval_str=True).parameters
        own = inspect.signature(function, eval_str=True).parameters
        parameters = [own[other] for other in own if other != name] + list(theirs.values())
        parameters.sort(
            key=lambda parameter: parameter.kind
        )  # what is still to be made of options comes last

        @functools.wraps(function)
        def called(**given: Any) -> T:
            made = make(**{option: given.pop(option) for option in theirs})
            return function(**{name: made}, **given)

        vars(called).update(
            __signature__=inspect.Signature(parameters),
            __annotations__={parameter.name: parameter.annotation for parameter in parameters},
        )
        return called

    return decorate


def given(**values: object) -> dict[str, object]:
    """A collection's fields, without those that were not given; of a flag, without it where it is not set."""
    return {name: value for name, value in values.items() if value is not None and value is not False}


def make_destination(
    library: LibraryFolder = None,
    name: Name = None,
    title: Title = None,
    edition: EditionOption = None,
    add_only: AddOnly = False,
) -> Destination:
    """Where a collection goes, as users say it."""
    return Destination(library, name, title, edition, add_only)


def make_setting(
    device: DeviceOption = DeviceName.auto,
    precision: PrecisionOption = None,
    compiled: Compiled = False,
    slots: Slots = None,
) -> Setting:
    """How pictures are computed, as users say it."""
    return Setting(device.value, precision and precision.value, compiled, slots)


@options_of("setting", make_setting)
def make_run(engine: EngineOption = EngineName.local, workers: Workers = None, *, setting: Setting) -> Run:
    """How a library is rendered, as users say it."""
    return Run(engine.value, workers, setting)


@options_of("setting", make_setting)
def make_run_here(
    engine: EngineOption = EngineName.inline, workers: Workers = None, *, setting: Setting
) -> Run:
    """The same where few pictures are rendered at a time: in this process, which keeps its model."""
    return Run(engine.value, workers, setting)
