# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Sines and cosines of the noise level, so that a network can tell near levels apart."""

import math

import torch
from torch import Tensor, nn


class TimeEmbedding(nn.Module):
    """
    Embed times (B,) in 0..1 as (B, width): all sines, then all cosines.

    Periods are geometric between the longest and the shortest, as openpi has them (4.0, 4e-3).
    """

    def __init__(self, width: int, longest: float = 4.0, shortest: float = 4e-3) -> None:
        super().__init__()
        steps = torch.linspace(0.0, 1.0, width // 2, dtype=torch.float64)
        periods = shortest * (longest / shortest) ** steps
        frequencies = (2 * math.pi / periods).float()
        self.register_buffer('frequencies', frequencies, persistent=False)
        self.frequencies: Tensor

    def forward(self, time: Tensor) -> Tensor:
        """Return the embedding."""
        angle = time[:, None] * self.frequencies
        return torch.cat((angle.sin(), angle.cos()), dim=-1)
