"""The scene reader: a small network that says what a picture shows; the measure of what a model obeys.

Law: it learns from drawn scenes alone, never from a render, and from every combination: it measures and must not
favour what the model was trained on. How often it is right on fresh drawn scenes is the measure of the measure.

    python benchmarks/scene_reader.py train [--out scene_reader.safetensors]
    python benchmarks/scene_reader.py check [--json]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from babelgen.scenes import GROUNDS, OBJECTS, PLACES, STYLES, TIMES, Scene, Thing, draw, random_scene

WEIGHTS = Path(__file__).with_suffix(".safetensors")
WIDTH, HEIGHT = 160, 104  # what it looks at: pictures at half their size
SURE = 0.9

SEED = 1
POOL, PASSES, BATCH, RATE = 10_000, 14, 64, 2e-3
GROUP = 16  # pictures that are blurred and shifted alike
FRESH = 1000


@dataclass(frozen=True)
class Seen:
    """One object as it was read: how sure that it is there at all, where then, and how sure of the place."""

    name: str
    present: float
    place: str
    place_sure: float


@dataclass(frozen=True)
class Reading:
    """What a picture shows. `..._sure` are softmax probabilities; `objects` are all ten, the surest first."""

    ground: str
    ground_sure: float
    time: str
    time_sure: float
    style: str
    style_sure: float
    objects: tuple[Seen, ...]

    @property
    def things(self) -> tuple[Thing, ...]:
        """What is more likely there than not, the surest first."""
        return tuple(Thing(seen.name, seen.place) for seen in self.objects if seen.present > 0.5)


@dataclass(frozen=True)
class Score:
    """What was read right of one picture; None where the scene has nothing to read."""

    ground: bool
    time: bool
    style: bool
    object: bool
    place: bool | None


def confident(reading: Reading) -> bool:
    """Whether ground and time are both read with a probability above 0.9: the picture is of somewhere."""
    return reading.ground_sure > SURE and reading.time_sure > SURE


def score(reading: Reading, scene: Scene) -> Score:
    """Compare a reading with what was meant.

    The objects are right if the n surest are the n that the scene has, each more likely there than not, or, where
    it has none, if none is. The places are right if each thing's likeliest place is its own, whether or not the
    object was read right.
    """
    names = {thing.name for thing in scene.things}
    surest = {seen.name for seen in reading.objects[: len(names)] if seen.present > 0.5}
    places = {seen.name: seen.place for seen in reading.objects}
    return Score(
        ground=reading.ground == scene.ground,
        time=reading.time == scene.time,
        style=reading.style == scene.style,
        object=surest == names if names else not reading.things,
        place=all(places[thing.name] == thing.place for thing in scene.things) if names else None,
    )


PARTS = ("ground", "time", "object", "place", "style")


def shares(scores: Sequence[Score]) -> dict[str, float]:
    """How often each part was right, 0..1, over the pictures that have it."""
    told = {part: [getattr(score, part) for score in scores] for part in PARTS}
    told = {part: [right for right in rights if right is not None] for part, rights in told.items()}
    return {part: sum(rights) / len(rights) if rights else float("nan") for part, rights in told.items()}


def _layer(inputs: int, outputs: int, stride: int, size: int = 3) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Network(nn.Module):
    """Strided convolutions down to a grid of 7 x 10 cells.

    Ground, time and style are told from the mean over the grid. Every cell scores every object; the scores in
    the left, middle and right columns add up (as log-sum-exp) to the logits of its places, and absence has 0.
    """

    BANDS = (slice(0, 3), slice(3, 7), slice(7, 10))  # the columns of left, middle and right

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _layer(3, 16, 2, 5),
            _layer(16, 32, 2),
            _layer(32, 64, 2),
            _layer(64, 64, 1),
            _layer(64, 96, 2),
            _layer(96, 128, 1),
        )
        self.whole = nn.Linear(128, len(GROUNDS) + len(TIMES) + len(STYLES))
        self.cells = nn.Conv2d(128, len(OBJECTS), 1)
        nn.init.constant_(self.cells.bias, -6.0)  # to begin with, hardly anything is there

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Logits of ground, time, style (n, .), and of absent, left, middle, right for each object (n, 10, 4).

        pictures: (n, 3, HEIGHT, WIDTH) in 0..1.
        """
        grid = self.body(pictures * 4 - 2)
        ground, time, style = self.whole(grid.mean((2, 3))).split((len(GROUNDS), len(TIMES), len(STYLES)), 1)
        scores = self.cells(grid)
        places = [scores[..., band].flatten(2).logsumexp(2) for band in self.BANDS]
        return ground, time, style, torch.stack([torch.zeros_like(places[0]), *places], 2)


def shrink(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture at the size that the network looks at, each pixel the mean of those it stands for."""
    return np.asarray(Image.fromarray(picture).resize((WIDTH, HEIGHT), Image.Resampling.BOX))


def _tensor(small: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(small).permute(0, 3, 1, 2).float() / 255


@cache
def _network() -> Network:
    network = Network()
    network.load_state_dict(load_file(WEIGHTS))
    return network.eval()


def read_scenes(pictures: NDArray[np.uint8] | Iterable[NDArray[np.uint8]]) -> list[Reading]:
    """Read pictures, each (208, 320, 3) RGB in uint8."""
    return read_shrunk(np.stack([shrink(picture) for picture in pictures]), _network())


@torch.inference_mode()
def read_shrunk(small: NDArray[np.uint8], network: Network) -> list[Reading]:
    """Read pictures that are shrunk already, (n, HEIGHT, WIDTH, 3)."""
    readings = []
    for start in range(0, len(small), BATCH):
        logits = network(_tensor(small[start : start + BATCH]))
        readings += map(_reading, *(part.softmax(-1).double().numpy() for part in logits))
    return readings


def _reading(
    ground: NDArray[np.float64],
    time: NDArray[np.float64],
    style: NDArray[np.float64],
    objects: NDArray[np.float64],
) -> Reading:
    seen = [
        Seen(name, float(1 - row[0]), PLACES[row[1:].argmax()], float(row[1:].max() / row[1:].sum()))
        for name, row in zip(OBJECTS, objects, strict=True)
    ]
    return Reading(
        GROUNDS[ground.argmax()],
        float(ground.max()),
        TIMES[time.argmax()],
        float(time.max()),
        STYLES[style.argmax()],
        float(style.max()),
        tuple(sorted(seen, key=lambda one: -one.present)),
    )


def drawn_scene(part: str, index: int) -> Scene:
    """Scene `index` of a part of the reader's scenes: "train" for its lessons, any other name for fresh ones."""
    return random_scene(random.Random(f"reader/{part}/scene/{index}"))


def drawn_picture(part: str, index: int) -> NDArray[np.uint8]:
    """The drawing of scene `index`."""
    return draw(drawn_scene(part, index), random.Random(f"reader/{part}/picture/{index}").getrandbits(63))


def _drawn_small(part: str, index: int) -> NDArray[np.uint8]:
    return shrink(drawn_picture(part, index))


def drawn(part: str, count: int) -> tuple[list[Scene], NDArray[np.uint8]]:
    """The first `count` scenes of a part, and their pictures shrunk, drawn on all cores."""
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        small = np.stack(pool.map(partial(_drawn_small, part), range(count), chunksize=50))
    return [drawn_scene(part, index) for index in range(count)], small


def check(network: Network | None = None, count: int = FRESH) -> dict[str, float]:
    """How often each part is read right on fresh drawn scenes."""
    scenes, small = drawn("fresh", count)
    readings = read_shrunk(small, network or _network())
    return shares([score(reading, scene) for reading, scene in zip(readings, scenes, strict=True)])


def _labels(scenes: Sequence[Scene]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What the network should say: indices of ground, time, style (n,), and 0..3 for each object (n, 10)."""
    objects = torch.zeros(len(scenes), len(OBJECTS), dtype=torch.long)
    for row, scene in enumerate(scenes):
        for thing in scene.things:
            objects[row, OBJECTS.index(thing.name)] = 1 + PLACES.index(thing.place)
    return (
        torch.tensor([GROUNDS.index(scene.ground) for scene in scenes]),
        torch.tensor([TIMES.index(scene.time) for scene in scenes]),
        torch.tensor([STYLES.index(scene.style) for scene in scenes]),
        objects,
    )


def _spoil(pictures: Tensor, rng: torch.Generator) -> Tensor:
    """What a model's picture may be beside a drawn one: shifted, softer, noisy, of other colours; never mirrored."""
    return torch.cat([_repaint(_move(group, rng), rng) for group in pictures.split(GROUP)]).clamp(0, 1)


def _uniform(rng: torch.Generator, low: float, high: float, *shape: int) -> Tensor:
    return low + (high - low) * torch.rand(shape or (1,), generator=rng)


def _move(pictures: Tensor, rng: torch.Generator) -> Tensor:
    """Shift by up to 4 pixels, and, two times in three, lose detail."""
    left, top = torch.randint(9, (2,), generator=rng).tolist()
    moved = F.pad(pictures, (4, 4, 4, 4), mode="replicate")[..., top : top + HEIGHT, left : left + WIDTH]
    if float(_uniform(rng, 0, 1)) < 2 / 3:
        scale = float(_uniform(rng, 0.35, 0.9))
        coarse = F.interpolate(moved, (round(HEIGHT * scale), round(WIDTH * scale)), mode="area")
        moved = F.interpolate(coarse, (HEIGHT, WIDTH), mode="bilinear")
    return moved


def _repaint(pictures: Tensor, rng: torch.Generator) -> Tensor:
    """Other contrast, brightness and colour, and noise both fine and in patches."""
    count = len(pictures)
    contrast = _uniform(rng, 0.88, 1.12, count, 1, 1, 1) * _uniform(rng, 0.96, 1.04, count, 3, 1, 1)
    brightness = _uniform(rng, -0.04, 0.04, count, 1, 1, 1) + _uniform(rng, -0.015, 0.015, count, 3, 1, 1)
    fine = torch.randn((1, 3, HEIGHT, WIDTH), generator=rng)
    patches = torch.randn((1, 3, HEIGHT // 8, WIDTH // 8), generator=rng)
    patches = F.interpolate(patches, (HEIGHT, WIDTH), mode="bilinear")
    noise = fine * _uniform(rng, 0, 0.03, count, 1, 1, 1) + patches * _uniform(
        rng, -0.04, 0.04, count, 1, 1, 1
    )
    return (pictures - 0.5) * contrast + 0.5 + brightness + noise


def _loss(logits: tuple[Tensor, ...], labels: tuple[Tensor, ...]) -> Tensor:
    """The sum of the cross-entropies of all parts."""
    ground, time, style, objects = logits
    whole = sum(F.cross_entropy(*pair) for pair in zip((ground, time, style), labels[:3], strict=True))
    return whole + F.cross_entropy(objects.flatten(0, 1), labels[3].flatten()) * len(OBJECTS)


def train(scenes: Sequence[Scene], small: NDArray[np.uint8]) -> Network:
    """A network taught with these scenes, `PASSES` times over them, each time spoiled anew."""
    torch.manual_seed(SEED)
    rng = torch.Generator().manual_seed(SEED)
    network, labels = Network().to(memory_format=torch.channels_last), _labels(scenes)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.02)
    steps = len(scenes) // BATCH * PASSES
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.15)
    for number in range(PASSES):
        total = 0.0
        for rows in torch.randperm(len(scenes), generator=rng).split(BATCH)[: len(scenes) // BATCH]:
            pictures = _spoil(_tensor(small[rows.numpy()]), rng).contiguous(memory_format=torch.channels_last)
            loss = _loss(network(pictures), tuple(part[rows] for part in labels))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"pass {number + 1} of {PASSES}: loss {total / (len(scenes) // BATCH):.4f}", flush=True)
    return network.eval()


def save(network: Network, path: Path) -> None:
    """Write the weights at half precision."""
    state = network.to(torch.float16, memory_format=torch.contiguous_format).state_dict()
    save_file(state, path)


def main() -> None:
    """Train, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    training = commands.add_parser("train", help="draw scenes and learn to read them")
    training.add_argument("--out", type=Path, default=WEIGHTS)
    checking = commands.add_parser("check", help=f"read {FRESH} fresh drawn scenes")
    checking.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    torch.set_num_threads(1)  # the same weights on any number of cores
    if arguments.command == "train":
        network = train(*drawn("train", POOL))
        save(network, arguments.out)
        result = check(network.float())
    else:
        result = check()
    if arguments.command == "check" and arguments.json:
        print(json.dumps({part: round(share, 4) for part, share in result.items()}))
    else:
        told = ", ".join(f"{part} {share:.1%}" for part, share in result.items())
        print(f"read right of {FRESH} fresh drawn scenes: {told}")


if __name__ == "__main__":
    main()
