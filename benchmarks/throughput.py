"""Pictures a second: this sampler beside diffusers' own pipeline, and the whole farm around it, in one run.

(a) diffusers' pipeline, one picture at a time; (b) the same, with as many pictures at a time as this sampler's batch
has; (c) this sampler, all pictures of equal steps; (d) this sampler, steps drawn from 1 to 64, at least 20 keys a slot;
(e) the farm: the pictures of (c), planned, handed out, written and recorded. (a) and (b) have a process each with
torch's default threads, (c), (d) and (e) a process a core, or a GPU. They take turns, and the best of several counts;
who is not measured waits and computes nothing, but holds its model: four of them are in memory at once.

Rows are rows of the UNet, and only those that a picture needed; what fills a batch is not counted. The peak is the best
rate of large matrix products on the same device, with all cores, in the same precision. Ratios to (a) are of rows a
second, which for equal steps are those of pictures a second.

    python benchmarks/throughput.py [--edition mini] [--random-weights] [--steps N] [--device auto|cpu|cuda]
        [--precision P] [--compile] [--slots N] [--seconds 420] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from farm_round import farm_round
from rounds import Child, Round, Steps, Task, Turn, best, run_round, useful_rows

from babelgen.edition import Edition, load_edition
from babelgen.engines.devices import choose_device, gpu_count
from babelgen.engines.local import core_count
from babelgen.errors import BabelgenError
from babelgen.keys.space import MAX_STEPS
from babelgen.settings import Setting
from babelgen.weights import fetch

SEED = 2026
KEYS_A_SLOT = 20  # of (d)
PEAK_SECONDS = 2.0
WARM_UP = 2  # steps
MOST_TURNS = 5
# The share of all the time that a round of these may take; (d) takes what it takes.
SHARES = {"pipeline": 1 / 40, "pipeline_batch": 1 / 40, "equal": 1 / 12}
NAMES = {
    "pipeline": "(a) diffusers, one at a time",
    "pipeline_batch": "(b) diffusers, {slots} at a time",
    "equal": "(c) this sampler, {steps} steps each",
    "mixed": f"(d) this sampler, 1 to {MAX_STEPS} steps",
    "farm": "(e) the farm, {steps} steps each",
}


@dataclass(frozen=True)
class Contender:
    """Processes that make pictures together; `batch`: pictures that fill all their slots once."""

    children: list[Child]
    batch: int


@dataclass(frozen=True)
class Field:
    """All contenders, loaded and idle, and what they run on.

    task: with nothing left open. profile: of this sampler. loading: seconds until the workers were ready. flops: FLOP a
    UNet row. peak: of the device's matrix products, FLOP/s.
    """

    contenders: dict[str, Contender]
    task: Task
    profile: dict[str, str]
    loading: float
    flops: float
    peak: float

    @property
    def workers(self) -> int:
        """Processes of this sampler."""
        return len(self.contenders["equal"].children)


def ask_once(start: str, arguments: Sequence[object], question: object) -> Any:
    """The one answer of a process that is not needed any longer."""
    child = Child(start, *arguments)
    child.told()
    child.ask(question)
    answer = child.told()
    child.end()
    return answer


def load(edition: Edition, steps: int, setting: Setting, stack: ExitStack) -> Field:
    """Start every process, and wait until all are ready."""

    def start(function: str, *arguments: object, one_thread: bool = False) -> Child:
        child = Child(f"contenders:{function}", *arguments, one_thread=one_thread)
        stack.callback(child.end)
        return child

    began = time.perf_counter()
    settings = worker_settings(setting)
    workers = [start("sampler", edition, steps, each, one_thread=True) for each in settings]
    (task, profile), *_ = [child.told() for child in workers]
    loading = time.perf_counter() - began
    task = replace(task, device=setting.device)
    peak = ask_once("matrix_peak:device", [task.device, task.precision], PEAK_SECONDS)
    alone, together = (start("diffusers_pipeline", task, batch) for batch in (1, task.slots))
    flops, _ = alone.told(), together.told()
    contenders = {
        "pipeline": Contender([alone], 1),
        "pipeline_batch": Contender([together], task.slots),
        "equal": Contender(workers, task.slots * len(workers)),
    }
    return Field(contenders, task, profile, loading, flops, peak)


def worker_settings(setting: Setting) -> list[Setting]:
    """What each worker is told: there is one a core, or one a GPU, which has it to itself."""
    if not setting.on_gpu:
        return [setting] * core_count()
    return [replace(setting, device=f"cuda:{number}") for number in range(gpu_count())]


def drawn_steps(count: int) -> Steps:
    """Steps of so many pictures, each number from 1 to the most equally likely; always the same."""
    rng = random.Random(f"throughput/{SEED}")
    return tuple(rng.randint(1, MAX_STEPS) for _ in range(count))


def make_turns(field: Field, seconds: float) -> tuple[dict[str, Turn], int]:
    """A round of each, sized by a first one of a single batch, and how many times all may have their turn."""
    contenders, task = field.contenders, field.task
    first = {name: first_round(contender, task) for name, contender in contenders.items()}
    counts = {
        name: contender.batch * max(1, round(SHARES[name] * seconds / first[name].seconds))
        for name, contender in contenders.items()
    }
    mixed = drawn_steps(KEYS_A_SLOT * contenders["equal"].batch)
    turns: dict[str, Turn] = {
        name: partial(run_round, contender.children, (task.steps,) * counts[name], task.rows_a_slot)
        for name, contender in contenders.items()
    }
    turns["mixed"] = partial(run_round, contenders["equal"].children, mixed, task.rows_a_slot)
    turns["farm"] = partial(farm_round, task, field.workers, counts["equal"])
    expected = sum(counts[name] / first[name].pictures * first[name].seconds for name in [*counts, "equal"])
    expected += useful_rows(mixed, task.rows_a_slot) / first["equal"].rate + field.loading
    return turns, max(1, min(MOST_TURNS, int(seconds / expected)))


def first_round(contender: Contender, task: Task) -> Round:
    """One batch, after a shorter one to warm up."""
    for steps in (WARM_UP, task.steps):
        result = run_round(contender.children, (steps,) * contender.batch, task.rows_a_slot)
    return result


def take_turns(turns: dict[str, Turn], times: int) -> dict[str, list[Round]]:
    """All rounds of each, interleaved."""
    rounds: dict[str, list[Round]] = {name: [] for name in turns}
    for number in range(1, times + 1):
        for name, turn in turns.items():
            print(f"round {number} of {times}: {name}", file=sys.stderr, flush=True)
            rounds[name].append(turn())
    return rounds


def figures(rounds: Sequence[Round], baseline: float, flops: float, peak: float) -> dict[str, Any]:
    """What is told of one contender. baseline: rows a second of (a). peak: of all devices that it used."""
    fastest = best(rounds)
    return {
        "pictures": fastest.pictures,
        "pictures_a_second": round(fastest.pictures / fastest.seconds, 3),
        "rows_a_second": round(fastest.rate, 3),
        "share_of_peak": round(fastest.rate * flops / peak, 4),
        "memory_bytes": max(each.memory for each in rounds) or None,
        "ratio": round(fastest.rate / baseline, 4),
        "rows_a_second_by_round": [round(each.rate, 3) for each in rounds],
    }


def summary(rounds: dict[str, list[Round]], field: Field) -> dict[str, Any]:
    """All figures, by name."""
    rates = {name: best(each).rate for name, each in rounds.items()}
    task, edition, gpus = field.task, field.task.edition, field.workers if field.task.setting.on_gpu else 1
    peaks = {name: field.peak * (1 if name.startswith("pipeline") else gpus) for name in rounds}
    return {
        "edition": edition.id,
        "width": edition.width,
        "height": edition.height,
        "steps": task.steps,
        "guidance": edition.guidance,
        "profile": field.profile,
        "workers": field.workers,
        "slots": task.slots,
        "compiled": task.compiled,
        "flop_a_row": field.flops,
        "matrix_peak_flop_a_second": round(field.peak),
        **{name: figures(each, rates["pipeline"], field.flops, peaks[name]) for name, each in rounds.items()},
        "ratio_to_pipeline": round(rates["equal"] / rates["pipeline"], 4),
        "mixed_over_equal": round(rates["mixed"] / rates["equal"], 4),
        "farm_overhead": round(rates["equal"] / rates["farm"] - 1, 4),
    }


def measure(
    edition: Edition, random_weights: bool, steps: int | None, setting: Setting, seconds: float
) -> dict[str, Any]:
    """Everything, from a machine at rest to the figures."""
    setting = choose_device(setting)
    with ExitStack() as stack:
        if random_weights:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            edition = ask_once("random_model:builder", [setting.device], (edition, folder))
        else:
            fetch(edition)  # once, before there are processes
        field = load(edition, steps or edition.steps, setting, stack)
        rounds = take_turns(*make_turns(field, seconds))
        return {"random_weights": random_weights, **summary(rounds, field)}


def table(result: dict[str, Any]) -> str:
    """The figures for people."""
    profile = result["profile"]
    lines = [
        f"{result['edition']}{', random weights' if result['random_weights'] else ''}: "
        f"{result['width']}x{result['height']}, {result['steps']} steps, guidance {result['guidance']:g}",
        f"{profile['device']}, {profile['precision']}{', compiled' if result['compiled'] else ''}, "
        f"torch {profile['torch']}: {result['workers']} workers, {result['slots']} pictures a batch",
        f"matrix peak {result['matrix_peak_flop_a_second'] / 1e9:,.0f} GFLOP/s, "
        f"a row of the UNet {result['flop_a_row'] / 1e9:,.1f} GFLOP",
        "",
        f"{'':38}{'pictures/s':>11}{'rows/s':>10}{'of peak':>9}{'memory':>11}{'to (a)':>8}{'pictures':>10}{'rounds':>8}",
    ]
    for name, label in NAMES.items():
        row = result[name]
        memory = f"{row['memory_bytes'] / 2**20:,.0f} MiB" if row["memory_bytes"] else ""
        lines.append(
            f"{label.format(**result):38}{row['pictures_a_second']:>11.2f}{row['rows_a_second']:>10,.1f}"
            f"{row['share_of_peak']:>9.1%}{memory:>11}{row['ratio']:>8.2f}{row['pictures']:>10}"
            f"{len(row['rows_a_second_by_round']):>8}"
        )
    lines += [
        "",
        f"(c) to (a): {result['ratio_to_pipeline']:.2f}; (d) to (c), rows a second: {result['mixed_over_equal']:.3f}; "
        f"what the farm adds to (c): {result['farm_overhead']:.1%}",
    ]
    return "\n".join(lines)


def counting_number(text: str) -> int:
    """A whole number from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def number_of_steps(text: str) -> int:
    """One that keys can have."""
    number = counting_number(text)
    if number > MAX_STEPS:
        raise argparse.ArgumentTypeError(f"{number} is more than {MAX_STEPS}")
    return number


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--edition", default="mini", help="a shipped edition's name, or a TOML file")
    parser.add_argument(
        "--random-weights",
        action="store_true",
        help="a model of that edition's sizes, with no need for its weights",
    )
    parser.add_argument(
        "--steps",
        type=number_of_steps,
        metavar="N",
        help="of (a), (b), (c) and (e); the edition's by default",
    )
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--precision", choices=("float32", "bfloat16", "float16"))
    parser.add_argument("--compile", action="store_true", help="compile the UNet of (c), (d) and (e)")
    parser.add_argument("--slots", type=counting_number, metavar="N", help="pictures in a batch")
    parser.add_argument(
        "--seconds", type=float, default=420, help="about how long the rounds may take together"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    arguments = parse()
    setting = Setting(arguments.device, arguments.precision, arguments.compile, arguments.slots)
    try:
        edition = load_edition(arguments.edition)
        result = measure(edition, arguments.random_weights, arguments.steps, setting, arguments.seconds)
    except BabelgenError as error:
        raise SystemExit(str(error)) from error
    print(json.dumps(result) if arguments.json else table(result))


if __name__ == "__main__":
    main()
