# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What was read, as the expert that acts attends to it: the prefix cache.

It is made once for an observation and then used by every step of the sampler, and never changed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from hvd_training.networks.pi0.layer import KeysValues


@dataclass(frozen=True, eq=False)
class Context:
    """Keys and values of every layer, which tokens are real, and the state."""

    layers: tuple[KeysValues, ...]
    real: Tensor  # (B, L) bool; padding and absent cameras are not
    state: Tensor  # (B, S), padded

    def __len__(self) -> int:
        """Return B."""
        return len(self.real)

    @property
    def device(self) -> torch.device:
        """Return where it is."""
        return self.real.device

    def repeat_interleave(self, count: int, dim: int = 0) -> 'Context':
        """Return every row `count` times in turn."""
        return self.map(lambda tensor: tensor.repeat_interleave(count, dim=dim))

    def map(self, change: Callable[[Tensor], Tensor]) -> 'Context':
        """Do the same to every tensor."""
        layers = tuple((change(keys), change(values)) for keys, values in self.layers)
        return Context(layers, change(self.real), change(self.state))
