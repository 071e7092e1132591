"""What the gallery asks of the rest: the shapes of a library, a catalog, an edition and a neighbouring key.

Law: shapes only, no behaviour; the gallery sees nothing of the program but these.
May import: typing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar


class Edition(Protocol):
    """An edition, as far as its page shows it."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def provisional(self) -> bool: ...
    def facts(self) -> Sequence[tuple[str, str]]:
        """(label, value) pairs, in the order to show them."""
        ...


class Collection(Protocol):
    """A collection's heading; its keys come from the library."""

    @property
    def slug(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def description(self) -> str: ...


class Entry(Protocol):
    """One key of a collection; `name` is the picture's file name without folder and ending."""

    @property
    def edition(self) -> Edition: ...
    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...


class Row(Protocol):
    """One picture of the catalog. `prompt` and `negative` are untrusted text."""

    @property
    def name(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def edition(self) -> str: ...
    @property
    def steps(self) -> int: ...
    @property
    def prompt(self) -> str: ...
    @property
    def negative(self) -> str: ...
    @property
    def page(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    @property
    def colour(self) -> str: ...
    @property
    def profile(self) -> str: ...
    @property
    def seconds(self) -> float: ...
    @property
    def rendered_at(self) -> str: ...


C = TypeVar("C", bound=Collection)


class Library(Protocol[C]):
    """A library folder with its collections, in the order to show them."""

    @property
    def root(self) -> Path: ...
    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def collections(self) -> Sequence[C]: ...
    def keys(self, collection: C, /) -> Iterator[Entry]: ...


class Catalog(Protocol):
    """The record of the rendered pictures."""

    def pictures(self, names: list[str], /) -> Mapping[str, Row]:
        """The rows of those of the names (at most 500) that are rendered."""
        ...

    def profiles(self) -> Mapping[str, Mapping[str, str]]:
        """For each profile's short id, its details as label and value."""
        ...


@dataclass(frozen=True)
class Neighbour:
    """A key beside another one in the whole library, and the name its picture has or would have."""

    key: str
    name: str


Neighbours = Callable[[str, str], tuple[Neighbour, Neighbour]]
"""(edition id, key text) -> the previous and the next key of the whole library."""
