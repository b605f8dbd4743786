# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A layer of Gemma: the same form for the expert that reads and for the one that acts.

The one that reads sees its own tokens only, so its keys and values do not depend on what is acted.
The other one attends to them and to its own. That is the joint attention of both over one
sequence, with the first part computed once.
"""

import torch
from torch import Tensor, nn

from hvd_training.networks.pi0.lora import Linear
from hvd_training.networks.pi0.norm import AdaptiveRmsNorm, RmsNorm, added
from hvd_training.networks.pi0.rotary import Turn, turned
from hvd_training.networks.pi0.sizes import Gemma

KeysValues = tuple[Tensor, Tensor]  # (B, kv_heads, L, head_width) each, keys are turned


class Attention(nn.Module):
    """Projections of an expert; what it attends to is given."""

    def __init__(self, size: Gemma, rank: int) -> None:
        super().__init__()
        self.size = size
        all_heads, kv = size.heads * size.head_width, size.kv_heads * size.head_width
        self.q_proj = Linear(size.width, all_heads, rank, size.heads)
        self.k_proj = Linear(size.width, kv, rank, size.kv_heads)
        self.v_proj = Linear(size.width, kv, rank, size.kv_heads)
        self.o_proj = Linear(all_heads, size.width, rank, size.heads, heads_in=True)

    def keys_values(self, x: Tensor, by: Turn) -> KeysValues:
        """Return what others may attend to."""
        return turned(self._split(self.k_proj(x)), by), self._split(self.v_proj(x))

    def forward(self, x: Tensor, by: Turn, seen: KeysValues, mask: Tensor) -> Tensor:
        """Return (B, L, W); mask (B, 1, L or 1, all keys) says what is seen."""
        queries = turned(self._split(self.q_proj(x)), by)
        keys, values = (self._shared(one.to(queries.dtype)) for one in seen)
        out = nn.functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        merged: Tensor = self.o_proj(out.transpose(1, 2).flatten(2))
        return merged

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:-1], -1, self.size.head_width).transpose(1, 2)

    def _shared(self, x: Tensor) -> Tensor:
        """Give each head the keys that it shares with others."""
        rows, kv_heads, length, width = x.shape
        many = self.size.heads // kv_heads
        return x[:, :, None].expand(-1, -1, many, -1, -1).reshape(rows, -1, length, width)


class Mlp(nn.Module):
    """The gated MLP."""

    def __init__(self, size: Gemma, rank: int) -> None:
        super().__init__()
        self.gate_proj = Linear(size.width, size.mlp, rank)
        self.up_proj = Linear(size.width, size.mlp, rank)
        self.down_proj = Linear(size.mlp, size.width, rank)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, L, W)."""
        gate = nn.functional.gelu(self.gate_proj(x), approximate='tanh')
        out: Tensor = self.down_proj(gate * self.up_proj(x))
        return out


class Layer(nn.Module):
    """Attention and MLP, each behind a norm; `condition` is the width of what adapts the norms."""

    def __init__(self, size: Gemma, rank: int = 0, condition: int = 0) -> None:
        super().__init__()
        self.input_layernorm = norm(size.width, condition)
        self.self_attn = Attention(size, rank)
        self.post_attention_layernorm = norm(size.width, condition)
        self.mlp = Mlp(size, rank)

    def forward(
        self,
        x: Tensor,
        by: Turn,
        before: KeysValues | None,
        mask: Tensor,
        condition: Tensor | None = None,
    ) -> tuple[Tensor, KeysValues]:
        """Return the tokens and their keys and values; `before` is attended to as well."""
        read, gate = self.input_layernorm(x, condition)
        own = self.self_attn.keys_values(read, by)
        seen = own if before is None else _joined(before, own)
        x = added(x, self.self_attn(read, by, seen, mask), gate)
        read, gate = self.post_attention_layernorm(x, condition)
        return added(x, self.mlp(read), gate), own

    def keys_values(self, x: Tensor, by: Turn) -> KeysValues:
        """Return the keys and values alone, all that is needed of a last layer that reads."""
        read, _ = self.input_layernorm(x, None)
        found: KeysValues = self.self_attn.keys_values(read, by)
        return found


def norm(width: int, condition: int) -> RmsNorm | AdaptiveRmsNorm:
    """Return a norm of the kind that the expert has."""
    return AdaptiveRmsNorm(width, condition) if condition else RmsNorm(width)


def _joined(before: KeysValues, own: KeysValues) -> KeysValues:
    keys, values = (torch.cat((a.to(b.dtype), b), dim=2) for a, b in zip(before, own, strict=True))
    return keys, values
