"""Verification: whether a library's pictures are what its catalog says, and what their keys make.

Law: a library is read and never written, so that another process may render into it meanwhile; keys are rendered
again by the engine that renders libraries, into a folder that is thrown away; no more than a page of rows is held.
`discard` is the exception: it takes pictures with faults away, for the next render to make, and of those only the ones
that are known to be wrong, that nobody is at work on, and that a render would make.
May import: catalog, collections, edition, engines, errors, library, picture, plan, settings, store, weights, Pillow, numpy; never torch.
"""

from __future__ import annotations

import contextlib
import hashlib
import heapq
import time
from array import array
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from babelgen.catalog import Catalog, Picture
from babelgen.collections import Collection
from babelgen.edition import Edition
from babelgen.engines import Done, Engine, Failed, Order, Outcome, Pile
from babelgen.engines.engine import DIFFUSION
from babelgen.errors import BabelgenError, ItemError
from babelgen.library import Library, picture_name
from babelgen.picture import pixel_hash, psnr, short_key
from babelgen.plan import Item
from babelgen.settings import ON_CPU, Setting
from babelgen.store import (
    SUFFIXES,
    ever_claimed,
    file_of,
    forget_pictures,
    open_store,
    remove_files,
    settle,
)
from babelgen.weights import fetch

PAGE = 512  # pictures whose rows are held at once; the workers are started once for as many
FEW = 64  # pictures with faults that are looked at once more while the library's lock is held
REST = 0.1  # seconds in which others may have the lock then


@dataclass(frozen=True)
class Choice:
    """What is verified. collection: None for every picture. sample: how many are rendered again, None for all."""

    collection: Collection | None = None
    sample: int | None = 8
    seed: int = 0


class Ground(Enum):
    """How a fault was found: by a picture's files and row, by its pixels when rendered again, or by an error.

    An error may be the machine's, and the picture sound.
    """

    FILES = "files"
    PIXELS = "pixels"
    ERROR = "error"


@dataclass(frozen=True)
class Fault:
    """A picture that is not what it must be. row: the catalog's. file: counted from the library. what: a sentence."""

    row: Picture
    file: str
    what: str
    ground: Ground

    @property
    def name(self) -> str:
        """Of the picture."""
        return self.row.name

    @property
    def key(self) -> str:
        """In short."""
        return short_key(self.row.key)


@dataclass
class Report:
    """How a library stands.

    again, equal: pictures rendered again, and those of them with the same pixels. decibels: the PSNR of those with
    other pixels whose recorded profile is another. hashed_only: pictures of editions that no collection has now.
    unable: why an edition's pictures could not be rendered again, by its id (`*`: of every edition).
    """

    checked: int = 0
    again: int = 0
    equal: int = 0
    decibels: array[float] = field(default_factory=lambda: array("d"))
    hashed_only: int = 0
    faults: list[Fault] = field(default_factory=list)
    unable: dict[str, str] = field(default_factory=dict)


def verify_library(
    library: Library,
    choice: Choice,
    engine: Engine,
    tell: Callable[[Report], None],
    backend: str = DIFFUSION,
    setting: Setting = ON_CPU,
) -> Report:
    """Check every chosen picture's files, then render a sample of the sound ones again; `tell` hears how it goes."""
    report = Report()
    again = _Again(library, report, engine, tell, backend, setting)
    drawn: list[Picture] = []
    with Catalog.open(library.root) as catalog, ThreadPoolExecutor() as pool:
        for page in _pages(library, catalog, choice.collection):
            sound = again.known(_check_page(catalog, page, pool, report))
            tell(report)
            if choice.sample is None:
                again.render(sound)
            else:
                drawn = _draw([*drawn, *sound], choice.sample, choice.seed)
    again.render(drawn)
    return report


def _pages(library: Library, catalog: Catalog, collection: Collection | None) -> Iterator[list[Picture]]:
    """The rows of a collection in its order, or else all that there are."""
    if collection is None:
        after = ""
        while page := catalog.page(after, PAGE):
            yield page
            after = page[-1].name
        return
    entries = library.keys(collection)
    while names := [entry.name for entry in islice(entries, PAGE)]:
        yield list(catalog.pictures(names).values())


def _draw(pictures: Iterable[Picture], count: int, seed: int) -> list[Picture]:
    """Those with the smallest hash of seed and name: the same ones, however the pictures come."""

    def lot(picture: Picture) -> bytes:
        return hashlib.blake2b(f"{seed}/{picture.name}".encode(), digest_size=16).digest()

    return heapq.nsmallest(count, {picture.name: picture for picture in pictures}.values(), key=lot)


def _check_page(catalog: Catalog, page: list[Picture], pool: Executor, report: Report) -> list[Picture]:
    """Check files against rows; the pictures that are sound."""
    report.checked += len(page)
    sound, faults = _sift(catalog.root, page, pool)
    if faults:  # a second look: another process may have put a file in its place, and then changed its row
        fresh = catalog.pictures(fault.name for fault in faults)
        mended, faults = _sift(catalog.root, fresh.values(), pool)
        sound += mended
    report.faults += faults
    return sound


def _sift(root: Path, pictures: Iterable[Picture], pool: Executor) -> tuple[list[Picture], list[Fault]]:
    pictures = list(pictures)
    found = list(pool.map(partial(_check, root), pictures))
    sound = [picture for picture, fault in zip(pictures, found, strict=True) if fault is None]
    return sound, [fault for fault in found if fault is not None]


def _check(root: Path, picture: Picture) -> Fault | None:
    """What is wrong with a picture's row and files; None where nothing is."""
    if picture_name(picture.edition, picture.key) != picture.name:
        return _fault(picture, "The catalog has another key in its place.")
    folder = "pictures"
    try:
        if pixel_hash(_pixels(root, picture)) != picture.sha256:
            return _fault(picture, "Its pixels are not those that the catalog has the hash of.")
        for folder, size in (("views", picture.view_bytes), ("thumbs", picture.thumb_bytes)):
            _measure(file_of(root, folder, picture.name), size)
    except ItemError as error:
        return _fault(
            picture, str(error), folder, Ground.ERROR if isinstance(error, _Unseen) else Ground.FILES
        )
    return None


class _Unseen(ItemError):
    """A file could not be looked at: it may be sound."""


def _measure(path: Path, size: int) -> None:
    """See whether a file has its size, 0 where that is not known; ItemError says what it has instead."""
    with _looking(path):
        found = path.stat().st_size
    if not found:
        raise ItemError("The file is empty.")
    if size and found != size:
        raise ItemError(f"The file is {found} bytes long, not {size}.")


def _pixels(root: Path, picture: Picture) -> NDArray[np.uint8]:
    """The pixels of a picture's lossless file; ItemError says why there are none, or none of its size."""
    path = file_of(root, "pictures", picture.name)
    with _looking(path):
        try:
            with Image.open(path, formats=["PNG"]) as image:
                if (image.mode, *image.size) == ("RGB", picture.width, picture.height):
                    return np.asarray(image)
                found = f"{image.width} x {image.height} pixels ({image.mode})"
        except Exception as error:  # Pillow has many ways to say that a file is damaged
            if isinstance(error, MemoryError) or getattr(error, "errno", None):
                raise
            _measure(path, picture.bytes)  # says more, where it has something to say
            raise ItemError("The file cannot be read: it is not a whole PNG.") from error
    raise ItemError(f"The file has {found}, not {picture.width} x {picture.height} (RGB).")


@contextlib.contextmanager
def _looking(path: Path) -> Iterator[None]:
    """Turn what keeps a file from being looked at into an ItemError."""
    try:
        yield
    except FileNotFoundError as error:
        if not path.parent.is_dir():  # a whole folder does not get lost by itself; a disk may be missing
            raise _Unseen("The file is missing, and its folder too.") from error
        raise ItemError("The file is missing.") from error
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or "there is not enough memory"
        raise _Unseen(f"The file cannot be read: {reason}.") from error


def _fault(picture: Picture, what: str, folder: str = "pictures", ground: Ground = Ground.FILES) -> Fault:
    return Fault(picture, file_of(Path(), folder, picture.name).as_posix(), what, ground)


@dataclass(frozen=True)
class _Again:
    """Renders pictures again, and enters in the report how they compare with those that the library has."""

    library: Library
    report: Report
    engine: Engine
    tell: Callable[[Report], None]
    backend: str
    setting: Setting

    def known(self, pictures: list[Picture]) -> list[Picture]:
        """Those pictures whose edition some collection has; the others are counted."""
        editions = self._editions()
        known = [picture for picture in pictures if picture.edition in editions]
        self.report.hashed_only += len(pictures) - len(known)
        return known

    def render(self, pictures: list[Picture]) -> None:
        """Render pictures, a page at a time; an edition that cannot be rendered is tried once."""
        for edition in self._editions().values():
            ours = iter([picture for picture in pictures if picture.edition == edition.id])
            while edition.id not in self.report.unable and (page := list(islice(ours, PAGE))):
                try:
                    self._render(edition, {picture.name: picture for picture in page})
                except BabelgenError as error:
                    self.report.unable[edition.id] = str(error)

    def _editions(self) -> dict[str, Edition]:
        return {collection.edition.id: collection.edition for collection in self.library.collections}

    def _render(self, edition: Edition, rows: dict[str, Picture]) -> None:
        items = [Item(row.name, row.key, row.steps) for row in rows.values()]
        items.sort(key=lambda item: -item.steps)
        fetch(edition)
        with TemporaryDirectory(prefix="babelgen-verify-") as scratch:
            order = Order(edition, Path(scratch), self.backend, self.setting)
            outcomes = self.engine.run(order, Pile(items))
            try:
                for outcome in outcomes:
                    self._judge(rows, outcome, order.root)
                    self.tell(self.report)
            finally:
                if isinstance(outcomes, Generator):
                    outcomes.close()  # before the folder goes: workers write into it

    def _judge(self, rows: dict[str, Picture], outcome: Outcome, scratch: Path) -> None:
        if isinstance(outcome, Failed):
            what = f"It cannot be rendered again: {outcome.reason}"
            self._blame(_fault(rows[outcome.item.name], what, ground=Ground.ERROR))
        elif isinstance(outcome, Done):
            self.report.again += 1
            self._compare(rows[outcome.picture.name], outcome.picture, scratch)
            for folder in SUFFIXES:
                file_of(scratch, folder, outcome.picture.name).unlink()

    def _compare(self, old: Picture, new: Picture, scratch: Path) -> None:
        if new.sha256 == old.sha256 and (new.width, new.height) == (old.width, old.height):
            self.report.equal += 1
            return
        try:
            before, after = _pixels(self.library.root, old), _pixels(scratch, new)
        except ItemError as error:  # it was sound a moment ago
            self._blame(_fault(old, str(error), ground=Ground.ERROR))
            return
        if before.shape != after.shape:
            self._blame(_fault(old, "Its key makes a picture of another size.", ground=Ground.PIXELS))
        elif old.profile == new.profile:
            apart = f"Its key makes another picture, in the same profile (PSNR {psnr(before, after):.1f} dB)."
            self._blame(_fault(old, apart, ground=Ground.PIXELS))
        else:
            self.report.decibels.append(psnr(before, after))

    def _blame(self, fault: Fault) -> None:
        """Enter a fault, unless the picture has been made again meanwhile, or taken away."""
        with Catalog.open(self.library.root) as catalog:
            if catalog.picture(fault.name) == fault.row:
                self.report.faults.append(fault)


@dataclass
class Discarded:
    """What became of pictures with faults. names: taken out of the library. left: why others were not, by name."""

    names: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


def discard(library: Library, faults: Sequence[Fault]) -> Discarded:
    """Take pictures with faults out of a library, row first, so that the next render makes them."""
    result, blamed = Discarded(), {fault.name: fault for fault in faults}
    wanted = {entry.name for entry in library.entries() if entry.name in blamed}
    settle(library.root)  # a dead run's journal may tell of a fresh picture
    todo = iter(blamed.values())
    while few := list(islice(todo, FEW)):
        with open_store(library.root) as store:
            taken = ever_claimed(library.root)
            with Catalog.open(library.root) as catalog:
                rows = catalog.pictures(fault.name for fault in few)
            for fault in few:
                if reason := _reason_to_keep(library.root, fault, rows.get(fault.name), wanted, taken):
                    result.left[fault.name] = reason
            names = [fault.name for fault in few if fault.name not in result.left]
            forget_pictures(store, names)
            remove_files(file_of(library.root, folder, name) for name in names for folder in SUFFIXES)
        result.names += names
        time.sleep(REST)
    return result


def _reason_to_keep(
    root: Path, fault: Fault, row: Picture | None, wanted: Container[str], taken: Container[str]
) -> str:
    """Why a picture with a fault is left where it is, '' where it may go. wanted: what a render would make."""
    if row != fault.row:
        return "it has been made again, or removed, meanwhile"
    if fault.name not in wanted:
        return "no collection names it, so that no render would make it again; gc removes it"
    if fault.name in taken:
        return "a render that is at work has taken it on"
    if any(file_of(root, folder, fault.name).is_dir() for folder in SUFFIXES):
        return "a folder stands where its file should be"
    found = fault if fault.ground is Ground.PIXELS else _check(root, row)
    if found is None:
        return "its files are what the catalog says"
    if found.ground is Ground.ERROR:
        return "it may be the machine's fault, and not the picture's"
    return ""
