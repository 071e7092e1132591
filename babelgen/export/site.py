"""A site as one zip file: what its build wrote, and nothing else that lies in the folder."""

from __future__ import annotations

from pathlib import Path

from babelgen.export.files import zip_file
from babelgen.gallery import hold, site_files

_PACKED = {".png", ".webp", ".jpg", ".jpeg", ".zip"}  # deflating them would only take time


def pack_site(site: Path, out: Path, shop: Path) -> int:
    """Write the files of a built site to a zip file, which is made in its workshop, and return how many.

    The site is held meanwhile: what another build put into it would be of another site than what is packed already.
    """
    count = 0
    with hold(site), zip_file(out, shop) as packed:
        for path in site_files(site):
            packed.add(path, (site / path).read_bytes(), deflate=Path(path).suffix not in _PACKED)
            count += 1
    return count
