"""Verification: whether a library's pictures are what its catalog says, and what their keys make.

Law: a library is read and never written, so that another process may render into it meanwhile; keys are rendered
again by the engine that renders libraries, into a folder that is thrown away; no more than a page of rows is held.
May import: catalog, collections, edition, engines, errors, library, picture, plan, settings, store, weights, Pillow; never torch.
"""

from __future__ import annotations

import hashlib
import heapq
from array import array
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
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
from babelgen.store import SUFFIXES, file_of
from babelgen.weights import fetch

PAGE = 512  # pictures whose rows are held at once; the workers are started once for as many


@dataclass(frozen=True)
class Choice:
    """What is verified. collection: None for every picture. sample: how many are rendered again, None for all."""

    collection: Collection | None = None
    sample: int | None = 8
    seed: int = 0


@dataclass(frozen=True)
class Fault:
    """A picture that is not what it must be. key: in short. file: counted from the library. what: a sentence."""

    name: str
    key: str
    file: str
    what: str


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
    try:
        if pixel_hash(_pixels(root, picture)) != picture.sha256:
            return _fault(picture, "Its pixels are not those that the catalog has the hash of.")
    except ItemError as error:
        return _fault(picture, str(error))
    for folder in SUFFIXES:
        if not _is_there(file_of(root, folder, picture.name)):
            return _fault(picture, "The file is missing or empty.", folder)
    return None


def _is_there(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _pixels(root: Path, picture: Picture) -> NDArray[np.uint8]:
    """The pixels of a picture's lossless file; ItemError says why there are none, or none of its size."""
    try:
        with Image.open(file_of(root, "pictures", picture.name), formats=["PNG"]) as image:
            if (image.mode, *image.size) == ("RGB", picture.width, picture.height):
                return np.asarray(image)
            found = f"{image.width} x {image.height} pixels ({image.mode})"
    except FileNotFoundError as error:
        raise ItemError("The file is missing.") from error
    except Exception as error:  # Pillow has many ways to say that a file is damaged
        reason = getattr(error, "strerror", None) or "it is not a whole PNG"
        raise ItemError(f"The file cannot be read: {reason}.") from error
    raise ItemError(f"The file has {found}, not {picture.width} x {picture.height} (RGB).")


def _fault(picture: Picture, what: str, folder: str = "pictures") -> Fault:
    return Fault(picture.name, short_key(picture.key), file_of(Path(), folder, picture.name).as_posix(), what)


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
            row = rows[outcome.item.name]
            self.report.faults.append(_fault(row, f"It cannot be rendered again: {outcome.reason}"))
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
            self.report.faults.append(_fault(old, str(error)))
            return
        if before.shape != after.shape:
            self.report.faults.append(_fault(old, "Its key makes a picture of another size."))
        elif old.profile == new.profile:
            apart = f"Its key makes another picture, in the same profile (PSNR {psnr(before, after):.1f} dB)."
            self.report.faults.append(_fault(old, apart))
        else:
            self.report.decibels.append(psnr(before, after))
