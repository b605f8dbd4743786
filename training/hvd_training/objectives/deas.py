# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
DEAS (2025): values over action sequences that never ask the actor; two ways to make use of them.

Best of N acts like IDQL on a policy that imitates everything; AWR weighs chunks instead. What is
special is the value: a histogram, detached, with two discounts (values/deas.py).
"""

from dataclasses import dataclass

from torch import Tensor

from hvd_ros.core.config import check, param
from hvd_training.data.batch import Batch
from hvd_training.objectives import episodes as facts
from hvd_training.objectives.selection import Selection
from hvd_training.objectives.weighting import (
    GroupWeights,
    Log,
    mean_error,
    required,
    weight_log,
)
from hvd_training.policies.draws import Source
from hvd_training.policies.policy import ChunkPolicy


@dataclass(frozen=True)
class DeasConfig:
    """How the value reaches the action."""

    extraction: str = param(
        'best_of_n', 'Choose when acting, or weigh when learning.', choices=('best_of_n', 'awr')
    )
    candidates: int = param(10, 'N, chunks drawn for every observation.', low=1, high=1024)

    def __post_init__(self) -> None:
        check(self)


def pool(episodes: facts.Episodes, config: DeasConfig) -> facts.Mask:
    """Return which episodes batches are drawn from."""
    return facts.everything(episodes)


def loss(
    policy: ChunkPolicy,
    batch: Batch,
    expert_batch: Batch | None,
    weights: GroupWeights | None,
    config: DeasConfig,
    source: Source,
) -> tuple[Tensor, Log]:
    """Return the mean error over all data, weighted or not."""
    if config.extraction == 'best_of_n':
        bc = mean_error(policy, batch, source)
        return bc, {'bc': bc.detach()}
    weights = required(weights, 'deas')
    weighted = mean_error(policy, batch, source, weights.joint())
    return weighted, {'weighted': weighted.detach(), **weight_log(weights)}


def selection(config: DeasConfig) -> Selection | None:
    """Return how an action is chosen when acting; None: as the policy says."""
    return Selection(config.candidates) if config.extraction == 'best_of_n' else None
