# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
RMSNorm as Gemma has it, x / rms(x) * (1 + weight), and pi0.5's, which the time of the flow adapts.

Statistics are float32 whatever the rest is computed in.
"""

import torch
from torch import Tensor, nn

_EPS = 1e-6


def normalised(x: Tensor) -> Tensor:
    """Return x (..., W) with a root mean square of 1, in float32."""
    x = x.float()
    return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + _EPS)


class RmsNorm(nn.Module):
    """The plain one; its weights begin at 0, which is a factor of 1."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Return the normalised tokens, and no gate."""
        return (normalised(x) * (1 + self.weight.float())).to(x.dtype), None


class AdaptiveRmsNorm(nn.Module):
    """Scale, shift and a gate of the residual follow from a condition (B, C)."""

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.dense = nn.Linear(condition, 3 * width)
        nn.init.zeros_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)

    def forward(self, x: Tensor, condition: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Return the normalised tokens (B, L, W) and the gate (B, 1, W)."""
        assert condition is not None
        scale, shift, gate = self.dense(condition)[:, None].float().chunk(3, dim=-1)
        return (normalised(x) * (1 + scale) + shift).to(x.dtype), gate


def added(x: Tensor, change: Tensor, gate: Tensor | None) -> Tensor:
    """Return x + change, gated where there is a gate."""
    return x + (change if gate is None else change * gate)
