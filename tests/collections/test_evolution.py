"""Evolutions: each gene follows from its parent's key, whatever was chosen before, beside or after it."""

import hashlib
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babelgen.collections.collection import Place
from babelgen.collections.evolution import Evolution, read_evolution
from babelgen.collections.tree import BEGINNING, Gene, Generation, Tree, gene_of
from babelgen.edition import Edition
from babelgen.errors import UserError
from babelgen.geometry import norm, slerp
from babelgen.keys import Address, Key, Shelf, embedding_of_shelf, format_key
from babelgen.statistics import statistics_of
from babelgen.tokens import tokens_of
from babelgen.toml import Table

from .conftest import made_up


def read(edition: Edition, *generations: dict[str, Any], **fields: Any) -> Evolution:
    table = Table({"prompt": "the sea", **fields, "generations": list(generations)}, "here")
    spec = read_evolution(table, edition)
    table.refuse_others()
    return spec


def keys_of(spec: Evolution, edition: Edition) -> list[Key]:
    make = spec.making(edition, made_up(spec, edition) if spec.shelves(edition) else {})
    return [edition.codec.parse(make(number)) for number in range(spec.count())]


def apart(first: Key, second: Key) -> float:
    """The angle between two noises."""
    one, other = first.noise().astype(float), second.noise().astype(float)
    return math.acos(min(1.0, float((one * other).sum()) / (norm(one) * norm(other))))


def test_without_generations_it_has_one_around_the_start(words_edition: Edition) -> None:
    spec = read(words_edition, genes=3, page=4)
    keys = keys_of(spec, words_edition)
    shelf = tokens_of(words_edition).shelf("the sea")
    assert keys[0].text == format_key(Address(3, shelf, 4), words_edition.key_space())
    assert spec.tree() == Tree(3, (Generation(BEGINNING, 0.05),))
    assert len(keys) == spec.count() == len({key.text for key in keys}) == 4
    assert spec.shelves(words_edition) == ()
    assert {key.condition for key in keys} == {shelf}


@pytest.mark.parametrize("step", [0.1, 0.5, 1.0])
def test_genes_lie_so_far_from_their_parent_and_stay_noise(words_edition: Edition, step: float) -> None:
    spec = read(words_edition, {"from": "start"}, {"from": "1.2"}, genes=6, step=step)
    keys = keys_of(spec, words_edition)
    for gene in map(spec.tree().gene, range(2, spec.count() + 1)):
        parent = spec.tree().parent(gene)
        assert parent == (BEGINNING if gene.generation == 1 else Gene(1, 2))
        here, there = (keys[spec.tree().position(one) - 1] for one in (gene, parent))
        # Fresh noise of so many values lies nearly at a right angle.
        assert apart(here, there) == pytest.approx(step * math.pi / 2, rel=0.25)
        assert here.noise().std() == pytest.approx(1, abs=0.15)


def test_a_second_generation_of_one_parent_is_another(words_edition: Edition) -> None:
    again = read(words_edition, {"from": "start"}, {"from": "start"}, {"from": "1.1"}, {"from": "1.1"})
    keys = [key.text for key in keys_of(again, words_edition)]
    assert len(set(keys)) == len(keys) == 21


def test_other_seeds_have_other_genes(words_edition: Edition) -> None:
    first, second = (keys_of(read(words_edition, seed=seed), words_edition) for seed in (1, 2))
    assert first[0] == second[0]
    assert not {key.text for key in first[1:]} & {key.text for key in second[1:]}


def test_what_is_chosen_later_changes_no_gene(words_edition: Edition) -> None:
    short = read(words_edition, {"from": "start"}, {"from": "1.3"})
    long = read(
        words_edition, {"from": "start"}, {"from": "1.3"}, {"from": "1.1", "step": 0.4}, {"from": "2.5"}
    )
    keys = [key.text for key in keys_of(long, words_edition)]
    assert keys[: short.count()] == [key.text for key in keys_of(short, words_edition)]
    assert long.grown() == read(
        words_edition, {"from": "start"}, {"from": "1.3"}, {"from": "1.1", "step": 0.4}
    )
    assert read(words_edition).grown() is None
    make = long.maker(words_edition)
    assert [make(number) for number in reversed(range(long.count()))] == keys[::-1]


def test_a_gene_follows_from_its_parents_key(words_edition: Edition) -> None:
    """Whoever has a gene's key goes on from it: the start of another evolution, or of this one."""
    spec = read(words_edition, {"from": "start"}, {"from": "1.3"}, genes=4, seed=7)
    keys = keys_of(spec, words_edition)
    parent, child = keys[3], keys[5]
    fresh = spec.noise_of(Gene(2, 1), parent.noise().shape)
    noise = slerp(parent.noise(), fresh, 0.05)
    assert child.text == words_edition.codec.encode(3, parent.condition, noise, None).key.text


def test_conditions_turn_to_the_target_until_there_is_none(spoken_edition: Edition) -> None:
    spec = read(
        spoken_edition,
        {"from": "start", "target": "a forest", "step": 0.5},
        {"from": "1.1"},
        {"from": "2.1", "target": "a forest", "step": 1},
        genes=2,
    )
    assert set(spec.prompts()) == {"the sea", "a forest"}
    sea, forest = (tokens_of(spoken_edition).shelf(text) for text in ("the sea", "a forest"))
    assert spec.shelves(spoken_edition) == (sea, forest)
    known, keys = made_up(spec, spoken_edition), keys_of(spec, spoken_edition)
    conditions = [key.condition for key in keys]
    assert conditions[0] == sea
    assert conditions[1] == conditions[2] == conditions[3] == conditions[4]  # one way, and then none
    assert conditions[1] not in (sea, forest)
    half = slerp(known[sea], known[forest], 0.5, by_row=True)
    assert isinstance(conditions[1], Shelf)
    said = embedding_of_shelf(conditions[1], spoken_edition.key_space(), statistics_of(spoken_edition))
    assert np.abs(said - half).max() < 0.02
    end = embedding_of_shelf(conditions[5], spoken_edition.key_space(), statistics_of(spoken_edition))  # type: ignore[arg-type]
    assert np.abs(end - known[forest]).max() < 0.02


def test_genes_say_where_they_come_from(spoken_edition: Edition) -> None:
    spec = read(
        spoken_edition, {"from": "start"}, {"from": "1.1", "target": "a forest"}, {"from": "2.1"}, genes=1
    )
    tell = spec.places(spoken_edition)
    assert [tell(number) for number in range(spec.count())] == [
        None,
        Place("gene 1.1, from the start", False),
        Place("gene 2.1, from gene 1.1 towards “a forest”", True),
        Place("gene 3.1, from gene 2.1", True),
    ]


def test_a_target_that_is_what_there_is_moves_nothing(spoken_edition: Edition) -> None:
    spec = read(spoken_edition, target="the sea")
    assert {key.condition for key in keys_of(spec, spoken_edition)} == {
        tokens_of(spoken_edition).shelf("the sea")
    }


def test_a_target_may_be_a_key_and_generations_may_have_none(spoken_edition: Edition) -> None:
    shelf = tokens_of(spoken_edition).shelf("a forest")
    key = format_key(Address(9, shelf, 77), spoken_edition.key_space())
    spec = read(spoken_edition, {"from": "start"}, {"from": "1.1", "target": ""}, target=key, genes=1, step=1)
    assert [each.target for each in spec.generations] == [key, ""]
    assert spec.prompts() == ("the sea",)
    _, one, other = keys_of(spec, spoken_edition)
    assert one.condition == other.condition
    assert one.steps == 3  # the target says where to, and no more


def test_an_evolution_of_the_archive(archive_edition: Edition) -> None:
    codec = archive_edition.codec
    rng = np.random.default_rng(0)
    shape = archive_edition.latent_shape
    start, target = (
        codec.encode(2, rng.normal(size=(77, 768)), rng.normal(size=shape)).key.text for _ in range(2)
    )
    table = Table({"start": start, "genes": 2, "step": 0.2, "target": target}, "here")
    spec = read_evolution(table, archive_edition)
    keys = keys_of(spec, archive_edition)
    assert keys[0].text == start
    assert len({key.text for key in keys}) == 3


def test_keys_are_always_these(words_edition: Edition) -> None:
    """Pinned: an evolution must be the same on every machine and with every version."""
    spec = read(words_edition, {"from": "start"}, {"from": "1.2"}, genes=2, seed=5, page=1)
    keys = "\n".join(key.text for key in keys_of(spec, words_edition))
    assert hashlib.sha256(keys.encode()).hexdigest() == PINNED


PINNED = "026e5bfaf94e5956a846a1e112e09c907c4d42b20bc7adeea9981afc83ebee24"


@given(st.integers(1, 7), st.data())
@settings(max_examples=60, deadline=None)
def test_positions_and_genes_are_the_same_said_twice(genes: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 9))
    tree = Tree(genes, (Generation(BEGINNING, 0.5),) * count)
    for position in range(1, 2 + genes * count):
        gene = tree.gene(position)
        assert tree.position(gene) == position
        assert gene_of(str(gene)) == gene


@pytest.mark.parametrize(
    "text", ["", "0.1", "1.0", "1", "1.2.3", "01.2", "-1.2", "1.2 ", "Start", "١.٢", "9999999.1"]
)
def test_what_is_no_gene(text: str) -> None:
    assert gene_of(text) is None


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"genes": 0}, "genes must be at least 1"),
    ({"genes": 101}, "genes must be at most 100"),
    ({"step": 0}, "step must be above 0 and at most 1, the whole way, not 0"),
    ({"step": 1.01}, "step must be above 0 and at most 1, the whole way, not 1.01"),
    ({"step": math.inf}, "step must be a finite number"),
    ({"seed": -1}, "seed must be at least 0"),
    ({"target": "a forest"}, "target needs keys of embeddings, and edition words-"),
    ({"target": "<|endoftext|>"}, "target is refused: A prompt cannot contain"),
    ({"target": "babel2:nonsense"}, "target is refused: "),
    ({"start": "babel2:nonsense", "prompt": None}, "start is refused: "),
    ({"generations": [{}]}, "generations 1: from is missing"),
    ({"generations": [{"from": "1.1"}]}, "generations 1: from must be start, not '1.1'"),
    ({"generations": [{"from": "start"}, {"from": "1.6"}]}, "generations 2: from must be start, or a gene before it"),
    ({"generations": [{"from": "start"}, {"from": "best"}]}, "generations 2: from must be start, or a gene before it"),
    ({"generations": [{"from": "start", "step": 2}]}, "generations 1: step must be above 0 and at most 1"),
    ({"generations": [{"from": "start", "genes": 2}]}, "generations 1: genes is not known here"),
    ({"generations": [{"from": "start"}] * 1001}, "generations must be at most 1,000"),
    ({"generations": "start"}, "generations must be tables"),
    ({"count": 3}, "count is not known here"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "told"), REFUSED, ids=[told[:50] for _, told in REFUSED])
def test_what_is_wrong_is_one_sentence(words_edition: Edition, fields: dict[str, Any], told: str) -> None:
    values = {name: value for name, value in {"prompt": "the sea", **fields}.items() if value is not None}
    table = Table(values, "here")
    with pytest.raises(UserError) as refused:
        (read_evolution(table, words_edition), table.refuse_others())
    assert str(refused.value).startswith(f"here: {told}")
    assert "\n" not in str(refused.value)
