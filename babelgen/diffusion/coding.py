"""The text encoder and the decoder, each at a fixed batch shape of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from babelgen.diffusion.model import Model
from babelgen.keys import Condition, Shelf, embedding_of_shelf, tokens_of_shelf
from babelgen.statistics import statistics_of

# Even, since on CPUs an odd batch may compute a row otherwise; small, since a prompt is often alone.
TEXT_BATCH = 2
DECODE_BATCH = 4


class Conditions:
    """The embeddings of conditions, those of shelves computed once each."""

    def __init__(self, model: Model, most: int = 512) -> None:
        self._model = model
        self._known: dict[Shelf, Tensor] = {}
        self._most = most
        self._space = model.edition.key_space()

    @torch.inference_mode()
    def embedding(self, condition: Condition) -> Tensor:
        """The embedding of a condition, (length, width), in the model's dtype."""
        return self._of_shelf(condition) if isinstance(condition, Shelf) else self._put(condition)

    def _of_shelf(self, shelf: Shelf) -> Tensor:
        if shelf not in self._known:
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[shelf] = self._of_tokens(shelf) if shelf.kind == "t" else self._of_digits(shelf)
        return self._known[shelf]

    def _of_tokens(self, shelf: Shelf) -> Tensor:
        ids = self._model.tokens.ids(tokens_of_shelf(shelf, self._space))
        batch = self._model.put(torch.tensor([ids] * TEXT_BATCH))
        embedding: Tensor = self._model.text_encoder(batch)[0][0].clone()
        return embedding

    def _of_digits(self, shelf: Shelf) -> Tensor:
        return self._put(embedding_of_shelf(shelf, self._space, statistics_of(self._model.edition)))

    def _put(self, values: NDArray[np.float32]) -> Tensor:
        return self._model.put(torch.from_numpy(values), self._model.dtype)

    def default_negative(self) -> Shelf:
        """The shelf of the edition's default negative prompt."""
        return Shelf("t", self._space.negative)


@torch.inference_mode()
def decode(model: Model, latents: Sequence[Tensor]) -> list[NDArray[np.uint8] | None]:
    """Pixels (height, width, 3) of up to DECODE_BATCH latents (c, h, w); None for one with NaNs."""
    missing = DECODE_BATCH - len(latents)
    batch = torch.stack([*latents, *[latents[-1]] * missing])
    batch = batch.to(model.dtype, memory_format=torch.channels_last)
    decoded = model.vae.decode(batch / model.vae.config.scaling_factor).sample.float()
    # As diffusers' image processor does: to 0..1, clipped, times 255, rounded.
    pixels = ((decoded / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
    pictures = pixels.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    sound = torch.isfinite(decoded).flatten(1).all(dim=1).tolist()
    return [picture if fine else None for picture, fine in zip(pictures[: len(latents)], sound, strict=False)]
