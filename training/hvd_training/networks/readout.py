# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A transformer over what was seen, read out by one more token that nobody else looks at.

As the first GPT: what comes out of a layer is normalised, not what goes in; a token looks at those
before it. Gated GELU (Shazeer 2020) in between.
"""

import torch
from torch import Tensor, nn

_EXPANSION = 4


class Attention(nn.Module):
    """Look at those tokens that a mask (L, L) shows."""

    def __init__(self, width: int, heads: int, drop: float) -> None:
        super().__init__()
        self.heads, self.drop = heads, drop
        self.look, self.tell = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.dropout = nn.Dropout(drop)

    def forward(self, x: Tensor, shown: Tensor) -> Tensor:
        """Return (B, L, W)."""
        rows, length, width = x.shape
        apart = self.look(x).reshape(rows, length, 3, self.heads, width // self.heads)
        query, key, value = apart.permute(2, 0, 3, 1, 4)
        drop = self.drop if self.training else 0.0
        seen = nn.functional.scaled_dot_product_attention(query, key, value, shown, drop)
        out: Tensor = self.dropout(self.tell(seen.transpose(1, 2).reshape(rows, length, width)))
        return out


class GatedMlp(nn.Module):
    """GELU of one layer times another."""

    def __init__(self, width: int, drop: float) -> None:
        super().__init__()
        wide = _EXPANSION * width
        self.wide, self.gate = nn.Linear(width, wide), nn.Linear(width, wide, bias=False)
        self.narrow, self.dropout = nn.Linear(wide, width), nn.Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., W)."""
        hidden = nn.functional.gelu(self.wide(x)) * self.gate(x)
        out: Tensor = self.dropout(self.narrow(hidden))
        return out


class Block(nn.Module):
    """Attention, then an MLP; each adds to what it got, and the sum is normalised."""

    def __init__(self, width: int, heads: int, drop: float) -> None:
        super().__init__()
        self.attention, self.norm1 = Attention(width, heads, drop), nn.LayerNorm(width)
        self.mlp, self.norm2 = GatedMlp(width, drop), nn.LayerNorm(width)

    def forward(self, x: Tensor, shown: Tensor) -> Tensor:
        """Return (B, L, W)."""
        x = self.norm1(x + self.attention(x, shown))
        out: Tensor = self.norm2(x + self.mlp(x))
        return out


class Readout(nn.Module):
    """Map tokens (B, L, W) of some moments to what is read out of them, (B, W)."""

    def __init__(self, width: int, heads: int, depth: int, moments: int, drop: float) -> None:
        super().__init__()
        # One place for all tokens of a moment, and one for the token that reads out.
        self.places = nn.Embedding(moments + 1, width)
        nn.init.normal_(self.places.weight, std=0.02)
        self.dropout = nn.Dropout(drop)
        self.blocks = nn.ModuleList(Block(width, heads, drop) for _ in range(depth))

    def forward(self, tokens: Tensor, moments: Tensor) -> Tensor:
        """Return (B, W); `moments` (L,) says which moment each token is of."""
        here = tokens + self.places(moments)
        last = self.places.weight[-1].expand(len(tokens), 1, -1)
        x = self.dropout(torch.cat((here, last), dim=1))
        shown = _shown(x)
        for block in self.blocks:
            x = block(x, shown)
        out: Tensor = x[:, -1]
        return out


def _shown(x: Tensor) -> Tensor:
    """Return what each token (rows) looks at: itself and those before; the last not at itself."""
    length = x.shape[1]
    shown = torch.ones(length, length, dtype=torch.bool, device=x.device).tril()
    return shown & (torch.arange(length, device=x.device) < length - 1)
