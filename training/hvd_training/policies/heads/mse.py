# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Mean squared error: a Gaussian about what the network says, with a deviation that is not learnt.

Its mode is the mean, so it can not choose between two ways of doing a thing; where actions follow
from the observation it is the quickest to learn. Draws, for best of N, spread about the mean.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hvd_training.policies import draws
from hvd_training.policies.draws import Source
from hvd_training.policies.heads.head import Network


@dataclass(frozen=True)
class Mse:
    """The network says the chunk itself."""

    spread: float = 0.1  # deviation of draws, in normalised units
    noised = False

    def errors(self, network: Network, actions: Tensor, source: Source) -> Tensor:
        """Return squared distances (B, K, D); nothing is drawn."""
        return (network(None, None).float() - actions).square()

    def sample(
        self, network: Network, shape: tuple[int, int, int], source: Source, device: torch.device
    ) -> Tensor:
        """Draw chunks about the mean."""
        mean = network(None, None).float()
        return mean + self.spread * draws.normal(source, shape, device)

    def mode(
        self, network: Network, shape: tuple[int, int, int], source: Source, device: torch.device
    ) -> Tensor:
        """Return the mean."""
        return network(None, None).float()
