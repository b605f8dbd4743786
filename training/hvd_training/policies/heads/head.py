# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What all heads share: the network as they see it, and the protocol that they follow.

A head knows how actions are noised, what the network has to say about them and how a chunk is
drawn; it knows neither observations nor weights, and reduces nothing.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from hvd_training.policies.draws import Source

# What the network says of noised chunks (B, K, D) at times (B,); None where it is shown no noise.
Network = Callable[[Tensor | None, Tensor | None], Tensor]


class Head(Protocol):
    """How a network becomes a distribution over chunks."""

    @property
    def noised(self) -> bool:
        """Whether the network is shown a noised chunk and a time."""
        ...

    def errors(self, network: Network, actions: Tensor, source: Source) -> Tensor:
        """Return unreduced squared errors (B, K, D)."""
        ...

    def sample(
        self, network: Network, shape: tuple[int, int, int], source: Source, device: torch.device
    ) -> Tensor:
        """Draw chunks (B, K, D)."""
        ...

    def mode(
        self, network: Network, shape: tuple[int, int, int], source: Source, device: torch.device
    ) -> Tensor:
        """Return the chunks to carry out (B, K, D): the mode where it is known, else a draw."""
        ...
