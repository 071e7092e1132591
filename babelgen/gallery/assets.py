"""Assets: the css, js and svg files of a site, and others that templates call, each under a name with a hash of its bytes.

Law: other bytes are another name, so that a browser may keep an asset for ever and never shows an old one; a name is
written in one place, here, wherever it is used: in pages by `href`, in other assets by what is done to them here.
May import: the standard library, babelgen.errors, gallery.paths.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from babelgen.errors import UserError
from babelgen.gallery import paths

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Assets:
    """The assets of a site by their plain names."""

    def __init__(self, plain: Mapping[str, str | bytes]) -> None:
        """plain: what each holds; in texts other ones are called by their plain names, in quotes or in `url()`."""
        self._plain = plain
        names = "|".join(map(re.escape, sorted(plain, key=len, reverse=True))) or "(?!)"
        self._named = re.compile(rf"""(?<=["'`(])(assets/|)({names})(?=["'`)])""")
        self._done: dict[str, tuple[str, str | bytes]] = {}
        for name in plain:
            self._finish(name, ())

    def address(self, path: str) -> str:
        """The site path that the plain site path of an asset stands for; any other is what it is."""
        folder, _, name = path.partition("/")
        if f"{folder}/" != paths.asset(""):
            return path
        if name not in self._done:
            raise LookupError(f"there is no asset {name}")
        return paths.asset(self._done[name][0])

    def files(self) -> Iterator[tuple[str, str | bytes]]:
        """(site path, text or bytes) of each."""
        for name, data in self._done.values():
            yield paths.asset(name), data

    def _finish(self, name: str, inside: tuple[str, ...]) -> str:
        """The name that a text is known by, once the assets that it calls have theirs; `inside`: those that call it."""
        if name in inside:
            raise UserError(
                f"The assets {name} and {inside[-1]} call each other, so neither can have a name."
            )
        if name not in self._done:
            data = self._plain[name]
            if isinstance(data, str):
                data = self._named.sub(lambda call: call[1] + self._finish(call[2], (*inside, name)), data)
            self._done[name] = stamped(name, data), data
        return self._done[name][0]


def stamped(path: str, data: str | bytes) -> str:
    """A file's path with a hash of its text or bytes before the ending."""
    place = PurePosixPath(path)
    data = data if isinstance(data, bytes) else data.encode("utf-8", "replace")
    digest = hashlib.blake2b(data, digest_size=4).hexdigest()
    return str(place.with_name(f"{place.stem}.{digest}{place.suffix}"))


def read_assets(*folders: Path) -> Assets:
    """The assets in folders; one goes before what is called so in a later folder. Hidden files are none.

    Raises UserError for a name that is not fit for an address.
    """
    found = {
        path.name: path
        for folder in reversed(folders)
        if folder.is_dir()
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.startswith(".")
    }
    return Assets({name: _read(found[name]) for name in sorted(found)})


def _read(path: Path) -> str | bytes:
    """A file's text, or its bytes where it is a picture, a font or the like."""
    if not _NAME.fullmatch(path.name):
        raise UserError(
            f"The asset {path} must be called by letters, digits, '.', '_' and '-' only, at most 100."
        )
    data = path.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data
