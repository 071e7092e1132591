"""An edition's file for others: it means the same wherever it lies, and tells of no folder of this machine."""

import shutil
from pathlib import Path

import pytest
import tomlkit

from babelgen.edition import EDITIONS, Edition, read_edition
from babelgen.errors import UserError
from babelgen.statistics import statistics_of

from . import tiny

SHIPPED = sorted(EDITIONS.rglob("*.toml"))


def published(edition: Edition, folder: Path) -> Edition:
    """The edition as somebody has it who took its file away."""
    folder.mkdir()
    place = folder / f"{edition.id}.toml"
    place.write_text(edition.document(f"{edition.id}.npy"), "utf-8")
    return read_edition(place)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_one_keeps_its_id_and_its_meaning(path: Path, tmp_path: Path) -> None:
    edition = read_edition(path)
    other = published(edition, tmp_path / "other")
    assert other.id == edition.id
    assert other.meaning() == edition.meaning()
    assert other.source == edition.source
    assert other.words == edition.words
    comments = [line for line in path.read_text("utf-8").splitlines() if line.startswith("#")]
    assert set(comments) <= set(other.path.read_text("utf-8").splitlines())


def test_one_s_own_is_whole_with_its_statistics_and_its_model_beside_it(
    fitted_edition: Edition, tmp_path: Path
) -> None:
    other = published(fitted_edition, tmp_path / "other")
    assert fitted_edition.statistics is not None
    assert other.statistics is not None
    shutil.copy(fitted_edition.statistics.path, tmp_path / "other" / f"{other.id}.npy")
    assert other.statistics.path == tmp_path / "other" / f"{other.id}.npy"
    assert other.id == fitted_edition.id
    assert (statistics_of(other).mean == statistics_of(fitted_edition).mean).all()
    assert other.model == tmp_path / "other" / fitted_edition.model.name
    assert fitted_edition.whereabouts().endswith(
        f"into a folder {other.model.name} beside the edition’s file."
    )
    assert str(fitted_edition.model.parent) not in other.path.read_text("utf-8")


def test_folders_of_this_machine_are_not_told(tmp_path: Path) -> None:
    fields = tiny.edition_fields(tmp_path / "secret/models/mine")
    fields["random"] = {**fields.get("random", {}), "words": str(tmp_path / "secret/words.txt")}
    edition = read_edition(tiny.write_edition(tmp_path / "e.toml", fields))
    text = edition.document("e.npy")
    assert "secret" not in text
    tables = tomlkit.parse(text).unwrap()
    assert (tables["model"]["path"], tables["random"]["words"]) == ("mine", "words.txt")
    assert published(edition, tmp_path / "other").id == edition.id


def test_a_word_list_of_the_model_s_folder_stays_there(tmp_path: Path) -> None:
    fields = tiny.edition_fields(Path("model"))
    fields["random"] = {**fields.get("random", {}), "words": "lists/words.txt"}
    edition = read_edition(tiny.write_edition(tmp_path / "e.toml", fields))
    assert tomlkit.parse(edition.document("e.npy")).unwrap()["random"]["words"] == "lists/words.txt"


def test_it_says_where_the_model_comes_from() -> None:
    told = {path.stem: read_edition(path).whereabouts() for path in SHIPPED}
    assert told["mini"] == "Its model comes with the program."
    assert told["sd15"].startswith("Its model is downloaded when it is needed: ")
    source = read_edition(EDITIONS / "sd15.toml").source
    assert source is not None
    assert source.revision in told["sd15"]


def test_a_file_that_has_gone_is_told(tmp_path: Path) -> None:
    edition = read_edition(tiny.write_edition(tmp_path / "e.toml", tiny.edition_fields(Path("model"))))
    edition.path.unlink()
    with pytest.raises(UserError, match=r"The edition file .* cannot be read again"):
        edition.document("e.npy")
