"""Settings: in every precision, compiled and on a GPU, a picture is what it is alone; and its profile says how it was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from numpy.typing import NDArray

from babelgen.diffusion.coding import DECODE_BATCH, decode
from babelgen.diffusion.compiling import OPTIONS
from babelgen.diffusion.model import Model, load_model
from babelgen.diffusion.profile import profile
from babelgen.diffusion.renderer import CPU_SLOTS, GPU_SLOTS, Rendered, Renderer
from babelgen.diffusion.single import render_key
from babelgen.diffusion.worker import open_model, settle_process
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.keys import Address, Shelf, format_key
from babelgen.keys.numerals import write_bytes
from babelgen.picture import psnr
from babelgen.plan import Item
from babelgen.settings import ON_CPU, Setting

Pictures = dict[str, NDArray[np.uint8]]

HALF = Setting(precision="bfloat16")
COMPILED = Setting(compiled=True)
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def has_compiler() -> bool:
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        return bool(get_cpp_compiler())
    except InvalidCxxCompiler:
        return False


SETTINGS = [
    pytest.param(ON_CPU, id="float32"),
    pytest.param(HALF, id="bfloat16"),
    pytest.param(Setting(precision="float16", slots=2), id="float16"),
    pytest.param(
        COMPILED, id="compiled", marks=pytest.mark.skipif(not has_compiler(), reason="needs a C++ compiler")
    ),
    pytest.param(Setting("cuda"), id="gpu", marks=needs_gpu),
    pytest.param(Setting("cuda:0", "float32", slots=4), id="gpu float32", marks=needs_gpu),
    pytest.param(Setting("cuda", compiled=True), id="gpu compiled", marks=needs_gpu),
]


@pytest.fixture(scope="module")
def items(fitted_edition: Edition) -> list[Item]:
    """Eleven keys of different shelves, pages and steps, one with a negative prompt, one of an embedding."""
    space = fitted_edition.key_space()
    addresses = [Address(1 + 2 * n, Shelf("t", 700 * n), n * n) for n in range(9)]
    addresses += [Address(6, Shelf("t", 5), 3, Shelf("t", 77)), Address(4, Shelf("v", 12345678901), 1)]
    return [Item(str(n), format_key(a, space), a.steps) for n, a in enumerate(addresses)]


@pytest.fixture(scope="module", params=SETTINGS)
def opened(request: pytest.FixtureRequest, fitted_edition: Edition) -> Iterator[tuple[Setting, Model]]:
    """A model in each setting."""
    yield request.param, open_model(fitted_edition, request.param)
    torch.compiler.reset()


@pytest.fixture(scope="module")
def setting(opened: tuple[Setting, Model]) -> Setting:
    return opened[0]


@pytest.fixture(scope="module")
def renderer(opened: tuple[Setting, Model]) -> Renderer:
    return Renderer(opened[1], opened[0].slots)


def pixels_of(renderer: Renderer, items: list[Item]) -> Pictures:
    results = list(renderer.render(items))
    assert all(isinstance(result, Rendered) for result in results)
    return {result.item.name: result.pixels for result in results if isinstance(result, Rendered)}


@pytest.fixture(scope="module")
def alone(renderer: Renderer, items: list[Item]) -> Pictures:
    """Each key rendered by itself."""
    return {item.name: pixels_of(renderer, [item])[item.name] for item in items}


@pytest.fixture(scope="module")
def plainly(fitted_edition: Edition, items: list[Item]) -> Pictures:
    """The pictures as they are on a CPU, in float32."""
    return pixels_of(Renderer(open_model(fitted_edition, ON_CPU)), items)


def test_neighbours_order_and_slots_change_nothing(
    renderer: Renderer, items: list[Item], alone: Pictures
) -> None:
    assert len({pixels.tobytes() for pixels in alone.values()}) == len(alone)
    for arranged in (items, items[::-1], items[3:] + items[:3], sorted(items, key=lambda item: -item.steps)):
        together = pixels_of(renderer, arranged)
        assert all(np.array_equal(together[name], alone[name]) for name in alone)


def test_the_canary_is_quiet(renderer: Renderer) -> None:
    renderer.check()


def test_nothing_is_compiled_twice(renderer: Renderer, items: list[Item], alone: Pictures) -> None:
    """What runs for the canary runs for pictures."""
    with torch._dynamo.config.patch(error_on_recompile=True):
        renderer.check()
        assert np.array_equal(pixels_of(renderer, items[::-1])["3"], alone["3"])


def test_it_is_nearly_the_same_picture(setting: Setting, alone: Pictures, plainly: Pictures) -> None:
    """Of these random networks; what is a plain setting gives the very same."""
    if setting == ON_CPU:
        assert all(np.array_equal(alone[name], plainly[name]) for name in alone)
    assert min(psnr(alone[name], plainly[name]) for name in alone) > 30


def test_a_key_by_itself_is_the_same(
    fitted_edition: Edition, setting: Setting, items: list[Item], alone: Pictures
) -> None:
    if setting.compiled:
        pytest.skip("it would be compiled once more")
    assert np.array_equal(render_key(fitted_edition, items[4].key, setting), alone["4"])


def test_all_three_networks_compute_in_the_precision_that_the_profile_says(
    opened: tuple[Setting, Model], renderer: Renderer
) -> None:
    setting, model = opened
    expected = setting.precision or ("float16" if setting.on_gpu else "float32")
    assert profile(model, renderer.shapes)["precision"] == expected
    for network in (model.text_encoder, model.unet, model.vae):
        kinds = {(str(value.dtype), value.device.type) for value in network.parameters()}
        assert kinds == {(f"torch.{expected}", setting.device.partition(":")[0])}


def test_attention_is_the_fused_one(opened: tuple[Setting, Model]) -> None:
    model = opened[1]
    layers = [m for net in (model.unet, model.vae) for m in net.modules() if isinstance(m, Attention)]
    assert layers
    assert {type(layer.processor) for layer in layers} == {AttnProcessor2_0}
    assert model.text_encoder.config._attn_implementation == "sdpa"


def test_each_setting_has_a_profile_of_its_own(opened: tuple[Setting, Model], renderer: Renderer) -> None:
    setting, model = opened
    facts = profile(model, renderer.shapes)
    identity = facts.pop("id")
    common = {"device", "precision", "batches", "arithmetic", "torch", "diffusers", "transformers"}
    here = {"tf32", "cuda", "cudnn"} if setting.on_gpu else {"instructions", "threads"}
    assert set(facts) == common | here | ({"compiled"} if setting.compiled else set())
    digest = hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=5).digest()
    assert identity == write_bytes(digest)
    assert facts.get("tf32", "off") == "off"


def test_what_the_profile_says_of_the_compiler(fitted_edition: Edition) -> None:
    model = load_model(fitted_edition)
    plain, compiled = profile(model, "x"), profile(replace(model, compiler="inductor, c++ 1"), "x")
    assert "compiled" not in plain
    assert compiled["compiled"] == "inductor, c++ 1"
    assert plain["id"] != compiled["id"]


def test_a_process_is_settled() -> None:
    settle_process()
    assert torch.get_num_threads() == 1
    assert not torch.backends.cudnn.benchmark
    assert torch.backends.cudnn.deterministic
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


def test_a_gpu_has_more_slots(fitted_edition: Edition) -> None:
    model = load_model(fitted_edition)
    on_gpu = replace(model, device=torch.device("cuda"))
    assert Renderer(model).shapes == f"text 2, unet {2 * CPU_SLOTS}, decoder 4"
    assert Renderer(on_gpu).shapes == f"text 2, unet {2 * GPU_SLOTS}, decoder 4"


def test_pixels_become_whole_numbers_on_the_device_as_they_did_on_the_cpu(fitted_edition: Edition) -> None:
    """By the formula of diffusers' image processor, in numpy."""
    model = load_model(fitted_edition)
    latents = [torch.randn(4, 4, 8, generator=torch.Generator().manual_seed(n)) * 9 for n in range(3)]
    latents[1][0, 0, 0] = torch.nan
    with torch.inference_mode():
        batch = torch.stack([*latents, latents[-1]]).to(memory_format=torch.channels_last)
        assert len(batch) == DECODE_BATCH
        decoded = model.vae.decode(batch / model.vae.config.scaling_factor).sample.numpy()
    decoded = np.clip(decoded / 2 + np.float32(0.5), 0, 1) * np.float32(255)
    first, broken, third = decode(model, latents)
    assert broken is None
    for picture, values in ((first, decoded[0]), (third, decoded[2])):
        assert picture is not None
        assert picture.flags.c_contiguous
        assert np.array_equal(picture, np.round(values).transpose(1, 2, 0).astype(np.uint8))


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        (
            {"cpp.cxx": ("no-such-compiler",)},
            r"^On a CPU --compile needs a C\+\+ compiler, .+ none here that works\.$",
        ),
        (
            {"post_grad_custom_pre_pass": 1},
            r"^The UNet cannot be compiled here \(.+\): leave out --compile\.$",
        ),
    ],
    ids=["missing", "failing"],
)
def test_a_compiler_that_is_missing_or_fails_is_told(
    fitted_edition: Edition, patch: dict[str, Any], told: str
) -> None:
    if "cpp.cxx" not in patch and not has_compiler():
        pytest.skip("needs a C++ compiler")
    with torch._inductor.config.patch(patch), pytest.raises(UserError, match=told):
        Renderer(open_model(fitted_edition, COMPILED)).check()


def test_compiling_chooses_nothing_by_timing() -> None:
    """Every option is one that torch knows, and `deterministic` is one of them."""
    known = torch._inductor.config.get_config_copy()
    assert set(OPTIONS) <= set(known)
    assert {name for name, value in OPTIONS.items() if value} == {"deterministic"}
