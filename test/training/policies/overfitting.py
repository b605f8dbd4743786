# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Two chunks learnt by heart: whoever can not do that learns nothing else either."""

import torch

from hvd_training.policies.policy import ChunkPolicy
from test.training.toy import seeded

TIMES = 32  # that each chunk is noised anew in an update


def learnt_by_heart(
    policy: ChunkPolicy, seen: dict[str, torch.Tensor], wanted: torch.Tensor,
    steps: int = 250, rate: float = 2e-2,
) -> float:  # fmt: skip
    """Learn some chunks and return how far the worst number is off when they are drawn."""
    source = seeded()
    network, encoder = policy.network.parameters(), policy.encoder.parameters()
    optimizer = torch.optim.Adam(
        [{'params': network}, {'params': encoder}], betas=(0.9, 0.95), fused=True
    )
    many = wanted.repeat_interleave(TIMES, dim=0)
    for step in range(steps):
        left = (1 - step / steps) ** 2
        for group, share in zip(optimizer.param_groups, (1.0, 0.02), strict=True):
            group['lr'] = rate * share * left
        features = policy.encode(seen).repeat_interleave(TIMES, dim=0)
        loss = policy.missed(features, many, source).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float((policy.sample(seen, seeded(9)) - wanted).abs().max())
