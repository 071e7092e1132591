"""The recipe of the normal table, in exact enough arithmetic: 50 decimal digits, standard library only.

`python -m tests.keys.normal_recipe --write` (from the repository's root) writes the shipped table again; the
tests compare it with the recipe. Changing the table would change every picture of every `babel2` key.
"""

import sys
from decimal import Decimal, getcontext, localcontext
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist

import numpy as np

import babelgen.keys

CELLS = 4096
DIGITS = 50
PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494")
SHIPPED = Path(babelgen.keys.__file__).with_name("normal_table.npy")


def exact_table() -> list[Decimal]:
    """T[0] .. T[4095]: CELLS * (pdf(a) - pdf(b)) of each cell [a, b), scaled to unit variance."""
    with localcontext() as context:
        context.prec = DIGITS
        densities = [_pdf(_quantile(k)) for k in range(CELLS // 2, CELLS)] + [Decimal(0)]
        upper = [CELLS * (a - b) for a, b in pairwise(densities)]
        deviation = (sum((mean * mean for mean in upper), Decimal(0)) * 2 / CELLS).sqrt()
        scaled = [mean / deviation for mean in upper]
        return [-value for value in reversed(scaled)] + scaled


def _pdf(x: Decimal) -> Decimal:
    return (-x * x / 2).exp() / (2 * PI).sqrt()


def _upper_cdf(x: Decimal) -> Decimal:
    """cdf(x) - 1/2, by the series pdf(x) * sum of x^(2j+1) / (2j+1)!!."""
    term = total = x
    odd = 1
    while term > Decimal(10) ** -getcontext().prec:
        odd += 2
        term *= x * x / odd
        total += term
    return _pdf(x) * total


def _quantile(k: int) -> Decimal:
    """The border below cell k of the upper half, by two Newton steps from a float64 (1e-16 to 1e-50)."""
    x = Decimal(NormalDist().inv_cdf(k / CELLS))
    for _ in range(2):
        x -= (_upper_cdf(x) - (Decimal(k) / CELLS - Decimal("0.5"))) / _pdf(x)
    return x


def main(arguments: list[str]) -> None:
    """Write the table, only when told so by --write."""
    if arguments != ["--write"]:
        raise SystemExit("usage: python -m tests.keys.normal_recipe --write")
    np.save(SHIPPED, np.array([float(value) for value in exact_table()], dtype="<f4"))


if __name__ == "__main__":
    main(sys.argv[1:])
