"""Runs: the renders that work on a library, and who of them does what.

Each has a folder, `runs/ID`, with a lock that it holds for as long as it lives, the names of the pictures that it has
taken on (`claims`), and the journals of its processes. What a dead run has left is settled by whoever comes next: its
journals go into the catalog, and its claims are void. A run is dead when nobody holds any lock in its folder.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import filelock

from babelgen.catalog import Catalog, Facts, Failure, Picture
from babelgen.errors import UserError
from babelgen.store.files import make_folder
from babelgen.store.journal import LOCK_SUFFIX, SUFFIX, Entry, Journal, Reader, open_journal
from babelgen.store.rows import PATIENCE as LOCK_PATIENCE
from babelgen.store.rows import Entered, Store, locked, open_store

RUNS = "runs"
CLAIMS = "claims"
OWN_LOCK = f"run{LOCK_SUFFIX}"
PATIENCE = 10.0  # seconds that workers of a dead run are given to notice
HASTE = 5.0  # seconds that a run which ends with an error waits for the library's lock; who comes next settles it too
AT_ONCE = 1 << 22  # bytes of a journal that are read and entered together
LET_GO = "-"  # a line among claims: those before it are no more; with a name, that one


@dataclass(frozen=True)
class Run:
    """A render's place in a library; see `open_run`. folder: for its workers' journals. journal: its own."""

    root: Path
    folder: Path
    journal: Journal
    _claims: dict[Path, _Claims] = field(default_factory=dict)

    def claim(self, names: Sequence[str]) -> set[str]:
        """Take on those of some pictures that no living run has; a picture that is not among them has another owner.

        What is granted may be done already, by a run that has ended since: the catalog tells.
        """
        with open_store(self.root) as store:
            others = [folder for folder in run_folders(self.root) if folder != self.folder]
            living = [folder for folder in others if not _settle(store, folder)]
            taken = [self._claims.setdefault(folder, _Claims(folder / CLAIMS)).read() for folder in living]
            ours = {name for name in names if not any(name in theirs for theirs in taken)}
            self._write_claims([name for name in names if name in ours])
        return ours

    def release(self, names: Sequence[str]) -> None:
        """Claim some pictures no longer, which have failed: whoever is to try them again may."""
        with open_store(self.root):
            self._write_claims([f"{LET_GO}{name}" for name in names])

    def let_go(self) -> None:
        """Claim nothing any longer, since nothing is in hand: so runs that wait never wait for each other."""
        with open_store(self.root):
            self._write_claims([LET_GO])

    def _write_claims(self, lines: Sequence[str]) -> None:
        path = self.folder / CLAIMS
        try:
            with path.open("a", encoding="ascii") as file:
                file.writelines(f"{line}\n" for line in lines)
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror}.") from error

    def merge(self, hasty: bool = False) -> None:
        """Enter in the catalog what this run's journals have told since the last time.

        hasty: wait for the library's lock no longer than a run may that ends with an error.
        """
        with open_store(self.root, HASTE if hasty else LOCK_PATIENCE) as store:
            _merge(store, self.folder)


@contextlib.contextmanager
def open_run(root: Path) -> Iterator[Run]:
    """Begin to render into a library, beside other renders if there are any; at the end all is in the catalog."""
    folder = root / RUNS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    try:
        with contextlib.ExitStack() as stack:
            with open_store(root):  # so that nobody sees the folder before its lock
                make_folder(folder)
                stack.enter_context(filelock.FileLock(folder / OWN_LOCK, timeout=PATIENCE))
            _wait_for_orphans(root)
            settle(root)
            yield Run(root, folder, stack.enter_context(open_journal(folder)))
    except BaseException:
        with contextlib.suppress(UserError):  # the first error says more
            settle(root, HASTE)
        raise
    settle(root)


def settle(root: Path, patience: float = LOCK_PATIENCE) -> None:
    """Enter in the catalog what dead runs have left in their journals; UserError as in `open_store`."""
    if run_folders(root):
        with open_store(root, patience) as store:
            for folder in run_folders(root):
                _settle(store, folder)


@contextlib.contextmanager
def open_idle(root: Path) -> Iterator[Store]:
    """Open a library's catalog where no run lives; what dead ones left is in it, and none begins before it is closed.

    UserError where one lives.
    """
    _wait_for_orphans(root)
    with open_store(root) as store:
        if not all(_settle(store, folder) for folder in run_folders(root)):
            raise UserError(f"A render is at work on the library {root}: wait for it to end.")
        yield store


@dataclass(frozen=True)
class Unsettled:
    """The runs of a library as they are found. entries: of the dead ones' journals, which the catalog does not have yet."""

    living: bool
    dead: tuple[Path, ...]
    entries: tuple[Entry, ...]


def unsettled(root: Path) -> Unsettled:
    """Look at the runs of a library and settle none."""
    if not run_folders(root):
        return Unsettled(False, (), ())
    with locked(root):  # so that nobody else takes for living what is only looked at here
        folders = run_folders(root)
        dead = tuple(folder for folder in folders if not is_living(folder))
        with Catalog.open(root) as catalog:
            readers = [reader for folder in dead for reader in _readers(folder, catalog.entered(folder.name))]
        entries = [entry for reader in readers for entry in reader.read()]
    return Unsettled(len(dead) < len(folders), dead, tuple(entries))


def ever_claimed(root: Path) -> set[str]:
    """The names of all pictures that living runs took on at any time: their journals may tell of them.

    For whoever holds the library's lock.
    """
    claims = [folder / CLAIMS for folder in run_folders(root) if is_living(folder)]
    lines = (line for path in claims if path.exists() for line in path.read_text("ascii").split())
    return {line.removeprefix(LET_GO) for line in lines} - {""}


def run_folders(root: Path) -> list[Path]:
    """The folders of the runs of a library, living and dead, the oldest first."""
    try:
        return sorted(path for path in (root / RUNS).iterdir() if path.is_dir() and not path.is_symlink())
    except (FileNotFoundError, NotADirectoryError):
        return []


def is_living(folder: Path) -> bool:
    """Whether some process still works for a run."""
    with contextlib.ExitStack() as stack, contextlib.suppress(FileNotFoundError):
        return not _all_taken(_locks(folder), stack)
    return False  # settled at this moment


def _settle(store: Store, folder: Path) -> bool:
    """Settle a run if it is dead, and tell whether it was."""
    with contextlib.ExitStack() as stack:
        if not _all_taken(_locks(folder), stack):
            return False
        _merge(store, folder)
        shutil.rmtree(folder, ignore_errors=True)  # what a shared disk holds back goes the next time
        store.keep_entered(path.name for path in run_folders(store.root))
    return True


def _locks(folder: Path) -> list[Path]:
    """The locks of a run, its own first: so the workers' locks of one that lives are not touched."""
    return sorted(folder.glob(f"*{LOCK_SUFFIX}"), key=lambda path: path.name != OWN_LOCK)


def _all_taken(locks: Sequence[Path], stack: contextlib.ExitStack) -> bool:
    """Take some locks, up to the first that somebody else holds; whether these are all."""
    try:
        for path in locks:
            stack.enter_context(filelock.FileLock(path, timeout=0))
    except filelock.Timeout:
        return False
    return True


def _merge(store: Store, folder: Path) -> None:
    """Enter what a run's journals have told and is not in the catalog, some of it at a time."""
    for reader in _readers(folder, store.entered(folder.name)):
        start = reader.offset
        while (entries := reader.read(AT_ONCE)) or reader.offset > start:
            store.record(
                [entry for entry in entries if isinstance(entry, Picture)],
                [entry for entry in entries if isinstance(entry, Failure)],
                [entry for entry in entries if isinstance(entry, Facts)],
                Entered(folder.name, reader.path.name, reader.offset),
            )
            start = reader.offset


def _readers(folder: Path, entered: Mapping[str, int]) -> list[Reader]:
    """Of the journals of a run, each from where it has not been entered yet."""
    return [Reader(path, entered.get(path.name, 0)) for path in sorted(folder.glob(f"*{SUFFIX}"))]


def _wait_for_orphans(root: Path) -> None:
    """Let workers whose parent was killed a moment ago see it, so that nothing is made twice."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with locked(root):  # so that nobody else takes for living what is only looked at here
            if not any(map(_is_orphaned, run_folders(root))):
                return
        time.sleep(0.1)


def _is_orphaned(folder: Path) -> bool:
    """Whether a run has lost its parent process, and not yet all others."""
    locks = _locks(folder)
    own = [path for path in locks if path.name == OWN_LOCK]
    with contextlib.ExitStack() as stack:
        return _all_taken(own, stack) and not _all_taken(locks[len(own) :], stack)


@dataclass
class _Claims:
    """The claims of another run, as far as they have been read."""

    path: Path
    offset: int = 0
    names: set[str] = field(default_factory=set)

    def read(self) -> set[str]:
        """All names up to now."""
        with contextlib.suppress(FileNotFoundError), self.path.open("rb") as file:
            file.seek(self.offset)
            lines, _, _ = file.read().rpartition(b"\n")
            self.offset += len(lines) + 1 if lines else 0
            for line in lines.decode("ascii").split():
                if line == LET_GO:
                    self.names.clear()
                elif line.startswith(LET_GO):
                    self.names.discard(line.removeprefix(LET_GO))
                else:
                    self.names.add(line)
        return self.names
