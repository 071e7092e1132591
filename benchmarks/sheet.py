"""A sheet of pictures as one file, for the model card and for looking at: prompts down, pages across.

python benchmarks/sheet.py --out sheet.webp [--pages 4] [--columns 8] [--steps 20] [--edition mini] PROMPT...
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from babelgen.diffusion.model import load_model
from babelgen.diffusion.renderer import Rendered, Renderer
from babelgen.diffusion.worker import settle_process
from babelgen.edition import load_edition
from babelgen.keys import Address, format_key
from babelgen.plan import Item
from babelgen.tokens import tokens_of


def main() -> None:
    """Render and save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prompts", nargs="+", metavar="PROMPT")
    parser.add_argument("--out", type=Path, required=True, help="a .webp or .png file")
    parser.add_argument("--pages", type=int, default=4, help="pages of each prompt")
    parser.add_argument(
        "--steps", type=int, nargs="+", default=[0], help="one or several; 0 is the edition's own"
    )
    parser.add_argument("--columns", type=int, help="in all; by default, a prompt a row")
    parser.add_argument("--edition", default="mini")
    parser.add_argument(
        "--width", type=int, default=0, help="of one picture in the sheet; its own by default"
    )
    arguments = parser.parse_args()
    settle_process()
    edition = load_edition(arguments.edition)
    space, tokens = edition.key_space(), tokens_of(edition)
    keys = [
        format_key(Address(steps or edition.steps, tokens.shelf(prompt), page), space)
        for prompt in arguments.prompts
        for steps in arguments.steps
        for page in range(arguments.pages)
    ]
    columns = arguments.columns or len(arguments.steps) * arguments.pages
    if len(keys) % columns:
        parser.error(f"{len(keys)} pictures do not fill rows of {columns}")
    rows = [keys[first : first + columns] for first in range(0, len(keys), columns)]
    results = Renderer(load_model(edition)).render([Item(key, key, 1) for key in keys])
    pixels = {result.item.key: result.pixels for result in results if isinstance(result, Rendered)}
    sheet = Image.fromarray(
        np.concatenate([np.concatenate([pixels[key] for key in row], axis=1) for row in rows])
    )
    if arguments.width:
        scale = arguments.width / edition.width
        sheet = sheet.resize(
            (round(sheet.width * scale), round(sheet.height * scale)), Image.Resampling.LANCZOS
        )
    sheet.save(arguments.out, quality=80)


if __name__ == "__main__":
    main()
