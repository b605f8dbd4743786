# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
In which order samples come: a function of seed and place, so that any step can be gone back to.

Nothing is remembered between two batches. The n-th sample of a run is the same whether the run was
interrupted or not, and however many processes share a batch.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


class Order:
    """Every row once an epoch, each epoch in an order of its own, without end."""

    def __init__(self, rows: Rows, seed: int, stream: int = 0) -> None:
        """Streams of one seed do not follow each other's order."""
        self.rows, self._seed, self._stream = rows, seed, stream
        self._epoch = lru_cache(maxsize=2)(self._shuffled)

    def take(self, first: int, count: int) -> Rows:
        """Return samples number first to first + count - 1, counted over all epochs."""
        found: list[Rows] = []
        while count > 0:
            epoch, place = divmod(first, len(self.rows))
            part = self._epoch(epoch)[place : place + count]
            found.append(self.rows[part])
            first, count = first + len(part), count - len(part)
        return np.concatenate(found) if len(found) > 1 else found[0]

    def _shuffled(self, epoch: int) -> Rows:
        rng = np.random.default_rng([self._seed, self._stream, epoch])
        return rng.permutation(len(self.rows))
