"""Making the tokenizer: CLIP's own byte-level scheme, its merges learnt from our captions.

Law: any text tokenizes, since every byte is a token; a word of the captions is one token or few.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from babelgen.diffusion.training import data
from babelgen.diffusion.training.recipe import Recipe
from babelgen.scenes import caption, phrases

START, END = "<|startoftext|>", "<|endoftext|>"


def captions(seed: int, count: int) -> list[str]:
    """The first `count` captions of the training set, each in one drawn wording."""
    return [caption(data.scene(seed, i), random.Random(f"{seed}/words/{i}")) for i in range(count)]


def build(recipe: Recipe) -> CLIPTokenizer:
    """A CLIP tokenizer whose merges come from captions."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    texts = captions(recipe.seed, 5000)
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(
        vocab_size=recipe.vocabulary,
        end_of_word_suffix="</w>",
        initial_alphabet=alphabet,
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    merges = [tuple(pair) for pair in _merges(learner)]
    tokens = [*alphabet, *(letter + "</w>" for letter in alphabet), *("".join(pair) for pair in merges)]
    tokens = [*list(dict.fromkeys(tokens))[: recipe.vocabulary - 2], START, END]
    known = set(tokens)
    usable = [pair for pair in merges if {*pair, "".join(pair)} <= known]
    tokenizer = CLIPTokenizer(
        vocab={token: index for index, token in enumerate(tokens)},
        merges=usable,
        model_max_length=recipe.length,
    )
    if len(tokenizer) != len(tokens):
        raise RuntimeError("the tokenizer did not take its vocabulary")
    return tokenizer


def _merges(learner: Tokenizer) -> list[list[str]]:
    merges: list[list[str]] = json.loads(learner.to_str())["model"]["merges"]
    return merges


def save(recipe: Recipe, folder: Path) -> CLIPTokenizer:
    """Build the tokenizer and write it, with the word list of random prompts, to a folder."""
    tokenizer = build(recipe)
    tokenizer.save_pretrained(folder)
    (folder / "words.txt").write_text("\n".join(phrases()) + "\n")
    return tokenizer
