"""Keys of the archive render: the embedding and the latents that they hold, as diffusers' own pipeline would."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from babelgen.diffusion.model import load_model, load_pipeline
from babelgen.diffusion.renderer import Rendered, Renderer
from babelgen.errors import UserError
from babelgen.keys.lob1 import decode_key, encode_key
from babelgen.picture import psnr
from babelgen.plan import Item

# At guidance 1 no negative is needed; at another it is the edition's default one.
GUIDANCES = [1.0, 2.0]


@pytest.fixture(scope="module", params=GUIDANCES)
def edition(archive_edition, request):
    return replace(archive_edition, guidance=request.param)


@pytest.fixture(scope="module")
def items():
    """Two keys of one embedding and two noises, and one of another embedding and the second noise."""
    rng = np.random.default_rng(5)
    one, other = rng.standard_normal((2, 77, 768))
    noise, more = rng.standard_normal((2, 4, 52, 80))
    parts = [(1, one, noise), (3, one, more), (3, other, more)]
    return [Item(str(n), encode_key(*part).text, part[0]) for n, part in enumerate(parts)]


@pytest.fixture(scope="module")
def pictures(edition, items):
    torch.set_num_threads(1)
    results = list(Renderer(load_model(edition)).render(items))
    assert all(isinstance(result, Rendered) for result in results)
    return {result.item.name: result.pixels for result in results}


def test_keys_differ_in_noise_and_in_embedding(pictures):
    assert len({picture.tobytes() for picture in pictures.values()}) == 3


def test_diffusers_own_pipeline_agrees(edition, items, pictures):
    pipeline = load_pipeline(edition)
    pipeline.set_progress_bar_config(disable=True)
    empty = pipeline.tokenizer("", padding="max_length", max_length=77, return_tensors="pt").input_ids
    for item in items[:2]:
        parts = decode_key(item.key)
        with torch.no_grad():
            image = pipeline(
                prompt_embeds=torch.from_numpy(parts.embedding.astype(np.float32)).view(1, 77, 768),
                negative_prompt_embeds=pipeline.text_encoder(empty)[0],
                latents=torch.from_numpy(parts.latents.astype(np.float32)).view(1, 4, 52, 80),
                num_inference_steps=parts.steps,
                guidance_scale=edition.guidance,
                width=edition.width,
                height=edition.height,
            ).images[0]
        assert psnr(np.asarray(image), pictures[item.name]) >= 50


def test_a_model_of_another_width_is_refused(archive_edition, tmp_path):
    from tests import tiny

    tiny.make_words(tmp_path / "model", length=77)
    tiny.make_networks(tmp_path / "model", length=77, width=16)
    narrow = replace(archive_edition, model=tmp_path / "model", files={})
    with pytest.raises(UserError, match=r"its keys hold embeddings of width 768, and the model takes 16\.$"):
        load_model(narrow)
