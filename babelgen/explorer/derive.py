"""The edition that a configuration needs: scheduler, guidance, size and model, as a change to one that is shipped.

Law: what the derived edition cannot have as the configuration says is told; where nothing differs there is no new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tomlkit

from babelgen.edition import LONGEST_NAME, Edition, find_edition, read_edition
from babelgen.errors import UserError
from babelgen.explorer.config import Experiment
from babelgen.keys import MAX_STEPS
from babelgen.resources import EDITIONS

# Names of models, as part of what the hub or a folder calls them, and the shipped edition that means them.
_MODELS = (("v1-5", "sd15"), ("sd-turbo", "sd-turbo"), ("mini", "mini"))
NEAREST = "sd15"  # where the name says nothing
# diffusers' classes, and what comes nearest here; those in _SAME are the same solver.
_SCHEDULERS = {
    "DPMSolverMultistepScheduler": "dpm++ 2m",
    "DDIMScheduler": "ddim",
    "EulerDiscreteScheduler": "ddim",
    "PNDMScheduler": "ddim",
}
_SAME = ("DPMSolverMultistepScheduler", "DDIMScheduler")
_OTHER = "dpm++ 2m"


@dataclass(frozen=True)
class Derived:
    """An edition for a configuration. name: as a library file names it, a shipped one or a TOML file beside it.

    text: of that file, '' where a shipped one will do. losses: sentences on what is not as the configuration says.
    """

    name: str
    text: str
    losses: tuple[str, ...]


def derive_edition(experiment: Experiment, base: str | None, stem: str, beside: Path) -> Derived:
    """The edition of a configuration that lies in `beside`; its file is called after `stem`.

    base: an edition to change; None for the nearest shipped one, or the configuration's own model where that is a
    folder. UserError where its pictures cannot be of that size.
    """
    losses: list[str] = []
    folder = _folder(experiment.model, beside) if base is None else None
    chosen = base or _nearest(experiment.model, folder is not None, losses)
    path = find_edition(chosen)
    before = read_edition(path)
    scheduler = _scheduler(experiment.scheduler, losses)
    guidance = _guidance(experiment.guidance, losses)
    _require_size(experiment, before)
    size = (experiment.width, experiment.height)
    if folder is None and (before.width, before.height, before.scheduler, before.guidance) == (
        *size,
        scheduler,
        guidance,
    ):
        return Derived(str(path.resolve()) if chosen.endswith(".toml") else chosen, "", tuple(losses))
    document = tomlkit.parse(path.read_text("utf-8"))
    _change(document, before, path, folder)
    document["name"] = _name(before.name, stem)
    document["title"] = f"{before.title or before.name}, as {stem} has it"[:200]
    document["sampler"].update({"scheduler": scheduler, "guidance": guidance, "steps": steps_of(experiment)})
    channels, height, _ = before.latent_shape
    factor = before.height // height
    latents = [channels, size[1] // factor, size[0] // factor]
    document["picture"].update({"width": size[0], "height": size[1], "latents": latents})
    words = (
        f"# Made by `render.py import` from {before.id}: scheduler, guidance and size are a configuration's of the explorer.\n"
        "# It is provisional until `render.py edition pin` has been run on it. What follows is that edition's own.\n\n"
    )
    return Derived(f"{stem}-edition.toml", words + tomlkit.dumps(document), tuple(losses))


def steps_of(experiment: Experiment) -> int:
    """The number of steps, as far as keys have one."""
    return min(experiment.steps, MAX_STEPS)


def _nearest(model: str, here: bool, losses: list[str]) -> str:
    """The shipped edition that is nearest to a model by its name."""
    name = model.replace("\\", "/").rstrip("/").rpartition("/")[2].lower()
    for part, edition in _MODELS:
        if part in name:
            return edition
    if not here:
        losses.append(
            f"No shipped edition is of the model {model[:200]!r}; the edition has that of {NEAREST}: say which with --edition."
        )
    return NEAREST


def _folder(model: str, beside: Path) -> Path | None:
    """The configuration's own model, where it is a folder of diffusers' layout here."""
    try:
        folder = (beside / model).resolve()
        return folder if model and (folder / "model_index.json").is_file() else None
    except (OSError, ValueError):  # no name that a folder can have
        return None


def _scheduler(name: str, losses: list[str]) -> str:
    scheduler = _SCHEDULERS.get(name, _OTHER)
    if name not in _SAME:
        losses.append(
            f"The scheduler {name[:80]!r} is not known here; the edition has {scheduler!r}, which gives other pictures."
        )
    return scheduler


def _guidance(scale: float, losses: list[str]) -> float:
    if scale < 1:
        losses.append(
            f"A guidance_scale of {scale:g} became 1: below that there is no guidance in either program."
        )
    return max(1.0, scale)


def _require_size(experiment: Experiment, edition: Edition) -> None:
    factor = edition.height // edition.latent_shape[1]
    for name, side in (("width", experiment.width), ("height", experiment.height)):
        if side % factor:
            raise UserError(
                f"The {name} of {side} pixels fits no picture of {edition.name}: it must be a multiple of {factor}."
            )


def _change(document: tomlkit.TOMLDocument, before: Edition, path: Path, folder: Path | None) -> None:
    """Let an edition's TOML stand elsewhere: places made absolute, the model another one where `folder` says so.

    Its files' hashes go: what was guessed from a configuration is provisional until somebody has looked at it.
    """
    model, text, draws = document["model"], document["text"], document.get("random", {})
    model.pop("files", None)
    words = str(draws.get("words", ""))
    if (
        words
        and not words.startswith("package:")
        and (folder is not None or "path" not in model or not str(model["path"]).startswith("package:"))
    ):
        draws["words"] = str(before.words.resolve())
    if folder is not None:
        for name in ("repository", "revision", "variant"):
            model.pop(name, None)
        model["path"] = str(folder)
        text.pop("statistics", None)
    elif "path" in model:
        model["path"] = _absolute(str(model["path"]), path)
    if "statistics" in text:
        text["statistics"]["file"] = _absolute(str(text["statistics"]["file"]), path)


def _absolute(place: str, path: Path) -> str:
    """A place that counts from where a TOML lies, as it is said from anywhere; `package:` says so already."""
    if place.startswith("package:"):
        return place
    if path.parent.resolve() == EDITIONS.resolve():
        return f"package:editions/{place}"
    return str((path.parent / place).resolve())


def _name(base: str, stem: str) -> str:
    return f"{base}-{stem}"[:LONGEST_NAME].rstrip("-")
