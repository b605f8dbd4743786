# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Linear layers that can be adapted by LoRA (Hu et al. 2022), head by head as openpi does it.

Each head of an attention projection has a pair of its own, A (rank, in) and B (out, rank); the
layers of the MLP count as one head. Both are drawn with a deviation of 0.01, and what they add is
not scaled (alpha = rank). A LoRA over a whole fused projection would be another, smaller one.
"""

import torch
from torch import Tensor, nn

_DEVIATION = 0.01


class Linear(nn.Module):
    """A linear layer without bias; with a rank, its own weight is frozen and the pairs learn."""

    def __init__(
        self, inputs: int, outputs: int, rank: int = 0, heads: int = 1, heads_in: bool = False
    ) -> None:
        """Have `heads` pairs: of parts of the outputs, or with heads_in of the inputs."""
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        nn.init.normal_(self.weight, std=inputs**-0.5)
        self.rank, self.heads, self.heads_in = rank, heads, heads_in
        if rank:
            self.weight.requires_grad_(False)
            of_inputs, of_outputs = (heads, 1) if heads_in else (1, heads)
            self.lora_a = nn.Parameter(torch.empty(heads, rank, inputs // of_inputs))
            self.lora_b = nn.Parameter(torch.empty(heads, outputs // of_outputs, rank))
            nn.init.normal_(self.lora_a, std=_DEVIATION)
            nn.init.normal_(self.lora_b, std=_DEVIATION)

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., outputs)."""
        out = nn.functional.linear(x, self.weight.to(x.dtype))
        if not self.rank:
            return out
        if self.heads_in:
            parts = x.reshape(*x.shape[:-1], self.heads, -1)
            low = torch.einsum('...hi,hri->...hr', parts, self.lora_a)
            return out + torch.einsum('...hr,hor->...o', low, self.lora_b)
        low = torch.einsum('...i,hri->...hr', x, self.lora_a)
        return out + torch.einsum('...hr,hor->...ho', low, self.lora_b).flatten(-2)

    @torch.no_grad()
    def merged(self) -> Tensor:
        """Return the weight (outputs, inputs) with what the pairs add to it."""
        if not self.rank:
            return self.weight
        order = 'hor,hri->ohi' if self.heads_in else 'hor,hri->hoi'
        added = torch.einsum(order, self.lora_b, self.lora_a)
        return self.weight + added.reshape(self.weight.shape).to(self.weight.dtype)
