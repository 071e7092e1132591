"""Editions: the id follows from what keys mean and from nothing else; a file that is wrong is refused."""

import pickle
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from babelgen.edition import (
    Edition,
    StatisticsFile,
    load_edition,
    read_edition,
    shipped_editions,
)
from babelgen.errors import UserError
from babelgen.keys import is_edition_id
from babelgen.weights import check_files

from . import tiny

Fields = dict[str, Any]
Change = Callable[[Fields], object]

FILES = {"unet/diffusion_pytorch_model.safetensors": "ab" * 32, "vae/config.json": "cd" * 32}


STATISTICS = {"file": "e.npy", "sha256": "ef" * 32, "coordinates": 9}


def fields() -> Fields:
    base = tiny.edition_fields(Path("model"))
    base["model"]["files"] = dict(FILES)
    return base


def edition(folder: Path, change: Change = lambda _: None) -> Edition:
    """The edition of the tiny fields with a change."""
    changed = deepcopy(fields())
    change(changed)
    return read_edition(tiny.write_edition(folder / "e.toml", changed))


def setting(path: str, value: object) -> Change:
    """A change of one field, `table.name` or `name`."""
    *tables, name = path.split(".")

    def change(changed: Fields) -> None:
        for table in tables:
            changed = changed[table]
        changed[name] = value

    return change


def without(path: str) -> Change:
    """A change that takes one field away."""
    *tables, name = path.split(".")

    def change(changed: Fields) -> None:
        for table in tables:
            changed = changed[table]
        del changed[name]

    return change


def test_the_fields_are_read(tmp_path: Path) -> None:
    read = edition(tmp_path)
    assert (read.name, read.title, read.codec.name, read.width, read.height) == (
        "tiny",
        "Tiny",
        "babel2",
        16,
        8,
    )
    assert (read.latent_shape, read.scheduler, read.steps, read.guidance) == ((4, 4, 8), "ddim", 3, 3.0)
    assert (read.vocabulary, read.length, read.negative) == (826, 16, ())
    assert (read.words, read.lengths, read.files) == (read.model / "words.txt", (1.0, 2.0, 1.0), FILES)
    assert read.model == tmp_path / "model"
    assert not read.provisional


def test_an_id_is_the_name_and_eight_digits(tmp_path: Path) -> None:
    read = edition(tmp_path)
    name, _, digits = read.id.rpartition("-")
    assert (name, len(digits)) == ("tiny", 8)
    assert is_edition_id(read.id)
    assert read.key_space().edition == read.id


def test_the_id_of_these_fields_is_for_ever(tmp_path: Path) -> None:
    assert edition(tmp_path, setting("text.vocabulary", 739)).id == "tiny-2x3ptcqg"


SAME: list[Change] = [
    setting("title", "Another title"),
    without("title"),
    setting("description", "Another description."),
    setting("model.path", "elsewhere"),
    setting("random", {"words": "other.txt", "lengths": [9.0]}),
    without("random"),
    setting("sampler.steps", 50),  # the number of steps is part of each key
    setting("sampler.guidance", 3),
    setting("text.negative", []),
    setting("model.files", dict(reversed(FILES.items()))),
]


@pytest.mark.parametrize("change", SAME)
def test_what_keys_do_not_mean_leaves_the_id(tmp_path: Path, change: Change) -> None:
    assert edition(tmp_path, change).id == edition(tmp_path).id


OTHER: list[Change] = [
    setting("name", "tinier"),
    setting("picture.width", 24),
    setting("picture.height", 16),
    setting("picture.latents", [4, 8, 4]),
    setting("sampler.guidance", 3.5),
    setting("text.vocabulary", 738),
    setting("text.length", 17),
    setting("text.negative", [5]),
    setting("text.negative", [5, 5]),
    without("model.files"),
    setting("model.files", {**FILES, "vae/config.json": "ce" * 32}),
    setting("model.files", {**FILES, "more.json": "ab" * 32}),
    setting("text.statistics", STATISTICS),
    setting("text.statistics", {**STATISTICS, "sha256": "12" * 32}),
    setting("text.statistics", {**STATISTICS, "coordinates": 8}),
]


def test_whatever_keys_mean_is_in_the_id(tmp_path: Path) -> None:
    ids = [edition(tmp_path).id, *(edition(tmp_path, change).id for change in OTHER)]
    assert len(set(ids)) == len(ids)


def test_every_meaningful_field_was_tried(tmp_path: Path) -> None:
    """A field that is added to the meaning must be added to the changes above."""
    plain = edition(tmp_path)
    tried = {
        name
        for change in OTHER
        for name, value in edition(tmp_path, change).meaning().items()
        if value != plain.meaning().get(name)
    }
    assert tried | {"codec", "scheduler"} == {
        *plain.meaning(),
        "statistics",
    }  # of schedulers there is only one; for codecs see below


def archive(changed: Fields) -> None:
    """The change that makes the form of the archive's keys."""
    changed["picture"]["latents"] = [4, 52, 80]
    changed["text"]["length"] = 77


def test_the_codec_is_in_the_id(tmp_path: Path) -> None:
    def lob1(changed: Fields) -> None:
        archive(changed)
        changed["codec"] = "lob1"

    plain, other = edition(tmp_path, archive), edition(tmp_path, lob1)
    assert (plain.codec.name, other.codec.name) == ("babel2", "lob1")
    assert plain.id != other.id
    assert dict(other.facts())["Codec"] == "lob1"


@pytest.mark.parametrize("change", [setting("picture.latents", [4, 80, 52]), setting("text.length", 76)])
def test_the_archives_codec_has_one_form(tmp_path: Path, change: Change) -> None:
    def lob1(changed: Fields) -> None:
        archive(changed)
        change(changed)
        changed["codec"] = "lob1"

    with pytest.raises(UserError, match=r"e\.toml: codec does not fit: Keys of codec lob1 hold latents of"):
        edition(tmp_path, lob1)


def test_the_edition_of_the_archive_is_shipped_and_needs_no_model() -> None:
    shipped = load_edition("sd15-lob")
    assert (shipped.codec.name, shipped.provisional, shipped.files) == ("lob1", True, {})
    assert (shipped.latent_shape, shipped.width, shipped.height) == ((4, 52, 80), 640, 416)
    assert (shipped.vocabulary, shipped.length, shipped.guidance) == (49_406, 77, 1.0)
    assert load_edition(shipped.id) == shipped
    with pytest.raises(UserError, match=f"^The model of edition {shipped.id} is not at "):
        check_files(shipped)


@pytest.mark.parametrize("name", ["sd15", "sd-turbo"])
def test_other_shipped_editions_come_from_the_hub_at_one_revision(name: str) -> None:
    """They draw random prompts from a word list that comes with the program, and know other words too."""
    shipped = load_edition(name)
    assert shipped.source is not None
    assert len(shipped.source.revision) == 40
    assert (shipped.provisional, shipped.exhaustive, shipped.vocabulary) == (True, False, 49_406)
    assert shipped.words.is_file()


def test_where_a_model_comes_from_and_what_judges_its_pictures_are_not_part_of_the_id(tmp_path: Path) -> None:
    plain = edition(tmp_path)
    assert edition(tmp_path, setting("model.safety_checker", True)).id == plain.id
    source = {"repository": "somebody/tiny", "revision": "0" * 40, "files": FILES}
    assert edition(tmp_path, setting("model", source)).id == plain.id


def test_an_edition_without_hashes_is_provisional(tmp_path: Path) -> None:
    read = edition(tmp_path, without("model.files"))
    assert read.provisional
    assert "provisional" in dict(read.facts())["Edition"]


def test_the_default_negative_prompt_is_a_shelf(tmp_path: Path) -> None:
    assert edition(tmp_path).key_space().negative == 0
    assert edition(tmp_path, setting("text.negative", [5, 0])).key_space().negative == 6 * 826 + 1


def test_the_id_of_these_fields_with_statistics_is_for_ever(tmp_path: Path) -> None:
    def fitted(statistics: object) -> Change:
        return lambda fields: fields["text"].update(vocabulary=739, statistics=statistics)

    assert edition(tmp_path, fitted(STATISTICS)).id == "tiny-5fw8n27e"
    assert edition(tmp_path, fitted({**STATISTICS, "file": "elsewhere/f.npy"})).id == "tiny-5fw8n27e"


def test_statistics_are_read_and_make_shelves_without_their_file(tmp_path: Path) -> None:
    plain, fitted = edition(tmp_path), edition(tmp_path, setting("text.statistics", STATISTICS))
    assert plain.statistics is None
    assert fitted.statistics == StatisticsFile(tmp_path / "e.npy", "ef" * 32, 9)
    assert (plain.key_space().embeddings, fitted.key_space().embeddings) == (0, 2**108)
    assert fitted.key_space().negative == plain.key_space().negative
    told = dict(fitted.facts())
    assert (told["Embeddings"], told["Statistics"]) == ("9 coded values", "SHA-256 " + "ef" * 32)
    assert not {"Embeddings", "Statistics"} & {label for label, _ in plain.facts()}


REFUSED: list[tuple[Change, str]] = [
    (without("name"), "name is missing"),
    (setting("name", ""), "name must be"),
    (setting("name", "Tiny"), "name must be"),
    (setting("name", "tiny edition"), "name must be"),
    (setting("name", "-tiny"), "name must be"),
    (setting("name", "t" * 56), "name must be"),
    (setting("codec", "lob9"), "codec must be one of babel2, lob1, not 'lob9'"),
    (without("picture"), "picture is missing"),
    (setting("picture.width", 7), "picture.width must be at least 8, not 7"),
    (setting("picture.width", 16384), "picture.width must be at most 16383"),
    (setting("picture.height", 0), "picture.height must be at least 8"),
    (setting("picture.latents", [4, 4]), "picture.latents must be three"),
    (setting("picture.latents", [4, 0, 4]), "picture.latents must be three"),
    (setting("picture.latents", [4, 10**9, 10**9]), "picture.latents must be three"),
    (setting("picture.latents", [4, 4, 6.5]), "picture.latents must be a list of whole numbers"),
    (setting("picture.depth", 3), "picture.depth is not known here"),
    (setting("sampler.scheduler", "euler"), "sampler.scheduler must be one of ddim"),
    (setting("sampler.steps", 0), "sampler.steps must be at least 1"),
    (setting("sampler.steps", 65), "sampler.steps must be at most 64"),
    (setting("sampler.guidance", -1.0), "sampler.guidance must be at least"),
    (setting("sampler.guidance", float("nan")), "sampler.guidance must be a finite number"),
    (setting("sampler.guidance", "3"), "sampler.guidance must be a number"),
    (setting("text.vocabulary", 0), "text.vocabulary must be at least 1"),
    (setting("text.vocabulary", 10**12), "text.vocabulary must be at most"),
    (setting("text.length", 1), "text.length must be at least 2"),
    (setting("text.length", 10**9), "text.length must be at most"),
    (setting("text.negative", [826]), "text.negative is refused: Token 1 is 826"),
    (setting("text.negative", [-1]), "text.negative is refused"),
    (setting("text.negative", [1] * 15), "text.negative is refused: The prompt has 15 tokens"),
    (setting("text.statistics", 5), "text.statistics must be a table"),
    (setting("text.statistics", {"file": "e.npy"}), "text.statistics.sha256 is missing"),
    (
        setting("text.statistics", {**STATISTICS, "sha256": "EF" * 32}),
        "text.statistics.sha256 must be 64 hex",
    ),
    (setting("text.statistics", {**STATISTICS, "sha256": "ef"}), "text.statistics.sha256 must be 64 hex"),
    (
        setting("text.statistics", {**STATISTICS, "coordinates": 0}),
        "text.statistics.coordinates must be at least",
    ),
    (
        setting("text.statistics", {**STATISTICS, "coordinates": 2**25}),
        "text.statistics.coordinates must be at m",
    ),
    (setting("text.statistics", {**STATISTICS, "more": 0}), "text.statistics.more is not known here"),
    (setting("random.lengths", []), "random.lengths must be"),
    (setting("random.lengths", [0.0, 0.0]), "random.lengths must be"),
    (setting("random.lengths", [1.0, -1.0]), "random.lengths must be"),
    (setting("random.lengths", [float("inf")]), "random.lengths must be"),
    (setting("random.word", "x"), "random.word is not known here"),
    (without("model.path"), "model.path is missing"),
    (setting("model.files", {"a.json": 5}), "model.files.a.json must be a text in quotes"),
    (setting("extra", 1), "extra is not known here"),
]


@pytest.mark.parametrize(("change", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_a_wrong_field_is_named(tmp_path: Path, change: Change, told: str) -> None:
    with pytest.raises(UserError) as refused:
        edition(tmp_path, change)
    assert str(refused.value).startswith(f"{tmp_path / 'e.toml'}: {told}")
    assert len(str(refused.value).removeprefix(str(tmp_path))) < 250


@pytest.mark.parametrize("change", [lambda _: None, setting("text.statistics", STATISTICS)])
def test_an_edition_travels_to_a_worker(tmp_path: Path, change: Change) -> None:
    read = edition(tmp_path, change)
    travelled = pickle.loads(pickle.dumps(read))
    assert (travelled, travelled.id, hash(travelled)) == (read, read.id, hash(read))


def test_shipped_editions_are_valid_and_found_by_name_and_id() -> None:
    names = [path.stem for path in shipped_editions()]
    assert "mini" in names
    for name in names:
        shipped = load_edition(name)
        assert shipped.name == name
        assert load_edition(shipped.id) == shipped


def test_an_edition_file_counts_from_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    tiny.write_edition(tmp_path / "e.toml", fields())
    assert load_edition("../e.toml", tmp_path / "below") == read_edition(tmp_path / "below/../e.toml")
    assert load_edition(str(tmp_path / "e.toml"), tmp_path / "below") == read_edition(tmp_path / "e.toml")


@pytest.mark.parametrize("name", ["nowhere", "mini-00000000", "", "nowhere.toml"])
def test_an_edition_that_is_not_there_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^There is no edition"):
        load_edition(name, tmp_path)
