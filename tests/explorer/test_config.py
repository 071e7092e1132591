"""Configurations: what they say, and that whatever else a file holds is refused in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from babelgen.errors import UserError
from babelgen.explorer import read_experiment
from babelgen.explorer.config import Evolution, Interpolation, Noise, Prompt, Walk

from .configurations import EVOLUTION, INTERPOLATION, WALK, configuration


def test_a_single_inference(tmp_path: Path) -> None:
    read = read_experiment(configuration(tmp_path))
    assert (read.kind, read.steps, read.guidance, read.width, read.images) == (
        "single-inference",
        25,
        9.5,
        512,
        1,
    )
    assert read.prompt == Prompt("the sea at sunset", "in the fog")
    assert read.noise == Noise(42)
    assert (read.walk, read.interpolation, read.unknown) == (None, None, ())
    assert read.settings == ("output_path", "gpu_id")


def test_a_walk(tmp_path: Path) -> None:
    read = read_experiment(configuration(tmp_path, WALK, {"prompt_rand_walk": False}))
    assert read.walk == Walk(steps=50, size=0.0095, directions=3, prompt=False, noise=True)
    assert read.frame == 75


def test_an_interpolation(tmp_path: Path) -> None:
    files = {"inter_noises": [1, "two.pt", 3], "inter_prompts": ["the sea", "three.pt", "a forest|night"]}
    read = read_experiment(configuration(tmp_path, INTERPOLATION, files))
    assert read.interpolation == Interpolation(
        prompts=(Prompt("the sea"), Prompt(file=tmp_path / "three.pt"), Prompt("a forest", "night")),
        noises=(Noise(1), Noise(file=tmp_path / "two.pt"), Noise(3)),
        steps=30,
        method="slerp",
    )


def test_an_evolution_and_what_nobody_knows(tmp_path: Path) -> None:
    read = read_experiment(configuration(tmp_path, EVOLUTION, {"walk_steps": 3, "colour": "red"}))
    assert (read.kind, read.evolution) == ("diffevolution", Evolution(5, 0.05))
    assert set(read.unknown) == {"walk_steps", "colour"}


def test_files_take_the_place_of_prompt_and_seed(tmp_path: Path) -> None:
    files = {"load_prompt_embeds": "a.pt", "load_latent_noise": "b.pt", "prompt": None, "rand_seed": None}
    read = read_experiment(configuration(tmp_path, files))
    assert (read.prompt.file, read.noise.file) == (tmp_path / "a.pt", tmp_path / "b.pt")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_identifier": "img2img"}, "model_identifier must be one of txt2img, not 'img2img'"),
        ({"exp_identifier": "outpaint-walk"}, "exp_identifier must be one of single-inference"),
        ({"diffusion_steps": None}, "diffusion_steps is missing"),
        ({"diffusion_steps": True}, "diffusion_steps must be a whole number"),
        ({"prompt": "a|b|c"}, "prompt must be positive|negative, with one bar"),
        ({"prompt": 7}, "prompt must be a text"),
        ({"rand_seed": -1}, "rand_seed must be at least 0"),
        ({"guidance_scale": float("nan")}, "guidance_scale must be a finite number"),
        ({**WALK, "walk_steps": 0}, "walk_steps must be at least 1"),
        ({**WALK, "prompt_rand_walk": False, "noise_rand_walk": False}, "else nothing walks"),
        ({**INTERPOLATION, "inter_prompts": []}, "inter_prompts must have at least one"),
        ({**INTERPOLATION, "inter_noises": [1, 2]}, "must be one or as many as inter_prompts, 3, not 2"),
        ({**INTERPOLATION, "inter_noises": [-1]}, "must be a list of seeds"),
        ({**INTERPOLATION, "inter_prompts": ["a"], "inter_noises": [1]}, "two entries or more"),
        ({**INTERPOLATION, "interpolation_method": "cubic"}, "must be one of slerp, lerp"),
    ],
)
def test_a_mistake_is_told(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as told:
        read_experiment(configuration(tmp_path, changes))
    assert said in str(told.value)
    assert str(told.value).count("\n") == 0


HOSTILE = {
    "code": ("a: !!python/object/apply:os.system ['touch hacked']", "is not valid YAML"),
    "aliases": ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "has an alias (*a)"),
    "itself": ("&a a: *a", "has an alias"),
    "depth": ("[" * 5000 + "]" * 5000, "nested too deeply"),
    "tag": ("!" * 100_000, "is not valid YAML"),
    "twice": ("prompt: a\nprompt: b", "says 'prompt' twice (line 2)"),
    "list": ("- 1", "is no configuration"),
    "nothing": ("", "is no configuration"),
    "numbers": ("1: 2", "is no configuration"),
    "two": ("a: 1\n---\na: 2", "is not valid YAML"),
    "broken": ("a: [1", "is not valid YAML"),
    "tabs": ("a:\n\t- b", "is not valid YAML"),
    "control": ("a: \0", "is not valid YAML"),
    "digits": ("a: " + "9" * 5000, "has a value that cannot be read"),
    "date": ("a: 2001-99-99", "has a value that cannot be read"),
    "unhashable": ("? [a]\n: b", "is not valid YAML"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    text, said = HOSTILE[name]
    path = tmp_path / "explorer.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(UserError) as told:
        read_experiment(path)
    assert said in str(told.value)
    assert len(str(told.value)) < 400
    assert str(told.value).count("\n") == 0
    assert not Path("hacked").exists()


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "explorer.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="it is no UTF-8"):
        read_experiment(path)
    path.write_bytes(b"a" * 300_000)
    with pytest.raises(UserError, match="is longer than 262144 bytes"):
        read_experiment(path)
    with pytest.raises(UserError, match="cannot be read"):
        read_experiment(tmp_path)


@given(st.text(alphabet=":-[]{}&*!|>'\"%@#\n abc01.\t?,~"))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_it_holds_is_read_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "explorer.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(UserError) as told:  # no such text names all that is needed
        read_experiment(path)
    assert "\n" not in str(told.value)
