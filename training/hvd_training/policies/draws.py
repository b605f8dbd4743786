# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Random numbers that depend on the seed alone, neither on the device nor on how many processes run.

They come from an explicit generator on the CPU or the device; of a batch that several processes
share, each draws the whole and keeps its own rows, so that two processes do what one would.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
import math

import torch
from torch import Tensor

from hvd_ros.core.errors import ConfigError


@dataclass(frozen=True, eq=False)
class SharedDraws:
    """A generator that `world` processes hold alike, and which part of a batch is this one's."""

    generator: torch.Generator
    rank: int = 0
    world: int = 1


@dataclass(eq=False)
class GivenDraws:
    """
    Numbers that are given instead of drawn, in the order in which they are asked for.

    An exported graph asks for its noise as an input. Without numbers it counts: it answers with
    zeros, and `shapes` says what was asked for.
    """

    numbers: Tensor | None = None  # any shape; read flat
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    used: int = 0

    def normal(self, shape: tuple[int, ...], device: torch.device) -> Tensor:
        """Return the next numbers in this shape."""
        self.shapes.append(shape)
        if self.numbers is None:
            return torch.zeros(shape, device=device)
        begin, self.used = self.used, self.used + math.prod(shape)
        return self.numbers.reshape(-1)[begin : self.used].reshape(shape)


Source = torch.Generator | SharedDraws | GivenDraws


def normal(source: Source, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Return standard normal numbers (B, ...)."""
    if isinstance(source, GivenDraws):
        return source.normal(shape, device)
    return _draw(torch.randn, source, shape, device)


def uniform(source: Source, shape: tuple[int, ...], device: torch.device) -> Tensor:
    """Return numbers (B, ...) between 0 and 1."""
    if isinstance(source, GivenDraws):
        raise ConfigError('a policy that draws uniform numbers while acting can not be exported')
    return _draw(torch.rand, source, shape, device)


def _draw(
    draw: Callable[..., Tensor],
    source: torch.Generator | SharedDraws,
    shape: tuple[int, ...],
    device: torch.device,
) -> Tensor:
    if isinstance(source, torch.Generator):
        source = SharedDraws(source)
    rows, *rest = shape
    all_rows = draw(
        (rows * source.world, *rest), generator=source.generator, device=source.generator.device
    )
    mine = all_rows[source.rank * rows : (source.rank + 1) * rows]
    return mine.to(device)
