"""Models on the hub: which revision an edition means, where its files lie here, and how they get here.

Law: a revision is a whole commit hash, so that what it names can never change; files come by the hub's own library, into
the cache that all programs of its kind share, and what is there already is not downloaded again.
May import: errors, huggingface_hub.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from babelgen.errors import UserError, first_line

_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_REVISION = re.compile("[0-9a-f]{40}")


@dataclass(frozen=True)
class Source:
    """A model of the hub: `repository` is owner/name, `revision` a commit hash of 40 hexadecimal digits."""

    repository: str
    revision: str

    def __str__(self) -> str:
        """For people."""
        return f"{self.repository} at {self.revision[:10]}"


def complaint(source: Source) -> tuple[str, str] | None:
    """The field that is wrong, and what it must be; None where both are right."""
    if not _REPOSITORY.fullmatch(source.repository):
        return "repository", "must be owner/name, as the hub has it"
    if not _REVISION.fullmatch(source.revision):
        return (
            "revision",
            "must be a commit hash of 40 hexadecimal digits: names of branches come to mean other files",
        )
    return None


def snapshot_folder(source: Source) -> Path:
    """Where the files of a source lie, or would."""
    from huggingface_hub import constants  # not at the top: reading an edition that has a folder does without

    name = "--".join(["models", *source.repository.split("/")])
    return Path(constants.HF_HUB_CACHE) / name / "snapshots" / source.revision


def download(source: Source, patterns: Sequence[str]) -> None:
    """Bring the files that match any of `patterns` here; what is here already is left alone.

    Raises UserError where the hub cannot be reached, or does not have them.
    """
    from huggingface_hub import snapshot_download

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # its single attempts are not for users
    try:
        snapshot_download(source.repository, revision=source.revision, allow_patterns=list(patterns))
    except Exception as error:  # of many types: the hub's own, the connection's, the disk's
        raise UserError(
            f"The model {source} cannot be downloaded: {first_line(error).rstrip('.')}."
        ) from error
