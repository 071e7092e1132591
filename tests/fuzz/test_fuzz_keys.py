"""The fuzz target holds on some thousand drawn inputs, and what it makes of them gets to every judgement."""

import random

from . import fuzz_keys


def test_drawn_inputs_are_refused_or_are_keys() -> None:
    rng = random.Random(2)
    for _ in range(2000):
        fuzz_keys.one_input(rng.randbytes(rng.randrange(60)))
    assert min(fuzz_keys.counts.values()) > 20, fuzz_keys.counts


def test_every_way_takes_an_empty_input() -> None:
    fuzz_keys.one_input(b"")
    for way in range(len(fuzz_keys.WAYS)):
        fuzz_keys.one_input(bytes([way]))
