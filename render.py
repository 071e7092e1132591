#!/usr/bin/env python3
"""The render farm's command line; `babelgen` is the same command where the package is installed."""

from babelgen.cli import entry_point

if __name__ == "__main__":
    entry_point()
