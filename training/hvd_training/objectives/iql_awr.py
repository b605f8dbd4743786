# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Advantage-weighted regression on implicit Q-learning's values (Kostrikov et al. 2021).

Every chunk counts min(exp(alpha * (Q - V)), bound), the same for all dimensions. With chunks of
actions this is chunked IQL, the step between IQL and HVD.
"""

from dataclasses import dataclass

from torch import Tensor

from hvd_training.data.batch import Batch
from hvd_training.objectives import episodes as facts
from hvd_training.objectives.weighting import (
    GroupWeights,
    Log,
    mean_error,
    required,
    weight_log,
)
from hvd_training.policies.draws import Source
from hvd_training.policies.policy import ChunkPolicy

# What the value model is asked for: no hierarchy, an expectile, exponential weights.
VALUE = {
    'decomposition': 'shared',
    'v_loss': 'expectile',
    'level': 0.7,
    'weight_fn': 'awr',
    'weight_power': 1,
}


@dataclass(frozen=True)
class IqlAwrConfig:
    """Nothing to choose here: temperature and bound are the value model's."""


def pool(episodes: facts.Episodes, config: IqlAwrConfig) -> facts.Mask:
    """Return which episodes batches are drawn from."""
    return facts.everything(episodes)


def loss(
    policy: ChunkPolicy,
    batch: Batch,
    expert_batch: Batch | None,
    weights: GroupWeights | None,
    config: IqlAwrConfig,
    source: Source,
) -> tuple[Tensor, Log]:
    """Return the mean error, every chunk times its weight."""
    weights = required(weights, 'iql_awr')
    weighted = mean_error(policy, batch, source, weights.joint())
    return weighted, {'weighted': weighted.detach(), **weight_log(weights)}
