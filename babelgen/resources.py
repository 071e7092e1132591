"""Where the files that come with the program lie: in a checkout at its top, in a wheel inside the package.

May import: the standard library.
"""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
EDITIONS = PACKAGE / "editions"


def shipped(name: str) -> Path:
    """The shipped folder or file `name` (`templates`, `libraries`)."""
    inside = PACKAGE / name
    return inside if inside.exists() else PACKAGE.parent / name
