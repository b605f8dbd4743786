# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A value as a histogram over returns (HL-Gauss): targets are smeared over bins, means read back.

Near the edge of the support the smear is cut off and the mean is biased by up to 0.7 bins; three
bins of room make that vanish, so supports are padded (deas.py).
"""

import math

import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ConfigError


class Bins(nn.Module):
    """Equal bins over [low, high] and a spread of the targets."""

    edges: Tensor
    centres: Tensor

    def __init__(self, low: float, high: float, bins: int, sigma_bins: float) -> None:
        super().__init__()
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ConfigError(
                f'support [{low}, {high}] of the value histogram must be finite and not empty; '
                'take it from the returns of the dataset (values/deas.py)'
            )
        edges = torch.linspace(low, high, bins + 1, dtype=torch.float64)
        self.width = (high - low) / bins
        self.sigma = sigma_bins * self.width
        self.register_buffer('edges', edges.float())
        self.register_buffer('centres', ((edges[1:] + edges[:-1]) / 2).float())

    def target(self, y: Tensor) -> Tensor:
        """Return a Gaussian around y, cut to the support and summing to 1, (..., bins)."""
        inside = y.float().clamp(self.edges[0], self.edges[-1])[..., None]
        below = torch.special.ndtr((self.edges - inside) / self.sigma)
        mass: Tensor = below.diff(dim=-1) / (below[..., -1:] - below[..., :1])
        return mass

    def clipped(self, y: Tensor) -> Tensor:
        """Return which targets lie beyond the support."""
        beyond: Tensor = (y < self.edges[0]) | (y > self.edges[-1])
        return beyond

    def mean(self, logits: Tensor) -> Tensor:
        """Return the mean of softmax(logits) over the last axis."""
        return self.mean_of(torch.softmax(logits.float(), dim=-1))

    def mean_of(self, probabilities: Tensor) -> Tensor:
        """Return the mean of a histogram; no matmul, which autocast would round."""
        mean: Tensor = (probabilities * self.centres).sum(dim=-1)
        return mean


def cross_entropy(target: Tensor, logits: Tensor) -> Tensor:
    """Return -sum target * log softmax(logits) over the last axis."""
    return -(target * torch.log_softmax(logits.float(), dim=-1)).sum(dim=-1)
