"""An edition: what a key means. Weights, tokenizer, size, sampler, guidance, default negative prompt.

Law: the id is a hash of what a key means and of nothing else, read from the TOML alone. A title, a place on
disk or a word list may change without a new id; anything that changes pixels may not.
May import: errors, hub, keys, resources, toml, tomlkit; never torch.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from babelgen.errors import UserError
from babelgen.hub import Source, complaint, snapshot_folder
from babelgen.keys import CODECS, Codec, KeySpace, Shelf, is_edition_id, shelf_of_tokens
from babelgen.keys.numerals import write_bytes, write_number
from babelgen.keys.space import MAX_STEPS
from babelgen.resources import EDITIONS, PACKAGE
from babelgen.toml import Table, read_toml

CHECKER = ("safety_checker", "feature_extractor")  # parts of a model that judge pictures, and change none
SCHEDULERS = ("ddim", "dpm++ 2m")  # how samples are stepped: see babelgen/diffusion/solvers.py

# Bounds far beyond any model, so that a slip of the pen is told and not computed with.
LONGEST_NAME = 55  # characters; the id has nine more, and 64 at most
LARGEST_PICTURE = 16_383  # pixels a side, as WebP has them
MOST_LATENTS = 2**24  # values
LARGEST_VOCABULARY = 2**24
LONGEST_PROMPT = 1024  # tokens
MOST_COORDINATES = 2**24  # of an embedding

_SHA256 = re.compile("[0-9a-f]{64}")
_VARIANT = re.compile("[A-Za-z0-9_]{1,32}")


def is_of_checker(name: str) -> bool:
    """Whether a file of a model, by its name in the folder, is of the safety checker."""
    return name.partition("/")[0] in CHECKER


@dataclass(frozen=True)
class StatisticsFile:
    """The file that an edition's shelves of kind v are read with, pinned: see babelgen/statistics.py.

    sha256: of the file. coordinates: how many values of an embedding are coded, so that keys are counted without it.
    """

    path: Path
    sha256: str
    coordinates: int


@dataclass(frozen=True)
class Edition:
    """One edition, validated.

    codec_name: in CODECS. width, height: pixels. latent_shape: (channels, height, width). scheduler: in SCHEDULERS;
    its noise schedule is the model folder's. steps: the default number. guidance: the classifier-free guidance
    scale, 1 for none. vocabulary: content tokens. length: the text encoder's length, start and end included.
    negative: content ranks of the default negative prompt. files: SHA-256 of each file of the model, empty while
    the edition is provisional. model: the model's folder; source: where on the hub it comes from, if it does.
    variant: of the weights, such as `fp16`, '' for the plain ones. safety_checker: whether the model's own judges
    each picture. words: the file of the entries that random prompts are made of, one a line. exhaustive: the model
    knows no words but those. lengths: weights of prompts of 1, 2, 3 ... entries. statistics: of its embeddings,
    None while nobody fitted them; then it has no shelves of kind v. retired: whether another edition has taken its
    place, so that its keys are still known, but its model need not be there. path: of its TOML.
    """

    name: str
    title: str
    description: str
    codec_name: str
    width: int
    height: int
    latent_shape: tuple[int, int, int]
    scheduler: str
    steps: int
    guidance: float
    vocabulary: int
    length: int
    negative: tuple[int, ...]
    model: Path
    source: Source | None
    variant: str
    safety_checker: bool
    words: Path
    exhaustive: bool
    lengths: tuple[float, ...]
    files: dict[str, str] = field(default_factory=dict, hash=False)
    statistics: StatisticsFile | None = None
    retired: bool = False
    path: Path = field(default=Path(), compare=False)

    @cached_property
    def id(self) -> str:
        """The name and 8 characters of a BLAKE2b hash of what a key means."""
        text = json.dumps(self.meaning(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        digest = hashlib.blake2b(text.encode("ascii"), digest_size=5).digest()
        return f"{self.name}-{write_bytes(digest)}"

    @property
    def provisional(self) -> bool:
        """Whether the model's files are not pinned yet, so that keys may come to mean something else."""
        return not self.files

    def meaning(self) -> dict[str, Any]:
        """What the id is computed from. A field that is added later must be left out where it is absent."""
        meaning = {
            "codec": self.codec_name,
            "files": {name: digest for name, digest in self.files.items() if not is_of_checker(name)},
            "guidance": self.guidance,
            "height": self.height,
            "latents": list(self.latent_shape),
            "length": self.length,
            "name": self.name,
            "negative": list(self.negative),
            "scheduler": self.scheduler,
            "vocabulary": self.vocabulary,
            "width": self.width,
        }
        if self.statistics is not None:
            coordinates, sha256 = self.statistics.coordinates, self.statistics.sha256
            meaning["statistics"] = {"coordinates": coordinates, "sha256": sha256}
        return meaning

    @cached_property
    def codec(self) -> Codec:
        """What reads and draws keys of this edition; UserError where its codec has no keys of this form."""
        return CODECS[self.codec_name](self.key_space())

    def key_space(self) -> KeySpace:
        """The finite library that `babel2` keys address; shelves number prompts whatever the edition's codec."""
        return self._space

    @cached_property
    def _space(self) -> KeySpace:
        coordinates = self.statistics.coordinates if self.statistics else 0
        bare = KeySpace(self.id, self.vocabulary, self.length - 2, self.latent_shape, 0, coordinates)
        negative: Shelf = shelf_of_tokens(self.negative, bare)
        return replace(bare, negative=negative.number)

    def facts(self) -> list[tuple[str, str]]:
        """The edition in words, as (label, value), for pages and for the command line."""
        channels, height, width = self.latent_shape
        return [
            ("Edition", self.id + self._standing()),
            ("Title", self.title),
            ("Codec", self.codec_name),
            ("Picture", f"{self.width} x {self.height} pixels"),
            ("Latents", f"{channels} x {height} x {width}"),
            ("Scheduler", self.scheduler),
            ("Default steps", str(self.steps)),
            ("Guidance scale", f"{self.guidance:g}"),
            ("Vocabulary", f"{self.vocabulary} content tokens, at most {self.length - 2} a prompt"),
            ("Default negative prompt", self._negative_words()),
            *self._model_facts(),
            *self._statistics_facts(),
            *((name, f"SHA-256 {digest}") for name, digest in sorted(self.files.items())),
        ]

    def whereabouts(self) -> str:
        """Where the model's files come from, as a sentence for whoever has the TOML of `document`."""
        if self.source:
            return f"Its model is downloaded when it is needed: {self.source.repository}, revision {self.source.revision}."
        if self.model.is_relative_to(PACKAGE):
            return "Its model comes with the program."
        return f"Its model’s files go into a folder {self._folder()} beside the edition’s file."

    def document(self, statistics: str) -> str:
        """Its TOML for others, comments and all: with its statistics in a file of that name beside it, and where it
        names folders of this machine, with their last names alone. It means the same, and has the same id.
        """
        import tomlkit  # takes a while to load

        try:
            document = tomlkit.parse(self.path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(f"The edition file {self.path} cannot be read again: {error}.") from error
        tables: dict[str, Any] = document
        if self.statistics is not None:
            tables["text"]["statistics"]["file"] = statistics
        if not str(tables["model"].get("path", "package:")).startswith("package:"):
            tables["model"]["path"] = self._folder()
        words = Path(str(tables.get("random", {}).get("words", "")))
        if words.is_absolute():  # any other lies in the model's folder or comes with the program
            tables["random"]["words"] = words.name
        return tomlkit.dumps(document)

    def _folder(self) -> str:
        return self.model.resolve().name or "model"

    def _standing(self) -> str:
        if self.retired:
            return " (retired: another edition has taken its place)"
        return " (provisional: its files are not pinned)" if self.provisional else ""

    def _negative_words(self) -> str:
        return f"the shelf t{write_number(self._space.negative)}" if self.negative else "the empty prompt"

    def _model_facts(self) -> list[tuple[str, str]]:
        facts = (
            [("Model", f"{self.source.repository}, revision {self.source.revision}")] if self.source else []
        )
        facts += [("Weights", self.variant)] if self.variant else []
        return facts + ([("Safety checker", "the model's own")] if self.safety_checker else [])

    def _statistics_facts(self) -> list[tuple[str, str]]:
        if self.statistics is None:
            return []
        return [
            ("Embeddings", f"{self.statistics.coordinates} coded values"),
            ("Statistics", f"SHA-256 {self.statistics.sha256}"),
        ]


def load_edition(name_or_path: str, beside: Path | None = None) -> Edition:
    """The edition of a shipped name, of an id (retired ones too), or of a TOML file (relative ones count from `beside`).

    Raises UserError where there is none or it is not valid.
    """
    return read_edition(find_edition(name_or_path, beside))


def find_edition(name_or_path: str, beside: Path | None = None) -> Path:
    """The TOML file of that edition; UserError where there is none."""
    if name_or_path.endswith(".toml"):
        path = (beside or Path()) / name_or_path
        if not path.is_file():
            raise UserError(f"There is no edition file {path}.")
        return path
    for path in shipped_editions():
        edition = read_edition(path)
        if name_or_path in (edition.name, edition.id):
            return path
    for path in sorted(_retired_folder().glob("*.toml")):
        if name_or_path == read_edition(path).id:
            return path
    known = ", ".join(read_edition(path).id for path in shipped_editions())
    raise UserError(f"There is no edition {name_or_path!r}; shipped ones are {known}, others are TOML files.")


def shipped_editions() -> list[Path]:
    """The TOML files of the editions that come with the program."""
    return sorted(EDITIONS.glob("*.toml"))


def _retired_folder() -> Path:
    """Where the TOML files of retired editions lie."""
    return EDITIONS / "retired"


def read_edition(path: Path) -> Edition:
    """Read and validate an edition's TOML; UserError names the file, the field and what is wrong."""
    top = read_toml(path)
    model, picture, sampler = top.table("model"), top.table("picture"), top.table("sampler")
    text, draws = top.table("text"), top.table("random", optional=True)
    files, statistics = model.table("files", optional=True), text.table("statistics", optional=True)
    folder, source = _model(model, path)
    edition = Edition(
        name=_name(top),
        title=top.text("title", ""),
        description=top.text("description", ""),
        codec_name=top.choice("codec", CODECS),
        width=picture.number("width", low=8, high=LARGEST_PICTURE),
        height=picture.number("height", low=8, high=LARGEST_PICTURE),
        latent_shape=_shape(picture),
        scheduler=sampler.choice("scheduler", SCHEDULERS),
        steps=sampler.number("steps", low=1, high=MAX_STEPS),
        guidance=sampler.real("guidance", low=0.0),
        vocabulary=text.number("vocabulary", low=1, high=LARGEST_VOCABULARY),
        length=text.number("length", low=2, high=LONGEST_PROMPT),
        negative=tuple(text.numbers("negative", [])),
        model=folder,
        source=source,
        variant=_variant(model),
        safety_checker=model.flag("safety_checker", False),
        words=_words(draws, folder),
        exhaustive=draws.flag("exhaustive", False),
        lengths=_weights(draws),
        files={name: files.text(name) for name in files.names()},
        statistics=_statistics(statistics, path) if statistics.names() else None,
        retired=path.resolve().parent == _retired_folder().resolve(),
        path=path,
    )
    for table in (top, model, picture, sampler, text, draws, files, statistics):
        table.refuse_others()
    try:
        edition.key_space()
    except UserError as error:
        raise text.error("negative", f"is refused: {str(error).rstrip('.')}") from error
    if edition.retired and edition.provisional:
        raise model.error("files", "must pin the files of a retired edition")
    try:
        edition.codec  # noqa: B018
    except UserError as error:
        raise top.error("codec", f"does not fit: {str(error).rstrip('.')}") from error
    return edition


def _name(top: Table) -> str:
    name = top.text("name")
    if not is_edition_id(name) or len(name) > LONGEST_NAME:
        raise top.error(
            "name",
            f"must be words of a-z and 0-9 joined by hyphens, at most {LONGEST_NAME} characters, not {name!r}",
        )
    return name


def _weights(draws: Table) -> tuple[float, ...]:
    weights = draws.reals("lengths", [1.0])
    if not weights or min(weights) < 0 or not 0 < sum(weights) < math.inf:
        raise draws.error("lengths", "must be weights of zero or more, and not all of them zero")
    return tuple(weights)


def _shape(picture: Table) -> tuple[int, int, int]:
    shape = picture.numbers("latents")
    if len(shape) != 3 or min(shape) < 1 or math.prod(shape) > MOST_LATENTS:
        raise picture.error(
            "latents",
            f"must be three positive numbers, channels, height and width, of at most {MOST_LATENTS} values together",
        )
    channels, height, width = shape
    return channels, height, width


def _statistics(table: Table, path: Path) -> StatisticsFile:
    sha256 = table.text("sha256")
    if not _SHA256.fullmatch(sha256):
        raise table.error("sha256", f"must be 64 hexadecimal digits in lower case, not {sha256[:80]!r}")
    coordinates = table.number("coordinates", low=1, high=MOST_COORDINATES)
    return StatisticsFile(_place(table.text("file"), path), sha256, coordinates)


def _model(model: Table, path: Path) -> tuple[Path, Source | None]:
    """The model's folder, and where on the hub its files come from."""
    if "repository" not in model.names():
        return _place(model.text("path"), path), None
    if "path" in model.names():
        raise model.error("repository", "is given beside path: a model lies in a folder or on the hub")
    source = Source(model.text("repository"), model.text("revision"))
    if wrong := complaint(source):
        raise model.error(*wrong)
    return snapshot_folder(source), source


def _variant(model: Table) -> str:
    variant = model.text("variant", "")
    if variant and not _VARIANT.fullmatch(variant):
        raise model.error("variant", f"must be letters and digits, such as fp16, not {variant[:80]!r}")
    return variant


def _words(draws: Table, folder: Path) -> Path:
    """A word list comes with the program or with the model."""
    words = draws.text("words", "words.txt")
    return _place(words, folder / "words.txt")


def _place(text: str, path: Path) -> Path:
    """`package:...` lies inside the program; anything else counts from the TOML's own folder."""
    if text.startswith("package:"):
        return PACKAGE / text.removeprefix("package:")
    return path.parent / text
