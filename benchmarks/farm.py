"""What the farm costs around the sampler: the same pictures with it and without, turn about, and its parts one by one.

(c) is this sampler with its decoder in a process a core, (e) the whole farm with as many workers; both as in
throughput.py, whose figure has two rounds each and the noise of the machine in it. Here each (e) is told against the (c)
just before it, and of all pairs the median counts. Loading models and the tokenizer comes before the clock. The parts are
processor time a picture on one thread, none of it the UNet's or the decoder's.

    python benchmarks/farm.py [--edition mini] [--rounds 5] [--batches 11] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from farm_round import farm_round
from rounds import Child, run_round
from throughput import WARM_UP, counting_number, worker_settings

from babelgen.collections.sample import Sample
from babelgen.edition import Edition, load_edition
from babelgen.engines.devices import choose_device
from babelgen.errors import BabelgenError
from babelgen.picture import average_colour, describe, pixel_hash, texts
from babelgen.settings import Setting
from babelgen.store import THUMBNAIL_WIDTH, encode_png, encode_webp, put_picture
from babelgen.weights import fetch

SOME = 16  # pictures that the parts are timed on


def turns(edition: Edition, rounds: int, batches: int) -> dict[str, Any]:
    """Pictures a second of both, round by round, and what the farm adds."""
    with ExitStack() as stack:
        children = []
        for setting in worker_settings(choose_device(Setting("auto"))):
            children.append(Child("contenders:sampler", edition, edition.steps, setting, one_thread=True))
            stack.callback(children[-1].end)
        (task, _), *_ = [child.told() for child in children]
        count = task.slots * len(children) * batches
        run_round(children, (WARM_UP,) * task.slots * len(children), task.rows_a_slot)
        alone, farm = [], []
        for number in range(1, rounds + 1):
            print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
            alone.append(count / run_round(children, (edition.steps,) * count, task.rows_a_slot).seconds)
            farm.append(count / farm_round(task, len(children), count).seconds)
    added = [before / after - 1 for before, after in zip(alone, farm, strict=True)]
    return {
        "pictures": count,
        "sampler": [round(rate, 3) for rate in alone],
        "farm": [round(rate, 3) for rate in farm],
        "overhead": [round(share, 4) for share in added],
        "farm_overhead": round(statistics.median(added), 4),
    }


def parts(edition: Edition) -> dict[str, float]:
    """Milliseconds of processor time a picture for each of the farm's own steps."""
    import torch

    from babelgen.diffusion.renderer import Renderer
    from babelgen.diffusion.worker import open_model
    from babelgen.plan import Item

    model = open_model(edition, Setting("cpu"))
    renderer = Renderer(model)
    keys = list(Sample(1, edition.steps, False, SOME).keys(edition))
    items = [Item(f"{at:032x}", key, edition.steps) for at, key in enumerate(keys)]
    with torch.no_grad():
        done = [result for result in renderer.render(items) if hasattr(result, "pixels")]
        fresh = Renderer(model)  # which has encoded no prompt yet
        found = {"key, text encoder and noise": clock(lambda item: fresh.job(item), items)}
    words = [(each.item.key, describe(each.key, edition)) for each in done]
    pictures = [each.pixels for each in done]
    found["words for people"] = clock(
        lambda each: texts(each.item.key, describe(each.key, edition), edition), done
    )
    found["hash and colour"] = clock(lambda pixels: (pixel_hash(pixels), average_colour(pixels)), pictures)
    found["PNG"] = clock(lambda pixels: encode_png(pixels, {"key": words[0][0]}), pictures)
    found["WebP"] = clock(encode_webp, pictures)
    found["thumbnail"] = clock(lambda pixels: encode_webp(pixels, THUMBNAIL_WIDTH), pictures)
    with tempfile.TemporaryDirectory(dir=".") as folder:  # not on a disk in memory
        whole = clock(lambda pixels: put_picture(Path(folder), pixel_hash(pixels)[:32], pixels, {}), pictures)
    files = whole - found["PNG"] - found["WebP"] - found["thumbnail"]
    return {**found, "files, synced": max(0.0, files)}


def clock(step: Callable[[Any], object], each: list[Any]) -> float:
    """Milliseconds of this thread's processor time that a step takes for one of these; once before, to warm up."""
    step(each[0])
    start = time.thread_time()
    for one in each:
        step(one)
    return (time.thread_time() - start) / len(each) * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--edition", default="mini", help="a shipped edition's name, or a TOML file")
    parser.add_argument("--rounds", type=counting_number, default=5)
    parser.add_argument("--batches", type=counting_number, default=11, help="of each worker in a round")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    try:
        edition = load_edition(arguments.edition)
        fetch(edition)
        measured = parts(edition)
        result = {
            "edition": edition.id,
            **turns(edition, arguments.rounds, arguments.batches),
            "parts_ms": measured,
        }
    except BabelgenError as error:
        raise SystemExit(str(error)) from error
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"{'pictures a second':28}" + "".join(f"{number:>9}" for number in range(1, arguments.rounds + 1)))
    for name in ("sampler", "farm"):
        print(f"{name:28}" + "".join(f"{rate:9.3f}" for rate in result[name]))
    print(f"{'the farm adds':28}" + "".join(f"{share:9.1%}" for share in result["overhead"]))
    print(f"median: {result['farm_overhead']:.1%}, {result['pictures']} pictures a round\n")
    for name, milliseconds in measured.items():
        print(f"{name:28}{milliseconds:9.2f} ms of processor time a picture")
    whole = 1000 / np.median(result["sampler"]) * len(worker_settings(choose_device(Setting("auto"))))
    print(
        f"{'together':28}{sum(measured.values()):9.2f} ms, {sum(measured.values()) / whole:.1%} of a picture's time"
    )


if __name__ == "__main__":
    main()
