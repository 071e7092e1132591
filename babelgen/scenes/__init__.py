"""Drawn scenes: the pictures and captions that the built-in model learns from.

Law: a scene is drawn from its description and a seed alone, so the training set is code, not data.
Imports numpy only; never torch.
"""

from babelgen.scenes.caption import caption, phrases
from babelgen.scenes.draw import HEIGHT, WIDTH, draw
from babelgen.scenes.scene import GROUNDS, OBJECTS, PLACES, TIMES, Scene, all_scenes, random_scene

__all__ = [
    "GROUNDS",
    "HEIGHT",
    "OBJECTS",
    "PLACES",
    "TIMES",
    "WIDTH",
    "Scene",
    "all_scenes",
    "caption",
    "draw",
    "phrases",
    "random_scene",
]
