# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Tokens from images: by convolutions that are trained, or by a large network that never changes.

What a frozen network says of an image is always the same, so a batch may bring that in place of
the image, from a file where it was computed once.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from hvd_training.networks.pictures import Resize, Size, grid_net

_CHANNELS, _HALVED = 128, 16  # of grid_net


class LightEyes(nn.Module):
    """Map bytes (B, H, W, 3) to tokens (B, places, width)."""

    def __init__(self, size: Size, side: int, width: int) -> None:
        super().__init__()
        self.places = (side // _HALVED) ** 2
        self.resize, self.grid = Resize(size, (side, side)), grid_net()
        self.project = nn.Linear(_CHANNELS, width)

    def forward(self, images: Tensor) -> Tensor:
        """Return the tokens, row by row of the picture."""
        out: Tensor = self.project(self.grid(self.resize(images)).flatten(2).transpose(1, 2))
        return out


class FrozenEyes(nn.Module):
    """The same by a frozen tower; also takes its features (B, places, F), computed before."""

    def __init__(self, size: Size, tower: 'Frozen', width: int) -> None:
        super().__init__()
        self.places, self._tower = tower.places, tower
        self.resize = Resize(size, (tower.side, tower.side))
        self.project = nn.Linear(tower.features, width)

    def forward(self, images: Tensor) -> Tensor:
        """Return the tokens."""
        seen = images
        if images.dtype == torch.uint8:
            seen = self._tower(self.resize(images))
        out: Tensor = self.project(seen.to(self.project.weight.dtype))
        return out


class Frozen:
    """
    A network that many look through and nobody trains.

    It is no part of the modules that use it: neither copied nor saved with them, nor given to an
    optimizer.
    """

    def __init__(self, tower: nn.Module, side: int, grid: int, features: int) -> None:
        self.side, self.places, self.features = side, grid**2, features
        self._grid, self._tower = grid, tower.eval().requires_grad_(False)

    @torch.no_grad()
    def __call__(self, pictures: Tensor) -> Tensor:
        """Return features (B, places, F) of pictures (B, 3, side, side) from -1 to 1."""
        said = self._tower.to(pictures.device)(pictures)
        rows = round(said.shape[1] ** 0.5)
        square = said.transpose(1, 2).reshape(len(said), -1, rows, rows)
        pooled = nn.functional.adaptive_avg_pool2d(square, self._grid)
        return pooled.flatten(2).transpose(1, 2)

    def __deepcopy__(self, memo: Mapping[int, Any]) -> 'Frozen':
        return self
