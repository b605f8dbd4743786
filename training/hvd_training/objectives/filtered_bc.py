# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Filtered behaviour cloning: imitate the episodes that went well, whoever did them.

It selects whole episodes where value-based objectives select chunks, and is the control that says
whether chunks were worth the trouble.
"""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from hvd_ros.core.config import check, param
from hvd_training.data.batch import Batch
from hvd_training.objectives import episodes as facts
from hvd_training.objectives.weighting import GroupWeights, Log, mean_error
from hvd_training.policies.draws import Source
from hvd_training.policies.policy import ChunkPolicy


@dataclass(frozen=True)
class FilteredBcConfig:
    """What went well."""

    criterion: str = param(
        'success', 'every stage done, or the best by return', choices=('success', 'return')
    )
    best_share: float = param(0.5, 'Share of the episodes, by return.', low=0.0, high=1.0)

    def __post_init__(self) -> None:
        check(self)


def pool(episodes: facts.Episodes, config: FilteredBcConfig) -> facts.Mask:
    """Return which episodes batches are drawn from."""
    if config.criterion == 'success':
        return facts.required(
            episodes.success, 'is a success', 'choose criterion = return, or record better ones'
        )
    count = round(config.best_share * len(episodes.returns))
    mask = np.zeros(len(episodes.returns), dtype=bool)
    # A stable sort: among equals the earlier episode, on every machine.
    mask[np.argsort(-episodes.returns, kind='stable')[:count]] = True
    return facts.required(mask, f'is among the best {count}', 'raise best_share')


def loss(
    policy: ChunkPolicy,
    batch: Batch,
    expert_batch: Batch | None,
    weights: GroupWeights | None,
    config: FilteredBcConfig,
    source: Source,
) -> tuple[Tensor, Log]:
    """Return the mean error of a batch of the pool."""
    bc = mean_error(policy, batch, source)
    return bc, {'bc': bc.detach()}
