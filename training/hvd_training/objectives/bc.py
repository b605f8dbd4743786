# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Behaviour cloning: do as was done, in the demonstrations or in all data alike.

The two mandatory controls of every claim about imperfect data.
"""

from dataclasses import dataclass

from torch import Tensor

from hvd_ros.core.config import check, param
from hvd_training.data.batch import Batch
from hvd_training.objectives import episodes as facts
from hvd_training.objectives.weighting import GroupWeights, Log, mean_error
from hvd_training.policies.draws import Source
from hvd_training.policies.policy import ChunkPolicy


@dataclass(frozen=True)
class BcConfig:
    """What to imitate."""

    data: str = param('expert', 'demonstrations only, or everything', choices=('expert', 'all'))

    def __post_init__(self) -> None:
        check(self)


def pool(episodes: facts.Episodes, config: BcConfig) -> facts.Mask:
    """Return which episodes batches are drawn from."""
    if config.data == 'all':
        return facts.everything(episodes)
    return facts.required(
        episodes.expert, 'is an expert demonstration', 'choose data = all, or name the expert set'
    )


def loss(
    policy: ChunkPolicy,
    batch: Batch,
    expert_batch: Batch | None,
    weights: GroupWeights | None,
    config: BcConfig,
    source: Source,
) -> tuple[Tensor, Log]:
    """Return the mean error of a batch of the pool."""
    bc = mean_error(policy, batch, source)
    return bc, {'bc': bc.detach()}
