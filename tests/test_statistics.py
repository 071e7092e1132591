"""The statistics file: what is written is read, and only what the edition pins."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from babelgen.edition import Edition, load_edition
from babelgen.errors import UserError
from babelgen.keys import Address, Shelf, Statistics, format_key, parse_key
from babelgen.statistics import read_statistics, statistics_of, write_statistics

from . import tiny
from .keys.spaces import DEVIATION, MEAN, STATISTICS

SHA256 = "7f47bb37c49ef8f82cf8322e861e7a69dfdb361e807c0ed39a4ae44003143161"


def fitted(folder: Path, statistics: Statistics, **changes: Any) -> Edition:
    """An edition with these statistics, and changes of what its TOML says of them."""
    fields = tiny.fit(folder, tiny.edition_fields(Path("model")), statistics)
    fields["text"] |= {"length": len(statistics.mean)}
    fields["text"]["statistics"] |= changes
    return load_edition(str(tiny.write_edition(folder / "e.toml", fields)))


def test_the_files_form_is_for_ever() -> None:
    data = write_statistics(STATISTICS)
    assert len(data) == 128 + 2 * 2 * 6 * 4
    assert data[-48:] == np.array(DEVIATION, "<f4").tobytes()
    assert data[-96:-48] == np.array(MEAN, "<f4").tobytes()
    assert hashlib.sha256(data).hexdigest() == SHA256


def test_what_is_written_is_read() -> None:
    read = read_statistics(write_statistics(STATISTICS))
    assert read.mean.tobytes() == STATISTICS.mean.tobytes()
    assert read.deviation.tobytes() == STATISTICS.deviation.tobytes()
    assert read.coordinates == STATISTICS.coordinates


def test_an_editions_statistics_are_loaded_once(tmp_path: Path) -> None:
    edition = fitted(tmp_path, STATISTICS)
    assert statistics_of(edition).deviation.tobytes() == STATISTICS.deviation.tobytes()
    assert statistics_of(edition) is statistics_of(edition)


def test_keys_are_read_without_the_file(tmp_path: Path) -> None:
    edition = fitted(tmp_path, STATISTICS)
    (tmp_path / "statistics.npy").unlink()
    address = Address(3, Shelf("v", 2**96 - 1), 0)
    space = edition.key_space()
    assert parse_key(format_key(address, space), space) == address


def refusal(edition: Edition) -> str:
    with pytest.raises(UserError) as refused:
        statistics_of(edition)
    return str(refused.value)


def test_an_edition_without_statistics_is_told(tmp_path: Path) -> None:
    path = tiny.write_edition(tmp_path / "e.toml", tiny.edition_fields(Path("model")))
    edition = load_edition(str(path))
    assert refusal(edition) == f"Edition {edition.id} has no statistics to read embeddings with."


def test_another_file_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    edition, file = fitted(tmp_path, STATISTICS), tmp_path / "statistics.npy"
    where = f"The statistics of edition {edition.id} in {file}"
    data = file.read_bytes()
    for other in (data[:-1], data[:-1] + bytes([data[-1] ^ 1]), data + b"\0", b""):
        file.write_bytes(other)
        assert refusal(edition) == f"{where} are not the ones that it was made with."
    file.unlink()
    assert refusal(edition) == f"{where} cannot be read: No such file or directory."


def saved(array: Any, **options: Any) -> bytes:
    import io

    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def vast() -> bytes:
    """A small file whose header claims more than there can be."""
    return saved(np.zeros((2, 2, 6), "<f4")).replace(b"(2, 2, 6), }         ", b"(2, 2, 6666666666), }")


WRONG = [
    (b"", "it is no NumPy file"),
    (b"statistics", "it is no NumPy file"),
    (saved(np.array([{}], object), allow_pickle=True), "it is no NumPy file"),
    (write_statistics(STATISTICS)[:-1], "it is no NumPy file"),
    (vast(), "it is no NumPy file"),
    (saved(np.zeros((2, 2, 6))), "it does not hold two arrays of float32"),
    (saved(np.zeros((3, 2, 6), "<f4")), "it does not hold two arrays of float32"),
    (saved(np.zeros((2, 12), "<f4")), "it does not hold two arrays of float32"),
    (saved(np.full((2, 2, 6), np.nan, "<f4")), "a mean or a deviation is too large, or is no number"),
    (saved(np.full((2, 2, 6), -1, "<f4")), "a deviation is below zero, or too small"),
]


@pytest.mark.parametrize(("data", "told"), WRONG)
def test_a_pinned_file_of_another_form_is_refused(tmp_path: Path, data: bytes, told: str) -> None:
    edition = fitted(tmp_path, STATISTICS, sha256=hashlib.sha256(data).hexdigest())
    (tmp_path / "statistics.npy").write_bytes(data)
    assert f"in {tmp_path / 'statistics.npy'} cannot be read: {told}" in refusal(edition)


def test_statistics_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    assert refusal(fitted(tmp_path, STATISTICS, coordinates=9)).endswith(
        " are of 2 tokens and 8 coded values, not 2 and 9."
    )
    fields = tiny.fit(tmp_path, tiny.edition_fields(Path("model")), STATISTICS)
    edition = load_edition(str(tiny.write_edition(tmp_path / "e.toml", fields)))
    assert refusal(edition).endswith(" are of 2 tokens and 8 coded values, not 16 and 8.")
