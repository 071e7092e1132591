"""`develop`: how a key's picture comes out of its noise, stage by stage; all of them are the one key's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, FileSystemLoader
from numpy.typing import NDArray
from PIL import Image

from babelgen.animation import Film, check_wishes, write_film
from babelgen.commands.console import say
from babelgen.commands.key import open_key, read_key
from babelgen.edition import Edition
from babelgen.engines.devices import choose_device
from babelgen.errors import UserError
from babelgen.picture import describe, pixel_hash, texts
from babelgen.resources import shipped
from babelgen.settings import Setting
from babelgen.store import THUMBNAIL_WIDTH, encode_png, encode_webp, write_atomic, writing
from babelgen.weights import fetch

if TYPE_CHECKING:
    from babelgen.diffusion.development import Stage

VIEWS = ("noisy", "clean")
LIST, PAGE = "stages.json", "index.html"


def develop(
    source: str | None, text: str | None, edition_name: str | None, out: Path, rate: float, setting: Setting
) -> int:
    """Write the stages of a key's picture to a folder: each as WebP, a strip, two films, a page with a slider, and the picture."""
    check_wishes(".webp", _exact(rate), 0, (2, 2))
    setting = choose_device(setting)
    edition, key = open_key(read_key(source, text), edition_name)
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file, and the stages need a folder.")
    fetch(edition)
    from babelgen.diffusion.development import develop

    stages: list[Stage] = []
    for stage in develop(edition, key.text, setting):
        for view in VIEWS:
            write_atomic(out / _file(stage.step, view), encode_webp(getattr(stage, view)))
        stages.append(stage)
    picture, words = stages[-1].clean, describe(key, edition)
    write_atomic(out / "picture.png", encode_png(picture, texts(key.text, words, edition)))
    write_atomic(out / "strip.webp", encode_webp(_strip(stages)))
    for view in VIEWS:
        _write_film(out / f"{view}.webp", [getattr(stage, view) for stage in stages], rate, key.text)
    listed = _listed(key.text, edition, len(stages))
    write_atomic(out / LIST, (json.dumps(listed, indent=1) + "\n").encode())
    write_atomic(out / PAGE, _page(listed, words.prompt))
    say(f"Wrote {len(stages)} stages to {out}; the last is the picture, pixel SHA-256 {pixel_hash(picture)}.")
    return 0


def _file(step: int, view: str) -> str:
    return f"stage-{step:02}-{view}.webp"


def _listed(key: str, edition: Edition, count: int) -> dict[str, Any]:
    """What a page with a slider needs to know."""
    return {
        "key": key,
        "edition": edition.id,
        "width": edition.width,
        "height": edition.height,
        "stages": [{"step": step, **{view: _file(step, view) for view in VIEWS}} for step in range(count)],
    }


def _page(listed: Mapping[str, Any], prompt: str) -> bytes:
    """Such a page, for itself; without JavaScript it shows all stages below each other."""
    environment = Environment(loader=FileSystemLoader(shipped("templates")), autoescape=True)
    return environment.get_template("development.html").render(listed, prompt=prompt).encode()


def _strip(stages: Sequence[Stage]) -> NDArray[np.uint8]:
    """All stages side by side, small: the noisy ones above, what is guessed below."""
    height, width, _ = stages[0].noisy.shape
    small = (min(THUMBNAIL_WIDTH, width), max(1, round(height * min(THUMBNAIL_WIDTH, width) / width)))
    rows = [np.hstack([_scaled(getattr(stage, view), small) for stage in stages]) for view in VIEWS]
    return np.vstack(rows)


def _scaled(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(pixels, "RGB").resize(size, Image.Resampling.LANCZOS))


def _write_film(path: Path, pictures: Sequence[NDArray[np.uint8]], rate: float, key: str) -> None:
    height, width, _ = pictures[0].shape
    film = Film(width, height, len(pictures), _exact(rate), 0, f"Babelgen: the stages of\n{key}")
    with writing(path) as file:
        write_film(".webp", film, (Image.fromarray(pixels, "RGB") for pixels in pictures), file)


def _exact(rate: float) -> Fraction:
    return Fraction(rate).limit_denominator(1000)
