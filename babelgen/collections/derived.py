"""Derived keys: of collections whose keys only the model can tell, worked out once and then read from a file.

The file lies in the library, `keys/NAME.keys`: a key a line, and a last line that says how many they are and what they
hash to. Its name is a hash of what the collection asks for. From when it is there, it is what the collection consists
of, so that another machine's rounding changes no key.
Law: a file that is not whole is refused, and none that is missing counts as an empty collection.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from babelgen.collections.collection import Places, Spec
from babelgen.collections.tree import Tree
from babelgen.edition import Edition
from babelgen.errors import UserError

FOLDER, SUFFIX = "keys", ".keys"


@dataclass(frozen=True)
class Derived(Spec):
    """A collection's specification, and the file of its keys. slug, kind: the collection's."""

    spec: Spec
    slug: str
    kind: str
    path: Path

    @property
    def ready(self) -> bool:
        """Whether its keys are worked out."""
        return self.path.is_file()

    def maker(self, edition: Edition) -> Callable[[int], str]:
        """What reads a key from its place in the file; UserError where there is none, or it is not whole."""
        try:
            starts = self._starts()
        except FileNotFoundError:
            raise UserError(
                f"The keys of collection {self.slug!r} are not worked out yet: `render.py render` does that first."
            ) from None

        def read(number: int) -> str:
            with self.path.open("rb") as file:
                file.seek(starts[number])
                return file.readline().decode("ascii").rstrip("\n")

        return read

    def _starts(self) -> array[int]:
        """Where each key begins, once the whole file was checked."""
        digest, starts, place, line = hashlib.blake2b(digest_size=16), array("Q"), 0, b""
        with self.path.open("rb") as file:
            for line in file:
                if line.startswith(b"#"):
                    break
                digest.update(line)
                starts.append(place)
                place += len(line)
            whole = line == _last_line(len(starts), digest.hexdigest()) and not file.read(1)
        if not whole or len(starts) != self.count():
            raise UserError(
                f"The file {self.path} of the keys of collection {self.slug!r} is damaged: put back a copy, or delete it"
                " to have them worked out again."
            )
        return starts

    def before(self, edition: Edition) -> Derived | None:
        """What its specification has grown from, as it was when its keys were last worked out; None where there is nothing."""
        spec = self.spec.grown()
        while spec is not None:
            older = derived(spec, self.slug, self.kind, edition, self.path.parent.parent)
            if older.ready:
                return older
            spec = spec.grown()
        return None

    def count(self) -> int:
        """How many keys there are."""
        return self.spec.count()

    def prompts(self) -> tuple[str, ...]:
        """As its specification has them."""
        return self.spec.prompts()

    def tree(self) -> Tree | None:
        """As its specification has it."""
        return self.spec.tree()

    def places(self, edition: Edition) -> Places:
        """As its specification has them."""
        return self.spec.places(edition)


def derived(spec: Spec, slug: str, kind: str, edition: Edition, root: Path) -> Derived:
    """A specification whose keys are in a file of the library in `root`."""
    defaults = {field.name: field.default for field in fields(spec)}  # type: ignore[arg-type]
    values = asdict(spec)  # type: ignore[call-overload]
    # A field that is added later leaves the names of older files alone.
    said = {name: value for name, value in values.items() if value != defaults[name]}
    asked = json.dumps([kind, edition.id, said], sort_keys=True)
    name = hashlib.blake2b(asked.encode(), digest_size=16).hexdigest()
    return Derived(spec, slug, kind, root / FOLDER / f"{name}{SUFFIX}")


def key_lines(keys: Iterable[str]) -> Iterator[bytes]:
    """The lines of a file of derived keys."""
    digest, count = hashlib.blake2b(digest_size=16), 0
    for key in keys:
        line = f"{key}\n".encode("ascii")
        digest.update(line)
        count += 1
        yield line
    yield _last_line(count, digest.hexdigest())


def _last_line(count: int, digest: str) -> bytes:
    return f"# {count} keys, BLAKE2b {digest}\n".encode("ascii")
