"""Shelf marks: a key as pages show it, in short or whole, and where its file is.

Law: no HTML here; paths are site paths, texts are still to be escaped.
May import: the standard library, gallery.paths, gallery.text.
"""

import re
from dataclasses import dataclass

from babelgen.gallery import paths
from babelgen.gallery.text import WHOLE_KEY, command, ends

_SPECIMEN = re.compile(r"(babel2):([^:]+):([0-9]+)\.(t[0-9a-z]+)\.([0-9a-z]+)~([0-9a-z]+)")
_SHORT = 60  # characters


@dataclass(frozen=True)
class Specimen:
    """A key taken to pieces, to explain what keys are, and the page of its picture, if there is one."""

    codec: str
    edition: str
    steps: str
    shelf: str
    number: str
    check: str
    page: str = ""


EXAMPLE = Specimen("babel2", "mini-7k3q9d2x", "20", "t4hx9", "0", "ddghe53z")  # where a site has none to show


def specimen(key: str, page: str) -> Specimen | None:
    """A printed key to explain keys with; None for one of another form, or a long one."""
    found = _SPECIMEN.fullmatch(key) if len(key) <= _SHORT else None
    if not found:
        return None
    codec, edition, steps, shelf, number, check = found.groups()
    return Specimen(codec, edition, steps, shelf, number, check, page)


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
