"""The profile: how pictures are computed. Same key, edition and profile: same pixels."""

from __future__ import annotations

import hashlib
import json
import platform
from pathlib import Path

import diffusers
import torch
import transformers

from babelgen.diffusion.model import Model
from babelgen.keys.numerals import write_bytes

ARITHMETIC = "1"  # raised when a change of our own code changes bits


def profile(model: Model, shapes: str) -> dict[str, str]:
    """The facts that pixels depend on beside key and edition, and the profile's `id`, a hash of them."""
    facts = {
        "device": _device_name(model.device),
        **(_facts_of_cpu() if model.device.type == "cpu" else _facts_of_gpu()),
        "precision": str(model.dtype).removeprefix("torch."),
        "batches": shapes,
        "arithmetic": ARITHMETIC,
        "compiled": model.compiler,
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
        "transformers": transformers.__version__,
    }
    facts = {name: value for name, value in facts.items() if value}
    digest = hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=5).digest()
    return {"id": write_bytes(digest), **facts}


def _facts_of_cpu() -> dict[str, str]:
    return {
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": str(torch.get_num_threads()),
    }


def _facts_of_gpu() -> dict[str, str]:
    return {
        "tf32": "on" if torch.backends.cudnn.allow_tf32 else "off",
        "cuda": str(torch.version.cuda),
        "cudnn": str(torch.backends.cudnn.version()),
    }


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
