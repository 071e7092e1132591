"""What the gallery asks of the rest: the shapes of a library, a catalog, an edition and a neighbouring key.

Law: shapes only, no behaviour; beside them the gallery knows nothing of the program but a catalog's row.
May import: the standard library, babelgen.catalog; gallery.axes and gallery.trees for their shapes alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from babelgen.catalog import Picture

if TYPE_CHECKING:
    from babelgen.gallery.axes import Axes
    from babelgen.gallery.trees import Tree


class File(Protocol):
    """A file that an edition consists of."""

    @property
    def path(self) -> Path:
        """Where it lies."""


class Edition(Protocol):
    """An edition, as far as its page shows it."""

    @property
    def id(self) -> str:
        """Names its page."""

    @property
    def title(self) -> str:
        """Untrusted; may be empty."""

    @property
    def provisional(self) -> bool:
        """Whether its keys may come to mean other pictures."""

    @property
    def statistics(self) -> File | None:
        """The statistics that some of its keys are read with, which travel with the site."""

    def facts(self) -> Sequence[tuple[str, str]]:
        """(label, value) pairs, in the order to show them."""

    def whereabouts(self) -> str:
        """Where its model comes from. Untrusted."""

    def document(self, statistics: str) -> str:
        """Its file, TOML, with the statistics' file called so. Untrusted."""


class Reference(Protocol):
    """A picture beside those of a collection, that was not made from a key. All its texts are untrusted."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def caption(self) -> str:
        """Markdown."""

    @property
    def source(self) -> str:
        """Where it is from: an address on the web, or words; may be empty."""

    @property
    def credit(self) -> str:
        """Whose it is; may be empty."""


class Room(Protocol):
    """What a collection's pages have beside the pictures. All its texts are untrusted."""

    @property
    def references(self) -> Sequence[Reference]:
        """Reference pictures."""

    @property
    def chosen(self) -> Sequence[int]:
        """The positions of the pictures that stand large, printed or not."""

    @property
    def captions(self) -> Mapping[int, str]:
        """Markdown for some positions, printed or not."""

    @property
    def asked(self) -> tuple[Sequence[str], int]:
        """The prompts that somebody wrote for its keys, in their order, and how many keys each has; none where nobody did."""

    def text(self) -> str:
        """The essay, Markdown; may be empty. UserError where it cannot be read."""


class Term(Protocol):
    """A word of the glossary. All its texts are untrusted."""

    @property
    def term(self) -> str:
        """The word itself."""

    @property
    def forms(self) -> Sequence[str]:
        """Other forms of it."""

    @property
    def explanation(self) -> str:
        """Markdown."""


class Place(Protocol):
    """Where a picture stands between or beside others of its collection."""

    @property
    def words(self) -> str:
        """Such as `3 steps from "the sea"`, to begin a sentence with or to go on in one. Untrusted."""

    @property
    def unsaid(self) -> bool:
        """Whether no text says its prompt, so that these words are said in its stead."""


class Collection(Protocol):
    """A collection; its keys come from the library."""

    @property
    def slug(self) -> str:
        """Names its folder: letters, digits, dots, hyphens and underscores."""

    @property
    def title(self) -> str:
        """Untrusted."""

    @property
    def kind(self) -> str:
        """What it is, as library files say it."""

    @property
    def description(self) -> str:
        """Untrusted; may be empty."""

    @property
    def origin(self) -> str:
        """Where its keys come from, in words. Untrusted; may be empty."""

    @property
    def room(self) -> Room:
        """What its pages have beside the pictures."""

    @property
    def axes(self) -> "Axes | None":
        """Its table of two lists, if it asks for one."""

    @property
    def tree(self) -> "Tree | None":
        """Who descends from whom, where its pictures do."""

    def places(self) -> Callable[[int], Place | None]:
        """From the number of a key, from 0: where it stands; None where nothing is to be said of that."""


class Entry(Protocol):
    """One key of a collection."""

    @property
    def edition(self) -> Edition:
        """What the key means."""

    @property
    def key(self) -> str:
        """The whole text."""

    @property
    def name(self) -> str:
        """The name of its picture's files, without folder and ending."""


C = TypeVar("C", bound=Collection)


class Library(Protocol[C]):
    """A library folder with its collections, in the order to show them."""

    @property
    def root(self) -> Path:
        """Where its pictures lie."""

    @property
    def id(self) -> str:
        """Sets its readers' settings apart from other libraries'."""

    @property
    def title(self) -> str:
        """Untrusted."""

    @property
    def description(self) -> str:
        """Untrusted; may be empty."""

    @property
    def collections(self) -> Sequence[C]:
        """Their headings."""

    @property
    def glossary(self) -> Sequence[Term]:
        """Words that are explained; may be empty."""

    def keys(self, collection: C, /) -> Iterator[Entry]:
        """The keys of a collection in order, printed or not."""

    def edition_of(self, collection: C, /) -> Edition | None:
        """The edition of all its keys; None where they may be of several."""

    def keys_state(self, collection: C, /) -> str:
        """What its keys follow from, so that they are what they were as long as this is, and of one edition; ''
        where that cannot be told."""


class Catalog(Protocol):
    """The record of the rendered pictures."""

    def pictures(self, names: list[str], /) -> Mapping[str, Picture]:
        """The rows of those of the names (at most 500) that are rendered."""

    def count(self) -> int:
        """How many pictures are rendered."""

    def state(self) -> str:
        """Another one whenever something in it is other than it was; '' where that cannot be told."""

    def versions(self) -> Iterator[tuple[str, str]]:
        """The names of all rendered pictures, in order, each with `catalog.version_of` its row."""

    def flagged(self) -> Iterable[str]:
        """The names of all pictures that a model's safety checker flagged."""

    def profiles(self) -> Mapping[str, Mapping[str, str]]:
        """For each profile's id, its details as label and value."""


@dataclass(frozen=True)
class Neighbour:
    """A key beside another one in the whole library, and the name its picture has or would have."""

    key: str
    name: str


Neighbours = Callable[[str, str], tuple[Neighbour, Neighbour]]
"""(edition id, key text) -> the previous and the next key of the whole library."""
