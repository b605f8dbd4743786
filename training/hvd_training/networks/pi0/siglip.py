# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The vision tower: SigLIP (Zhai et al. 2023) without its pooling, a token for each patch."""

import torch
from torch import Tensor, nn

from hvd_training.networks.pi0.recomputed import recomputed
from hvd_training.networks.pi0.sizes import Siglip

_EPS = 1e-6


class Embeddings(nn.Module):
    """Patches and where they are."""

    def __init__(self, size: Siglip) -> None:
        super().__init__()
        self.patch_embedding = nn.Conv2d(3, size.width, size.patch, stride=size.patch)
        self.position_embedding = nn.Embedding(size.tokens, size.width)
        nn.init.normal_(self.position_embedding.weight, std=size.width**-0.5)

    def forward(self, images: Tensor) -> Tensor:
        """Return tokens (B, L, W) of images (B, 3, H, W)."""
        patches = self.patch_embedding(images).flatten(2).transpose(1, 2)
        out: Tensor = patches + self.position_embedding.weight.to(patches.dtype)
        return out


class Attention(nn.Module):
    """Every patch looks at every other."""

    def __init__(self, size: Siglip) -> None:
        super().__init__()
        self.heads = size.heads
        self.q_proj = nn.Linear(size.width, size.width)
        self.k_proj = nn.Linear(size.width, size.width)
        self.v_proj = nn.Linear(size.width, size.width)
        self.out_proj = nn.Linear(size.width, size.width)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, L, W)."""
        q, k, v = (
            p(x).reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)
            for p in (self.q_proj, self.k_proj, self.v_proj)
        )
        seen = nn.functional.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.out_proj(seen.transpose(1, 2).flatten(2))
        return out


class Mlp(nn.Module):
    """Two layers."""

    def __init__(self, size: Siglip) -> None:
        super().__init__()
        self.fc1 = nn.Linear(size.width, size.mlp)
        self.fc2 = nn.Linear(size.mlp, size.width)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, L, W)."""
        out: Tensor = self.fc2(nn.functional.gelu(self.fc1(x), approximate='tanh'))
        return out


class Layer(nn.Module):
    """Attention and MLP, each behind a norm."""

    def __init__(self, size: Siglip) -> None:
        super().__init__()
        self.layer_norm1 = nn.LayerNorm(size.width, eps=_EPS)
        self.self_attn = Attention(size)
        self.layer_norm2 = nn.LayerNorm(size.width, eps=_EPS)
        self.mlp = Mlp(size)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, L, W)."""
        x = x + self.self_attn(self.layer_norm1(x))
        out: Tensor = x + self.mlp(self.layer_norm2(x))
        return out


class Encoder(nn.Module):
    """The layers, under the name that the public files have for them."""

    def __init__(self, size: Siglip) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(size) for _ in range(size.depth))


class VisionTower(nn.Module):
    """Images (B, 3, H, W) in -1..1 to tokens (B, L, W)."""

    def __init__(self, size: Siglip, recompute: bool = False) -> None:
        super().__init__()
        self.recompute = recompute
        self.embeddings = Embeddings(size)
        self.encoder = Encoder(size)
        self.post_layernorm = nn.LayerNorm(size.width, eps=_EPS)

    def forward(self, images: Tensor) -> Tensor:
        """Return the tokens."""
        x = self.embeddings(images)
        for layer in self.encoder.layers:
            x = recomputed(layer, self.recompute and torch.is_grad_enabled(), x)
        out: Tensor = self.post_layernorm(x)
        return out
