"""Diffusion: from keys to pixels.

Law: the only package that knows torch and diffusers. Every network that makes pictures runs at one fixed batch shape, so that a
picture's bits do not depend on its neighbours, its slot or how many there are.
"""

import os

# Before transformers is imported: its advice about packages that nothing here uses is not for users.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
# Models lie on disk; nothing is ever looked up on a network while pictures are rendered.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Before torch is imported: with workspaces of one known size cuBLAS gives the same bits from run to run.
os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
