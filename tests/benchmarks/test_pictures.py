"""The measurement of a picture's time and size."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "benchmarks/pictures.py"


def test_it_measures_real_pictures() -> None:
    command = [sys.executable, PROGRAM, "--count", "1", "--json"]
    said = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=300).stdout)
    assert said["pictures"] == 1
    assert said["seconds_a_picture"] > 0
    assert said["startup_seconds"] > 0
    assert 5 < said["kilobytes_a_picture"] < 500
