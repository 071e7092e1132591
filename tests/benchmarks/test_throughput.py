"""The measurement of throughput: what it counts is what was computed, and one run gives every figure."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

import contenders
import matrix_peak
import pytest
import random_model
import throughput
import torch
from diffusers.models.attention_processor import AttnProcessor
from random_model import ARCHITECTURES, Architecture, architecture, networks, randomised
from rounds import Child, Round, Task, best, deal, run_round, useful_rows
from torch.utils.flop_counter import FlopCounterMode

from babelgen.diffusion.model import load_model, load_pipeline
from babelgen.diffusion.profile import profile
from babelgen.diffusion.renderer import CPU_SLOTS, Renderer
from babelgen.edition import load_edition
from babelgen.errors import UserError
from babelgen.hub import Source
from babelgen.settings import Setting


@pytest.fixture
def task(tiny_edition):
    return Task(tiny_edition, steps=3, device="cpu", precision="float32", compiled=False, slots=2)


def test_only_rows_that_pictures_need_are_useful():
    assert useful_rows([1, 64, 20], rows_a_slot=2) == 170
    assert useful_rows((20,) * 4, rows_a_slot=1) == 80


def test_a_slot_has_a_second_row_for_guidance(task):
    assert task.rows_a_slot == 2
    assert replace(task, edition=replace(task.edition, guidance=1.0)).rows_a_slot == 1


def test_pictures_are_dealt_longest_first_and_evenly():
    hands = deal([1, 5, 64, 20, 30, 40], 2)
    assert hands == [(64, 20), (40, 30, 5, 1)]
    assert deal((20,) * 8, 2) == [(20,) * 4] * 2


def test_drawn_steps_are_always_the_same_and_spread_from_1_to_64():
    steps = throughput.drawn_steps(2000)
    assert steps == throughput.drawn_steps(2000)
    assert steps[:160] == throughput.drawn_steps(160)
    assert set(steps) == set(range(1, 65))
    assert sum(steps) / 2000 == pytest.approx(32.5, abs=1)


def test_full_batches_have_no_rows_but_useful_ones(task):
    """Counted by the UNet itself; where pictures differ in length there are fillers, which are not useful."""
    (_, facts), answer = contenders.sampler(task.edition, 3, task.setting)
    rows = []
    answer.args[0].unet.register_forward_hook(lambda unet, given, output: rows.append(len(given[0])))
    assert facts["batches"].endswith("unet 4, decoder 4")
    assert answer((3,) * 4).pictures == 4
    assert sum(rows) == useful_rows((3,) * 4, task.rows_a_slot) == 24
    rows.clear()
    assert answer((5, 2, 1)).pictures == 3
    assert sum(rows) == 20 > useful_rows((5, 2, 1), task.rows_a_slot) == 16


def test_the_pipeline_makes_the_same_number_of_pictures(task):
    flops, answer = contenders.diffusers_pipeline(task, 2)
    told = answer((3,) * 5)
    assert told.pictures == 5
    assert told.memory > 10 * 2**20
    assert flops == contenders.flops_a_row(load_pipeline(task.edition).unet.config, task)


def test_flops_are_counted_with_attention(task):
    """As they are on a CPU where attention is made to be plain matrix products."""
    unet = load_pipeline(task.edition).unet
    unet.set_attn_processor(AttnProcessor())
    given = torch.zeros(2, 4, 4, 8), torch.zeros(2), torch.zeros(2, 16, 8)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        unet(*given)
    assert contenders.flops_a_row(unet.config, task) == counter.get_total_flops() / 2


def test_what_is_left_open_is_settled_as_in_a_worker(tiny_edition):
    (task, facts), _ = contenders.sampler(tiny_edition, 3, Setting())
    assert facts == profile(load_model(tiny_edition), Renderer(load_model(tiny_edition)).shapes)
    assert task == Task(tiny_edition, 3, "cpu", "float32", False, CPU_SLOTS)
    (task, facts), answer = contenders.sampler(tiny_edition, 3, Setting(precision="bfloat16", slots=6))
    assert (task.precision, facts["precision"], task.slots) == ("bfloat16", "bfloat16", 6)
    assert answer((1, 2)).pictures == 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_peak_is_a_rate_of_matrix_products(dtype, monkeypatch):
    monkeypatch.setitem(matrix_peak.SIDE, "cpu", 64)
    start = time.perf_counter()
    peak = matrix_peak.matrix_peak("cpu", dtype, 0.1)
    assert time.perf_counter() - start > 0.1
    assert 1e6 < peak < 1e15


def test_the_best_round_counts_and_all_are_told():
    rounds = [Round(2.0, 10, 400, 5), Round(1.0, 10, 400, 7)]
    assert best(rounds) == rounds[1]
    assert throughput.figures(rounds, baseline=100.0, flops=10.0, peak=8000.0) == {
        "pictures": 10,
        "pictures_a_second": 10.0,
        "rows_a_second": 400.0,
        "share_of_peak": 0.5,
        "memory_bytes": 7,
        "ratio": 4.0,
        "rows_a_second_by_round": [200.0, 400.0],
    }


def start(seconds):
    return Child("tests.benchmarks.sleeper:sleeper", seconds)


def test_a_round_is_timed_from_the_first_word_to_the_last():
    children = [start(0.1), start(0.1)]
    assert [child.told() for child in children] == ["ready"] * 2
    result = run_round(children, (4, 3, 2, 1), rows_a_slot=2)
    assert (result.pictures, result.rows, result.memory) == (4, 20, 200)
    assert 0.2 <= result.seconds < 0.4 + 5  # both at once, on a machine that may be busy
    with pytest.raises(SystemExit, match="1 of 2 pictures have values that are not numbers"):
        run_round(children, (13, 3), rows_a_slot=2)
    for child in children:
        child.end()


def test_a_process_that_ends_early_ends_the_measurement(capfd):
    with pytest.raises(SystemExit, match="ended early"):
        start(0).told()
    assert capfd.readouterr().err.strip() == "Nobody is that fast."


@pytest.mark.parametrize(
    ("repository", "sizes"),
    [
        ("stable-diffusion-v1-5/stable-diffusion-v1-5", (859_520_964, 123_060_480, 83_653_863)),
        ("stabilityai/sd-turbo", (865_910_724, 340_387_840, 83_653_863)),
    ],
)
def test_architectures_have_the_published_sizes(repository, sizes):
    parts = networks(ARCHITECTURES[repository], "meta")
    assert tuple(sum(weights.numel() for weights in part.parameters()) for part in parts) == sizes


@pytest.mark.parametrize("name", ["sd15", "sd15-lob", "sd-turbo"])
def test_shipped_editions_have_an_architecture_where_their_weights_are_not(name, tmp_path):
    edition = replace(load_edition(name), model=tmp_path)
    found = architecture(edition)
    unet, text_encoder, _ = networks(found, "meta")
    assert unet.config.cross_attention_dim == text_encoder.config.hidden_size
    assert text_encoder.config.max_position_embeddings == edition.length
    assert edition.codec.width in (None, unet.config.cross_attention_dim)


def test_random_weights_are_of_the_same_sizes_and_no_others_values(tiny_edition, tmp_path):
    made = randomised(tiny_edition, tmp_path / "model")
    assert made.provisional
    real, drawn = load_model(tiny_edition).unet.state_dict(), load_model(made).unet.state_dict()
    assert {name: value.shape for name, value in real.items()} == {
        name: value.shape for name, value in drawn.items()
    }
    assert not torch.equal(real["conv_in.weight"], drawn["conv_in.weight"])


def test_where_no_model_is_random_weights_are_of_the_table(tiny_edition, tmp_path, monkeypatch):
    """A tokenizer is made, too. An architecture of which nothing is known is refused."""
    small = architecture(tiny_edition)
    small = Architecture(small.unet, {**small.text_encoder, "vocab_size": 2000}, small.vae, small.scheduler)
    absent = replace(tiny_edition, model=tmp_path / "absent", source=Source("some/model", "0" * 40))
    with pytest.raises(UserError, match="How large the model"):
        randomised(absent, tmp_path / "model")
    monkeypatch.setitem(random_model.ARCHITECTURES, "some/model", small)
    made = randomised(absent, tmp_path / "model")
    assert len(load_model(made).tokens.ids([0])) == tiny_edition.length


def test_one_run_gives_every_figure(tiny_edition_file, monkeypatch, capsys):
    """With one worker, since each of the six processes spends seconds on loading torch."""
    given = ["--edition", str(tiny_edition_file), "--random-weights", "--slots", "2", "--seconds", "0"]
    monkeypatch.setattr(sys, "argv", ["throughput.py", *given, "--json"])
    monkeypatch.setattr(throughput, "core_count", lambda: 1)
    throughput.main()
    result = json.loads(capsys.readouterr().out)
    assert result["workers"] == 1
    counts = {name: result[name]["pictures"] for name in throughput.NAMES}
    assert counts == {
        "pipeline": 1,
        "pipeline_batch": 2,
        "equal": 2,
        "mixed": 40,
        "farm": 2,
    }
    rates = {name: result[name]["rows_a_second"] for name in throughput.NAMES}
    assert result["ratio_to_pipeline"] == pytest.approx(rates["equal"] / rates["pipeline"], rel=0.02)
    assert result["mixed_over_equal"] == pytest.approx(rates["mixed"] / rates["equal"], rel=0.02)
    assert result["farm_overhead"] == pytest.approx(rates["equal"] / rates["farm"] - 1, rel=0.02)
    for name in throughput.NAMES:
        one = result[name]
        assert one["ratio"] == pytest.approx(one["rows_a_second"] / rates["pipeline"], rel=0.02)
        assert len(one["rows_a_second_by_round"]) == 1
        assert (one["memory_bytes"] is None) == (name == "farm")
    assert result["pipeline"]["rows_a_second"] == pytest.approx(
        6 * result["pipeline"]["pictures_a_second"], rel=0.02
    )
    assert result["random_weights"] is True
    assert result["edition"].startswith("tiny-")
    assert result["matrix_peak_flop_a_second"] > 1e6
    assert result["flop_a_row"] > 1e3
    lines = throughput.table(result).splitlines()
    assert lines[0] == f"{result['edition']}, random weights: 16x8, 3 steps, guidance 3"
    assert [line[:3] for line in lines if line.startswith("(")][:5] == ["(a)", "(b)", "(c)", "(d)", "(e)"]


def test_mistakes_are_told_in_a_sentence(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["throughput.py", "--edition", "no-such-edition"])
    with pytest.raises(SystemExit, match="There is no edition 'no-such-edition'"):
        throughput.main()


@pytest.mark.parametrize("given", [["--slots", "0"], ["--steps", "0"], ["--steps", "65"], ["--steps", "x"]])
def test_numbers_have_bounds(given, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["throughput.py", *given])
    with pytest.raises(SystemExit) as ended:
        throughput.main()
    assert ended.value.code == 2
    assert given[0] in capsys.readouterr().err
