"""The log: what happened to a library, a line each, from all processes that render into it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

LOG = "log.jsonl"


def open_log(root: Path) -> Callable[[str], None]:
    """A function that adds a line to a library's log. Nothing depends on it: a disk that refuses is not told of."""

    def write(line: str) -> None:
        with contextlib.suppress(OSError):
            handle = os.open(root / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                os.write(handle, line.encode("utf-8", "backslashreplace") + b"\n")
            finally:
                os.close(handle)

    return write
