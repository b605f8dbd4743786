# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
PointNet for a few hundred points: the same MLP for every point, then the largest of each feature.

The order of points, and points that are marked as absent, change nothing.
"""

import torch
from torch import Tensor, nn

POINT = 6  # x, y, z [m], colour 0..1


class PointNet(nn.Module):
    """Map a cloud (B, N, 6) to (B, width)."""

    def __init__(self, width: int, hidden: int = 64) -> None:
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
        self.norm = nn.LayerNorm(width)

    def forward(self, cloud: Tensor, real: Tensor | None = None) -> Tensor:
        """Return (B, width); `real` (B, N) says which points exist."""
        features: Tensor = self.points(cloud)
        if real is not None:
            features = features.masked_fill(~real[..., None], -torch.inf)
        largest = features.amax(dim=1)
        # A cloud without a single point has no largest feature.
        out: Tensor = self.norm(largest.masked_fill(largest.isneginf(), 0.0))
        return out
