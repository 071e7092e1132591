"""Settings: what many commands are told alike: how pictures are computed, and by whom, and where a collection goes.

Law: what stands in a Setting may change bits, and is part of a picture's profile; what stands in a Run beside it may not.
May import: the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Setting:
    """How pictures are computed.

    device: `cpu` or `cuda`; a worker that has a GPU of its own is told `cuda:N`, and `auto` is what users may say: see
    `engines.devices`, and `engines.ray`, where the cluster decides. precision: what the networks compute in, `float32`,
    `bfloat16` or `float16`; None for float32 on a CPU and float16 on a GPU. compiled: whether the UNet is. slots: how
    many pictures a batch holds; None for as many as suit the device.
    """

    device: str = "cpu"
    precision: str | None = None
    compiled: bool = False
    slots: int | None = None

    @property
    def on_gpu(self) -> bool:
        """Whether the device is a GPU."""
        return self.device.startswith("cuda")


ON_CPU = Setting()


@dataclass(frozen=True)
class Run:
    """How pictures are rendered: by which engine, in how many worker processes, and computed how."""

    engine: str = "local"
    workers: int | None = None
    setting: Setting = ON_CPU


@dataclass(frozen=True)
class Destination:
    """Where a collection goes that a command adds, and what it is called there; None for what follows from it.

    library: the folder. name, title: the collection's. edition: a shipped one's name, or a TOML file. only: it is not
    rendered yet.
    """

    library: Path | None = None
    name: str | None = None
    title: str | None = None
    edition: str | None = None
    only: bool = False
