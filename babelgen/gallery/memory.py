"""The memory of a site: which files a build wrote, what each was made from, and what it held.

Law: a row stands here before its file is in the site, and goes after it, so that nothing that was written is forgotten;
a sign stands here only once its file is in place.
May import: the standard library, filelock, babelgen.catalog, babelgen.errors, gallery.paths.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout

from babelgen.catalog import is_slip
from babelgen.errors import UserError
from babelgen.gallery import paths

OWN = ".babelgen"  # the builder's own folder inside the site
KEPT = {OWN, ".gitignore"}
FILE = "site.sqlite"
_VERSION = "1"
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

# files: what is wanted by path. sign: of all that it was made from, '' where that is not asked; holds: of its bytes. Both
# are NULL while the file is being put in place. extras: files that a page has beside it. pictures: their files follow
# from the name. far: whether the key is so long that it has a script. folders: the times of folders of site and library.
_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE files (path TEXT PRIMARY KEY, sign TEXT, holds TEXT) WITHOUT ROWID;
CREATE TABLE extras (path TEXT, page TEXT, PRIMARY KEY (path, page)) WITHOUT ROWID;
CREATE INDEX extras_page ON extras (page);
CREATE TABLE pictures (name TEXT PRIMARY KEY, sign TEXT, far INTEGER) WITHOUT ROWID;
CREATE TABLE folders (whose TEXT, path TEXT, time INTEGER, PRIMARY KEY (whose, path)) WITHOUT ROWID;
"""
# What this build wants. holds: of the bytes that it has now. state: what the file is to the site; NULL until it is made.
_WANTED = """
CREATE TEMP TABLE wanted (path TEXT PRIMARY KEY, sign TEXT, holds TEXT, state TEXT, collection INTEGER, place INTEGER,
                          position INTEGER) WITHOUT ROWID;
CREATE TEMP TABLE hung (name TEXT PRIMARY KEY, sign TEXT, far INTEGER, state TEXT) WITHOUT ROWID;
CREATE TEMP TABLE beside (path TEXT, page TEXT, PRIMARY KEY (path, page)) WITHOUT ROWID;
CREATE TEMP TABLE neighbours (name TEXT PRIMARY KEY, before TEXT, after TEXT) WITHOUT ROWID;
CREATE TEMP TABLE remade (page TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TABLE lost (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TABLE lost_pictures (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_OF_PICTURES = (paths.picture, paths.view, paths.thumb, paths.key_file, paths.key_script)


@contextmanager
def hold(site: Path) -> Iterator[None]:
    """Hold a site's folder against other builds; UserError where one is at work there, or nobody may write it."""
    lock = FileLock(site / OWN / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UserError(f"Another build or export is at work in {site}: wait for it to end.") from None
    except OSError as error:
        raise UserError(f"The site folder {site} cannot be written: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()


def open_memory(site: Path) -> sqlite3.Connection:
    """The memory of a site, made where there is none; with it the tables of this build's wishes, which nobody else sees."""
    own = site / OWN
    with telling(site):
        db = sqlite3.connect(own / FILE, isolation_level=None)
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'facts'").fetchone():
            db.executescript(f"BEGIN; {_TABLES} INSERT INTO facts VALUES ('layout', '{_VERSION}'); COMMIT;")
            _earlier(db, own)
        db.execute("PRAGMA secure_delete = ON")  # what is left out is to be nowhere in a site's folder
        db.executescript(_WANTED)
    return db


def _earlier(db: sqlite3.Connection, own: Path) -> None:
    """Know what builds of an earlier version wrote."""
    with db:
        for name in ("manifest", "journal"):
            lines = (own / name).read_text("utf-8").splitlines() if (own / name).is_file() else []
            db.executemany("INSERT OR IGNORE INTO files VALUES (?, NULL, NULL)", [(line,) for line in lines])


@contextmanager
def telling(site: Path) -> Iterator[None]:
    """Turn what keeps the memory of a site from being used (damage, a full disk) into a UserError."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if is_slip(error):
            raise
        if error.sqlite_errorcode & 0xFF in _DAMAGE:
            raise UserError(
                f"What is known of the site in {site} is damaged ({error}): remove that folder and build it again."
            ) from error
        raise UserError(f"What is known of the site in {site} cannot be used: {error}.") from error


def is_finished(site: Path) -> bool:
    """Whether the last build of a site came to its end, so that the site is what that one made."""
    place = site / OWN / FILE
    if not place.is_file():
        return False
    with telling(site), closing(_reading(place)) as db:
        return db.execute("SELECT 1 FROM facts WHERE name = 'finished'").fetchone() is not None


def _reading(place: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{place.resolve().as_uri()}?mode=ro", uri=True)


def site_files(site: Path) -> Iterator[str]:
    """The paths of the files that the last build of a site wrote, in order of name."""
    if not is_finished(site):
        raise UserError(f"There is no finished site in {site}.")
    with telling(site), closing(_reading(site / OWN / FILE)) as db:
        db.create_function("place", 2, lambda which, name: _OF_PICTURES[which](name), deterministic=True)
        kinds = " UNION ALL ".join(
            f"SELECT place({which}, name) FROM pictures WHERE {'far' if which == 4 else '1'}"
            for which in range(len(_OF_PICTURES))
        )
        rows = db.execute(f"SELECT path FROM files UNION ALL {kinds} ORDER BY 1")
        yield from (path for (path,) in rows if inside(path))


def picture_paths(name: str, far: bool) -> tuple[str, ...]:
    """The paths of a picture's files; `far`: its key has a script, too."""
    return tuple(where(name) for where in _OF_PICTURES[: 5 if far else 4])


def inside(path: str) -> bool:
    """Whether a row of the memory, a file anyone can edit, names a file of the site and nothing else."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and parts[0] not in KEPT
