"""The writer: the only place that changes a site folder.

Law: until `commit`, the old site is untouched; during it, new files come first, then the changed ones, then what is no
longer wanted goes. So a build that ends at any moment leaves a site whose every link works, and the next one ends it.
What the builder did not write, it never removes. What was made from the same things is not made again, and what has
the same bytes is not written.
May import: the standard library, babelgen.copies, errors, gallery.memory, gallery.staging, gallery.watch.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from babelgen.copies import same
from babelgen.errors import UserError
from babelgen.gallery import staging, watch
from babelgen.gallery.memory import KEPT, OWN, hold, inside, open_memory, picture_paths, telling
from babelgen.gallery.staging import ADDED, CHANGED, SAME, Made, Places

SNAPSHOT = "index.sqlite"


@dataclass(frozen=True)
class Built:
    """What a build did to the site's files. lacking: keys of its collections that have no picture in it."""

    added: int
    changed: int
    unchanged: int
    removed: int
    lacking: int


class Wish(NamedTuple):
    """An item's page that is wanted: how it is called in the work, and what it is made from."""

    path: str
    sign: str
    collection: int
    place: int
    position: int


@contextmanager
def open_site(site: Path, library: Path = Path(), fresh: bool = False) -> Iterator["Writer"]:
    """The writer of a site folder, made if it is not there; what was not committed is dropped at the end.

    library: where the pictures lie. fresh: whether nothing that is known of the site is to be trusted but its files' bytes.
    Raises UserError for a folder with files that are not a site's, and while another build writes it.
    """
    own = site / OWN
    if site.exists() and not site.is_dir():
        raise UserError(f"{site} is a file: say the name of a folder.")
    try:
        site.mkdir(parents=True, exist_ok=True)
        if not own.is_dir() and any(entry.name not in KEPT for entry in site.iterdir()):
            raise UserError(f"{site} holds files that are not a site of ours: choose an empty folder.")
        own.mkdir(exist_ok=True)
    except OSError as error:
        raise UserError(f"The site folder {site} cannot be made: {error.strerror}.") from error
    with hold(site), telling(site), closing(Writer(site, library, fresh)) as writer:
        yield writer


class Writer:
    """Collects the files of a site, then puts them in place. Paths are relative, with `/`."""

    def __init__(self, site: Path, library: Path, fresh: bool = False) -> None:
        self._site, self._own, self._fresh = site, site / OWN, fresh
        self.places = Places(site, self._own / "staged", library)
        self.snapshot = self._own / SNAPSHOT
        self._db = open_memory(site)
        self._times = {"library": watch.library_times(library), "site": {}}
        watch.doubt(self._db, site, staging.holds)
        self._db.execute("BEGIN")

    def close(self) -> None:
        """Drop what is staged."""
        shutil.rmtree(self.places.staged, ignore_errors=True)
        self._db.close()

    # What is known.

    def finished(self, state: str) -> Built | None:
        """What a build of something in that state would do, where all of it was done: nothing. Ask it first."""
        done = not self._fresh and state and self._fact("finished") == state and self.snapshot.is_file()
        if (
            done
            and not self.moved()
            and not self._one("SELECT 1 FROM lost UNION ALL SELECT 1 FROM lost_pictures LIMIT 1")
        ):
            return Built(0, 0, int(self._fact("files")), 0, int(self._fact("lacking") or 0))
        staging.prepare(self.places)
        return None

    def moved(self) -> set[str] | None:
        """The library's folders in which files may have changed since the last build; None where nothing is known."""
        if self._fresh or not self._fact("finished"):
            return None
        return watch.others(watch.known(self._db, "library"), self._times["library"])

    def stands(self, path: str, sign: str) -> bool:
        """Want a file that was made from what has that sign; whether the site has it, so that it need not be made."""
        self._db.execute("INSERT OR IGNORE INTO wanted (path, sign) VALUES (?, ?)", (path, sign))
        holds = self.holds(path, sign)
        if holds is not None:
            self._note(path, sign, holds, SAME)
        return holds is not None

    def holds(self, path: str, sign: str | None = None) -> str | None:
        """The sign of the bytes that a file of the site has, if that is sure, and if it was made from that."""
        if self._fresh or self._one("SELECT 1 FROM lost WHERE path = ?", path):
            return None
        row = self._db.execute("SELECT sign, holds FROM files WHERE path = ?", (path,)).fetchone()
        return row[1] if row and sign in (None, row[0]) else None

    def called(self, plain: str, sign: str) -> str:
        """The path of the file that was made from what has that sign, and is called so but for a hash; '' for none."""
        stem, ending = plain.rsplit(".", 1)
        select = "SELECT path FROM files WHERE path > ? AND path < ? AND sign = ?"
        rows = self._db.execute(select, (f"{stem}.", f"{stem}/", sign)).fetchall()
        found = [
            path for (path,) in rows if path.count(".") == plain.count(".") + 1 and path.endswith(ending)
        ]
        return found[0] if len(found) == 1 else ""

    # What is wanted.

    def write(self, path: str, text: str | bytes, sign: str = "") -> None:
        """Want a text file, UTF-8, or one of bytes; a path that is already wanted stays as it is."""
        if not self._wanted(path):
            data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
            self._note(path, sign, *staging.stage(self.places, path, data, self.holds(path)))

    def copy(self, path: str, source: Path, sign: str = "") -> None:
        """Want a file with the bytes of `source`: a hard link to it where the file system allows, else a copy."""
        if self._wanted(path):
            return
        target = self._site / path
        there = target.is_file()
        if there and same(source, target):
            self._note(path, sign, staging.holds(source), SAME)
        else:
            staging.waiting(self.places, path, source)
            self._note(path, sign, staging.holds(source), CHANGED if there else ADDED)

    def keep(self, path: str) -> bool:
        """Want a file as the site has it, where it has it: for names that follow from what the files are made of."""
        if self._wanted(path):
            return True
        target = self._site / path
        kept = target.is_file() and target.stat().st_size > 0 and not self._fresh
        if kept and not self._one("SELECT 1 FROM lost WHERE path = ?", path):
            self._note(path, "", self.holds(path) or staging.holds(target), SAME)
            return True
        return False

    def hang(self, pictures: Iterable[tuple[str, str, bool]]) -> None:
        """Want the files of pictures: name, what they are made from, whether the key has a script."""
        self._db.executemany("INSERT INTO hung VALUES (?, ?, ?, NULL)", pictures)
        if not self._fresh:
            self._db.execute(
                f"""UPDATE hung SET state = '{SAME}' WHERE EXISTS (SELECT 1 FROM pictures p WHERE p.name = hung.name
                    AND p.sign = hung.sign AND p.far = hung.far)
                    AND name NOT IN (SELECT name FROM lost_pictures)"""
            )

    def wish(self, wishes: Iterable[Wish]) -> None:
        """Want items' pages; those that the site has are not made again."""
        known = "f.path = ?1 AND f.sign = ?2 AND f.sign != '' AND f.holds NOT NULL AND ?1 NOT IN (SELECT path FROM lost)"
        self._db.executemany(
            f"""INSERT INTO wanted (path, sign, collection, place, position, holds, state)
                SELECT ?1, ?2, ?3, ?4, ?5, f.holds, iif(f.path IS NULL, NULL, '{SAME}')
                FROM (SELECT 1) LEFT JOIN files f ON {"FALSE" if self._fresh else known}""",
            wishes,
        )

    def to_make(self) -> Iterator[tuple[int, int, int, str | None]]:
        """The items whose pages are to be made: collection, place and position there, and what the site's page holds."""
        known = "NULL" if self._fresh else "f.holds"
        return self._db.execute(
            f"""SELECT collection, place, position, CASE WHEN w.path NOT IN (SELECT path FROM lost) THEN {known} END
                FROM wanted w LEFT JOIN files f USING (path)
                WHERE w.state IS NULL AND collection NOT NULL ORDER BY collection, place"""
        )

    def unmade(self) -> int:
        """How many items' pages are to be made."""
        select = "SELECT count(*) FROM wanted WHERE state IS NULL AND collection NOT NULL"
        return int(self._db.execute(select).fetchone()[0])

    def made(self, files: Sequence[Made]) -> None:
        """Pages that were wished were made, and files beside them."""
        add = self._db.executemany
        add("INSERT OR REPLACE INTO neighbours VALUES (?, ?, ?)", (one.names for one in files if one.names))
        add("INSERT OR IGNORE INTO beside VALUES (?, ?)", ((one.path, one.page) for one in files if one.page))
        add("INSERT OR IGNORE INTO remade VALUES (?)", ((one.path,) for one in files if not one.page))
        add(
            """INSERT INTO wanted (path, sign, holds, state) VALUES (?1, '', ?2, ?3)
               ON CONFLICT DO UPDATE SET holds = ?2, state = ?3""",
            ((one.path, one.holds, one.state) for one in files),
        )

    def neighbours(self) -> Iterator[tuple[str, str, str]]:
        """The names of pictures whose pages were made, and of those before and after each in the whole library."""
        return self._db.execute("SELECT name, before, after FROM neighbours")

    def unsigned(self) -> list[int]:
        """The collections with pages of which nobody could tell what they are made from before they were made."""
        select = "SELECT DISTINCT collection FROM wanted WHERE sign = '' AND collection NOT NULL ORDER BY 1"
        return [number for (number,) in self._db.execute(select)]

    def resign(self, signs: Iterable[tuple[str, str]]) -> None:
        """Set what pages were made from: path, sign."""
        self._db.executemany("UPDATE wanted SET sign = ?2 WHERE path = ?1", signs)

    def pages(self) -> Iterator[str]:
        """The paths of all pages that are wanted so far, in order of name."""
        return self._paths("path LIKE '%.html'")

    # What is done.

    def commit(
        self, small: Callable[[str], list[tuple[str, bytes]]], state: str = "", lacking: int = 0
    ) -> Built:
        """Put all wanted files in place and remove the others of earlier builds.

        small: the files beside a picture's own three, path and bytes. state: see `finished`. lacking: see `Built`.
        """
        self._keep_extras()
        self._db.execute("COMMIT")
        if self._one("SELECT 1 FROM wanted WHERE state != ?", SAME) or self._to_hang():
            self._announce()
        with staging.placing(self.places):
            counts = Counter(self._hang(small))
            for state_of in (ADDED, CHANGED):
                for path in self._paths("state = ?", state_of):
                    staging.move(self.places, path)
                    counts[state_of] += 1
        removed = sum(self._remove(path) for path in self._gone())
        self._remember(state or "-", lacking)
        total = int(self._fact("files"))
        unchanged = total - counts[ADDED] - counts[CHANGED]
        return Built(counts[ADDED], counts[CHANGED], unchanged, removed, lacking)

    def _keep_extras(self) -> None:
        """Want what is beside the pages that were not made again."""
        self._db.execute(
            f"""INSERT OR IGNORE INTO wanted (path, sign, holds, state) SELECT e.path, '', f.holds, '{SAME}'
                FROM extras e JOIN wanted w ON w.path = e.page JOIN files f ON f.path = e.path
                WHERE e.page NOT IN (SELECT page FROM remade)"""
        )

    def _announce(self) -> None:
        """Write down what is about to be in the site, so that whatever comes between, the next build knows of it."""
        with self._transaction():
            self._db.execute("DELETE FROM facts WHERE name = 'finished'")
            self._db.execute(
                "INSERT OR REPLACE INTO files SELECT path, NULL, NULL FROM wanted WHERE state != ?", (SAME,)
            )
            self._db.execute(
                "INSERT OR REPLACE INTO pictures SELECT name, NULL, far FROM hung WHERE state IS NULL"
            )

    def _to_hang(self) -> list[tuple[str]]:
        return self._db.execute("SELECT name FROM hung WHERE state IS NULL LIMIT 1").fetchall()

    def _hang(self, small: Callable[[str], list[tuple[str, bytes]]]) -> Iterator[str]:
        for (name,) in self._db.execute("SELECT name FROM hung WHERE state IS NULL ORDER BY name"):
            yield from staging.hang(self.places, name, small(name))

    def _gone(self) -> Iterator[str]:
        """The paths of what earlier builds wrote and nobody wants."""
        rows = self._db.execute(
            "SELECT path FROM files WHERE path NOT IN (SELECT path FROM wanted) ORDER BY path"
        )
        gone = self._db.execute(
            "SELECT name, far FROM pictures WHERE name NOT IN (SELECT name FROM hung) ORDER BY name"
        )
        pictures = chain.from_iterable(picture_paths(name, far) for name, far in gone)
        return (path for path in chain((path for (path,) in rows), pictures) if not self._is_wanted(path))

    def _is_wanted(self, path: str) -> bool:
        name = PurePosixPath(path).name.partition(".")[0]
        row = self._db.execute("SELECT far FROM hung WHERE name = ?", (name,)).fetchone()
        return self._wanted(path) or (row is not None and path in picture_paths(name, row[0]))

    def _remove(self, path: str) -> bool:
        if not inside(path):
            return False
        target = self._site / path
        try:
            target.unlink()
        except OSError:
            return False
        for folder in list(target.relative_to(self._site).parents)[:-1]:
            try:
                (self._site / folder).rmdir()
            except OSError:
                break  # not empty
        return True

    def _remember(self, state: str, lacking: int) -> None:
        """Set down what the site is now."""
        ((files,), (hung,)) = (
            self._db.execute("SELECT count(*) FROM wanted").fetchall()[0],
            self._db.execute("SELECT coalesce(sum(4 + far), 0) FROM hung").fetchall()[0],
        )
        with self._transaction():
            for table, wanted, columns in (
                ("files", "wanted", ("path", "sign", "holds")),
                ("pictures", "hung", ("name", "sign", "far")),
            ):
                key, chosen = columns[0], ", ".join(columns)
                known = " AND ".join(f"t.{column} IS w.{column}" for column in columns)
                self._db.execute(f"DELETE FROM {table} WHERE {key} NOT IN (SELECT {key} FROM {wanted})")
                self._db.execute(
                    f"""INSERT OR REPLACE INTO {table} SELECT {chosen} FROM {wanted} w
                        WHERE NOT EXISTS (SELECT 1 FROM {table} t WHERE {known})"""
                )
            self._db.execute(
                "DELETE FROM extras WHERE page NOT IN (SELECT path FROM wanted) OR (page IN (SELECT page FROM remade)"
                " AND (path, page) NOT IN (SELECT path, page FROM beside))"
            )
            self._db.execute(
                "INSERT INTO extras SELECT path, page FROM beside EXCEPT SELECT path, page FROM extras"
            )
            for whose, times in (("library", self._times["library"]), ("site", self._site_times())):
                watch.keep(self._db, whose, times)
            facts = {"files": str(files + hung), "lacking": str(lacking), "finished": state}
            for name, value in facts.items():
                if self._fact(name) != value:
                    self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))
        for name in ("manifest", "journal"):  # of builds of an earlier version
            (self._own / name).unlink(missing_ok=True)

    def _site_times(self) -> dict[str, int]:
        folders = self._db.execute(
            """SELECT DISTINCT rtrim(rtrim(path, replace(path, '/', '')), '/') FROM wanted
               UNION SELECT DISTINCT kind || substr(name, 1, 2) FROM hung, (SELECT 'pictures/' AS kind UNION
               SELECT 'views/' UNION SELECT 'thumbs/' UNION SELECT 'keys/')"""
        )
        return watch.site_times(self._site, (folder for (folder,) in folders))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _one(self, select: str, *values: str) -> bool:
        return self._db.execute(select, values).fetchone() is not None

    def _fact(self, name: str) -> str:
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def _wanted(self, path: str) -> bool:
        return self._one("SELECT 1 FROM wanted WHERE path = ? AND state NOT NULL", path)

    def _note(self, path: str, sign: str, holds: str, state: str) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO wanted (path, sign, holds, state) VALUES (?, ?, ?, ?)",
            (path, sign, holds, state),
        )

    def _paths(self, where: str = "1", *values: str) -> Iterator[str]:
        rows = self._db.execute(f"SELECT path FROM wanted WHERE {where} ORDER BY path", values)
        return (path for (path,) in rows)
