"""The explorer's tensors: read where they are what they should be, and nothing in a file is ever run."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from babelgen.diffusion.explorer import drawn_noise, load_tensor
from babelgen.errors import UserError

SHAPE = (1, 4, 4, 8)


def saved(path: Path, values: Any) -> Path:
    torch.save(values, path)
    return path


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.bfloat16])
def test_a_tensor_is_read_as_it_is(dtype: torch.dtype, tmp_path: Path) -> None:
    noise = torch.randn(SHAPE, generator=torch.Generator().manual_seed(1)).to(dtype)
    path = saved(tmp_path / "a.pt", {"latent_noise": noise, "image_embed": torch.zeros(1)})
    read = load_tensor(path, "latent_noise", SHAPE)
    assert read.dtype == np.float32
    assert np.array_equal(read, noise.float().numpy())


class Evil:
    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.place,))


def test_a_pickle_is_not_run(tmp_path: Path) -> None:
    hacked = tmp_path / "hacked"
    evil = {"latent_noise": Evil(hacked)}
    torch.save(evil, tmp_path / "evil.pt")
    (tmp_path / "old.pt").write_bytes(pickle.dumps(evil))
    for name in ("evil.pt", "old.pt"):
        with pytest.raises(UserError, match="is no file of tensors alone"):
            load_tensor(tmp_path / name, "latent_noise", SHAPE)
    assert not hacked.exists()
    # The file would do it, were it loaded as pickles are.
    torch.load(tmp_path / "evil.pt", weights_only=False)
    assert hacked.exists()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (torch.zeros(SHAPE), "lacks latent_noise"),
        ({"prompt_embed": torch.zeros(SHAPE)}, "lacks latent_noise"),
        ({"latent_noise": [1.0]}, "is no tensor of floats"),
        ({"latent_noise": torch.zeros(SHAPE, dtype=torch.int64)}, "is no tensor of floats"),
        ({"latent_noise": torch.zeros(SHAPE).to_sparse()}, "is no tensor of floats"),
        (
            {"latent_noise": torch.zeros(1, 4, 8, 4)},
            r"must have the shape \(1, 4, 4, 8\), not \(1, 4, 8, 4\)",
        ),
        # A view of one value that claims to be of 10^12.
        ({"latent_noise": torch.zeros(1).expand(1_000_000, 1_000_000)}, "must have the shape"),
        ({"latent_noise": torch.full(SHAPE, torch.nan)}, "has values that are no numbers"),
    ],
)
def test_anything_else_is_refused(values: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        load_tensor(saved(tmp_path / "a.pt", values), "latent_noise", SHAPE)


def test_what_is_packed_too_tightly_is_refused(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "bomb.pt", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("a/data.pkl", "w") as member,
    ):
        for _ in range(257):
            member.write(bytes(2**20))
    with pytest.raises(UserError, match="holds more than 268435456 bytes"):
        load_tensor(tmp_path / "bomb.pt", "latent_noise", SHAPE)


@pytest.mark.parametrize("data", [b"", b"PK", b"hello", b"\x80\x02}q\x00."])
def test_a_broken_file_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(data)
    with pytest.raises(UserError, match="is no file of tensors alone"):
        load_tensor(tmp_path / "a.pt", "latent_noise", SHAPE)


def test_noise_is_what_torch_draws() -> None:
    drawn = drawn_noise(42, 3, (4, 4, 8))
    assert np.array_equal(
        drawn, torch.randn((3, 4, 4, 8), generator=torch.Generator("cpu").manual_seed(42)).numpy()
    )
    # Drawn in float16 it is the same but for rounding, so that it does not matter which the explorer drew in.
    half = torch.randn((3, 4, 4, 8), generator=torch.Generator("cpu").manual_seed(42), dtype=torch.float16)
    assert np.abs(drawn - half.float().numpy()).max() < 0.004
