"""`key`: what a key says, the picture it means, its neighbours."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from babelgen.commands.console import say
from babelgen.edition import Edition, load_edition
from babelgen.errors import BadKey, UserError
from babelgen.keys import Address, Level, edition_of, format_key, next_key, parse_key, read_key_text
from babelgen.picture import describe, pixel_hash, texts
from babelgen.store import encode_png, write_atomic
from babelgen.tokens import tokens_of

LARGEST_FILE = 4 * 2**20  # bytes; no key of any edition comes near


def read_key(source: str | None, text: str | None) -> str:
    """A key's text from a file, from standard input (`-`), or given as text; UserError otherwise."""
    if source is None and text is not None:
        return text
    if source is None or text is not None:
        raise UserError("Give either a key file (or - for standard input) or the key itself with --text.")
    try:
        with sys.stdin.buffer if source == "-" else Path(source).open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UserError(f"The key file {source} cannot be read: {error.strerror}.") from error
    if len(data) > LARGEST_FILE:
        raise BadKey(f"{source} is longer than {LARGEST_FILE} bytes, and no key is.")
    return read_key_text(data)


def open_key(text: str, edition: str | None) -> tuple[Edition, Address]:
    """The edition that a key names, and its address; `edition` is a TOML file where it is not a shipped one."""
    named = edition_of(text)
    found = load_edition(edition or named)
    return found, parse_key(text, found.key_space())


def show(source: str | None, text: str | None, edition_name: str | None, as_json: bool) -> int:
    """Print what a key says."""
    key = read_key(source, text)
    edition, address = open_key(key, edition_name)
    words = describe(address, edition, tokens_of(edition))
    facts = {
        "edition": edition.id,
        "prompt": words.prompt,
        "negative": words.negative,
        "steps": words.steps,
        "page": words.page,
        "characters": len(key),
        "size": f"{edition.width}x{edition.height}",
    }
    if as_json:
        print(json.dumps(facts))
        return 0
    for name, value in facts.items():
        print(f"{name:<11}{value if value != '' else '(none)'}")
    return 0


def render(source: str | None, text: str | None, edition_name: str | None, out: Path) -> int:
    """Render a key to a PNG file, with the same pixels as in any library of the same profile."""
    key = read_key(source, text)
    edition, address = open_key(key, edition_name)
    if out.is_dir():
        raise UserError(f"{out} is a folder, and the picture must be a file.")
    from babelgen.diffusion.single import render_key

    pixels = render_key(edition, key)
    words = describe(address, edition, tokens_of(edition))
    write_atomic(out, encode_png(pixels, texts(key, words, edition)))
    say(f"Wrote {out}: {edition.width} x {edition.height}, pixel SHA-256 {pixel_hash(pixels)}.")
    return 0


def step(source: str | None, text: str | None, edition_name: str | None, level: Level, count: int) -> int:
    """Print the key `count` steps on (back, where it is negative)."""
    edition, address = open_key(read_key(source, text), edition_name)
    space = edition.key_space()
    print(format_key(next_key(address, space, level, count), space))
    return 0
