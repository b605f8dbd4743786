# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Flow matching with time as FQL and most papers count it: t = 0 is noise, t = 1 is data.

    x_t = (1 - t) * noise + t * action,   velocity = action - noise,   t uniform

A network that was trained with the other count (flow.py) is of no use here; the names of the
heads keep the two apart.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hvd_training.policies import draws
from hvd_training.policies.draws import Source
from hvd_training.policies.heads.head import Network


@dataclass(frozen=True)
class DataAtOne:
    """Flow matching, t = 1 is data; the network says the velocity."""

    steps: int = 10  # of Euler, from 0 to 1
    noised = True

    def errors(self, network: Network, actions: Tensor, source: Source) -> Tensor:
        """Return squared errors (B, K, D) at one random time per chunk."""
        noise = draws.normal(source, tuple(actions.shape), actions.device)
        time = draws.uniform(source, (len(actions),), actions.device)
        t = time[:, None, None]
        said = network((1 - t) * noise + t * actions, time).float()
        return (said - (actions - noise)).square()

    def sample(
        self, network: Network, shape: tuple[int, int, int], source: Source, device: torch.device
    ) -> Tensor:
        """Draw chunks by Euler steps up to t = 1."""
        x = draws.normal(source, shape, device)
        for step in range(self.steps):
            time = torch.full((shape[0],), step / self.steps, device=device)
            x = x + network(x, time).float() / self.steps
        return x

    mode = sample
