# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A made-up batch for tests of policies and objectives."""

import torch

from hvd_training.data.batch import Batch


def made(actions: torch.Tensor, state: torch.Tensor | None = None, **more) -> Batch:
    """Wrap chunks (B, K, D) into a batch; every state is zero unless given."""
    rows, steps = actions.shape[:2]
    seen = {'state': torch.zeros(rows, 2) if state is None else state}
    fields = {
        'observation': seen,
        'next_observation': seen,
        'actions': actions,
        'valid': torch.ones(rows, steps, dtype=torch.bool),
        'rewards': torch.zeros(rows, steps),
        'terminated': torch.zeros(rows, steps, dtype=torch.bool),
        'expert': torch.zeros(rows, dtype=torch.bool),
        'episode': torch.zeros(rows, dtype=torch.int64),
        'row': torch.arange(rows),
    }
    return Batch(**(fields | more))


def seeded(seed: int = 0) -> torch.Generator:
    """Return a generator."""
    return torch.Generator().manual_seed(seed)
