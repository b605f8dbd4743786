# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Who gets the credit: the weight of each group over an episode and over its stages (Table 10).

A head that has seen more of the action varies more, so its mean weight is larger whatever the data
says. Only weights relative to the mean of their own head, and only what a random partition of the
same sizes does not show, says something about the body.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
import torch

from hvd_ros.core.errors import ContractMismatch
from hvd_training.data.batch import Batch
from hvd_training.values.learner import ValueLearner

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Credit:
    """Values of consecutive chunks, T of them, for G groups."""

    groups: tuple[str, ...]
    row: NDArray[np.int64]  # (T,)
    weight: Array  # (T, G)
    q: Array  # (T, H)
    v: Array  # (T, 1 or H)

    @property
    def mean(self) -> Array:
        """Return the mean weight of each head, (G,)."""
        mean: Array = self.weight.mean(axis=0)
        return mean

    @property
    def relative(self) -> Array:
        """Return weights over the mean of their own head, (T, G)."""
        return self.weight / self.mean


def credit(learner: ValueLearner, batches: Iterable[Batch]) -> Credit:
    """Evaluate chunks, for a figure those of one episode, and put them in order."""
    parts = []
    for batch in batches:
        weight, (q, v) = learner.weights(batch), learner.advantages(batch)
        parts.append((batch.row, weight, q, v))
    if not parts:
        raise ContractMismatch('no chunk to show; does the episode have any?')
    row, weight, q, v = (torch.cat(column).cpu() for column in zip(*parts, strict=True))
    order = torch.argsort(row)
    numbers = (x[order].double().numpy() for x in (weight, q, v))
    return Credit(learner.groups.names, row[order].numpy(), *numbers)


def by_stage(found: Credit, stage: NDArray[np.int64]) -> dict[int, Array]:
    """Return the mean weight of each head over each stage, as the paper's Table 10."""
    _same_length(found, stage)
    return {int(s): found.weight[stage == s].mean(axis=0) for s in np.unique(stage)}


def relative_by_stage(found: Credit, stage: NDArray[np.int64]) -> dict[int, Array]:
    """Return the same over the mean of each head: what is left once the artefact is taken off."""
    _same_length(found, stage)
    return {int(s): found.relative[stage == s].mean(axis=0) for s in np.unique(stage)}


def table(
    found: Credit, stage: NDArray[np.int64], controls: Mapping[str, Credit] | None = None
) -> str:
    """Return a Markdown table: mean weight, relative weight, and the same of the controls."""
    lines = [
        f'| who | stage | {" | ".join(found.groups)} |',
        '|---|---|' + '---|' * len(found.mean),
    ]
    everyone = {'body': found, **(controls or {})}
    for who, one in everyone.items():
        relative = relative_by_stage(one, stage)
        for number, weights in by_stage(one, stage).items():
            cells = [f'{w:.3f} ({r:.2f})' for w, r in zip(weights, relative[number], strict=True)]
            lines.append(f'| {who} | {number} | {" | ".join(cells)} |')
    return '\n'.join([*lines, '', 'In brackets: relative to the mean of the head.'])


def beyond_chance(found: Credit, controls: Sequence[Credit], stage: NDArray[np.int64]) -> Array:
    """
    Return how far stages move the weights of each head, over the same of random partitions, (G,).

    Standard deviation over stages of the relative weight; the largest of the controls is the
    measure. Above 1 no random partition moved as far.
    """

    def moved(one: Credit) -> Array:
        spread: Array = np.std(list(relative_by_stage(one, stage).values()), axis=0)
        return spread

    chance = np.maximum(np.max([moved(control) for control in controls], axis=0), 1e-12)
    beyond: Array = moved(found) / chance
    return beyond


def _same_length(found: Credit, stage: NDArray[np.int64]) -> None:
    if len(stage) != len(found.row):
        raise ContractMismatch(
            f'{len(stage)} stage numbers for {len(found.row)} chunks; give one a row'
        )
