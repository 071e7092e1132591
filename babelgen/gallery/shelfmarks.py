"""Shelf marks: a key as pages show it, in short or whole, and where its file is.

Law: no HTML here; paths are site paths, texts are still to be escaped.
May import: the standard library, gallery.paths, gallery.text.
"""

from dataclasses import dataclass

from babelgen.gallery import paths
from babelgen.gallery.text import WHOLE_KEY, command, ends


@dataclass(frozen=True)
class KeyView:
    """A key: `short` to show; `whole` unless it is too long to show; `file` and, for such a long one, its
    twin `script` where the site has them."""

    name: str
    text: str
    short: str
    whole: str
    file: str
    script: str
    command: str


def key_view(key: str, name: str, edition: str, filed: bool) -> KeyView:
    """A key of an edition (its id) to show; `filed` where the site has a file for it however short it is."""
    long = len(key) > WHOLE_KEY
    return KeyView(
        name=name,
        text=key,
        short=ends(key, 56, 24) if long else key,
        whole="" if long else key,
        file=paths.key_file(name) if filed or long else "",
        script=paths.key_script(name) if long else "",
        command=command(key, name, edition, WHOLE_KEY),
    )
