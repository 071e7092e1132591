"""Drawn scenes: the pictures and captions that the built-in model learns from.

Law: a scene is drawn from its description and a seed alone, so the training set is code, not data.
Imports numpy only; never torch.
"""

from babelgen.scenes.caption import caption, phrases
from babelgen.scenes.draw import ACROSS, HEIGHT, WIDTH, Drawing, draw, draw_boxed
from babelgen.scenes.scene import (
    GROUNDS,
    OBJECTS,
    PLACES,
    STYLES,
    TIMES,
    Scene,
    Thing,
    all_scenes,
    held_out,
    random_scene,
    training_scene,
)

__all__ = [
    "ACROSS",
    "GROUNDS",
    "HEIGHT",
    "OBJECTS",
    "PLACES",
    "STYLES",
    "TIMES",
    "WIDTH",
    "Drawing",
    "Scene",
    "Thing",
    "all_scenes",
    "caption",
    "draw",
    "draw_boxed",
    "held_out",
    "phrases",
    "random_scene",
    "training_scene",
]
