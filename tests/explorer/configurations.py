"""Configurations as the explorer has them, for tests to change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

COMMON = {
    "model_identifier": "txt2img",
    "exp_identifier": "single-inference",
    "model_id": "runwayml/stable-diffusion-v1-5",
    "output_path": "./experiments",
    "gpu_id": 0,
    "scheduler": "DPMSolverMultistepScheduler",
    "diffusion_steps": 25,
    "guidance_scale": 9.5,
    "rand_seed": 42,
    "images_per_prompt": 1,
    "height": 512,
    "width": 512,
    "prompt": "the sea at sunset|in the fog",
    "load_prompt_embeds": "None",
    "load_latent_noise": "None",
    "gif_frame_dur": 200,
}
WALK = {
    "exp_identifier": "random-walk",
    "prompt_rand_walk": True,
    "noise_rand_walk": True,
    "walk_steps": 50,
    "step_size": 0.0095,
    "walk_directions": 3,
    "gif_frame_dur": 75,
}
INTERPOLATION = {
    "exp_identifier": "interpolation",
    "inter_prompts": ["the sea|in the fog", "a forest|in the fog", "mountains|in the fog"],
    "inter_noises": [1, 2, 3],
    "interpolation_steps": 30,
    "interpolation_method": "slerp",
    "gif_frame_dur": 100,
}
EVOLUTION = {"exp_identifier": "diffevolution", "genes_per_generation": 5, "step_size": 0.05}


def configuration(folder: Path, *changes: dict[str, Any]) -> Path:
    """A configuration with these changes; a field that becomes None is left out."""
    fields = dict(COMMON)
    for change in changes:
        fields |= change
    path = folder / "explorer.yaml"
    path.write_text(
        yaml.safe_dump({name: value for name, value in fields.items() if value is not None}), "utf-8"
    )
    return path
