"""Compiling a network: fewer and larger kernels, made by torch's own compiler.

Law: no kernel is chosen by timing, since a machine that is busy for a moment would then choose other bits.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from babelgen.errors import UserError

# Said one by one, since most have an environment variable that switches them on.
OPTIONS: dict[str, Any] = {
    "deterministic": True,  # nothing is timed that changes bits: block sizes of reductions, padding, matrix products
    "max_autotune": False,
    "max_autotune_pointwise": False,
    "max_autotune_gemm": False,
    "coordinate_descent_tuning": False,
    "benchmark_fusion": False,
    "triton.autotune_pointwise": False,  # said to change no bits; but without it nothing is timed at all
}


def compile_network(network: torch.nn.Module, device: torch.device) -> str:
    """Have a network compiled for one shape, as a whole, when it first runs; returns by what, for the profile.

    UserError where the compiler's own compiler is missing; what else may go wrong, `telling_of_compiler` tells.
    """
    compiler = _cpp_compiler() if device.type == "cpu" else _triton()
    torch.compiler.reset()  # torch gives up after a number of compilations in one process
    network.compile(dynamic=False, fullgraph=True, options=OPTIONS)
    return f"inductor, {compiler}"


@contextmanager
def telling_of_compiler() -> Iterator[None]:
    """Turn a compilation that fails inside into a UserError: the code is fine without it."""
    from torch._dynamo.exc import TorchDynamoException

    try:
        yield
    except TorchDynamoException as error:
        reason = str(error).strip().partition("\n")[0]
        raise UserError(f"The UNet cannot be compiled here ({reason}): leave out --compile.") from error


def _cpp_compiler() -> str:
    """The name and version of the C++ compiler that torch finds."""
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        told = subprocess.run([get_cpp_compiler(), "--version"], capture_output=True, text=True, check=True)
    except (InvalidCxxCompiler, OSError, subprocess.CalledProcessError) as error:
        raise UserError(
            "On a CPU --compile needs a C++ compiler, g++ for example, and there is none here that works."
        ) from error
    return told.stdout.partition("\n")[0].strip()


def _triton() -> str:
    """The version of Triton, which is installed with torch for CUDA."""
    try:
        return f"triton {version('triton')}"
    except PackageNotFoundError as error:
        raise UserError("On a GPU --compile needs Triton, and it is not installed.") from error
