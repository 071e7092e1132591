"""Devices: which of those that users may name there are.

Law: torch is never loaded here, since the process that hands out work has no use for it. What it knows of GPUs another
process asks it, once, and only where there is a driver: a machine without one waits for nothing.
"""

from __future__ import annotations

import functools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from babelgen.errors import UserError
from babelgen.settings import Setting

DRIVERS = (Path("/dev/nvidiactl"), Path("/dev/dxg"))  # NVIDIA's own on Linux, and under Windows' Linux
_ASK = "import torch; print(torch.cuda.device_count() if torch.cuda.is_available() else 0)"


def choose_device(setting: Setting) -> Setting:
    """The same setting with `auto` decided: a GPU where there is one. UserError where one is asked for and missing."""
    if setting.device == "auto":
        return replace(setting, device="cuda" if gpu_count() else "cpu")
    if setting.on_gpu and not gpu_count():
        raise UserError(
            "There is no GPU that torch can use: --device cuda needs NVIDIA's driver, and torch built for CUDA."
        )
    return setting


@functools.cache
def gpu_count() -> int:
    """How many GPUs torch can use."""
    if not any(driver.exists() for driver in DRIVERS):
        return 0
    asked = subprocess.run([sys.executable, "-c", _ASK], capture_output=True, text=True, check=False)
    return int(asked.stdout) if asked.returncode == 0 else 0
