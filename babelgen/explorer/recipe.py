"""An experiment as collections of a library file: what stays of it, and what does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from babelgen.collections.evolution import MOST_GENES
from babelgen.explorer.config import Experiment, Noise, Prompt
from babelgen.explorer.derive import steps_of
from babelgen.keys import MAX_STEPS

Fields = dict[str, Any]


class Parts(Protocol):
    """What turns a prompt and start noise into a key where a library file's own words do not reach."""

    def plain(self, noise: Noise) -> bool:
        """Whether noise is to be the page of the seed's number, and not that of what torch draws from it."""

    def key(self, prompt: Prompt, noise: Noise, image: int, images: int) -> str:
        """The key of the image at that place of a batch."""


@dataclass(frozen=True)
class Wishes:
    """What an experiment comes to. collections: as tables of a library file. losses: sentences on what is not carried over.

    embeds: whether the edition needs statistics, since prompts move. film: what shows it moving, as a command line.
    """

    collections: tuple[Fields, ...]
    losses: tuple[str, ...]
    embeds: bool
    film: str


def wishes_of(experiment: Experiment, parts: Parts) -> Wishes:
    """The collections of an experiment, and what of it is lost."""
    losses: list[str] = []
    make = {"random-walk": _walk, "interpolation": _interpolation, "diffevolution": _evolution}.get(
        experiment.kind, _pictures
    )
    tables = make(experiment, parts, losses)
    embeds = any(_moves_prompts(table) for table in tables)
    return Wishes(tuple(tables), (*losses, *_losses(experiment, parts)), embeds, _film(experiment, tables))


def _moves_prompts(table: Fields) -> bool:
    through = table.get("through", ())
    return table.get("space") in ("both", "condition") or len(set(through)) > 1


def _pictures(experiment: Experiment, parts: Parts, losses: list[str]) -> list[Fields]:
    """Pictures one by one: single inference, and what a development is shown of."""
    prompt, noise, images, name = experiment.prompt, experiment.noise, experiment.images, experiment.kind
    if noise.file is not None and images > 1:
        losses.append(f"{noise.file.name} holds one noise, so images_per_prompt {images} became 1.")
        images = 1
    if prompt.file is None and parts.plain(noise):
        fields = {"name": name, "kind": "search", "prompts": [prompt.positive], **_kept_away(prompt)}
        return [{**fields, "page": noise.seed, "count": images, "steps": steps_of(experiment)}]
    keys = [parts.key(prompt, noise, image, images) for image in range(images)]
    many = images > 1
    return [
        {"name": f"{name}-{at}" if many else name, "kind": "range", "start": key, "count": 1}
        for at, key in enumerate(keys, 1)
    ]


def _walk(experiment: Experiment, parts: Parts, losses: list[str]) -> list[Fields]:
    walk = experiment.walk
    assert walk is not None  # noqa: S101 - what read_experiment promises of a random walk
    losses.append(
        "The directions of a walk were drawn without a seed, so that they are other ones here: those of seed 0."
    )
    fields: Fields = {"name": experiment.kind, "kind": "walk", **_start(experiment, parts, losses)}
    space = "both" if walk.prompt and walk.noise else "condition" if walk.prompt else "noise"
    path = {"space": space, "directions": walk.directions, "frames": walk.steps, "step": walk.size}
    return [{**fields, **path, "seed": 0, "style": "linear", "back": True}]


def _evolution(experiment: Experiment, parts: Parts, losses: list[str]) -> list[Fields]:
    evolution = experiment.evolution
    assert evolution is not None  # noqa: S101 - as above
    losses.append(
        "What is new in each gene was drawn without a seed, so that genes are other ones here: those of seed 0. What was"
        " chosen is in no configuration, so that the evolution begins anew."
    )
    fields: Fields = {"name": experiment.kind, "kind": "evolution", **_start(experiment, parts, losses)}
    genes = min(evolution.genes, MOST_GENES)
    if genes < evolution.genes:
        losses.append(
            f"genes_per_generation {evolution.genes} became {genes}, the most that a generation has."
        )
    return [{**fields, "genes": genes, "step": evolution.size, "seed": 0}]


def _start(experiment: Experiment, parts: Parts, losses: list[str]) -> Fields:
    """Where an experiment with one start begins: at a prompt's page, or at a key."""
    prompt, noise = experiment.prompt, experiment.noise
    if experiment.images > 1:
        losses.append(
            f"There is one start here: of {experiment.images} images_per_prompt the first is carried over."
        )
    if prompt.file is not None or not parts.plain(noise):
        return {"start": parts.key(prompt, noise, 0, experiment.images)}
    begin = {"prompt": prompt.positive, "page": noise.seed, **_kept_away(prompt)}
    return {**begin, "steps": steps_of(experiment)}


def _interpolation(experiment: Experiment, parts: Parts, losses: list[str]) -> list[Fields]:
    through = experiment.interpolation
    assert through is not None  # noqa: S101 - as above
    prompts, noises = through.prompts, through.noises
    fields: Fields = {"name": experiment.kind, "kind": "interpolation"}
    plain = all(parts.plain(noise) for noise in noises) and not any(prompt.file for prompt in prompts)
    if plain and len({prompt.negative for prompt in prompts}) == 1:
        texts = [prompt.positive for prompt in prompts]
        stops: Fields = {
            "through": texts,
            "pages": [noise.seed for noise in noises],
            **_kept_away(prompts[0]),
        }
        stops["steps"] = steps_of(experiment)
    else:
        length = max(len(prompts), len(noises))
        pairs = zip(
            prompts * length if len(prompts) == 1 else prompts,
            noises * length if len(noises) == 1 else noises,
            strict=True,
        )
        stops = {"through": [parts.key(prompt, noise, 0, 1) for prompt, noise in pairs]}
    way: Fields = {"frames": through.steps, "method": through.method}
    if through.method == "lerp":
        way["restore"] = False
    return [{**fields, **stops, **way}]


def _kept_away(prompt: Prompt) -> Fields:
    return {"negative": prompt.negative} if prompt.negative else {}


def _losses(experiment: Experiment, parts: Parts) -> list[str]:
    """What every experiment may lose."""
    losses = []
    if experiment.steps > MAX_STEPS:
        losses.append(f"diffusion_steps {experiment.steps} became {MAX_STEPS}, the most that a key has.")
    if experiment.settings:
        losses.append(
            f"{' and '.join(experiment.settings)} say where and by what that program computes, and are left out."
        )
    through = experiment.interpolation
    if through and experiment.images > 1:
        losses.append(
            f"images_per_prompt {experiment.images} became 1: an interpolation is one line of pictures here."
        )
    seeds = [noise for noise in (through.noises if through else (experiment.noise,)) if noise.file is None]
    if any(parts.plain(noise) for noise in seeds):
        losses.append(
            "A seed became the page of that number, which is other noise than torch draws from the seed, so pictures differ: --noise torch carries that over."
        )
    losses += [
        f"{name[:80]!r} is not known here or plays no part in this experiment, and is left out."
        for name in experiment.unknown
    ]
    return losses


def _film(experiment: Experiment, tables: list[Fields]) -> str:
    if experiment.kind not in ("random-walk", "interpolation"):
        return ""
    rate = f" --fps {1000 / experiment.frame:.6g}" if experiment.frame else ""
    return f"animate {tables[0]['name']}{rate}"
