"""Watch: which folders of a library or a site are other than they were when a site was finished.

Law: a folder's time says whether files came, went or were replaced in it, so that a site of 100,000 files is checked by
looking at some hundreds of folders; which files they were is asked of those folders alone.
May import: the standard library.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

KINDS = (
    "pictures",
    "views",
    "thumbs",
    "stages",
)  # the folders of a library that hold pictures, by the start of their names


def library_times(root: Path) -> dict[str, int]:
    """The times of a library's folders with pictures, each by its path there."""
    found: dict[str, int] = {}
    for kind in KINDS:
        try:
            with os.scandir(root / kind) as entries:
                found |= {f"{kind}/{one.name}": one.stat().st_mtime_ns for one in entries if one.is_dir()}
        except OSError:
            continue
    return found


def site_times(site: Path, folders: Iterable[str]) -> dict[str, int]:
    """The times of a site's folders, by path; 0 for one that is not there."""
    return {folder: _time(site / folder) for folder in folders}


def others(old: dict[str, int], new: dict[str, int]) -> set[str]:
    """The folders that are in one of them only, or have another time."""
    return {folder for folder in old.keys() | new.keys() if old.get(folder) != new.get(folder)}


def known(db: sqlite3.Connection, whose: str) -> dict[str, int]:
    """The times that were kept in the memory of a site; whose: the library's folders or the site's."""
    return dict(db.execute("SELECT path, time FROM folders WHERE whose = ?", (whose,)))


def keep(db: sqlite3.Connection, whose: str, times: dict[str, int]) -> None:
    """Keep times in the memory of a site."""
    old = known(db, whose)
    gone = [(whose, path) for path in old.keys() - times.keys()]
    db.executemany("DELETE FROM folders WHERE (whose, path) = (?, ?)", gone)
    new = [(whose, path, time) for path, time in times.items() if old.get(path) != time]
    db.executemany("INSERT OR REPLACE INTO folders VALUES (?, ?, ?)", new)


def doubt(db: sqlite3.Connection, site: Path, holds: Callable[[Path], str]) -> None:
    """Find what somebody else removed from a site or replaced there since it was finished; it comes into `lost`.

    holds: the sign of what a file holds. Of pictures all those in a folder are looked at later.
    """
    old = known(db, "site")
    for folder in sorted(others(old, site_times(site, old))):
        inner = f"{folder}/" if folder else ""
        rows = db.execute(
            "SELECT path, holds FROM files WHERE path >= ? AND path < ? AND NOT instr(substr(path, ?), '/')",
            (inner, f"{folder}0" if folder else "\U0010ffff", len(inner) + 1),
        ).fetchall()
        lost = [(path,) for path, held in rows if holds(site / path) != held]
        db.executemany("INSERT OR IGNORE INTO lost VALUES (?)", lost)
        if "/" in folder:  # pictures/ab
            start = folder.rpartition("/")[2]
            select = "SELECT name FROM pictures WHERE name >= ? AND name < ?"
            db.execute(f"INSERT OR IGNORE INTO lost_pictures {select}", (start, f"{start}g"))
    db.execute("INSERT OR IGNORE INTO lost SELECT page FROM extras WHERE path IN (SELECT path FROM lost)")


def _time(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0
