"""Signs: short hashes that tell whether something is as it was.

Law: the same things have the same sign on every machine and every day; what is not told apart here is not rebuilt.
May import: the standard library, babelgen.resources.
"""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from babelgen.resources import PACKAGE

_MAKERS = (
    "jinja2",
    "markupsafe",
    "markdown-it-py",
    "pillow",
)  # of other people, and what they do shows in pages


def sign(*parts: object) -> str:
    """The sign of some values whose `repr` says all that there is of them."""
    return sign_bytes(repr(parts).encode("utf-8", "backslashreplace"))


def sign_bytes(data: bytes) -> str:
    """The sign of bytes."""
    return hashlib.blake2b(data, digest_size=12).hexdigest()


def sign_files(folder: Path, files: Iterable[Path]) -> str:
    """The sign of files by their names in a folder, and what they hold."""
    return sign([(str(path.relative_to(folder)), sign_bytes(path.read_bytes())) for path in sorted(files)])


@lru_cache(maxsize=1)
def program() -> str:
    """The sign of the program: another one may make other pages from the same library."""
    return sign(sign_files(PACKAGE, PACKAGE.rglob("*.py")), [_version(name) for name in _MAKERS])


def folder(place: Path) -> str:
    """The sign of all files of a folder, such as that of the templates."""
    return sign_files(place, (path for path in place.rglob("*") if path.is_file()))


def stamp(path: Path) -> str:
    """What tells a file from an earlier one of that name without reading it; '' where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return ""
    return f"{stat.st_size}-{stat.st_mtime_ns}-{stat.st_ino}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
