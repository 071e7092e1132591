"""What a collection's room is furnished with: an essay, reference pictures, a chosen few, captions; and the glossary.

Law: the files lie beside the library file or below it, and only they are read; what is missing, too large or of a strange
kind is refused when the library file is read. Texts are untrusted, and stay as they were written.
May import: errors, toml; Pillow inside a function.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from babelgen.errors import UserError
from babelgen.toml import Table, read_toml

LARGEST_TEXT = 128 * 2**10  # bytes of an essay or a glossary: some 20,000 words
LONGEST_NOTE = (
    2000  # characters of a caption, an explanation, a credit: items' pages carry them, and are to be small
)
LARGEST_PICTURE = 64 * 2**20  # bytes of a reference picture's file
MOST_PIXELS = 24_000_000  # of a reference picture: up to sixteen bytes each while it is made smaller
FORMATS = ("JPEG", "PNG", "WEBP")
MOST_CHOSEN = 12  # pictures that stand large
MOST_REFERENCES = 60
MOST_TERMS = 1000
LONGEST_TERM = 80  # characters

FIELDS = ("essay", "references", "chosen", "captions")  # of a collection
_POSITION = re.compile(r"[1-9][0-9]{0,7}")

Places = Callable[[set[str]], Mapping[str, Sequence[int]]]
"""The positions (from 1) that some keys have in a collection; those that are not in it are absent."""


@dataclass(frozen=True)
class Reference:
    """A reference picture: the file, what is said of it, where it comes from (an address or words), and whose it is."""

    path: Path
    caption: str
    source: str
    credit: str


@dataclass(frozen=True)
class Room:
    """The room of a collection. chosen: positions, in the order to show them. captions: Markdown by position.

    asked: the prompts that somebody wrote for its keys, in their order, and how many keys each has.
    """

    essay: Path | None = None
    references: tuple[Reference, ...] = ()
    chosen: tuple[int, ...] = ()
    captions: Mapping[int, str] = field(default_factory=dict, hash=False)
    asked: tuple[Sequence[str], int] = ((), 1)

    def text(self) -> str:
        """The essay, Markdown; '' where there is none. UserError where it cannot be read any more."""
        return "" if self.essay is None else read_text(self.essay)


NO_ROOM = Room()


@dataclass(frozen=True)
class Term:
    """A word of the glossary, its other forms, and what it means, in Markdown."""

    term: str
    forms: tuple[str, ...]
    explanation: str


def read_room(table: Table, folder: Path, count: int, places: Places) -> Room:
    """The fields of a collection's room; `folder`: of the library file. UserError says which field is wrong."""
    essay = read_file(table, "essay", folder, LARGEST_TEXT) if "essay" in table.names() else None
    if essay is not None:
        try:
            read_text(essay)
        except UserError as error:
            raise table.error("essay", f"is refused: {str(error).rstrip('.')}") from error
    references = table.tables("references")
    if len(references) > MOST_REFERENCES:
        raise table.error("references", f"must be at most {MOST_REFERENCES}, not {len(references)}")
    chosen = table.labels("chosen", [])
    if len(chosen) > MOST_CHOSEN:
        raise table.error("chosen", f"must be at most {MOST_CHOSEN} pictures, not {len(chosen)}")
    captions = table.table("captions", optional=True)
    notes = {name: _note(captions, name) for name in captions.names()}
    find = _finder((*chosen, *notes), count, places)
    return Room(
        essay=essay,
        references=tuple(_reference(each, folder) for each in references),
        chosen=_only(table, chosen, find),
        captions=_each(captions, notes, find),
    )


def _reference(table: Table, folder: Path) -> Reference:
    path = read_file(table, "file", folder, LARGEST_PICTURE)
    if complaint := picture_complaint(path):
        raise table.error("file", f"is refused: {path} {complaint}")
    caption = _note(table, "caption")
    source, credit = (_note(table, name, "") for name in ("source", "credit"))
    table.refuse_others()
    return Reference(path, caption, source, credit)


def _note(table: Table, name: str, default: str | None = None) -> str:
    text = table.text(name, default)
    if len(text) > LONGEST_NOTE:
        raise table.error(name, f"must have at most {LONGEST_NOTE} characters, not {len(text)}")
    if default is None and not text.strip():
        raise table.error(name, "must not be empty")
    return text


Find = Callable[[Table, str, str], Sequence[int]]


def _finder(labels: Iterable[str], count: int, places: Places) -> Find:
    """What finds the positions of a label, a position or a key; keys are looked for once, and only if there are any."""
    keys = {label for label in labels if not _POSITION.fullmatch(label)}
    found = places(keys) if keys else {}

    def find(table: Table, name: str, label: str) -> Sequence[int]:
        if not _POSITION.fullmatch(label):
            if label not in found:
                raise table.error(
                    name, f"must be positions or keys of the collection: {_cut(label)} is neither"
                )
            return found[label]
        if int(label) > count:
            raise table.error(name, f"has position {label}, and the collection has {count}")
        return [int(label)]

    return find


def _only(table: Table, labels: Sequence[str], find: Find) -> tuple[int, ...]:
    """The first position of each of the chosen."""
    chosen = [find(table, "chosen", label)[0] for label in labels]
    if twin := next((at for at in chosen if chosen.count(at) > 1), None):
        raise table.error("chosen", f"has position {twin} twice")
    return tuple(chosen)


def _each(table: Table, notes: Mapping[str, str], find: Find) -> dict[int, str]:
    """The captions by position: a key's stands wherever the key does."""
    captions: dict[int, str] = {}
    for label, note in notes.items():
        for position in find(table, label, label):
            if position in captions:
                raise table.error(label, f"is position {position}, which has a caption already")
            captions[position] = note
    return dict(sorted(captions.items()))


def read_glossary(table: Table, folder: Path) -> tuple[Term, ...]:
    """The terms of the glossary that a library file names; none where it names none."""
    if "glossary" not in table.names():
        table.text("glossary", "")
        return ()
    path = read_file(table, "glossary", folder, LARGEST_TEXT)
    top = read_toml(path)
    terms = tuple(map(_term, top.tables("term")))
    top.refuse_others()
    if not 0 < len(terms) <= MOST_TERMS:
        raise UserError(
            f"{path}: it must have 1 to {MOST_TERMS} terms, each under [[term]], not {len(terms)}."
        )
    seen: set[str] = set()
    for form in (form for term in terms for form in (term.term, *term.forms)):
        if (same := normal(form)) in seen:
            raise UserError(f"{path}: {_cut(form)} stands in the glossary twice.")
        seen.add(same)
    return terms


def _term(table: Table) -> Term:
    term, forms = table.text("term"), table.texts("forms", [])
    for name, form in (("term", term), *(("forms", form) for form in forms)):
        if not form.strip() or len(form) > LONGEST_TERM or not form[0].isalnum():
            raise table.error(
                name,
                f"must begin with a letter or a digit and have at most {LONGEST_TERM} characters, not {_cut(form)}",
            )
    explanation = _note(table, "explanation")
    table.refuse_others()
    return Term(term, tuple(forms), explanation)


def normal(form: str) -> str:
    """How a form of a term is compared: without case, its words one space apart."""
    return " ".join(form.split()).casefold()


def read_file(table: Table, name: str, folder: Path, largest: int) -> Path:
    """The file that a field names, beside the library file in `folder` or below it."""
    text = table.text(name)
    try:
        if not is_beside(text):
            raise table.error(name, f"must name a file beside the library file or below it, not {_cut(text)}")
        path = folder / text
        size = path.stat().st_size if path.is_file() else -1
    except (OSError, ValueError) as error:  # a name of strange characters, or too long
        raise table.error(name, f"names no file: {_cut(text)}") from error
    if size < 0:
        raise table.error(name, f"names no file: there is no {path}")
    if size > largest:
        raise table.error(name, f"is too large: {path} has {size:,} bytes, and at most {largest:,} are read")
    return path


def is_beside(text: str) -> bool:
    """Whether a path leads to a file beside the one that names it, or below."""
    path = PurePosixPath(text)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in text


def read_text(path: Path) -> str:
    """A text in UTF-8; UserError where it is none."""
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no text in UTF-8: byte {error.start} is none.") from error


def picture_complaint(path: Path) -> str | None:
    """What is wrong with the file of a reference picture, by its head; None where nothing is."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # it is told below, and refused
            with Image.open(path, formats=FORMATS) as image:
                width, height = image.size
    except UnidentifiedImageError:
        return f"is no picture in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
    except Image.DecompressionBombError:
        return f"is larger than {MOST_PIXELS:,} pixels"
    except (OSError, ValueError, SyntaxError) as error:
        return f"cannot be read as a picture: {error}"
    if width * height > MOST_PIXELS:
        return f"is {width} x {height}, larger than {MOST_PIXELS:,} pixels"
    return None


def _cut(text: str) -> str:
    return repr(text if len(text) <= LONGEST_TERM else f"{text[:LONGEST_TERM]}...")
