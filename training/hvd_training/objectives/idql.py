# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
IDQL (Hansen-Estruch et al. 2023): imitate everything, and choose by value when acting.

The policy never sees a weight; of N chunks that it draws the best is carried out, or one in
proportion to the weight that belongs to the V-loss. IFQL is the same with a flow head.
"""

from dataclasses import dataclass

from torch import Tensor

from hvd_ros.core.config import check, param
from hvd_training.data.batch import Batch
from hvd_training.objectives import episodes as facts
from hvd_training.objectives.selection import CHOICES, Selection
from hvd_training.objectives.weighting import GroupWeights, Log, mean_error
from hvd_training.policies.draws import Source
from hvd_training.policies.policy import ChunkPolicy

VALUE = {'decomposition': 'shared', 'v_loss': 'expectile', 'level': 0.7}


@dataclass(frozen=True)
class IdqlConfig:
    """How to choose among chunks."""

    candidates: int = param(32, 'N, chunks drawn for every observation.', low=1, high=1024)
    choose: str = param('argmax', 'The best, or one by chance.', choices=CHOICES)
    temperature: float = param(
        1.0, 'softmax: of advantages; implicit: 1 / alpha of the weight', low=1e-6, high=1e6
    )

    def __post_init__(self) -> None:
        check(self)


def pool(episodes: facts.Episodes, config: IdqlConfig) -> facts.Mask:
    """Return which episodes batches are drawn from."""
    return facts.everything(episodes)


def loss(
    policy: ChunkPolicy,
    batch: Batch,
    expert_batch: Batch | None,
    weights: GroupWeights | None,
    config: IdqlConfig,
    source: Source,
) -> tuple[Tensor, Log]:
    """Return the mean error over all data."""
    bc = mean_error(policy, batch, source)
    return bc, {'bc': bc.detach()}


def selection(config: IdqlConfig) -> Selection:
    """Return how an action is chosen when acting."""
    return Selection(config.candidates, config.choose, config.temperature)
