"""The files of an edition's model: which ones settle its pixels, whether they are here, and whether as pinned.

Law: weights are safetensors, never pickles, which run code when they are loaded; a file that is not the pinned one is
refused; a model of the hub is downloaded by whoever needs it first, and only what is read of it.
May import: edition, errors, hub.
"""

from __future__ import annotations

import hashlib
from fnmatch import fnmatchcase
from pathlib import Path

from babelgen.edition import CHECKER, Edition, is_of_checker
from babelgen.errors import UserError
from babelgen.hub import download

NETWORKS = ("text_encoder", "unet", "vae")
_STEMS = ("model", "diffusion_pytorch_model")  # of weights, as transformers and diffusers name them
_PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")


def file_hashes(folder: Path, variant: str = "", checker: bool = False) -> dict[str, str]:
    """SHA-256 of every file of a model that is read: weights, configurations, tokenizer.

    variant: of the weights, such as `fp16`. checker: whether its safety checker is among them.
    """
    return {name: _sha256(folder / name) for name in _read(folder, variant, checker)}


def _read(folder: Path, variant: str, checker: bool) -> list[str]:
    """The names of the files that are read of a model."""
    names = [path.relative_to(folder).as_posix() for path in [*folder.glob("*"), *folder.glob("*/*")]]
    patterns = _patterns(variant, checker)
    return sorted(name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns))


def _patterns(variant: str, checker: bool) -> list[str]:
    """Names of the files that are read, with wildcards. Repositories have other weights too, left out here."""
    components = ["scheduler", "tokenizer", *NETWORKS, *(CHECKER if checker else ())]
    names = ["model_index.json", "tokenizer/merges.txt"]  # the latter is half of an older tokenizer
    names += [f"{component}/*.json" for component in components]
    suffix = f".{variant}" if variant else ""
    return names + [
        f"{component}/{stem}{suffix}{shard}.safetensors"
        for component in components
        for stem in _STEMS
        for shard in ("", "-*-of-*")
    ]


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def check_files(edition: Edition, part: str = "") -> None:
    """Refuse with UserError a model that is not here, or not the one that the edition pins.

    part: the beginning of the names to check, such as `tokenizer/`.
    """
    if complaint := _complaint(edition, part):
        raise UserError(_needed(edition) if edition.retired else complaint)


def fetch(edition: Edition, part: str = "") -> None:
    """Download what is lacking of a model of the hub; UserError where that fails. A model in a folder is left alone.

    part: as for `check_files`.
    """
    if edition.source is None:
        return
    beside = edition.words.is_relative_to(edition.model)
    words = [edition.words.relative_to(edition.model).as_posix()] if beside else []
    pinned = _pinned(edition, part)
    if pinned and all((edition.model / name).is_file() for name in [*pinned, *words]):
        return
    patterns = _patterns(edition.variant, edition.safety_checker)
    download(edition.source, [pattern for pattern in patterns if pattern.startswith(part)] + words)


def _complaint(edition: Edition, part: str) -> str | None:
    """The sentence about the first file that is not as pinned, or lacking; None where all is well."""
    if not edition.model.is_dir():
        return f"The model of edition {edition.id} is not at {edition.model}."
    pinned = _pinned(edition, part)
    for name, digest in pinned.items():
        file = edition.model / name
        if not file.is_file():
            return f"The model of edition {edition.id} lacks its file {name} in {edition.model}."
        if _sha256(file) != digest:
            return (
                f"The file {name} in {edition.model} is not the one that edition {edition.id} was made with."
            )
    read = _read(edition.model, edition.variant, edition.safety_checker) if edition.files else []
    strange = [name for name in read if name.startswith(part) and name not in pinned]
    if strange:  # loading might prefer it to the pinned ones: a list of shards, say
        return f"The file {strange[0]} in {edition.model} is not one of those that edition {edition.id} pins."
    return None if part else _weights_complaint(edition)


def _pinned(edition: Edition, part: str) -> dict[str, str]:
    """The pinned files that are read: those of a safety checker count only where it is on."""
    return {
        name: digest
        for name, digest in edition.files.items()
        if name.startswith(part) and (edition.safety_checker or not is_of_checker(name))
    }


def is_here(edition: Edition) -> bool:
    """Whether all files of a model are in their place, as far as that can be said without reading them."""
    pinned = all((edition.model / name).is_file() for name in _pinned(edition, ""))
    return pinned and edition.model.is_dir() and _weights_complaint(edition) is None


def _weights_complaint(edition: Edition) -> str | None:
    """The sentence about the first network that has no safetensors of the edition's variant."""
    variant = f" of variant {edition.variant}" if edition.variant else ""
    patterns = _patterns(edition.variant, edition.safety_checker)
    for network in [*NETWORKS, *(CHECKER[:1] if edition.safety_checker else ())]:
        files = [f"{network}/{file.name}" for file in sorted((edition.model / network).glob("*"))]
        weights = [pattern for pattern in patterns if pattern.endswith(".safetensors")]
        if any(fnmatchcase(file, pattern) for file in files for pattern in weights):
            continue
        lacks = (
            f"The model of edition {edition.id} in {edition.model} has no weights{variant} for its {network}"
        )
        pickles = [file for file in files if file.endswith(_PICKLES)]
        if pickles:
            return f"{lacks} but {pickles[0]}, a pickle, which can run any code: only safetensors are loaded."
        if edition.source:
            return f"{lacks}: it was not downloaded in full; try again with a network."
        return f"{lacks}: a file {network}/*.safetensors is needed."
    return None


def _needed(edition: Edition) -> str:
    """The sentence about a retired edition whose model is gone: which weights would bring it back."""
    weights = {name: digest for name, digest in edition.files.items() if name.endswith(".safetensors")}
    listed = ", ".join(
        f"{name} (SHA-256 {digest[:16]}…)" for name, digest in (weights or edition.files).items()
    )
    return f"Edition {edition.id} is retired, and needs the model that it had in {edition.model}: {listed}."
