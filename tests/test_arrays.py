"""Files of arrays: what was written is read, and whatever else is in a file is told in one sentence."""

import contextlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelgen.arrays import LARGEST, read_arrays, write_arrays
from babelgen.errors import UserError

from .keys.spaces import relaxed

ARRAYS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.array(7),
    "c": np.zeros((0, 4), np.int16),
}
KNOWN = ("a", "b", "c")


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as refused:
        read_arrays(str(path), KNOWN)
    assert len(str(refused.value).replace(str(path), "")) < 200
    return str(refused.value).replace(str(path), "FILE")


def archive(path: Path, *members: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members:
            file.writestr(name, data)
    return path


def npy(values: object) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(values))
    return file.getvalue()


def test_what_was_written_is_read(tmp_path: Path) -> None:
    data = write_arrays(ARRAYS)
    assert data == write_arrays(ARRAYS)
    (tmp_path / "x.npz").write_bytes(data)
    read = read_arrays(str(tmp_path / "x.npz"), KNOWN)
    assert list(read) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert np.array_equal(read[name], array)
        assert read[name].dtype == array.dtype


@pytest.mark.parametrize(
    "values", [np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(3, dtype=">f4")]
)
def test_numpys_own_files_are_read(tmp_path: Path, values: np.ndarray) -> None:
    np.savez_compressed(tmp_path / "x.npz", a=values)
    assert np.array_equal(read_arrays(str(tmp_path / "x.npz"), KNOWN)["a"], values)


def test_what_is_no_file_of_arrays_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    assert refusal(path) == "The file FILE cannot be read: No such file or directory."
    assert refusal(tmp_path).endswith("cannot be read: Is a directory.")
    for data in (b"", b"babel2:", bytes(range(256)), npy([1.0])):
        path.write_bytes(data)
        assert refusal(path) == "FILE is no NumPy archive of arrays (.npz)."


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    with path.open("wb") as file:
        file.truncate(2**30)
    assert refusal(path) == f"FILE is longer than {LARGEST} bytes, and no file of a key's parts is."


def test_what_is_wrong_with_an_array_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    broken = "The array a in FILE cannot be read: it is broken, or too large."
    np.savez(path, a=np.array([{}], dtype=object))
    assert refusal(path) == "The array a in FILE holds Python objects, not numbers."
    assert refusal(archive(path, ("d.npy", npy(1)))) == "FILE has 'd', and may have only a, b, c."
    assert refusal(archive(path, ("../a.npy", npy(1)))) == "FILE has '../a', and may have only a, b, c."
    assert refusal(archive(path, ("a", npy(1)))) == broken
    assert refusal(archive(path, ("a.npy", b"text"))) == broken
    assert refusal(archive(path, ("a.npy", npy([1, 2, 3])[:-1]))) == broken
    assert refusal(archive(path, ("a.npy", npy([1, 2, 3]) + b"0"))) == broken
    for shape in (b"(9000000000000000,)", b"(-1, -3)", b"(" * 300, b"-" * 9000 + b"1"):
        header = b"{'descr': '<i8', 'fortran_order': False, 'shape': " + shape + b", }\n"
        data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(24)
        assert refusal(archive(path, ("a.npy", data))) == broken
    with pytest.warns(UserWarning, match="Duplicate name"):
        archive(path, ("a.npy", npy(1)), ("a.npy", npy(2)))
    assert refusal(path) == "FILE has the array a twice."


@relaxed
@given(st.data())
def test_damage_is_told_or_does_no_harm(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = bytearray(write_arrays(ARRAYS))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)) | st.just(len(whole)))])
    with contextlib.suppress(UserError):
        read_arrays(str(path), KNOWN)
