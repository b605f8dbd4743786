# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The truths of an episode, stacked as they come.

A score looks at all of them, ten times a second: to stack them anew each time would cost more than
the physics of a long episode.
"""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ConfigError
from hvd_ros.sim.tasks.sim_task import Truth

_ROOM = 256  # steps; doubled when full


class History:
    """A list of truths that is also one Truth whose fields have time as their first axis."""

    def __init__(self, truths: Iterable[Truth] = ()) -> None:
        self._kind: type[Any] = Truth
        self._rows: dict[str, NDArray[Any]] = {}
        self._count = 0
        for truth in truths:
            self.append(truth)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, step: int) -> Any:
        """Return the truth of one step, from the end if negative."""
        at = range(self._count)[step]
        return self._kind(**{name: rows[at].copy() for name, rows in self._rows.items()})

    def append(self, truth: Truth) -> None:
        """Put one on top."""
        if not self._count:
            self._kind = type(truth)
            first = {f.name: np.asarray(getattr(truth, f.name)) for f in fields(truth)}
            self._rows = {n: np.empty((_ROOM, *v.shape), v.dtype) for n, v in first.items()}
        elif self._count == len(self._rows['time_s']):
            self._rows = {n: np.concatenate((r, np.empty_like(r))) for n, r in self._rows.items()}
        for name, rows in self._rows.items():
            rows[self._count] = getattr(truth, name)
        self._count += 1

    def view(self, steps: int | None = None) -> Any:
        """Return the whole episode, or its beginning, as one Truth; do not write to it."""
        if not self._count:
            raise ConfigError('no state to score: an episode has at least the one it began in')
        end = self._count if steps is None else min(steps, self._count)
        return self._kind(**{name: rows[:end] for name, rows in self._rows.items()})
