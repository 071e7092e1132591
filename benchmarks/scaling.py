"""Would more training help? Loss and obedience at a quarter, half and all of the training of one run.

    python benchmarks/scaling.py [--out build/mini] [--prompts 240] [--json]

Needs the folder that `make model` leaves: averaged weights at a quarter and half, the last checkpoint, the log.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import torch
from diffusers import AutoencoderKL
from prompts import MOST, examine, summary
from scene_reader import check
from transformers import CLIPTokenizer

from babelgen.diffusion.training import checkpoint
from babelgen.diffusion.training.install import assemble, write_edition
from babelgen.diffusion.training.networks import Networks, build
from babelgen.diffusion.training.recipe import Recipe
from babelgen.edition import Edition, read_edition

PARTS = ("ground", "time", "object", "place", "held_out_drop")


def stages(out: Path) -> dict[int, list[torch.Tensor]]:
    """The averaged weights after so many steps, in order."""
    kept = {int(path.stem.removeprefix("average-")): path for path in out.glob("average-*.pt")}
    last = checkpoint.load(out / "denoiser.pt")
    if last is None:
        raise SystemExit(f"There is no checkpoint in {out}; `make model` makes one.")
    found = {step: (checkpoint.load(path) or {})["average"] for step, path in sorted(kept.items())}
    return {**found, last["step"]: last["average"]}


def losses(out: Path) -> dict[int, float]:
    """The mean loss of the 100 steps up to a step, from the log."""
    lines = [json.loads(line) for line in (out / "denoiser.log").read_text().splitlines()]
    return {line["step"]: line["loss"] for line in lines if "loss" in line}


def edition(out: Path, weights: list[torch.Tensor], folder: Path) -> Edition:
    """An edition of its own for these weights, in `folder`."""
    tokenizer = CLIPTokenizer.from_pretrained(out / "tokenizer", local_files_only=True)
    vae = AutoencoderKL.from_pretrained(out / "vae", local_files_only=True)
    networks: Networks = build(Recipe().denoiser, tokenizer, torch.zeros(1, 4, 26, 40))
    with torch.no_grad():
        for parameter, value in zip(networks.parameters(), weights, strict=True):
            parameter.copy_(value)
    assemble(tokenizer, vae, networks, folder / "model")
    return read_edition(write_edition(folder / "model", folder / "mini.toml", len(tokenizer) - 2))


def main() -> None:
    """Score every stage and print the curve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/mini"), help="the training's folder")
    parser.add_argument("--prompts", type=int, default=MOST // 2, metavar="N")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    loss, batch = losses(arguments.out), Recipe().denoiser.batch
    rows, reader = {}, check()
    for step, weights in stages(arguments.out).items():
        with tempfile.TemporaryDirectory() as folder:
            of_step = edition(arguments.out, weights, Path(folder))
            measured = summary(examine(of_step, arguments.prompts), reader)
        near = min(loss, key=lambda logged: abs(logged - step))
        rows[step * batch] = {"loss": loss[near], **{part: round(measured[part], 4) for part in PARTS}}
    if arguments.json:
        print(json.dumps(rows))
        return
    print(f"{'samples':>10}{'loss':>9}" + "".join(f"{part.replace('_', ' '):>15}" for part in PARTS))
    for samples, row in rows.items():
        print(f"{samples:>10,}{row['loss']:>9.4f}" + "".join(f"{row[part]:>15.1%}" for part in PARTS))


if __name__ == "__main__":
    main()
