"""Collecting garbage: what nobody needs in a library, and removing it.

Law: nothing goes that a collection names, and nothing at all while a render is at work. The library's lock is held while
something is removed, so that no render begins to plan in between, and let go every few seconds, since who waits for it
does not wait for long; each time it is taken again, no render may have begun, and no collection have changed.
May import: catalog, collections, edition, errors, films, library, store; never torch.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from babelgen.catalog import Catalog, Facts, Failure, Picture
from babelgen.collections import Derived, Spec
from babelgen.collections.derived import FOLDER, SUFFIX
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.films import slug_of
from babelgen.library import FILE, Library, load_library
from babelgen.store import (
    PARTS,
    File,
    Store,
    Unsettled,
    changing,
    film_files,
    forget_pictures,
    open_idle,
    read_part,
    remove_files,
    remove_stages,
    run_folders,
    size_of,
    stage_folders,
    strangers,
    unsettled,
)

TURN = 5.0  # seconds that the lock is held before others get it
REST = 0.2  # seconds that they are given; whoever waits looks twenty times a second
_KEYS = re.compile(
    rf"[0-9a-f]{{32}}{re.escape(SUFFIX)}|\..+\.tmp"
)  # files of keys, and what killed writers left of them


_TEMPORARY = re.compile(r"\..+\.tmp")


@dataclass
class Heap:
    """Things of one kind. names: all of them, or the first `most`. bytes: of their files."""

    most: int | None
    count: int = 0
    bytes: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, names: Iterable[str], size: int = 0) -> None:
        """Put more of them in."""
        for name in names:
            self.count += 1
            if self.most is None or self.count <= self.most:
                self.names.append(name)
        self.bytes += size


class Garbage:
    """What nobody needs in a library, or what was removed of it.

    pictures: that no collection names. leftovers: files of pictures without a row. temporary: files that killed writers
    left. failures: of keys that no collection names. runs: that died. facts: that no row refers to.
    left_alone: what is not ours, or a link. unknown: files of pictures that collections name, in a library whose catalog
    knows of no such picture at all: the catalog may have been lost. busy: a render is at work, so that of files without a
    row nothing can be said. stages: that no collection asks for. films: files of those of collections that are no more. begun: something may have been removed.
    """

    def __init__(self, most: int | None = None) -> None:
        """most: of each kind so many names are kept; None for all."""
        self.pictures, self.leftovers, self.temporary = Heap(most), Heap(most), Heap(most)
        self.failures, self.runs, self.facts = Heap(most), Heap(most), Heap(most)
        self.keys, self.left_alone, self.unknown = Heap(most), Heap(most), Heap(most)
        self.stages, self.films = Heap(most), Heap(most)
        self.busy = self.begun = False

    @property
    def heaps(self) -> dict[str, Heap]:
        """What goes, by kind."""
        return {
            "pictures": self.pictures,
            "leftovers": self.leftovers,
            "temporary": self.temporary,
            "failures": self.failures,
            "runs": self.runs,
            "facts": self.facts,
            "keys": self.keys,
            "stages": self.stages,
            "films": self.films,
        }


def survey(library: Library, garbage: Garbage, tell: Callable[[], None], everything: bool = False) -> None:
    """Find what `collect` would remove now, and remove nothing. Errors as there, but a render may be at work."""
    runs = unsettled(library.root)
    needs = _Needs(library, runs)
    needs.check(everything)
    garbage.busy = runs.living
    garbage.runs.add(folder.name for folder in runs.dead)
    garbage.left_alone.add(map(str, strangers(library.root)))
    for part in PARTS:
        _enter(garbage, needs.look(part))
        tell()
    if not runs.living:  # whose profile nothing refers to before its first picture
        garbage.facts.add(needs.unused_facts())
    _enter_others(garbage, needs.unread_keys(), needs.unnamed_films())


def collect(library: Library, garbage: Garbage, tell: Callable[[], None], everything: bool = False) -> None:
    """Remove what nobody needs, and enter it in `garbage` as it goes; `everything`: even if no picture is left then.

    UserError while a render is at work, or when one has begun meanwhile, or the collections have changed.
    """
    needs = _Needs(library)
    parts = iter(PARTS)
    while True:
        dead = run_folders(library.root)  # all of them, where the next line finds none alive
        with _undisturbed(library) as store:
            if not garbage.begun:
                needs.check(everything)
                garbage.left_alone.add(map(str, strangers(library.root)))
            garbage.begun = True
            garbage.runs.add(folder.name for folder in dead)
            if _take_turn(store, needs, parts, garbage, tell):
                garbage.facts.add(sorted("/".join(fact) for fact in store.forget_facts()))
                keys, films = needs.unread_keys(), needs.unnamed_films()
                _enter_others(garbage, keys, films)  # while they can be measured
                if keys or films:
                    remove_files(file.path for file in (*keys, *films))
                return
        time.sleep(REST)


def _take_turn(
    store: Store, needs: _Needs, parts: Iterator[str], garbage: Garbage, tell: Callable[[], None]
) -> bool:
    """Remove for some seconds; whether that was all."""
    deadline = time.monotonic() + TURN
    for part in parts:
        found = needs.look(part)
        forget_pictures(store, [*found.pictures, *found.failures])
        _enter(garbage, found)  # while the files can be measured
        remove_files(file.path for file in found.files)
        for folder in found.stages:
            remove_stages(folder)
        tell()
        if time.monotonic() > deadline:
            return False
    return True


@contextlib.contextmanager
def _undisturbed(library: Library) -> Iterator[Store]:
    """Hold a library's lock, and its own file, and see that nobody is at work or has changed its collections."""
    with open_idle(library.root) as store, changing(library.root):
        if _named(load_library(library.root)) != _named(library):
            raise UserError(f"The collections of {library.root} have changed meanwhile: run gc again.")
        yield store


def _named(library: Library) -> list[tuple[Edition, Spec, bool]]:
    """All that says which keys a library's collections name, and what is kept of them; titles and texts may change."""
    return [(collection.edition, collection.spec, collection.stages) for collection in library.collections]


@dataclass(frozen=True)
class _Found:
    """What is found in one part of a library's folders; see `Garbage`. pictures: the files of each."""

    pictures: dict[str, list[File]]
    failures: list[str]
    leftovers: list[File]
    temporary: list[File]
    unknown: list[File]
    strange: list[str]
    stages: list[Path]

    @property
    def files(self) -> Iterator[File]:
        """Those that go."""
        for files in (*self.pictures.values(), self.leftovers, self.temporary):
            yield from files


def _enter(garbage: Garbage, found: _Found) -> None:
    garbage.pictures.add(found.pictures, sum(_size(files) for files in found.pictures.values()))
    garbage.failures.add(found.failures)
    garbage.left_alone.add(found.strange)
    kinds = (
        (garbage.leftovers, found.leftovers),
        (garbage.temporary, found.temporary),
        (garbage.unknown, found.unknown),
    )
    for heap, files in kinds:
        heap.add((file.path for file in files), _size(files))
    for folder in found.stages:
        garbage.stages.add([str(folder)], size_of(folder))


def _enter_others(garbage: Garbage, keys: Sequence[File], films: Sequence[File]) -> None:
    for heap, files in ((garbage.keys, keys), (garbage.films, films)):
        heap.add((file.path for file in files), _size(files))


def _size(files: Sequence[File]) -> int:
    """The bytes of some files; of those that have gone meanwhile, none."""
    size = 0
    for file in files:
        with contextlib.suppress(FileNotFoundError):
            size += file.stat(follow_symlinks=False).st_size
    return size


class _Needs:
    """What the collections of a library name, and what there is that they do not."""

    def __init__(self, library: Library, runs: Unsettled | None = None) -> None:
        """runs: what their journals tell is taken for entered in the catalog; None where it is."""
        self._library = library
        self._names = {bytes.fromhex(entry.name) for entry in library.entries()}
        asking = (collection for collection in library.collections if collection.stages)
        self._staged = {bytes.fromhex(entry.name) for one in asking for entry in library.keys(one)}
        self._late = runs.entries if runs else ()
        self._busy = runs is not None and runs.living
        self._known = False
        self._used: set[tuple[str, str]] = set()

    def check(self, everything: bool) -> None:
        """Refuse to remove all pictures unless that is meant: a file is soon emptied, and a new edition has other keys."""
        root, total = self._library.root, 0
        if not self._library.collections:
            raise UserError(
                f"{root / FILE} has no collections, and gc would remove all pictures: delete {root} if that is meant."
            )
        for part in PARTS:
            rows = self._rows(part)
            if any(map(self._needs, rows)):
                self._known = True
                return
            total += len(rows)
        if total and not everything:
            raise UserError(
                f"The collections of {root} name none of its {total} pictures, and gc would remove all of them:"
                " give --all if that is meant."
            )

    def look(self, part: str) -> _Found:
        """Find what nobody needs in one part of the folders."""
        here = read_part(self._library.root, part)
        rows, failures = self._rows(part), self._failures(part)
        pictures = {
            name: here.files.get(name, [])
            for name in rows
            if here.spoilt is not None and name not in here.spoilt and not self._needs(name)
        }
        failed = [name for name in failures if not self._needs(name)]
        self._used.update(fact for name in rows.keys() - pictures.keys() for fact in rows[name])
        self._used.update(failures[name] for name in failures.keys() - set(failed))
        loose = [name for name in here.files if name not in rows and name not in (here.spoilt or ())]
        unknown = [] if self._known or self._busy else [name for name in loose if self._needs(name)]
        leftovers = [] if self._busy else sorted(set(loose) - set(unknown))
        return _Found(
            pictures,
            failed,
            [file for name in leftovers for file in here.files[name]],
            [] if self._busy else here.temporary,
            [file for name in unknown for file in here.files[name]],
            [str(path) for path in here.strange],
            self._unwanted_stages(part),
        )

    def _unwanted_stages(self, part: str) -> list[Path]:
        """The folders of stages that no collection asks for, and what killed writers left beside them."""
        folders, temporary = stage_folders(self._library.root, part)
        unwanted = [folder for folder in folders if bytes.fromhex(folder.name) not in self._staged]
        return unwanted if self._busy else [*unwanted, *temporary]

    def unused_facts(self) -> list[str]:
        """The facts that nothing refers to that stays, once every part was looked at."""
        with Catalog.open(self._library.root) as catalog:
            facts = {("profiles", fact) for fact in catalog.profiles()}
            facts |= {("editions", fact) for fact in catalog.editions()}
        facts |= {(entry.table, entry.id) for entry in self._late if isinstance(entry, Facts)}
        return [f"{table}/{fact}" for table, fact in sorted(facts - self._used)]

    def unread_keys(self) -> list[File]:
        """The files of derived keys that no collection reads, and what killed writers left beside them."""
        named = [
            (one.spec, one.edition) for one in self._library.collections if isinstance(one.spec, Derived)
        ]
        read = {spec.path.name for spec, _ in named}
        waiting = [spec.before(edition) for spec, edition in named if not spec.ready]
        read |= {older.path.name for older in waiting if older}  # their keys will be read once more
        folder = self._library.root / FOLDER
        if folder.is_symlink() or not folder.is_dir():
            return []
        with os.scandir(folder) as entries:
            files = [file for file in entries if file.is_file(follow_symlinks=False)]
        unread = [file for file in files if _KEYS.fullmatch(file.name) and file.name not in read]
        return sorted(unread, key=lambda file: file.name)

    def unnamed_films(self) -> list[File]:
        """The files of films of collections that are no more, and what killed writers left beside them."""
        slugs = {collection.slug for collection in self._library.collections}
        return [
            file
            for file in film_files(self._library.root)
            if _TEMPORARY.fullmatch(file.name) or slug_of(file.name) not in slugs | {""}
        ]

    def _rows(self, part: str) -> dict[str, list[tuple[str, str]]]:
        """The pictures of a part, and the facts that each refers to."""
        with Catalog.open(self._library.root) as catalog:
            rows = catalog.origins(part)
        late = [entry for entry in self._late if isinstance(entry, Picture) and entry.name.startswith(part)]
        rows += [(entry.name, entry.edition, entry.profile) for entry in late]
        return {name: [("editions", edition), ("profiles", profile)] for name, edition, profile in rows}

    def _failures(self, part: str) -> dict[str, tuple[str, str]]:
        with Catalog.open(self._library.root) as catalog:
            rows = catalog.failed_origins(part)
        late = [entry for entry in self._late if isinstance(entry, Failure) and entry.name.startswith(part)]
        rows += [(entry.name, entry.edition) for entry in late]
        return {name: ("editions", edition) for name, edition in rows}

    def _needs(self, name: str) -> bool:
        try:
            return bytes.fromhex(name) in self._names
        except ValueError:  # no picture has such a name
            return False
