"""An interpolation: frames from one stop to the next, through prompts, keys and pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from babelgen.collections.collection import (
    MOST,
    Embeddings,
    Place,
    Places,
    Spec,
    check_prompt,
    read_steps,
    require_prompts,
    shown,
)
from babelgen.collections.frames import (
    Frames,
    check_stop,
    in_words,
    is_key,
    key_of_prompt,
    negative_of,
    prompts_among,
    require_embeddings,
    same_condition,
)
from babelgen.edition import Edition
from babelgen.geometry import Way, lerp_way, slerp_way
from babelgen.keys import Condition, Key, Shelf, Wanted
from babelgen.toml import Table

MOST_STOPS = 500
METHODS = ("slerp", "lerp")


@dataclass(frozen=True)
class Stop:
    """A prompt, or a key."""

    text: str
    keyed: bool = False


@dataclass(frozen=True)
class Interpolation(Spec):
    """From each stop to the next, `between` frames between two; with `loop`, from the last to the first again.

    stops: prompts and keys, or one that is held; pages: of prompts, as many, or one that is held. A key says its page,
    and a prompt beside keys stands on the page of the key before it. restore: see `lerp_way`.
    """

    stops: tuple[Stop, ...]
    pages: tuple[int, ...]
    negative: str
    steps: int
    between: int
    method: str = "slerp"
    restore: bool = True
    loop: bool = False

    def keys_of_stops(self, edition: Edition) -> list[Key]:
        """The stops, as keys."""
        length = max(len(self.stops), len(self.pages))
        stops = self.stops * length if len(self.stops) == 1 else self.stops
        pages = self.pages * length if len(self.pages) == 1 else self.pages
        given = [edition.codec.parse(stop.text) if stop.keyed else None for stop in stops]
        before, keys = next((key for key in given if key), None), []
        for stop, page, key in zip(stops, pages, given, strict=True):
            before = key or before
            steps = before.steps if before else self.steps
            page = page if before is None or before.page is None else before.page
            keys.append(key or key_of_prompt(edition, stop.text, page, steps, self.negative))
        return keys

    def maker(self, edition: Edition) -> Callable[[int], str]:
        """What makes a frame's key where no prompt moves: see `making`."""
        return self.making(edition, {})

    def making(
        self, edition: Edition, embeddings: Embeddings, known: Sequence[str] = ()
    ) -> Callable[[int], str]:
        """What makes a frame's key from its number; every stop is the key that was given."""
        keys, frames = self.keys_of_stops(edition), Frames(edition, embeddings)

        @lru_cache(maxsize=2)
        def passage(at: int) -> Callable[[float], str]:
            return self._passage(frames, keys[at], keys[(at + 1) % len(keys)])

        def make(number: int) -> str:
            at, frame = divmod(number, self.between + 1)
            if not frame:
                return keys[at].text
            return passage(at)(frame / (self.between + 1))

        return make

    def _passage(self, frames: Frames, first: Key, last: Key) -> Callable[[float], str]:
        edition = frames.edition
        condition = self._moved(frames, first.condition, last.condition)
        below, beneath = (negative_of(key, edition) for key in (first, last))
        negative = self._moved(frames, below, beneath) if below is not None and beneath is not None else None
        noise = self._way(first.noise(), last.noise(), by_row=False)
        return lambda part: frames.write(
            first.steps, condition(part), noise(part), negative(part) if negative else None
        )

    def _moved(self, frames: Frames, first: Condition, last: Condition) -> Callable[[float], Wanted]:
        """The way between two conditions; one that is the same at both ends is held as it is."""
        if same_condition(first, last):
            return lambda _: first
        return self._way(frames.embedding(first), frames.embedding(last), by_row=True)

    def _way(self, start: NDArray[np.float32], end: NDArray[np.float32], by_row: bool) -> Way:
        if self.method == "slerp":
            return slerp_way(start, end, by_row)
        return lerp_way(start, end, by_row, self.restore)

    def places(self, edition: Edition) -> Places:
        """Between which stops a frame lies, and how far; of a stop itself there is nothing to say."""
        keys, between = self.keys_of_stops(edition), self.between

        @lru_cache(maxsize=2)
        def passage(at: int) -> tuple[str, bool]:
            there = (at + 1) % len(keys)
            ends = keys[at], keys[there]
            return _between(ends, (at + 1, there + 1), edition), not same_condition(
                *(key.condition for key in ends)
            )

        def tell(number: int) -> Place | None:
            at, frame = divmod(number, between + 1)
            if not frame:
                return None
            words, unsaid = passage(at)
            return Place(f"{words}, {frame:,} of {between:,}", unsaid)

        return tell

    def shelves(self, edition: Edition) -> tuple[Shelf, ...]:
        """The prompts that frames lead away from, or to."""
        return prompts_among(self.moving(edition))

    def moving(self, edition: Edition) -> list[Condition]:
        """The conditions that frames lead away from, or to."""
        moving: list[Condition] = []
        keys = self.keys_of_stops(edition)
        for first, last in pairwise([*keys, keys[0]] if self.loop else keys):
            ends = [(key.condition, negative_of(key, edition)) for key in (first, last)]
            for here, there in zip(*ends, strict=True):
                if here is not None and there is not None and not same_condition(here, there):
                    moving += [here, there]
        return moving

    def count(self) -> int:
        """How many frames there are, stops included."""
        ways = max(len(self.stops), len(self.pages)) - (not self.loop)
        return ways * (self.between + 1) + (not self.loop)

    def prompts(self) -> tuple[str, ...]:
        """Those of the stops that are prompts, and what is kept away."""
        texts = [stop.text for stop in self.stops if not stop.keyed]
        return tuple(text for text in (*texts, self.negative) if text)


def _between(keys: tuple[Key, Key], numbers: tuple[int, int], edition: Edition) -> str:
    """Between which two stops a frame lies: their prompts, else their pages, else their numbers."""
    texts = [in_words(key, edition) or f"stop {number}" for key, number in zip(keys, numbers, strict=True)]
    if texts[0] == texts[1]:
        pages = [key.page for key in keys]
        if None not in pages and pages[0] != pages[1]:
            texts = [f"page {shown(page)}" for page in pages if page is not None]
        else:
            texts = [f"stop {number}" for number in numbers]
    return f"between {texts[0]} and {texts[1]}"


def read_interpolation(table: Table, edition: Edition) -> Interpolation:
    """The fields of an interpolation: through, pages, negative, steps; frames, method, restore, loop."""
    stops = _read_stops(table, edition)
    pages = _read_pages(table, edition)
    _check_lengths(table, stops, pages)
    _refuse_beside_keys(table, stops, edition)
    negative = table.text("negative", "")
    if negative:
        check_prompt(table, "negative", negative, edition)
    method = table.choice("method", METHODS, "slerp")
    if method == "slerp" and "restore" in table.names():
        raise table.error("restore", "stands beside method lerp alone: on the sphere nothing is lost")
    read = Interpolation(
        stops=stops,
        pages=pages,
        negative=negative,
        steps=read_steps(table, edition),
        between=table.number("frames", low=1, high=MOST // max(len(stops), len(pages)) - 1),
        method=method,
        restore=table.flag("restore", True),
        loop=table.flag("loop", False),
    )
    if read.moving(edition):
        require_embeddings(table, "through", edition)
    return read


def _read_stops(table: Table, edition: Edition) -> tuple[Stop, ...]:
    texts = table.texts("through", [""] if edition.codec.prompts else None)
    if not 1 <= len(texts) <= MOST_STOPS:
        raise table.error("through", f"must have 1 to {MOST_STOPS} prompts or keys, not {len(texts)}")
    for text in texts:
        check_stop(table, "through", text, edition)
    stops = tuple(Stop(text, is_key(text, edition)) for text in texts)
    steps = sorted({edition.codec.steps_of(stop.text) for stop in stops if stop.keyed})
    if len(steps) > 1:
        raise table.error(
            "through", f"must have keys of one number of steps, not of {steps[0]} and of {steps[-1]}"
        )
    return stops


def _read_pages(table: Table, edition: Edition) -> tuple[int, ...]:
    pages = tuple(table.numbers("pages", [0]))
    if not 1 <= len(pages) <= MOST_STOPS:
        raise table.error("pages", f"must have 1 to {MOST_STOPS} pages, not {len(pages)}")
    if min(pages) < 0 or max(pages) >= edition.key_space().pages:
        raise table.error("pages", "must be from 0 to the last page of a shelf")
    return pages


def _check_lengths(table: Table, stops: tuple[Stop, ...], pages: tuple[int, ...]) -> None:
    if len(stops) == len(pages) == 1:
        raise table.error("through", "must have two prompts or keys at least, or pages must have two")
    if 1 not in (len(stops), len(pages)) and len(stops) != len(pages):
        raise table.error(
            "pages", f"must be as many as there are in through, {len(stops)}, or one, not {len(pages)}"
        )


def _refuse_beside_keys(table: Table, stops: tuple[Stop, ...], edition: Edition) -> None:
    """Refuse what the keys among the stops say already."""
    for name in ("pages", "negative"):
        if name in table.names():
            require_prompts(table, name, edition)
    for name in ("pages", "steps"):
        if name in table.names() and any(stop.keyed for stop in stops):
            raise table.error(name, "cannot stand beside keys in through, which say it already")
    if "negative" in table.names() and all(stop.keyed for stop in stops):
        raise table.error("negative", "cannot stand beside keys alone in through, which say it already")
