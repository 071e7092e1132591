"""Engines: where items are worked on, behind one interface.

Law: an engine moves data, items out and outcomes back; it knows a backend by its import path only, so that torch is
loaded in the workers and nowhere else.
May import: catalog, edition, errors, plan, settings; ray where it is there; never torch.
"""

from babelgen.engines.engine import (
    Developed,
    Died,
    Done,
    Engine,
    Failed,
    Order,
    Outcome,
    Pile,
    Pulse,
    Ready,
    Supply,
)
from babelgen.engines.inline import InlineEngine
from babelgen.engines.local import LocalEngine
from babelgen.engines.ray import RayEngine

__all__ = [
    "Developed",
    "Died",
    "Done",
    "Engine",
    "Failed",
    "InlineEngine",
    "LocalEngine",
    "Order",
    "Outcome",
    "Pile",
    "Pulse",
    "RayEngine",
    "Ready",
    "Supply",
]
