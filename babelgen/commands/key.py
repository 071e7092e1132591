"""`key`: what a key says, the picture it means, its neighbours."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path

from babelgen.collections.sample import read_sample
from babelgen.commands.console import say
from babelgen.edition import Edition, load_edition
from babelgen.engines.devices import choose_device
from babelgen.errors import BadKey, UserError
from babelgen.keys import Key, edition_of, read_key_text
from babelgen.picture import describe, pixel_hash, texts
from babelgen.settings import Setting
from babelgen.store import encode_png, write_atomic
from babelgen.toml import Table
from babelgen.weights import fetch

LARGEST_FILE = 4 * 2**20  # bytes; no key of any edition comes near


def read_key(source: str | None, text: str | None) -> str:
    """A key's text from a file, from standard input (`-`), or given as text; UserError otherwise."""
    if source is None and text is not None:
        return text
    if source is None or text is not None:
        raise UserError("Give either a key file (or - for standard input) or the key itself with --text.")
    try:
        with nullcontext(sys.stdin.buffer) if source == "-" else Path(source).open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UserError(f"The key file {source} cannot be read: {error.strerror}.") from error
    if len(data) > LARGEST_FILE:
        raise BadKey(f"{source} is longer than {LARGEST_FILE} bytes, and no key is.")
    return read_key_text(data)


def open_key(text: str, edition: str | None) -> tuple[Edition, Key]:
    """A key and its edition: `edition` (a name, an id or a TOML file) or else the one that the key names."""
    found = load_edition(edition or edition_of(text))
    return found, found.codec.parse(text)


def show(source: str | None, text: str | None, edition_name: str | None, as_json: bool) -> int:
    """Print what a key says."""
    edition, key = open_key(read_key(source, text), edition_name)
    words = describe(key, edition)
    facts = {
        "edition": edition.id,
        "prompt": words.prompt,
        "negative": words.negative,
        "steps": words.steps,
        "page": words.page,
        "characters": len(key.text),
        "size": f"{edition.width}x{edition.height}",
    }
    if as_json:
        print(json.dumps(facts))
        return 0
    for name, value in facts.items():
        print(f"{name:<11}{value if value != '' else '(none)'}")
    return 0


def render(
    source: str | None, text: str | None, edition_name: str | None, out: Path, setting: Setting
) -> int:
    """Render a key to a PNG file, with the same pixels as in any library of the same profile."""
    setting = choose_device(setting)
    edition, key = open_key(read_key(source, text), edition_name)
    if out.is_dir():
        raise UserError(f"{out} is a folder, and the picture must be a file.")
    if out.suffix.lower() not in ("", ".png"):
        raise UserError(f"{out} would be a PNG: give it a name that ends in .png.")
    fetch(edition)
    from babelgen.diffusion.single import render_key

    pixels = render_key(edition, key.text, setting)
    write_atomic(out, encode_png(pixels, texts(key.text, describe(key, edition), edition)))
    say(f"Wrote {out}: {edition.width} x {edition.height}, pixel SHA-256 {pixel_hash(pixels)}.")
    return 0


def step(
    source: str | None,
    text: str | None,
    edition_name: str | None,
    level: str | None,
    count: int,
    out: Path | None,
) -> int:
    """Print the key `count` steps on (back, where it is negative) at a level; None: the smallest steps."""
    _, key = open_key(read_key(source, text), edition_name)
    give(key.step(count, level).text, out)
    return 0


def check(source: str | None, text: str | None, edition_name: str | None) -> int:
    """Say of what codec and edition a key is; a text that is none is refused like everywhere."""
    edition, _ = open_key(read_key(source, text), edition_name)
    print(f"This is a key of codec {edition.codec.name} and edition {edition.id}.")
    return 0


def draw(
    codec: str | None, edition_name: str, seed: int, uniform: bool, steps: int | None, out: Path | None
) -> int:
    """Print a random key: the first that a random collection of that seed has."""
    edition = load_edition(edition_name)
    require_codec(codec, edition)
    fields: dict[str, object] = {"seed": seed, "count": 1, "uniform": uniform}
    if steps is not None:
        fields["steps"] = steps
    (key,) = read_sample(Table(fields, "The random key"), edition).keys(edition)
    give(key, out)
    return 0


def require_codec(name: str | None, edition: Edition) -> None:
    """Refuse with UserError a codec that is not the edition's; None is."""
    codec = edition.codec.name
    if name not in (None, codec):
        raise UserError(f"Keys of edition {edition.id} are of codec {codec}, not {str(name)[:80]!a}.")


def give(key: str, out: Path | None) -> None:
    """Print a key, or write its file (`-` is standard output, too)."""
    if out is None or str(out) == "-":
        print(key)
    else:
        write_atomic(out, f"{key}\n".encode("ascii"))
