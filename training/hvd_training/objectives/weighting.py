# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How unreduced errors become one number: what counts, and how much.

    loss = sum(mask * W * errors) / sum(mask)

Steps behind the end of a recording and dimensions that the data does not have are not in the mask.
A weight multiplies the error of the dimensions of its own group only.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hvd_ros.core.errors import ContractMismatch
from hvd_training.data.batch import Batch
from hvd_training.policies.draws import Source
from hvd_training.policies.policy import ChunkPolicy

Log = dict[str, Tensor]


@dataclass(frozen=True, eq=False)
class GroupWeights:
    """How much each chunk counts, per group; finished by the value model, without gradient."""

    values: Tensor  # (B, G), groups in hierarchy order: the last one has seen the whole action
    of_dimension: Tensor  # (D,) int64, the group of each dimension

    def per_dimension(self) -> Tensor:
        """Return (B, D)."""
        return self.values[:, self.of_dimension]

    def joint(self) -> Tensor:
        """Return (B, 1), the weight of the head that has seen the whole action."""
        return self.values[:, -1:]


def mean_error(
    policy: ChunkPolicy, batch: Batch, source: Source, weights: Tensor | None = None
) -> Tensor:
    """Return the mean of a policy's errors over what counts; weights are (B, D) or (B, 1)."""
    errors = policy.errors(batch, source)
    counts = batch.valid[..., None] & policy.used
    if weights is not None:
        _check(weights, errors)
        errors = errors * weights.detach()[:, None, :]
    # where(), not a product: an error of what does not count may be infinite.
    kept = torch.where(counts, errors, torch.zeros_like(errors))
    # Over all processes together: gradients are averaged over them afterwards.
    return kept.sum() / policy.reduce(counts.sum().float()).clamp(min=1e-6)


def weight_log(weights: GroupWeights) -> Log:
    """Return the mean, the largest and the effective share of the weights of each group."""
    values = weights.values
    share = values.sum(0).square() / (len(values) * values.square().sum(0)).clamp(min=1e-30)
    log: Log = {}
    for group in range(values.shape[1]):
        log[f'weight_mean_{group}'] = values[:, group].mean()
        log[f'weight_max_{group}'] = values[:, group].max()
        log[f'effective_share_{group}'] = share[group]
    return log


def required(weights: GroupWeights | None, objective: str) -> GroupWeights:
    """Return the weights, or say that the objective is nothing without them."""
    if weights is None:
        raise ContractMismatch(
            f"objective '{objective}' weighs every chunk, and no weights came with the batch; "
            'train a value model first (`hvd train-value`) and name its run'
        )
    return weights


def _check(weights: Tensor, errors: Tensor) -> None:
    rows, size = errors.shape[0], errors.shape[2]
    if weights.shape not in ((rows, size), (rows, 1)):
        raise ContractMismatch(
            f'weights of shape {tuple(weights.shape)} for {rows} chunks of {size} dimensions'
        )
