# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
HVD (2026): each group of the body learns from a chunk as much as that group's value says.

Demonstrations are imitated beside it:

    L = mean(W * errors on all data) + beta * mean(errors on demonstrations)

Batches of the two are drawn apart. W is finished by the value model: its formula, power (1, or 2
as equation 8 has it literally), running mean and bound are settings of `hvd train-value`.
"""

from dataclasses import dataclass

from torch import Tensor

from hvd_ros.core.config import check, param
from hvd_ros.core.errors import ContractMismatch
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

VALUE = {'decomposition': 'nested', 'weight_fn': 'phi1'}


@dataclass(frozen=True)
class HvdConfig:
    """How much the demonstrations count."""

    beta: float = param(1.0, 'Weight of imitating demonstrations.', low=0.0, high=1e3)

    def __post_init__(self) -> None:
        check(self)


def pool(episodes: facts.Episodes, config: HvdConfig) -> facts.Mask:
    """Return which episodes weighted batches are drawn from; demonstrations are drawn apart."""
    if config.beta:
        facts.required(
            episodes.expert, 'is an expert demonstration', 'set beta = 0, or name the expert set'
        )
    return facts.everything(episodes)


def loss(
    policy: ChunkPolicy,
    batch: Batch,
    expert_batch: Batch | None,
    weights: GroupWeights | None,
    config: HvdConfig,
    source: Source,
) -> tuple[Tensor, Log]:
    """Return the weighted error on all data plus beta times that on demonstrations."""
    weights = required(weights, 'hvd')
    weighted = mean_error(policy, batch, source, weights.per_dimension())
    log = {'weighted': weighted.detach(), **weight_log(weights)}
    if not config.beta:
        return weighted, log
    if expert_batch is None:
        raise ContractMismatch(
            "objective 'hvd' imitates demonstrations beside all data, and no batch of them came; "
            'name the expert set or set beta = 0'
        )
    bc = mean_error(policy, expert_batch, source)
    return weighted + config.beta * bc, log | {'bc': bc.detach()}
