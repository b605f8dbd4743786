# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
DEAS (2025): histogram values over action sequences, one discount inside and one between them.

The histogram needs a range. From the recorded returns it is tight; from the rewards alone it holds
whatever the policy does. All ranges leave three bins of room, see categorical.py.
"""

import math

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ConfigError
from hvd_training.values.config import ValueConfig
from hvd_training.values.targets import returns_to_go

PAD_BINS = 3  # the mean of a target nearer to the edge is biased

Range = tuple[float, float]


def deas(chunk: int = 8) -> ValueConfig:
    """Return the published settings for OGBench of a million steps."""
    return ValueConfig(
        chunk=chunk,
        gamma=0.99,
        gamma_chunk=0.9,
        decomposition='shared',
        critic='hl_gauss',
        v_categorical=True,
        v_loss='expectile',
        level=0.9,
        adv_scale='none',
        weight_fn='awr',
    )


def padded(low: float, high: float, bins: int) -> Range:
    """Return a wider range in which [low, high] keeps three bins from either edge."""
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ConfigError(
            f'no range of returns in [{low}, {high}]; are there rewards in the data?'
        )
    inner = bins - 2 * PAD_BINS
    if inner < 1:
        raise ConfigError(f'bins = {bins}: more than {2 * PAD_BINS} are needed')
    width = max(high - low, 1e-3) / inner
    return low - PAD_BINS * width, high + PAD_BINS * width


def data_range(
    rewards: NDArray[np.floating],
    terminated: NDArray[np.bool_],
    steps_left: NDArray[np.int64],
    config: ValueConfig,
) -> Range:
    """Return the smallest and largest recorded return; what a cut recording shows counts, too."""
    returns = returns_to_go(rewards, terminated | (steps_left == 1), steps_left, config)
    return float(returns.min()), float(returns.max())


def smdp_range(lowest: float, highest: float, config: ValueConfig) -> Range:
    """Return what rewards within [lowest, highest] can add up to over chunks without an end."""
    decisions = 1 - config.gamma**config.chunk
    if decisions <= 0:
        raise ConfigError(
            'without a discount the returns have no bound; take the range from the data '
            '(values.deas.data_range) or set gamma below 1'
        )
    within = sum(config.inside**j for j in range(config.chunk))
    # An episode may also end at once, so nothing at all is in the range.
    return min(lowest, 0.0) * within / decisions, max(highest, 0.0) * within / decisions


def geometric_range(lowest: float, highest: float, config: ValueConfig) -> Range:
    """Return the bound of single steps: wider than that of chunks where gamma_chunk is less."""
    if config.gamma >= 1:
        return smdp_range(lowest, highest, config)
    horizon = 1 / (1 - config.gamma)
    return min(lowest, 0.0) * horizon, max(highest, 0.0) * horizon


def support(found: Range, config: ValueConfig) -> Range:
    """Return the padded range for ValueSpec(support=...)."""
    return padded(*found, config.bins)
