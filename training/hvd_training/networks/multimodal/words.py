# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Prompts as tokens, a word each; the words are those of the prompts that a run was made for.

Words that prompts share mean the same in all of them; a number for each prompt could not say so.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ConfigError


def vocabulary(prompts: Sequence[str]) -> tuple[str, ...]:
    """Return every word of some prompts, once."""
    return tuple(sorted({word for prompt in prompts for word in prompt.split()}))


class Words(nn.Module):
    """Map numbers of prompts (B,) to words (B, L, width), and say which of them are there."""

    def __init__(self, prompts: Sequence[str], width: int) -> None:
        super().__init__()
        words = vocabulary(prompts)
        split = [prompt.split() for prompt in prompts]
        if len({tuple(one) for one in split}) < len(split):
            raise ConfigError(f'some of these prompts are the same words: {", ".join(prompts)}')
        self.length = max(1, *(len(one) for one in split)) if split else 1
        table = torch.full((len(prompts), self.length), len(words))
        for row, one in enumerate(split):
            table[row, : len(one)] = torch.tensor([words.index(word) for word in one])
        self.register_buffer('table', table, persistent=False)
        self.register_buffer('real', table < len(words), persistent=False)
        self.table: Tensor
        self.real: Tensor
        self.embedding = nn.Embedding(len(words) + 1, width)  # the last: no word

    def forward(self, prompt: Tensor) -> tuple[Tensor, Tensor]:
        """Return tokens and a mask (B, L)."""
        return self.embedding(self.table[prompt]), self.real[prompt]
