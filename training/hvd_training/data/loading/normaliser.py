# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Numbers as networks see them, and back: one object for value, policy, evaluation and robot.

It also knows how an action is represented: as absolute values, or positions as differences from
the state that its chunk starts from. That state is taken before it is normalised.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ConfigError, ContractMismatch, did_you_mean
from hvd_training.data.columns import ACTION, SIM_STATE, STATE
from hvd_training.data.source import Column, Float
from hvd_training.data.statistics.norm_stats import NormStats

Method = Literal['zscore', 'quantile', 'none']
METHODS: tuple[Method, ...] = ('zscore', 'quantile', 'none')
Single = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Scale:
    """normal = (value - centre) / width, then kept within +-limit (0: any size)."""

    centre: Single
    width: Single
    limit: float

    def forward(self, values: Column) -> Single:
        """Return normalised values (..., size)."""
        out = np.subtract(values, self.centre, dtype=np.float32)
        out /= self.width
        return np.clip(out, -self.limit, self.limit, out=out) if self.limit else out

    def back(self, values: Column) -> Float:
        """Undo it; what was clipped stays so."""
        return np.asarray(values, dtype=np.float64) * self.width + self.centre

    def beyond(self, values: Column) -> int:
        """Count the numbers that the limit changes."""
        if not self.limit:
            return 0
        return int((np.abs((values - self.centre) / self.width) > self.limit).sum())

    def part(self, columns: Sequence[int]) -> 'Scale':
        """Return that of some of the dimensions."""
        chosen = list(columns)
        return Scale(self.centre[chosen], self.width[chosen], self.limit)


@dataclass(frozen=True, eq=False)
class Normaliser:
    """Scales of state, action and sim_state, and which dimensions of an action are differences."""

    state: Scale
    action: Scale
    sim_state: Scale | None
    moved: NDArray[np.intp]  # dimensions of an action that are differences
    origin: NDArray[np.intp]  # numbers of the state that they are differences from

    def actions(self, chunk: Column, state: Column) -> Single:
        """Normalise absolute chunks (B, K, D) that start from raw states (B, S)."""
        if not len(self.moved):
            return self.action.forward(chunk)
        relative = np.array(chunk, dtype=np.float32)
        relative[..., self.moved] -= state[:, None, self.origin]
        return self.action.forward(relative)

    def beyond(self, chunk: Column, state: Column) -> int:
        """Count the numbers of absolute chunks (B, K, D) that the limit changes."""
        relative = np.array(chunk, dtype=np.float32)
        relative[..., self.moved] -= state[:, None, self.origin]
        return self.action.beyond(relative)

    def absolute(self, chunk: Column, state: Column) -> Float:
        """Return the commands (B, K, D) of normalised chunks that start from raw states (B, S)."""
        actions = self.action.back(chunk)
        actions[..., self.moved] += np.asarray(state, dtype=np.float64)[:, None, self.origin]
        return actions


def normaliser(
    stats: NormStats,
    method: str,
    limit: float,
    actions: Sequence[str],
    horizon: int,
) -> Normaliser:
    """
    Build it for these dimensions of an action and chunks of `horizon` steps.

    Raises ContractMismatch when the statistics were made for differences over another horizon.
    """
    if method not in METHODS:
        raise ConfigError(f"normalise '{method}'; {did_you_mean(method, METHODS)}")
    how, names = stats.representation, stats.names
    if how.delta and how.horizon != horizon:
        raise ContractMismatch(
            f'{stats.path}: differences were counted over chunks of {how.horizon} steps, here '
            f'they have {horizon}; run `hvd dataset stats DATASET --delta --horizon {horizon}`'
        )
    scales = {key: _scale(stats.stats[key], method, limit) for key in names}
    moved = [(i, f'{name}.position') for i, name in enumerate(actions) if name in how.delta]
    return Normaliser(
        state=scales[STATE],
        action=scales[ACTION].part([names[ACTION].index(name) for name in actions]),
        sim_state=scales.get(SIM_STATE),
        moved=np.array([i for i, _ in moved], dtype=np.intp),
        origin=np.array([names[STATE].index(name) for _, name in moved], dtype=np.intp),
    )


def _scale(stats: dict[str, Any], method: str, limit: float) -> Scale:
    if method == 'zscore':
        centre, width = stats['mean'], stats['std']
    elif method == 'quantile':
        centre = (stats['q99'] + stats['q01']) / 2
        width = (stats['q99'] - stats['q01']) / 2
    else:
        centre, width = np.zeros_like(stats['mean']), np.ones_like(stats['mean'])
    return Scale(np.asarray(centre, np.float32), np.asarray(width, np.float32), limit)
