"""Loading an edition's networks from the diffusers folder layout: offline, safetensors only, as pinned."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass

import diffusers
import torch
import transformers
from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel

from babelgen.diffusion.compiling import compile_network
from babelgen.diffusion.memory import telling_of_weights
from babelgen.diffusion.solvers import Scheduler, make_scheduler
from babelgen.edition import Edition
from babelgen.errors import UserError, first_line
from babelgen.statistics import statistics_of
from babelgen.tokens import Tokens, tokens_of
from babelgen.weights import check_files


@dataclass(frozen=True)
class Model:
    """An edition with its networks in evaluation mode, on one device, in one dtype.

    compiler: of the UNet; '' where it is not compiled.
    """

    edition: Edition
    tokens: Tokens
    text_encoder: CLIPTextModel
    unet: UNet2DConditionModel
    vae: AutoencoderKL
    scheduler: Scheduler
    device: torch.device
    dtype: torch.dtype
    compiler: str = ""

    def put(self, values: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """Values from the CPU on the model's device, without waiting for the work that a GPU has."""
        values = values.to(dtype=dtype)
        if self.device.type == "cpu":
            return values
        return values.pin_memory().to(self.device, non_blocking=True)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' bars and advice off the screen while a model loads."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    logging.getLogger("diffusers").setLevel(logging.ERROR)
    with contextlib.redirect_stderr(io.StringIO()):
        yield


def load_pipeline(edition: Edition, dtype: torch.dtype = torch.float32) -> StableDiffusionPipeline:
    """diffusers' own pipeline of an edition, its files checked; UserError where it cannot be loaded.

    The solver is the edition's, whichever one the folder names; its noise schedule is the folder's.
    """
    check_files(edition)
    try:
        with quiet():
            pipeline = StableDiffusionPipeline.from_pretrained(
                edition.model,
                dtype=dtype,
                local_files_only=True,
                use_safetensors=True,
                variant=edition.variant or None,
                safety_checker=None,  # see `safety`; an index may name it where the folder lacks it
                feature_extractor=None,
                requires_safety_checker=False,
            )
            pipeline.scheduler = make_scheduler(edition.scheduler, pipeline.scheduler.config)
    except (
        OSError,
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        RuntimeError,
    ) as error:  # files of any content
        raise UserError(f"The model of edition {edition.id} cannot be loaded: {first_line(error)}") from error
    return pipeline


def load_model(
    edition: Edition, device: str = "cpu", dtype: torch.dtype = torch.float32, compiled: bool = False
) -> Model:
    """An edition's networks, ready to render; UserError where they do not fit the edition, or the device.

    device: `cpu`, `cuda` or `cuda:N`. compiled: the UNet is, when it first runs; see `compiling`.
    """
    pipeline = load_pipeline(edition, dtype)
    with telling_of_weights(edition.id):
        for network in (pipeline.text_encoder, pipeline.unet, pipeline.vae):
            network.to(device).eval().requires_grad_(False)
    # Channels last is the layout that convolutions compute fastest in.
    pipeline.unet.to(memory_format=torch.channels_last)
    pipeline.vae.to(memory_format=torch.channels_last)
    model = Model(
        edition=edition,
        tokens=tokens_of(edition),
        text_encoder=pipeline.text_encoder,
        unet=pipeline.unet,
        vae=pipeline.vae,
        scheduler=pipeline.scheduler,
        device=torch.device(device),
        dtype=dtype,
        compiler=compile_network(pipeline.unet, torch.device(device)) if compiled else "",
    )
    _check_fit(model)
    return model


def _check_fit(model: Model) -> None:
    edition, (channels, height, width) = model.edition, model.edition.latent_shape
    factor = 2 ** (len(model.vae.config.block_out_channels) - 1)
    wrong = None
    if (height * factor, width * factor) != (edition.height, edition.width):
        wrong = f"latents of {height}x{width} make pictures of {width * factor}x{height * factor}"
    elif model.unet.config.in_channels != channels:
        wrong = f"its latents have {channels} channels, and the model's {model.unet.config.in_channels}"
    elif model.text_encoder.config.max_position_embeddings != edition.length:
        wrong = f"its prompts have {edition.length} tokens, and the model's another number"
    elif edition.statistics and statistics_of(edition).mean.shape[1] != model.text_encoder.config.hidden_size:
        wrong = "its statistics are of wider or narrower embeddings"
    elif edition.codec.width not in (None, model.unet.config.cross_attention_dim):
        width = model.unet.config.cross_attention_dim
        wrong = f"its keys hold embeddings of width {edition.codec.width}, and the model takes {width}"
    if wrong:
        raise UserError(f"Edition {edition.id} does not fit its model: {wrong}.")
