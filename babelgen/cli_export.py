"""The command line of exports: `export keys`, `dataset`, `site`.

May import: exits, options, Typer; commands inside functions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from babelgen.exits import Command
from babelgen.options import BaseUrl, Flagged, Json, LibraryFolder, Templates

export_app = typer.Typer(
    help="Take a library away: its keys, its pictures as a data set, its site as one file.",
    no_args_is_help=True,
)

CollectionOption = Annotated[
    str | None,
    typer.Option("--collection", metavar="NAME", help="Only this collection.", show_default=False),
]


@export_app.command("keys", cls=Command)
def export_keys(
    out: Annotated[Path, typer.Option("--out", metavar="ZIP", help="Where the zip file goes.")],
    library: LibraryFolder = None,
    collection: CollectionOption = None,
    unprinted: Annotated[
        bool, typer.Option("--unprinted", help="Keys whose pictures are not rendered yet, too.")
    ] = False,
    flagged: Flagged = False,
    as_json: Json = False,
) -> int:
    """Write a library's keys (library/default) to a zip file: a key file each, in folders by collection.

    Example: render.py export keys --library library/default --out keys.zip
    """
    from babelgen.commands import export

    return export.keys(library, out, collection, flagged, unprinted, as_json)


@export_app.command("dataset", cls=Command)
def export_dataset(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the data set goes.")],
    library: LibraryFolder = None,
    collection: CollectionOption = None,
    flagged: Flagged = False,
    as_json: Json = False,
) -> int:
    """Write a library's pictures (library/default) as a data set that load_dataset("imagefolder") reads.

    Done again, it brings the data set up to date.

    Example: render.py export dataset --library library/default --out dataset
    """
    from babelgen.commands import export

    return export.dataset(library, out, collection, flagged, as_json)


@export_app.command("site", cls=Command)
def export_site(
    out: Annotated[Path, typer.Option("--out", metavar="ZIP", help="Where the zip file goes.")],
    library: LibraryFolder = None,
    site: Annotated[
        Path | None,
        typer.Option(
            "--site",
            metavar="DIR",
            help="The site's folder, which is brought up to date first; a temporary one by default.",
            show_default=False,
        ),
    ] = None,
    base_url: BaseUrl = None,
    templates: Templates = None,
    flagged: Flagged = False,
    as_json: Json = False,
) -> int:
    """Write the site of a library (library/default) to a zip file, ready to be unpacked where it is published.

    Example: render.py export site --library library/default --out site.zip
    """
    from babelgen.commands import export
    from babelgen.commands.site import Publication

    return export.site(library, out, Publication(flagged, base_url, templates), site, as_json)
