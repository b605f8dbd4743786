# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The expert that reads: images and words to a context, PaliGemma's part of pi0.

Images and words see each other both ways. Nothing here depends on state or action of pi0; the
state of pi0.5 is among the words.
"""

from collections.abc import Sequence
import math

import torch
from torch import Tensor, nn

from hvd_training.networks.pi0.layer import KeysValues, Layer
from hvd_training.networks.pi0.norm import RmsNorm
from hvd_training.networks.pi0.recomputed import recomputed
from hvd_training.networks.pi0.rotary import turn
from hvd_training.networks.pi0.siglip import VisionTower
from hvd_training.networks.pi0.sizes import Pi0Sizes


class Projector(nn.Module):
    """From the width of the vision tower to that of the language, under its public name."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)


class WordTable(nn.Embedding):
    """Words as numbers about 1, whatever the weights are kept in."""

    def __init__(self, vocabulary: int, width: int) -> None:
        super().__init__(vocabulary, width)
        nn.init.normal_(self.weight, std=width**-0.5)

    def forward(self, words: Tensor) -> Tensor:
        """Return (B, T, W) in float32."""
        return super().forward(words).float() * math.sqrt(self.embedding_dim)


class Language(nn.Module):
    """The layers, and words as tokens."""

    def __init__(self, size: Pi0Sizes, rank: int) -> None:
        super().__init__()
        width = size.language.width
        self.embed_tokens = WordTable(size.vocabulary, width)
        self.layers = nn.ModuleList(Layer(size.language, rank) for _ in range(size.language.depth))
        self.norm = RmsNorm(width)  # in the public files; nobody looks at what it would give


class Reader(nn.Module):
    """Vision tower, projector and language model."""

    def __init__(self, size: Pi0Sizes, rank: int = 0, recompute: bool = False) -> None:
        super().__init__()
        self.size, self.recompute = size, recompute
        self.vision = VisionTower(size.vision, recompute)
        self.projector = Projector(size.vision.width, size.language.width)
        self.language = Language(size, rank)
        for unread in self._unread():
            unread.requires_grad_(False)

    def embed(
        self, images: Sequence[tuple[Tensor, Tensor]], words: Tensor, real: Tensor
    ) -> tuple[Tensor, Tensor]:
        """
        Return tokens (B, L, W) and which of them are real (B, L).

        Images are (B, 3, side, side) in -1..1, each with which rows have it (B,); words (B, T).
        """
        tokens, valid = [], []
        for pixels, there in images:
            patches = self.projector.linear(self.vision(pixels))
            tokens.append(patches)
            valid.append(there[:, None].expand(-1, patches.shape[1]))
        tokens.append(self.language.embed_tokens(words))
        return torch.cat(tokens, dim=1), torch.cat([*valid, real], dim=1)

    def forward(self, tokens: Tensor, real: Tensor) -> tuple[KeysValues, ...]:
        """Return keys and values of every layer."""
        by = turn(positions(real), self.size.language.head_width)
        mask = real[:, None, None]
        again = self.recompute and torch.is_grad_enabled()
        x, found = tokens, []
        *layers, last = self.language.layers
        for layer in layers:
            x, own = recomputed(layer, again, x, by, None, mask)
            found.append(own)
        assert isinstance(last, Layer)
        found.append(last.keys_values(x, by))
        return tuple(found)

    def _unread(self) -> list[nn.Module]:
        """Return what gets no gradient: of the last layer only keys and values are looked at."""
        last = self.language.layers[-1]
        assert isinstance(last, Layer)
        attention = last.self_attn
        return [
            attention.q_proj, attention.o_proj, last.post_attention_layernorm, last.mlp,
            self.language.norm,
        ]  # fmt: skip


def positions(real: Tensor) -> Tensor:
    """Return the position of every token (B, L); padding uses none."""
    return real.long().cumsum(dim=1) - 1
