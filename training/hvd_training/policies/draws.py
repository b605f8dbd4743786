# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Random numbers that depend on the seed alone, neither on the device nor on how many processes run.

They come from an explicit generator on the CPU or the device; of a batch that several processes
share, each draws the whole and keeps its own rows, so that two processes do what one would.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class SharedDraws:
    """A generator that `world` processes hold alike, and which part of a batch is this one's."""

    generator: torch.Generator
    rank: int = 0
    world: int = 1


Source = torch.Generator | SharedDraws


def normal(source: Source, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Return standard normal numbers (B, ...)."""
    return _draw(torch.randn, source, shape, device)


def uniform(source: Source, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Return numbers (B, ...) between 0 and 1."""
    return _draw(torch.rand, source, shape, device)


def _draw(
    draw: Callable[..., Tensor], source: Source, shape: tuple[int, ...], device: torch.device
) -> Tensor:
    if isinstance(source, torch.Generator):
        source = SharedDraws(source)
    rows, *rest = shape
    all_rows = draw(
        (rows * source.world, *rest), generator=source.generator, device=source.generator.device
    )
    mine = all_rows[source.rank * rows : (source.rank + 1) * rows]
    return mine.to(device)
