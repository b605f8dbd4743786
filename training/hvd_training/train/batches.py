# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which chunks an update sees: two streams, cut into the parts that processes and passes compute.

The n-th update of a run always sees the same chunks. A process makes only its own parts of them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
import torch

from hvd_ros.core.errors import ConfigError
from hvd_training.data.batch import Batch
from hvd_training.data.loading.corpus import Corpus, Rows
from hvd_training.data.loading.order import Order
from hvd_training.train.config import RunConfig
from hvd_training.train.devices import Devices

_ALL, _EXPERT = 0, 1  # streams do not follow each other's order


@dataclass(frozen=True, eq=False)
class Part:
    """A share of an update: part `number` of `count`."""

    batch: Batch
    expert: Batch | None
    number: int
    count: int


class Batches:
    """Makes the parts of an update that belong to this process."""

    def __init__(
        self,
        corpus: Corpus,
        every: Rows,
        expert: Rows | None,
        config: RunConfig,
        devices: Devices,
        with_next: bool,
    ) -> None:
        """Draw from `every`, and beside it from `expert` where demonstrations are imitated."""
        if not len(every) or (expert is not None and not len(expert)):
            raise ConfigError(
                'the expert set is empty: no episode that is learnt from is a demonstration; name '
                'one as optimal:DIR, record some of kind expert, or set --objective.beta 0'
                if len(every)
                else 'there is nothing to learn from'
            )
        self._corpus, self._size, self._with_next = corpus, config.batch_size, with_next
        self._every = Order(every, config.seed, _ALL)
        self._expert = None if expert is None else Order(expert, config.seed, _EXPERT)
        self._devices, self._passes = devices, config.accumulate

    def make(self, step: int) -> list[Part]:
        """Return the parts of update `step`, on the device."""
        count = self._devices.world * self._passes
        numbers = [self._devices.rank * self._passes + i for i in range(self._passes)]
        every = np.split(self._every.take(step * self._size, self._size), count)
        expert = None
        if self._expert is not None:
            expert = np.split(self._expert.take(step * self._size, self._size), count)
        return [
            Part(
                self._chunks(every[n], self._with_next),
                None if expert is None else self._chunks(expert[n], False),
                n,
                count,
            )
            for n in numbers
        ]

    def _chunks(self, rows: NDArray[np.int64], with_next: bool) -> Batch:
        batch = self._corpus.chunks(rows, with_next)
        if self._devices.device.type == 'cuda':
            batch = batch.map(torch.Tensor.pin_memory)
        return batch.to(self._devices.device)
