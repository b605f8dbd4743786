# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Residual MLPs with LayerNorm: the one trunk of the small policies and of the value model.

Every block normalises what it reads and adds to what it got, so that depth costs no stability; the
last layer may start at zero, so that a fresh network predicts nothing rather than noise.
"""

from itertools import pairwise

from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Add a normalised two-layer MLP to the input (..., width)."""

    def __init__(self, width: int, expansion: int = 2) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.wide = nn.Linear(width, expansion * width)
        self.narrow = nn.Linear(expansion * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., width)."""
        hidden = nn.functional.gelu(self.wide(self.norm(x)), approximate='tanh')
        out: Tensor = x + self.narrow(hidden)
        return out


class PlainMlp(nn.Module):
    """Map (..., inputs) to (..., outputs) through layers of these widths."""

    def __init__(self, inputs: int, widths: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(n, m) for n, m in pairwise((inputs, *widths)))
        self.last = nn.Linear(widths[-1], outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., outputs)."""
        for layer in self.layers:
            x = nn.functional.gelu(layer(x), approximate='tanh')
        out: Tensor = self.last(x)
        return out


class ResidualMlp(nn.Module):
    """Map (..., inputs) to (..., outputs) through `depth` residual blocks."""

    def __init__(
        self, inputs: int, width: int, depth: int, outputs: int, zero_last: bool = False
    ) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, width)
        self.blocks = nn.Sequential(*(ResidualBlock(width) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.last = nn.Linear(width, outputs)
        if zero_last:
            nn.init.zeros_(self.last.weight)
            nn.init.zeros_(self.last.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., outputs)."""
        out: Tensor = self.last(self.norm(self.blocks(self.first(x))))
        return out
