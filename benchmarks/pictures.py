"""Seconds a picture: the whole farm with `mini` on this machine, decoding and writing included.

python benchmarks/pictures.py [--count 48] [--json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from babelgen.commands.render import make_engine
from babelgen.engines import Outcome, Ready
from babelgen.engines.local import core_count
from babelgen.farm import Progress, render_library
from babelgen.library import load_library

RECIPE = '[[collection]]\nname = "sample"\nkind = "random"\nseed = 1\ncount = {count}\n'


class Clock(Progress):
    """Notes when the first worker was ready."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.ready = 0.0

    def advanced(self, outcome: Outcome) -> None:
        """The first worker that is ready ends the start-up."""
        if isinstance(outcome, Ready) and not self.ready:
            self.ready = time.perf_counter()


def main() -> None:
    """Render a random sample into a temporary library, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=48, help="pictures")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "library.toml").write_text(RECIPE.format(count=arguments.count))
        clock = Clock()
        render_library(load_library(root), make_engine("local", None), clock)
        end = time.perf_counter()
        kilobytes = sum(f.stat().st_size for f in root.rglob("*.*") if f.suffix in (".png", ".webp")) / 1024
    result = {
        "pictures": arguments.count,
        "workers": core_count(),
        "startup_seconds": round(clock.ready - clock.start, 2),
        "seconds_a_picture": round((end - clock.ready) / arguments.count, 3),
        "kilobytes_a_picture": round(kilobytes / arguments.count, 1),
    }
    if arguments.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name.replace('_', ' '):<22}{value}")


if __name__ == "__main__":
    main()
