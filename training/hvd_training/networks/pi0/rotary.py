# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rotary positions (Su et al. 2021), first half against second half, as Gemma turns them."""

import torch
from torch import Tensor

_BASE = 10_000.0

Turn = tuple[Tensor, Tensor]  # cosines and sines, (B, 1, L, head_width)


def turn(positions: Tensor, head_width: int) -> Turn:
    """Return how far queries and keys at positions (B, L) are turned."""
    steps = torch.arange(0, head_width, 2, device=positions.device).float() / head_width
    angles = positions[:, None, :, None].float() * _BASE**-steps
    both = torch.cat((angles, angles), dim=-1)
    return both.cos(), both.sin()


def turned(x: Tensor, by: Turn) -> Tensor:
    """Return x (B, heads, L, head_width) turned."""
    cosine, sine = by
    first, second = x.float().chunk(2, dim=-1)
    return (x.float() * cosine + torch.cat((-second, first), dim=-1) * sine).to(x.dtype)
