# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
QIPO (Zhang et al. 2025): energy-weighted imitation of the policy's own draws.

After imitating all data, the policy draws M chunks per observation; softmax(beta * Q) over these M
is how much each counts in its next updates. Every `renew_every` updates the draws are made anew,
so that after l renewals the policy is near mu * exp(l * beta * Q). Q is asked off the data here,
which is what sets it apart from every other objective.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from hvd_ros.core.config import check, param
from hvd_training.data.batch import Batch, Observed
from hvd_training.objectives import episodes as facts
from hvd_training.objectives.selection import Score, repeated
from hvd_training.objectives.weighting import (
    GroupWeights,
    Log,
    mean_error,
    required,
    weight_log,
)
from hvd_training.policies.draws import Source
from hvd_training.policies.policy import ChunkPolicy

VALUE = {'decomposition': 'shared', 'v_loss': 'expectile', 'level': 0.7}


@dataclass(frozen=True)
class QipoConfig:
    """How hard, and how often, the policy is pulled towards its better draws."""

    beta: float = param(1.0, 'Sharpness of softmax(beta * Q).', low=0.0, high=1e6)
    draws: int = param(16, 'M, chunks drawn per observation.', low=2, high=1024)
    renew_every: int = param(10, 'Updates between two renewals of the draws.', low=1, high=10**6)
    imitate_share: float = param(
        0.5, 'Share of all updates, the first ones, that imitate all data.', low=0.0, high=1.0
    )

    def __post_init__(self) -> None:
        check(self)


def pool(episodes: facts.Episodes, config: QipoConfig) -> facts.Mask:
    """Return which episodes batches are drawn from."""
    return facts.everything(episodes)


def renews_at(step: int, steps: int, config: QipoConfig) -> bool:
    """Say whether the draws are made anew before update `step` of `steps`."""
    since = step - imitated(steps, config)
    return since >= 0 and since % config.renew_every == 0


def imitated(steps: int, config: QipoConfig) -> int:
    """Return how many updates imitate the data before the first renewal."""
    return round(config.imitate_share * steps)


@torch.no_grad()
def renewed(
    policy: ChunkPolicy, score: Score, batch: Batch, config: QipoConfig, source: Source
) -> tuple[Batch, GroupWeights]:
    """
    Return a batch of the policy's own draws and how much each counts.

    It has M draws for each of the first B / M observations, so that an update on it costs what
    any other update costs.
    """
    few = batch.select(torch.arange(max(1, batch.size // config.draws), device=batch.row.device))
    chunks = policy.candidates(few.observation, config.draws, source)
    many = few.map(lambda tensor: tensor.repeat_interleave(config.draws, dim=0))
    own = replace(many, actions=chunks.flatten(0, 1), valid=torch.ones_like(many.valid))
    scores = scored(score, few.observation, chunks)
    shares = torch.softmax(config.beta * scores.float(), dim=1)
    # Times M: the mean weight is 1, so that the learning rate keeps its meaning.
    values = (config.draws * shares).reshape(-1, 1)
    whole = torch.zeros(policy.size, dtype=torch.long, device=values.device)
    return own, GroupWeights(values, whole)


def scored(score: Score, observation: Observed, chunks: Tensor) -> Tensor:
    """Return the score (B, N) of chunks (B, N, K, D)."""
    rows, count = chunks.shape[:2]
    return score(repeated(observation, count), chunks.flatten(0, 1)).reshape(rows, count)


def loss(
    policy: ChunkPolicy,
    batch: Batch,
    expert_batch: Batch | None,
    weights: GroupWeights | None,
    config: QipoConfig,
    source: Source,
) -> tuple[Tensor, Log]:
    """Return the energy-weighted error of own draws; of recorded chunks before the first ones."""
    if weights is None:
        bc = mean_error(policy, batch, source)
        return bc, {'bc': bc.detach()}
    weighted = mean_error(policy, batch, source, required(weights, 'qipo').joint())
    return weighted, {'weighted': weighted.detach(), **weight_log(weights)}
