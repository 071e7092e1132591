"""One experiment of the explorer: its fields, validated, as values of ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from babelgen.errors import UserError
from babelgen.explorer.yaml_file import read_yaml
from babelgen.toml import Table

EXPERIMENTS = ("single-inference", "visualize-diffusion", "random-walk", "interpolation", "diffevolution")
METHODS = ("slerp", "lerp")
DEFAULT_SCHEDULER = "DPMSolverMultistepScheduler"
MOST_IMAGES, MOST_STEPS = 1000, 100_000
LARGEST_TORCH_SEED = 2**64 - 1  # of a torch generator
LARGEST_SIDE = 16_383  # pixels, as WebP has them

# Which fields each experiment has beside those that all have; where another stands, it plays no part there.
_COMMON = ("model_identifier", "exp_identifier", "model_id", "output_path", "gpu_id", "scheduler", "diffusion_steps",
           "guidance_scale", "rand_seed", "images_per_prompt", "height", "width", "prompt", "load_prompt_embeds",
           "load_latent_noise", "gif_frame_dur")  # fmt: skip
_SETTINGS = ("output_path", "gpu_id")
_OWN = {
    "random-walk": ("prompt_rand_walk", "noise_rand_walk", "walk_steps", "step_size", "walk_directions"),
    "interpolation": ("inter_prompts", "inter_noises", "interpolation_steps", "interpolation_method"),
    "diffevolution": ("genes_per_generation", "step_size"),
}


@dataclass(frozen=True)
class Prompt:
    """A prompt with what is to be kept away, or a .pt file that holds their embeddings."""

    positive: str = ""
    negative: str = ""
    file: Path | None = None


@dataclass(frozen=True)
class Noise:
    """Start noise: a seed of torch's CPU generator, or a .pt file that holds it."""

    seed: int = 0
    file: Path | None = None


@dataclass(frozen=True)
class Walk:
    """Directions are drawn once each, and added step by step, out and back again."""

    steps: int
    size: float
    directions: int
    prompt: bool
    noise: bool


@dataclass(frozen=True)
class Interpolation:
    """Between each two that follow each other there are `steps` pictures; a list of one is held."""

    prompts: tuple[Prompt, ...]
    noises: tuple[Noise, ...]
    steps: int
    method: str  # in METHODS


@dataclass(frozen=True)
class Evolution:
    """Each generation has `genes` pictures, `size` of the way from their parent's noise to other noise."""

    genes: int
    size: float


@dataclass(frozen=True)
class Experiment:
    """A txt2img configuration. kind: in EXPERIMENTS. frame: milliseconds a frame, None where it has none.

    model: a folder, or what it is called on the hub. unknown: fields that nobody here knows or that play no part.
    settings: those that are there of what says where and by what the explorer computes.
    """

    kind: str
    model: str
    scheduler: str
    steps: int
    guidance: float
    width: int
    height: int
    images: int
    prompt: Prompt
    noise: Noise
    frame: int | None
    walk: Walk | None
    interpolation: Interpolation | None
    evolution: Evolution | None
    unknown: tuple[str, ...]
    settings: tuple[str, ...]


def read_experiment(path: Path) -> Experiment:
    """Read and validate a configuration; UserError names the field and what is wrong, in one sentence."""
    table = read_yaml(path)
    table.choice("model_identifier", ["txt2img"])
    kind = table.choice("exp_identifier", EXPERIMENTS)
    known = (*_COMMON, *_OWN.get(kind, ()))
    through = kind == "interpolation"
    return Experiment(
        kind=kind,
        model=table.text("model_id", ""),
        scheduler=table.text("scheduler", DEFAULT_SCHEDULER),
        steps=table.number("diffusion_steps", low=1, high=MOST_STEPS),
        guidance=table.real("guidance_scale", low=0.0),
        width=table.number("width", low=8, high=LARGEST_SIDE),
        height=table.number("height", low=8, high=LARGEST_SIDE),
        images=table.number("images_per_prompt", 1, low=1, high=MOST_IMAGES),
        prompt=Prompt() if through else _prompt(table, path.parent),
        noise=Noise() if through else _noise(table, path.parent),
        frame=table.number("gif_frame_dur", low=1, high=60_000) if "gif_frame_dur" in table.names() else None,
        walk=_walk(table) if kind == "random-walk" else None,
        interpolation=_interpolation(table, path.parent) if through else None,
        evolution=_evolution(table) if kind == "diffevolution" else None,
        unknown=tuple(name for name in table.names() if name not in known),
        settings=tuple(name for name in _SETTINGS if name in table.names()),
    )


def _prompt(table: Table, folder: Path) -> Prompt:
    file = _file(table, "load_prompt_embeds", folder)
    return _said(table, "prompt", table.text("prompt"), folder) if file is None else Prompt(file=file)


def _said(table: Table, name: str, text: str, folder: Path) -> Prompt:
    """`positive|negative`, the bar and what follows it left out where nothing is to be kept away; or a .pt file."""
    if text.endswith(".pt"):
        return Prompt(file=folder / text)
    positive, _, negative = text.partition("|")
    if "|" in negative:
        raise table.error(name, "must be positive|negative, with one bar")
    return Prompt(positive.strip(), negative.strip())


def _noise(table: Table, folder: Path) -> Noise:
    file = _file(table, "load_latent_noise", folder)
    if file is not None:
        return Noise(file=file)
    return Noise(table.number("rand_seed", low=0, high=LARGEST_TORCH_SEED))


def _file(table: Table, name: str, folder: Path) -> Path | None:
    text = table.text(name, "None")
    return None if text in ("None", "") else folder / text


def _walk(table: Table) -> Walk:
    walk = Walk(
        steps=table.number("walk_steps", low=1, high=MOST_STEPS),
        size=table.real("step_size", low=0.0),
        directions=table.number("walk_directions", low=1, high=MOST_IMAGES),
        prompt=table.flag("prompt_rand_walk", True),
        noise=table.flag("noise_rand_walk", True),
    )
    if not (walk.prompt or walk.noise):
        raise table.error("noise_rand_walk", "must be true where prompt_rand_walk is not: else nothing walks")
    return walk


def _evolution(table: Table) -> Evolution:
    size = table.real("step_size", low=0.0)
    if not 0 < size <= 1:
        raise table.error("step_size", f"must be above 0 and at most 1, not {size:g}")
    return Evolution(table.number("genes_per_generation", low=1, high=MOST_IMAGES), size)


def _interpolation(table: Table, folder: Path) -> Interpolation:
    prompts = tuple(_said(table, "inter_prompts", text, folder) for text in table.texts("inter_prompts"))
    noises = tuple(_stated(table, folder))
    for name, values in (("inter_prompts", prompts), ("inter_noises", noises)):
        if not values:
            raise table.error(name, "must have at least one entry")
    if len(prompts) != len(noises) and 1 not in (len(prompts), len(noises)):
        raise table.error(
            "inter_noises", f"must be one or as many as inter_prompts, {len(prompts)}, not {len(noises)}"
        )
    if len(prompts) == len(noises) == 1:
        raise table.error("inter_prompts", "must have two entries or more where inter_noises has one")
    steps = table.number("interpolation_steps", low=1, high=MOST_STEPS)
    method = table.choice("interpolation_method", METHODS, "slerp")
    return Interpolation(prompts, noises, steps, method)


def _stated(table: Table, folder: Path) -> list[Noise]:
    """`inter_noises`: seeds and .pt files, side by side."""
    noises = []
    for value in table.mixed("inter_noises"):
        if isinstance(value, int) and 0 <= value <= LARGEST_TORCH_SEED:
            noises.append(Noise(value))
        elif isinstance(value, str) and value.endswith(".pt"):
            noises.append(Noise(file=folder / value))
        else:
            raise table.error(
                "inter_noises", "must be a list of seeds, whole numbers from 0 on, and .pt files"
            )
    return noises


def require_files(experiment: Experiment) -> None:
    """Refuse with UserError a .pt file that is not there."""
    through = experiment.interpolation
    holders: list[Prompt | Noise] = [experiment.prompt, experiment.noise]
    if through:
        holders += [*through.prompts, *through.noises]
    for holder in holders:
        if holder.file is not None and not holder.file.is_file():
            raise UserError(f"There is no file {holder.file}, which the configuration names.")
