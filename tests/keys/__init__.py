"""Tests of babelgen.keys; they mirror its files and use no torch, no network and no clock."""
