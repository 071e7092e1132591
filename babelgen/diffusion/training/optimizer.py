"""The optimizers of the denoiser: Muon for the inner matrices, AdamW for all else.

Muon (Jordan et al. 2024) orthogonalises the momentum of each matrix; a convolution's kernel is one, (out, in x
height x width). Its steps are scaled to the size of AdamW's (Liu et al. 2025, "Muon is scalable for LLM
training"), so that one learning rate serves both.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Optimizers:
    """Both optimizers as one. `networks` are trained together; kernels must be laid out channels last."""

    def __init__(self, *networks: nn.Module) -> None:
        inner = [
            parameter for network in networks for name, parameter in network.named_parameters()
            if _is_inner(name, parameter)
        ]  # fmt: skip
        chosen = {id(parameter) for parameter in inner}
        rest = [p for network in networks for p in network.parameters() if id(p) not in chosen]
        self._inner = [(parameter, nn.Parameter(_matrix(parameter.detach()))) for parameter in inner]
        if any(view.data_ptr() != parameter.data_ptr() for parameter, view in self._inner):
            raise ValueError("convolution kernels must be laid out channels last")
        self._muon = torch.optim.Muon(
            [view for _, view in self._inner], weight_decay=1e-2, adjust_lr_fn="match_rms_adamw"
        )
        self._adamw = torch.optim.AdamW(rest, betas=(0.9, 0.99), weight_decay=1e-2)

    def step(self, learning_rate: float) -> None:
        """One step along the gradients, which are then forgotten."""
        for group in [*self._muon.param_groups, *self._adamw.param_groups]:
            group["lr"] = learning_rate
        for parameter, view in self._inner:
            view.grad = None if parameter.grad is None else _matrix(parameter.grad)
            parameter.grad = None
        self._muon.step()
        self._adamw.step()
        self._adamw.zero_grad(set_to_none=True)

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` takes."""
        return {"muon": self._muon.state_dict(), "adamw": self._adamw.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Carry on where another run of the same networks stopped."""
        self._muon.load_state_dict(state["muon"])
        self._adamw.load_state_dict(state["adamw"])


def _is_inner(name: str, parameter: Tensor) -> bool:
    """Whether a parameter maps hidden values to hidden values: no table of tokens or places, no way in or out."""
    return parameter.ndim in (2, 4) and not any(
        part in name for part in ("embedding", "embeddings", "conv_in", "conv_out")
    )


def _matrix(kernel: Tensor) -> Tensor:
    """A weight as a matrix (out, in), without copying where it lies channels last."""
    return kernel if kernel.ndim == 2 else kernel.permute(0, 2, 3, 1).reshape(len(kernel), -1)
