"""UNet rows a second by batch size, on one thread: what the sampler's number of slots was chosen from.

python benchmarks/batch.py [--edition mini] [--json]
"""

from __future__ import annotations

import argparse
import json
import time

import torch

from babelgen.diffusion.model import load_model
from babelgen.diffusion.worker import settle_process
from babelgen.edition import load_edition

SLOTS = (1, 2, 4, 8, 16)
ROUNDS = 3


@torch.inference_mode()
def rows_a_second(
    unet: torch.nn.Module, rows: int, shape: tuple[int, int, int], condition: torch.Tensor
) -> float:
    """The best of some rounds of about a second each."""
    latents = torch.randn(rows, *shape).to(memory_format=torch.channels_last)
    timesteps, conditions = torch.full((rows,), 500), condition.expand(rows, -1, -1).contiguous()
    unet(latents, timesteps, conditions)
    best = 0.0
    for _ in range(ROUNDS):
        start, passes = time.perf_counter(), 0
        while time.perf_counter() - start < 1:
            unet(latents, timesteps, conditions)
            passes += 1
        best = max(best, rows * passes / (time.perf_counter() - start))
    return best


def main() -> None:
    """Measure every batch size in one run, and print rows a second and the share of the best."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edition", default="mini")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    settle_process()
    edition = load_edition(arguments.edition)
    model = load_model(edition)
    condition = torch.zeros(1, edition.length, model.unet.config.cross_attention_dim)
    rates = {slots: rows_a_second(model.unet, 2 * slots, edition.latent_shape, condition) for slots in SLOTS}
    best = max(rates.values())
    if arguments.json:
        print(json.dumps({f"rows_a_second_{2 * slots}": round(rate, 1) for slots, rate in rates.items()}))
        return
    print("rows  rows a second  share of the best")
    for slots, rate in rates.items():
        print(f"{2 * slots:>4}  {rate:>13.1f}  {rate / best:>17.0%}")


if __name__ == "__main__":
    main()
