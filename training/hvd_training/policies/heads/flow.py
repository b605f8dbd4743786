# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Flow matching with time as openpi counts it: t = 1 is noise, t = 0 is data.

    x_t = t * noise + (1 - t) * action,   velocity = noise - action

The network says either the velocity or the clean chunk; the latter learns faster where a chunk
follows nearly from the observation. The opposite count of time is flow_data_at_one.py.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hvd_training.policies import draws
from hvd_training.policies.draws import Source
from hvd_training.policies.heads.head import Network

_ALPHA = 1.5  # times are Beta(1.5, 1): more of them near the noise


@dataclass(frozen=True)
class NoiseAtOne:
    """Flow matching, t = 1 is noise."""

    clean: bool = False  # the network says the clean chunk instead of the velocity
    steps: int = 10  # of Euler, from 1 to 0
    noised = True

    def errors(self, network: Network, actions: Tensor, source: Source) -> Tensor:
        """Return squared errors (B, K, D) at one random time per chunk."""
        noise = draws.normal(source, tuple(actions.shape), actions.device)
        time = times(draws.uniform(source, (len(actions),), actions.device))
        t = time[:, None, None]
        said = network(t * noise + (1 - t) * actions, time).float()
        return (said - (actions if self.clean else noise - actions)).square()

    def sample(
        self, network: Network, shape: tuple[int, int, int], source: Source, device: torch.device
    ) -> Tensor:
        """Draw chunks by Euler steps down to t = 0."""
        x = draws.normal(source, shape, device)
        for step in range(self.steps, 0, -1):
            time = torch.full((shape[0],), step / self.steps, device=device)
            said = network(x, time).float()
            velocity = (x - said) * (self.steps / step) if self.clean else said
            x = x - velocity / self.steps
        return x

    mode = sample


def times(uniform: Tensor) -> Tensor:
    """Return 0.001 + 0.999 Beta(1.5, 1) of uniform numbers; its distribution function is x^1.5."""
    return 0.001 + 0.999 * uniform ** (1 / _ALPHA)
