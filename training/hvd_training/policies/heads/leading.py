# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Drawing a chunk that agrees with what is under way: real-time chunking (arXiv 2506.07339).

At every step of a flow the clean chunk that it is heading for is compared with the tail of the
last one, and the difference is led back through the network to the chunk under way, as much as its
weights say. With weights of zero nothing is changed.
"""

from typing import TypeGuard

import torch
from torch import Tensor

from hvd_ros.core.errors import ConfigError
from hvd_training.policies import draws
from hvd_training.policies.draws import Source
from hvd_training.policies.heads.flow import NoiseAtOne
from hvd_training.policies.heads.head import Head, Network

STRONGEST = 5.0  # beta: bound of how hard a step is led, where the noise is large


def sample_along(
    head: Head,
    network: Network,
    shape: tuple[int, int, int],
    source: Source,
    tail: Tensor,
    weights: Tensor,
    strongest: float = STRONGEST,
) -> Tensor:
    """
    Draw chunks (B, K, D) that agree with `tail` (B, K, D) where `weights` (B, K) are 1.

    Raises ConfigError for a head that is no flow.
    """
    if not can_be_led(head):
        raise ConfigError(
            f"a head '{type(head).__name__}' can not be led while it samples; choose stitching "
            "'newest' or 'ensemble', or train one of the heads flow, clean_flow"
        )
    x = draws.normal(source, shape, tail.device)
    for step in range(head.steps, 0, -1):
        t = step / head.steps
        time = torch.full((shape[0],), t, device=x.device)
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            said = network(x, time).float()
            clean = said if head.clean else x - t * said
            apart = weights[..., None] * (tail - clean.detach())
            (back,) = torch.autograd.grad(clean, x, apart)
        velocity = (x - clean).detach() / t - strength(t, strongest) * back
        x = x.detach() - velocity / head.steps
    return x


def can_be_led(head: object) -> TypeGuard[NoiseAtOne]:
    """Say whether a head draws by a flow whose clean chunk is known at every step."""
    return isinstance(head, NoiseAtOne)


def strength(t: float, strongest: float = STRONGEST) -> float:
    """Return how hard a step at time t is led (t = 1 is noise): equations 2 and 4 there."""
    if t >= 1.0:
        return strongest
    return min(strongest, ((1 - t) ** 2 + t**2) / ((1 - t) * t))
