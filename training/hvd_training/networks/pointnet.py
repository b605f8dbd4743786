# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
PointNet: the same MLP for every point, then the largest of each feature.

The order of points, points that occur twice and points that are marked as absent change nothing.
"""

import torch
from torch import Tensor, nn

from hvd_training.networks.plain_mlp import plain_mlp

POINT = 6  # x, y, z [m], colour 0..1


class PointNet(nn.Module):
    """Map a cloud (B, N, 6) to (B, width)."""

    def __init__(self, width: int, hidden: int = 64) -> None:
        """Make the one for a few hundred points and a small network."""
        super().__init__()
        self.points = nn.Sequential(
            nn.Linear(POINT, hidden),
            nn.LayerNorm(hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.LayerNorm(hidden),
            nn.GELU(),
            nn.Linear(hidden, width),
        )
        self.norm: nn.Module = nn.LayerNorm(width)

    @classmethod
    def plain(cls, width: int, hidden: int, depth: int) -> 'PointNet':
        """Make that of WB-VIMA, for thousands of points: nothing is normalised in it."""
        made = cls(1, 1)
        made.points = plain_mlp(POINT, hidden, depth, width, nn.GELU)
        made.norm = nn.Identity()
        return made

    def forward(self, cloud: Tensor, real: Tensor | None = None) -> Tensor:
        """Return (B, width); `real` (B, N) says which points exist."""
        features: Tensor = self.points(cloud)
        if real is not None:
            features = features.masked_fill(~real[..., None], -torch.inf)
        largest = features.amax(dim=1)
        # A cloud without a single point has no largest feature.
        out: Tensor = self.norm(largest.masked_fill(largest.isneginf(), 0.0))
        return out
