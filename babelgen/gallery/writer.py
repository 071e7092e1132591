"""The writer: the only place that changes a site folder.

Law: until `commit`, the old site is untouched; during it, new files come first, then the changed ones,
then what is no longer wanted goes, and the manifest comes last. So a build that ends at any moment
leaves a site whose every link works. What the builder did not write, it never removes.
May import: the standard library, filelock, babelgen.errors.
"""

import filecmp
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout

from babelgen.errors import UserError

_OWN = ".babelgen"  # the builder's own folder inside the site
_KEPT = {_OWN, ".gitignore"}


@dataclass(frozen=True)
class Built:
    """What a build did to the site's files."""

    added: int
    changed: int
    unchanged: int
    removed: int


@contextmanager
def open_site(site: Path) -> Iterator["Writer"]:
    """The writer of a site folder, made if it is not there; what was not committed is dropped at the end.

    Raises UserError for a folder with files that are not a site's, and while another build writes it.
    """
    own = site / _OWN
    try:
        site.mkdir(parents=True, exist_ok=True)
        if not own.is_dir() and any(entry.name not in _KEPT for entry in site.iterdir()):
            raise UserError(f"{site} holds files that are not a site of ours: choose an empty folder.")
        own.mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"The site folder {site} cannot be made: {error.strerror}.") from error
    try:
        with FileLock(own / "lock", timeout=0):
            writer = Writer(site)
            try:
                yield writer
            finally:
                writer.close()
    except Timeout:
        raise UserError(f"Another build is writing {site}: wait for it to end.") from None


def site_files(site: Path) -> Iterator[str]:
    """The paths of the files that the last build of a site wrote, in order of name."""
    manifest = site / _OWN / "manifest"
    if not manifest.is_file():
        raise UserError(f"There is no finished site in {site}.")
    return (path for path in _lines(manifest) if _inside(path))


class Writer:
    """Collects the files of a site, then puts them in place. Paths are relative, with `/`."""

    def __init__(self, site: Path) -> None:
        self._site = site
        self._own = site / _OWN
        self._staged = self._own / "staged"
        shutil.rmtree(self._staged, ignore_errors=True)
        # A table on disk, not a set: a site has some six files for each of its pictures.
        self._db = sqlite3.connect("")
        self._db.execute("CREATE TABLE files (path TEXT PRIMARY KEY, state TEXT) WITHOUT ROWID")

    def close(self) -> None:
        """Drop what is staged."""
        shutil.rmtree(self._staged, ignore_errors=True)
        self._db.close()

    def write(self, path: str, text: str | bytes) -> None:
        """Want a text file, UTF-8, or one of bytes; a path that is already wanted stays as it is."""
        if self._wanted(path):
            return
        data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
        target = self._site / path
        if target.is_file() and target.stat().st_size == len(data) and target.read_bytes() == data:
            self._note(path, "unchanged")
        else:
            self._place(path).write_bytes(data)

    def copy(self, path: str, source: Path) -> None:
        """Want a file with the bytes of `source`: a hard link to it where the file system allows, else a copy."""
        if self._wanted(path):
            return
        target = self._site / path
        if target.is_file() and _same(source, target):
            self._note(path, "unchanged")
        else:
            _link(source, self._place(path))

    def keep(self, path: str) -> bool:
        """Want a file as the site has it, where it has it: for names that follow from what the files are made of."""
        if self._wanted(path):
            return True
        target = self._site / path
        if kept := target.is_file() and target.stat().st_size > 0:
            self._note(path, "unchanged")
        return kept

    def pages(self) -> Iterator[str]:
        """The paths of all pages that are wanted so far, in order of name."""
        return self._paths("path LIKE '%.html'")

    def commit(self) -> Built:
        """Put all wanted files in place and remove the others of earlier builds."""
        old = self._own / "manifest"
        self._journal()
        for state in ("added", "changed"):
            for path in self._paths("state = ?", state):
                _move(self._staged / path, self._site / path)
        removed = sum(self._remove(path) for path in _lines(self._own / "journal", old))
        self._manifest(old)
        (self._own / "journal").unlink(missing_ok=True)
        counts = dict(self._db.execute("SELECT state, count(*) FROM files GROUP BY state").fetchall())
        return Built(counts.get("added", 0), counts.get("changed", 0), counts.get("unchanged", 0), removed)

    def _wanted(self, path: str) -> bool:
        return self._db.execute("SELECT 1 FROM files WHERE path = ?", (path,)).fetchone() is not None

    def _note(self, path: str, state: str) -> None:
        self._db.execute("INSERT INTO files VALUES (?, ?)", (path, state))

    def _paths(self, where: str = "1", *values: str) -> Iterator[str]:
        rows = self._db.execute(f"SELECT path FROM files WHERE {where} ORDER BY path", values)
        return (path for (path,) in rows)

    def _place(self, path: str) -> Path:
        """Where to stage a new or changed file."""
        self._note(path, "changed" if (self._site / path).exists() else "added")
        place = self._staged / path
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def _journal(self) -> None:
        """Write down what is about to be new, so that a build after an interrupted one can remove it.

        Lines of an earlier, interrupted build stay: its files may be there still.
        """
        if next(self._paths("state = 'added'"), None) is None:
            return
        with (self._own / "journal").open("a", encoding="utf-8") as file:
            file.writelines(f"{path}\n" for path in self._paths("state = 'added'"))

    def _remove(self, path: str) -> bool:
        if self._wanted(path) or not _inside(path):
            return False
        target = self._site / path
        try:
            target.unlink()
        except FileNotFoundError:
            return False
        for folder in list(target.relative_to(self._site).parents)[:-1]:
            try:
                (self._site / folder).rmdir()
            except OSError:
                break  # not empty
        return True

    def _manifest(self, manifest: Path) -> None:
        following = self._own / "manifest.next"
        with following.open("w", encoding="utf-8") as file:
            file.writelines(f"{path}\n" for path in self._paths())
        if manifest.is_file() and filecmp.cmp(manifest, following, shallow=False):
            following.unlink()
        else:
            following.replace(manifest)


def _same(source: Path, target: Path) -> bool:
    """Whether target is source, or a copy of it: a copy keeps the time, so that bytes are rarely compared."""
    a, b = source.stat(), target.stat()
    if (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino):
        return True
    if a.st_size != b.st_size:
        return False
    return a.st_mtime_ns == b.st_mtime_ns or filecmp.cmp(source, target, shallow=False)


def _link(source: Path, place: Path) -> None:
    try:
        os.link(source, place)
    except OSError:  # another file system, or one without links, or too many links
        shutil.copy2(source, place)


def _move(place: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(place, target)


def _lines(*files: Path) -> Iterator[str]:
    for path in files:
        if path.is_file():
            with path.open(encoding="utf-8") as file:
                yield from (line.rstrip("\n") for line in file)


def _inside(path: str) -> bool:
    """Whether a line of the manifest, a file anyone can edit, names a file of the site and nothing else."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and parts[0] not in _KEPT
