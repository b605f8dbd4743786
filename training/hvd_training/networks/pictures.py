# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Images from bytes to numbers on the device, and a light convolutional network that reads them.

Scaling is two products with constant matrices: the same numbers on every device and in an exported
graph, where the resize operators of libraries differ.
"""

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ConfigError, ContractMismatch

Size = tuple[int, int]  # height, width
_CHANNELS = (32, 64, 96, 128)  # each layer halves the picture
_GROUPS = 8
_HALVED = 2 ** len(_CHANNELS)


class Resize(nn.Module):
    """Bytes (B, H, W, 3) to numbers (B, 3, h, w) from -1 to 1, without aliasing."""

    def __init__(self, size: Size, to: Size) -> None:
        super().__init__()
        self.size, self.to_size = size, to
        rows, columns = (torch.from_numpy(scaling(n, m)) for n, m in zip(size, to, strict=True))
        self.register_buffer('rows', rows, persistent=False)
        self.register_buffer('columns', columns.T.contiguous(), persistent=False)
        self.rows: Tensor
        self.columns: Tensor

    def forward(self, images: Tensor) -> Tensor:
        """Return the scaled images; raises ContractMismatch for those of another size."""
        if tuple(images.shape[1:]) != (*self.size, 3):
            raise ContractMismatch(
                f'the network was built for images of {self.size[1]}x{self.size[0]} pixels, given '
                f'is {tuple(images.shape[1:])} (height, width, channels); fit them first, as '
                '--data.image_height and --data.image_width do'
            )
        # Laid out as a camera gives it, a convolution with its norm takes twice as long on a CPU.
        x = images.permute(0, 3, 1, 2).contiguous().float() / 127.5 - 1
        if self.size == self.to_size:
            return x
        out: Tensor = self.rows @ x @ self.columns
        return out


def scaling(n: int, m: int) -> NDArray[np.float32]:
    """Return (m, n): each of m pixels as a mean of n, weighed by a triangle that covers it."""
    reach = max(n / m, 1.0)
    centres = (np.arange(m) + 0.5) * n / m
    distance = np.abs(np.arange(n) + 0.5 - centres[:, None]) / reach
    weights = np.maximum(1 - distance, 0)
    shares: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


class PictureNet(nn.Module):
    """Map images (B, 3, s, s) to (B, width): four convolutions, then one layer over all places."""

    def __init__(self, side: int, width: int) -> None:
        super().__init__()
        if side % _HALVED:
            raise ConfigError(f'pictures of {side} pixels a side; choose a multiple of {_HALVED}')
        self.grid = grid_net()
        places = (side // _HALVED) ** 2
        self.last = nn.Linear(_CHANNELS[-1] * places, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, images: Tensor) -> Tensor:
        """Return (B, width)."""
        out: Tensor = self.norm(self.last(self.grid(images).flatten(1)))
        return out


def grid_net() -> nn.Sequential:
    """Return the convolutions: (B, 3, s, s) to (B, 128, s / 16, s / 16)."""
    layers: list[nn.Module] = []
    inputs = 3
    for outputs in _CHANNELS:
        layers += [
            nn.Conv2d(inputs, outputs, 3, stride=2, padding=1),
            nn.GroupNorm(_GROUPS, outputs),
            nn.GELU(approximate='tanh'),
        ]
        inputs = outputs
    return nn.Sequential(*layers)
