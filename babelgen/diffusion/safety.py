"""A model's own safety checker: which finished pictures it flags.

Law: it judges and never touches: a picture's pixels are the same whether it is asked or not, and whatever it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from numpy.typing import NDArray
from PIL import Image
from transformers import CLIPImageProcessorPil

from babelgen.diffusion.memory import telling_of_weights
from babelgen.diffusion.model import Model, quiet
from babelgen.edition import Edition
from babelgen.errors import UserError, first_line

_CONFIGURATIONS = ("safety_checker/config.json", "feature_extractor/preprocessor_config.json")
CHECK_BATCH = 2  # pictures; even, as all batches are, and small, since it is a large network for one answer


@dataclass(frozen=True)
class SafetyChecker:
    """The network and what prepares pictures for it, as they lie in the model's folder."""

    network: StableDiffusionSafetyChecker
    processor: CLIPImageProcessorPil

    def flags(self, pictures: Sequence[NDArray[np.uint8]]) -> list[bool]:
        """Whether each picture, (height, width, 3) RGB, is flagged; the pictures stay as they are."""
        starts = range(0, len(pictures), CHECK_BATCH)
        return [flag for start in starts for flag in self._batch(pictures[start : start + CHECK_BATCH])]

    @torch.inference_mode()
    def _batch(self, pictures: Sequence[NDArray[np.uint8]]) -> list[bool]:
        missing = CHECK_BATCH - len(pictures)
        images = [Image.fromarray(picture, "RGB") for picture in [*pictures, *[pictures[-1]] * missing]]
        prepared = self.processor(images, return_tensors="pt").pixel_values.to(self.network.device)
        # It blackens those of `images` that it flags, and looks at none of them: it is given none.
        _, flags = self.network(clip_input=prepared, images=[np.empty(0)] * CHECK_BATCH)
        return [bool(flag) for flag in flags[: len(pictures)]]


def load_safety_checker(model: Model) -> SafetyChecker | None:
    """The safety checker of a loaded model, whose files were checked with it; None where its edition asks for none.

    In float32 whatever the model's dtype, so that its answers do not hang on that too. UserError where it cannot be
    loaded.
    """
    if not model.edition.safety_checker:
        return None
    network, processor = _load(model.edition)
    with telling_of_weights(model.edition.id):
        network.to(model.device).eval().requires_grad_(False)
    return SafetyChecker(network, processor)


def _load(edition: Edition) -> tuple[StableDiffusionSafetyChecker, CLIPImageProcessorPil]:
    for name in _CONFIGURATIONS:
        if not (edition.model / name).is_file():
            raise UserError(
                f"The safety checker of edition {edition.id} lacks its {name} in {edition.model}."
            )
    try:
        with quiet():
            network, found = StableDiffusionSafetyChecker.from_pretrained(
                edition.model / "safety_checker",
                dtype=torch.float32,
                variant=edition.variant or None,
                local_files_only=True,
                use_safetensors=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # told below
            )
            processor = CLIPImageProcessorPil.from_pretrained(
                edition.model / "feature_extractor", local_files_only=True
            )
    except (OSError, ValueError) as error:
        raise UserError(
            f"The safety checker of edition {edition.id} cannot be loaded: {first_line(error)}"
        ) from error
    # What is not there is made up at random, and would flag at random.
    if wrong := sorted([*found["missing_keys"], *(name for name, *_ in found["mismatched_keys"])]):
        raise UserError(
            f"The safety checker of edition {edition.id} lacks the weights that it needs: {wrong[0]}."
        )
    return network, processor
