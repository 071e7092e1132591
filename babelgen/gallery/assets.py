"""Assets: the css, js and svg files of a site, each under a name with a hash of its bytes.

Law: another text is another name, so that a browser may keep an asset for ever and never shows an old one; a name is
written in one place, here, wherever it is used: in pages by `href`, in other assets by what is done to them here.
May import: the standard library, babelgen.errors, gallery.paths.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from babelgen.errors import UserError
from babelgen.gallery import paths


class Assets:
    """The assets of a site by their plain names."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """texts: what each holds, in which other ones are called by their plain names, in quotes or in `url()`."""
        self._plain = texts
        names = "|".join(map(re.escape, sorted(texts, key=len, reverse=True))) or "(?!)"
        self._named = re.compile(rf"""(?<=["'`(])(assets/|)({names})(?=["'`)])""")
        self._done: dict[str, tuple[str, str]] = {}
        for name in texts:
            self._finish(name, ())

    def address(self, path: str) -> str:
        """The site path that the plain site path of an asset stands for; any other is what it is."""
        folder, _, name = path.partition("/")
        if f"{folder}/" != paths.asset(""):
            return path
        return paths.asset(self._done[name][0]) if name in self._done else path

    def files(self) -> Iterator[tuple[str, str]]:
        """(site path, text) of each."""
        for name, text in self._done.values():
            yield paths.asset(name), text

    def _finish(self, name: str, inside: tuple[str, ...]) -> str:
        """The name that a text is known by, once the assets that it calls have theirs; `inside`: those that call it."""
        if name in inside:
            raise UserError(
                f"The assets {name} and {inside[-1]} call each other, so neither can have a name."
            )
        if name not in self._done:
            text = self._named.sub(
                lambda call: call[1] + self._finish(call[2], (*inside, name)), self._plain[name]
            )
            self._done[name] = stamped(name, text), text
        return self._done[name][0]


def stamped(path: str, text: str) -> str:
    """A file's path with a hash of its text before the ending."""
    place = PurePosixPath(path)
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=4).hexdigest()
    return str(place.with_name(f"{place.stem}.{digest}{place.suffix}"))


def read_assets(folder: Path) -> Assets:
    """The assets in a folder of templates."""
    found = sorted(path for path in folder.iterdir() if path.is_file())
    return Assets({path.name: path.read_text(encoding="utf-8") for path in found})
