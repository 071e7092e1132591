"""Engines: where items are worked on, behind one interface.

Law: an engine moves data, items out and outcomes back; it knows a backend by its import path only, so that torch is
loaded in the workers and nowhere else.
May import: catalog, edition, errors, plan, settings; never torch.
"""

from babelgen.engines.engine import Died, Done, Engine, Failed, Idle, Order, Outcome, Pile, Ready, Supply
from babelgen.engines.inline import InlineEngine
from babelgen.engines.local import LocalEngine

__all__ = [
    "Died",
    "Done",
    "Engine",
    "Failed",
    "Idle",
    "InlineEngine",
    "LocalEngine",
    "Order",
    "Outcome",
    "Pile",
    "Ready",
    "Supply",
]
