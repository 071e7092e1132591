"""The genes of a generation as pictures: shown on a sheet of their own, and chosen by lot or by likeness."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from babelgen.catalog import Catalog
from babelgen.collections import Collection
from babelgen.collections.tree import Gene, Tree
from babelgen.edition import Edition
from babelgen.errors import BabelgenError, UserError
from babelgen.library import Library, picture_name
from babelgen.store import encode_webp, file_of

Pixels = NDArray[np.uint8]
Pictures = Sequence[Pixels]
Score = Callable[[Pictures], Sequence[float]]

ACROSS = 5
WIDEST = 320  # pixels of a gene on its sheet
LABEL = 30  # below it
MARGIN = 12
PAPER, INK = "#f3f0e8", "#2a2824"


def pictures_of(library: Library, collection: Collection, tree: Tree, generation: int) -> dict[Gene, Pixels]:
    """The genes of a generation that are printed, in order; without what a safety checker flagged."""
    make, edition = collection.spec.maker(collection.edition), collection.edition
    genes = [Gene(generation, number) for number in range(1, tree.genes + 1)]
    names = {gene: picture_name(edition.id, make(tree.position(gene) - 1)) for gene in genes}
    with Catalog.open(library.root) as catalog:
        printed = catalog.pictures(names.values()).keys() - set(catalog.flagged())
    found = {gene: name for gene, name in names.items() if name in printed}
    return {gene: open_picture(file_of(library.root, "pictures", name)) for gene, name in found.items()}


def open_picture(path: Path, edition: Edition | None = None) -> Pixels:
    """A picture (height, width, 3) RGB; its middle, at the edition's size, where one is given."""
    try:
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGB")  # as cameras mean it
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"The picture {path} cannot be read.") from error
    if edition is not None:
        image = ImageOps.fit(image, (edition.width, edition.height), Image.Resampling.LANCZOS)
    return np.asarray(image)


def choose(genes: Mapping[Gene, Pixels], score: Score | None, seed: int) -> Gene:
    """The gene of the highest score, of equals the first; without a score, one by a lot that the seed draws."""
    if not genes:
        raise BabelgenError("None of the latest generation's pictures is there, so that none can be chosen.")
    if score is None:
        generation = next(iter(genes)).generation
        return random.Random(f"babelgen/evolution/{seed}/choice/{generation}").choice(sorted(genes))
    scores = score(list(genes.values()))
    return max(zip(genes, scores, strict=True), key=lambda pair: pair[1])[0]


def sheet(genes: Mapping[Gene, Pixels]) -> bytes:
    """All of them with their numbers, as WebP."""
    height, width, _ = next(iter(genes.values())).shape
    small = (min(width, WIDEST), max(1, round(height * min(width, WIDEST) / width)))
    across = min(ACROSS, len(genes))
    rows = -(-len(genes) // across)
    step = (small[0] + MARGIN, small[1] + LABEL + MARGIN)
    paper = Image.new("RGB", (across * step[0] + MARGIN, rows * step[1] + MARGIN), PAPER)
    draw, font = ImageDraw.Draw(paper), ImageFont.load_default(LABEL * 2 / 3)
    for place, (gene, pixels) in enumerate(genes.items()):
        left, top = MARGIN + place % across * step[0], MARGIN + place // across * step[1]
        paper.paste(Image.fromarray(pixels).resize(small, Image.Resampling.LANCZOS), (left, top))
        draw.text((left + small[0] / 2, top + small[1] + LABEL / 2), str(gene), INK, font, anchor="mm")
    return encode_webp(np.asarray(paper))
