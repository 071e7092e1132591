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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import filelock

from babelgen.catalog import Facts, Failure, Picture
from babelgen.errors import UserError
from babelgen.store.files import make_folder
from babelgen.store.journal import LOCK_SUFFIX, SUFFIX, Journal, Reader, open_journal
from babelgen.store.rows import Store, open_store

RUNS = "runs"
CLAIMS = "claims"
OWN_LOCK = f"run{LOCK_SUFFIX}"
PATIENCE = 10.0  # seconds that workers of a dead run are given to notice


@dataclass(frozen=True)
class Run:
    """A render's place in a library; see `open_run`. folder: for its workers' journals. journal: its own."""

    root: Path
    folder: Path
    journal: Journal
    _readers: dict[Path, Reader] = field(default_factory=dict)
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
            with (self.folder / CLAIMS).open("a", encoding="ascii") as file:
                file.writelines(f"{name}\n" for name in names if name in ours)
        return ours

    def merge(self) -> None:
        """Enter in the catalog what this run's journals have told since the last time."""
        with open_store(self.root) as store:
            _merge(store, self.folder, self._readers)


@contextlib.contextmanager
def open_run(root: Path) -> Iterator[Run]:
    """Begin to render into a library, beside other renders if there are any; at the end all is in the catalog."""
    folder = root / RUNS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    try:
        with contextlib.ExitStack() as stack:
            with open_store(root):  # so that nobody sees the folder before its lock
                make_folder(folder)
                stack.enter_context(filelock.FileLock(folder / OWN_LOCK, timeout=0))
            _wait_for_orphans(root)
            settle(root)
            yield Run(root, folder, stack.enter_context(open_journal(folder)))
    except BaseException:
        with contextlib.suppress(UserError):  # the first error says more
            settle(root)
        raise
    settle(root)


def settle(root: Path) -> None:
    """Enter in the catalog what dead runs have left in their journals; UserError as in `open_store`."""
    if run_folders(root):
        with open_store(root) as store:
            for folder in run_folders(root):
                _settle(store, folder)


def run_folders(root: Path) -> list[Path]:
    """The folders of the runs of a library, living and dead, the oldest first."""
    try:
        return sorted(folder for folder in (root / RUNS).iterdir() if folder.is_dir())
    except FileNotFoundError:
        return []


def is_living(folder: Path) -> bool:
    """Whether some process still works for a run."""
    with contextlib.ExitStack() as stack, contextlib.suppress(FileNotFoundError):
        return not _all_locked(folder, stack)
    return False  # settled at this moment


def _settle(store: Store, folder: Path) -> bool:
    """Settle a run if it is dead, and tell whether it was."""
    with contextlib.ExitStack() as stack:
        if not _all_locked(folder, stack):
            return False
        _merge(store, folder, {})
        shutil.rmtree(folder)
    return True


def _all_locked(folder: Path, stack: contextlib.ExitStack) -> bool:
    """Take every lock of a run that nobody else holds; whether these are all."""
    try:
        for path in sorted(folder.glob(f"*{LOCK_SUFFIX}")):
            stack.enter_context(filelock.FileLock(path, timeout=0))
    except filelock.Timeout:
        return False
    return True


def _merge(store: Store, folder: Path, readers: dict[Path, Reader]) -> None:
    journals = [readers.setdefault(path, Reader(path)) for path in sorted(folder.glob(f"*{SUFFIX}"))]
    entries = [entry for journal in journals for entry in journal.read()]
    if entries:
        store.record(
            [entry for entry in entries if isinstance(entry, Picture)],
            [entry for entry in entries if isinstance(entry, Failure)],
            [entry for entry in entries if isinstance(entry, Facts)],
        )


def _wait_for_orphans(root: Path) -> None:
    """Let workers whose parent was killed a moment ago see it, so that nothing is made twice."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and any(map(_is_orphaned, run_folders(root))):
        time.sleep(0.1)


def _is_orphaned(folder: Path) -> bool:
    """Whether a run has lost its parent process, and not yet all others."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(filelock.FileLock(folder / OWN_LOCK, timeout=0))
        except (filelock.Timeout, OSError):
            return False
        return not _all_locked(folder, stack)


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
            self.names.update(lines.decode("ascii").split())
        return self.names
