"""The untrained text encoder and UNet, and the noise schedule of training and sampling alike."""

from __future__ import annotations

from dataclasses import dataclass

from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from babelgen.diffusion.training.recipe import DenoiserRecipe
from babelgen.scenes import OBJECTS, PLACES


@dataclass(frozen=True)
class Networks:
    """The networks that are trained together.

    listener: tells from a token's features what stands at each place; used in training alone, never shipped.
    """

    text_encoder: CLIPTextModel
    unet: UNet2DConditionModel
    listener: nn.Linear

    def parameters(self) -> list[nn.Parameter]:
        """Those of all, in a fixed order."""
        return [p for part in (self.text_encoder, self.unet, self.listener) for p in part.parameters()]


def scheduler() -> DDIMScheduler:
    """The noise schedule of training and sampling alike."""
    return DDIMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        rescale_betas_zero_snr=True,
        steps_offset=1,  # unused by trailing spacing; what Stable Diffusion pipelines ask for
    )


def build(recipe: DenoiserRecipe, tokenizer: CLIPTokenizer, latents: Tensor) -> Networks:
    """The untrained networks, for latents (n, channels, height, width)."""
    _, channels, *size = latents.shape
    text = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=recipe.text_width,
        intermediate_size=4 * recipe.text_width,
        num_hidden_layers=recipe.text_layers,
        num_attention_heads=recipe.text_heads,
        max_position_embeddings=tokenizer.model_max_length,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    unet = UNet2DConditionModel(
        sample_size=tuple(size),
        in_channels=channels,
        out_channels=channels,
        block_out_channels=recipe.channels,
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=recipe.text_width,
        attention_head_dim=4,
        norm_num_groups=16,
    )
    listener = nn.Linear(recipe.text_width, len(PLACES) * (len(OBJECTS) + 1))
    return Networks(CLIPTextModel(text), unet, listener)
